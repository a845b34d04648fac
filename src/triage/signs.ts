import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import type { Outcome, PastAlert, Risk } from '../model/triage.ts'
import { outcomeTitles } from '../model/triage.ts'
import { answersTo, isWhatItIsAbout } from './answers.ts'

/**
 * Something that speaks for an outcome. `strength`: 1 a hint, 2 evidence, 4 the word of somebody who knows.
 * `positive`: it explains this very alert (somebody looked, or somebody said), so that it may calm a high risk. What we decided
 * about other alerts, or a quiet list, may not.
 */
export type Sign = {
  readonly towards: Outcome
  readonly strength: 1 | 2 | 4
  readonly positive: boolean
  readonly findingId: string | null
  readonly says: string
}

/** After so many equal decisions of ours about the same rule and entity, the rule itself is worth changing. */
const tuneAfterDecisions = 3
/** A planned change explains an alert that falls into its window. */
const toleranceMs = 15 * 60_000 // Clocks and reporting delays: alerts come up to a quarter of an hour off.

/** Everything in the evidence that speaks for one outcome or another; what says the same, in whichever time it looked, is one. Pure. */
export function signsIn(
  alert: Alert,
  findings: readonly Finding[],
  history: readonly PastAlert[],
  risk: Risk,
): readonly Sign[] {
  const signs = [
    ...ownerSigns(findings),
    ...changeSigns(alert, findings),
    ...historySigns(findings, history),
    ...networkSigns(alert, findings),
    ...sessionSigns(findings),
    ...vulnerabilitySigns(findings),
    ...intelligenceSigns(alert, findings),
    ...riskSigns(risk),
  ]
  const said = new Set<string>()
  return signs.filter(({ towards, says }) => {
    const isNew = !said.has(`${towards}\n${says}`)
    said.add(`${towards}\n${says}`)
    return isNew
  })
}

function ownerSigns(findings: readonly Finding[]): readonly Sign[] {
  return answersTo('was-this-you', findings).flatMap(({ answer, finding }): Sign[] => {
    const comment = answer.comment.trim() === '' ? '' : `: "${shortened(answer.comment)}"`
    const common = { strength: 4, positive: true, findingId: finding.id } as const
    if (answer.answer === 'yes')
      return [{ ...common, towards: 'false-alarm-benign', says: `${answer.by} says it was them${comment}.` }]
    if (answer.answer === 'no')
      return [{ ...common, towards: 'incident', says: `${answer.by} says it was not them${comment}.` }]
    return []
  })
}

function changeSigns(alert: Alert, findings: readonly Finding[]): readonly Sign[] {
  const at = Date.parse(alert.occurredAt ?? alert.receivedAt)
  return answersTo('change-window-of-asset', findings).flatMap(({ answer, finding }) =>
    answer.changes
      .filter((change) => Date.parse(change.from) - toleranceMs <= at && at <= Date.parse(change.to) + toleranceMs)
      .map((change): Sign => {
        const owner = change.owner === null ? '' : ` (${change.owner})`
        const says = `${change.id} "${shortened(change.title)}"${owner} was planned for that time.`
        return { towards: 'false-alarm-benign', strength: 2, positive: true, findingId: finding.id, says }
      }),
  )
}

function historySigns(findings: readonly Finding[], history: readonly PastAlert[]): readonly Sign[] {
  const seen = answersTo('seen-before', findings)[0]
  const counted = new Map<Outcome, number>()
  for (const past of history) if (past.outcome !== null) counted.set(past.outcome, (counted.get(past.outcome) ?? 0) + 1)
  if (counted.size === 0 && seen !== undefined) {
    for (const [outcome, times] of Object.entries(seen.answer.outcomes)) {
      if (outcome in outcomeTitles && times > 0) counted.set(outcome as Outcome, times)
    }
  }
  const findingId = seen?.finding.id ?? null
  const last = history.find((past) => past.outcome !== null)
  const signs = [...counted].map(([towards, times]): Sign => {
    const why = last?.outcome === towards ? ` Last: A-${last.number} by ${last.by}, "${shortened(last.reason)}".` : ''
    const says = `Decided ${times === 1 ? 'once' : `${times} times`} before: ${outcomeTitles[towards].toLowerCase()}.${why}`
    return { towards, strength: times >= tuneAfterDecisions ? 2 : 1, positive: false, findingId, says }
  })
  const calm = [...counted].filter(([outcome]) => outcome.startsWith('false-alarm') || outcome === 'tune')
  const times = calm.reduce((sum, [, count]) => sum + count, 0)
  if (calm.length !== counted.size || times < tuneAfterDecisions) return signs
  const says = `${times} false alarms of this rule about the same thing and nothing else: the rule should change.`
  return [...signs, { towards: 'tune', strength: 1, positive: false, findingId, says }]
}

