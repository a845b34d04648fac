import type { Finding } from '../model/finding.ts'
import { type AnswerOf, type QuestionName, questions } from '../model/question.ts'
import type { TurningPoint } from '../model/triage.ts'
import { assetsIn } from './answers.ts'
import { type Evidence, judge } from './judge.ts'

/** An answer that nobody gave yet, as it could come. */
type Probe = {
  readonly [Q in QuestionName]: {
    readonly question: Q
    readonly ask: Record<string, unknown>
    /** What would be known, in words. */
    readonly when: string
    readonly kind: 'found' | 'nothing'
    readonly answer: AnswerOf<Q> | null
  }
}[QuestionName]

/** Findings of probes are never kept; their id must only differ from those that are. */
const probeId = '00000000-0000-4000-8000-000000000000'

/**
 * What would change our mind: each open question with every answer that would make the house propose something else, worked out by judging
 * the evidence with that answer added. Questions that somebody answered are not among them. Those that can turn it most ways come first,
 * and the first is the next best question. Pure: same evidence, same points.
 */
export function turningPoints(evidence: Evidence): readonly TurningPoint[] {
  const { findings } = evidence
  const proposed = judge(evidence).proposal.outcome
  const points = new Map<QuestionName, TurningPoint>()
  for (const probe of probesFor(evidence)) {
    const { question, when } = probe
    if (findings.some((one) => one.question === question && (one.kind === 'found' || one.kind === 'nothing'))) continue
    const { outcome } = judge({ ...evidence, findings: [...findings, findingOf(probe, evidence)] }).proposal
    if (outcome === proposed) continue
    const before = points.get(question)
    const { rung, title } = questions[question]
    points.set(question, { question, title, rung, turns: [...(before?.turns ?? []), { when, outcome }] })
  }
  return [...points.values()].toSorted((a, b) => b.turns.length - a.turns.length)
}

function findingOf({ question, ask, kind, answer }: Probe, { alert, now }: Evidence): Finding {
  return {
    ...{ id: probeId, alertId: alert.id, question, ask, connector: 'somebody', kind, answer },
    ...{
      why: '',
      query: '',
      windowFrom: null,
      windowTo: null,
      aroundMinutes: null,
      costMs: 0,
      askedAt: now.toISOString(),
    },
  }
}

/** The answers that a judgement listens to, for the things this alert is about. In the order of what costs least to find out. */
function probesFor({ alert, findings, now }: Evidence): readonly Probe[] {
  const at = alert.occurredAt ?? alert.receivedAt
  const owner = assetsIn(findings).find(({ answer }) => answer.owner !== null)?.answer.owner ?? 'the owner'
  const probes: Probe[] = []
  if (alert.source !== null && alert.destination !== null) {
    const ask = { source: alert.source, destination: alert.destination, at }
    const sessions = { count: 1, bytes: null, first: null, last: null, rows: [] }
    probes.push(
      {
        question: 'sessions-between-addresses',
        ask,
        when: 'the two did not talk to each other',
        kind: 'nothing',
        answer: null,
      },
      {
        question: 'sessions-between-addresses',
        ask,
        when: 'the two did talk to each other',
        kind: 'found',
        answer: sessions,
      },
    )
  }
  const about = alert.host ?? alert.destination ?? alert.entity
  if (about !== null) {
    const change = { id: 'a change', title: 'planned', from: at, to: at, owner: null }
    const open = { vulnerable: true, open: [] }
    probes.push(
      {
        question: 'change-window-of-asset',
        ask: { asset: about, at },
        when: 'a change was planned for that time',
        kind: 'found',
        answer: { changes: [change] },
      },
      {
        question: 'vulnerabilities-of-asset',
        ask: { asset: about, at },
        when: 'the target is vulnerable to what is tried',
        kind: 'found',
        answer: open,
      },
      {
        question: 'vulnerabilities-of-asset',
        ask: { asset: about, at },
        when: 'nothing is open on the target',
        kind: 'nothing',
        answer: null,
      },
    )
  }
  const value = alert.destination ?? alert.source
  if (value !== null) {
    const ask = { type: 'ipv4', value }
    const known = (verdict: 'malicious' | 'harmless') => ({ verdict, sources: ['somebody'], note: null })
    probes.push(
      {
        question: 'reputation-of-observable',
        ask,
        when: `${value} is known as malicious`,
        kind: 'found',
        answer: known('malicious'),
      },
      {
        question: 'reputation-of-observable',
        ask,
        when: `${value} is known as harmless`,
        kind: 'found',
        answer: known('harmless'),
      },
    )
  }
  const ask = { email: 'owner', what: alert.title, alertId: alert.id }
  const said = (answer: 'yes' | 'no') => ({ answer, comment: '', by: owner, at: now.toISOString() })
  probes.push(
    { question: 'was-this-you', ask, when: `${owner} says it was them`, kind: 'found', answer: said('yes') },
    { question: 'was-this-you', ask, when: `${owner} says it was not them`, kind: 'found', answer: said('no') },
  )
  return probes
}