function networkSigns(alert: Alert, findings: readonly Finding[]): readonly Sign[] {
  return answersTo('network-of-address', findings).flatMap(({ answer, finding }): Sign[] => {
    if (!answer.ours || finding.ask['address'] !== alert.source) return []
    const name = answer.name ?? answer.network ?? 'our own'
    if (!/scan|pentest|\btest|\blab\b/i.test(`${answer.zone ?? ''} ${answer.name ?? ''}`)) return []
    const says = `The source is in ${name}, a range of ours for scans and tests.`
    return [{ towards: 'false-alarm-benign', strength: 2, positive: true, findingId: finding.id, says }]
  })
}

/** A source that has sessions in one time and none in a shorter one has sessions. */
function sessionSigns(findings: readonly Finding[]): readonly Sign[] {
  const told = answersTo('sessions-between-addresses', findings)
  const talked = new Set(told.flatMap(({ answer, finding }) => (answer.count > 0 ? [finding.connector] : [])))
  return findings.flatMap((finding): Sign[] => {
    if (finding.question !== 'sessions-between-addresses') return []
    const { connector, id: findingId } = finding
    const none = finding.kind === 'nothing' || told.some((one) => one.finding === finding && one.answer.count === 0)
    if (none && !talked.has(connector)) {
      const says = `${connector} looked: the two did not talk to each other.`
      return [{ towards: 'false-alarm-nothing', strength: 2, positive: true, findingId, says }]
    }
    if (none || finding.kind !== 'found') return []
    const says = `${connector} has sessions between the two.`
    return [{ towards: 'incident', strength: 1, positive: true, findingId, says }]
  })
}

/** Vulnerable alone is something to mend; with a known attacker or with sessions between the two it speaks for an incident. */
function vulnerabilitySigns(findings: readonly Finding[]): readonly Sign[] {
  const attacked =
    answersTo('reputation-of-observable', findings).some(({ answer }) => answer.verdict === 'malicious') ||
    answersTo('sessions-between-addresses', findings).some(({ answer }) => answer.count > 0)
  return answersTo('vulnerabilities-of-asset', findings).flatMap(({ answer, finding }): Sign[] => {
    if (answer.vulnerable !== true) return []
    const cves = [...answer.open, ...(answer.fixed ?? [])]
      .map((line) => line.cve)
      .slice(0, 3)
      .join(', ')
    const says = `The target is vulnerable to what is tried${cves === '' ? '' : `: ${cves}`}.`
    return [
      { towards: attacked ? 'incident' : 'minor-trouble', strength: 2, positive: true, findingId: finding.id, says },
    ]
  })
}

/** Observables that speak by themselves: a provider's mail names many parts of one thing, and each of them is no new reason. */
const maliciousMax = 2

function intelligenceSigns(alert: Alert, findings: readonly Finding[]): readonly Sign[] {
  const told = answersTo('reputation-of-observable', findings)
  const common = { strength: 1, positive: true } as const
  const malicious = new Map(
    told.flatMap(({ answer, finding }) =>
      answer.verdict === 'malicious' ? [[aboutOf(finding), finding.id] as const] : [],
    ),
  )
  if (malicious.size > 0) {
    return [...malicious].slice(0, maliciousMax).map(([about, findingId]): Sign => {
      return { ...common, findingId, towards: 'incident', says: `${about} is known as malicious.` }
    })
  }
  if (told.some(({ answer }) => answer.verdict === 'suspicious')) return []
  return told.flatMap(({ answer, finding }): Sign[] => {
    if (answer.verdict !== 'harmless' || !isWhatItIsAbout(alert, finding)) return []
    return [
      {
        ...common,
        findingId: finding.id,
        towards: 'false-alarm-benign',
        says: `${aboutOf(finding)} is known as harmless.`,
      },
    ]
  })
}

function aboutOf(finding: Finding): string {
  return String(finding.ask['value'] ?? 'An indicator')
}

/** What the evidence says is counted above; here only what no finding says: they shout, and it matters. */
function riskSigns(risk: Risk): readonly Sign[] {
  const told = risk.parts.filter((part) => ['Severity', 'Criticality'].includes(part.name))
  if (!told.every((part) => part.value === 'high' || part.value === 'critical')) return []
  const says = told.map((part) => `${part.name} ${part.value}.`).join(' ')
  return [{ towards: 'incident', strength: 1, positive: false, findingId: null, says }]
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}
