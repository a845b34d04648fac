import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import type { QuestionName } from '../model/question.ts'
import type { RiskProfile } from '../model/triage.ts'
import { answersTo, isReadable } from './answers.ts'

type End = RiskProfile['ends'][number]
type Known = { readonly state: RiskProfile['asset']['state']; readonly why: string; readonly by: string }

/** Vulnerabilities that a card names; the evidence row has them all. */
const openShown = 20

/** A profile for the source, the destination and the host of an alert; ends that are one asset share one. Pure. */
export function profilesOf(alert: Alert, findings: readonly Finding[]): RiskProfile[] {
  const ends = [
    ['source', alert.source],
    ['destination', alert.destination],
    ['host', alert.host],
  ] as const satisfies readonly (readonly [End, string | null])[]
  const profiles: RiskProfile[] = []
  for (const [end, value] of ends) {
    if (value === null || value === '') continue
    const one = profileOf([value], [end], findings)
    const at = profiles.findIndex((other) => isSame(other, one, value))
    const same = profiles[at]
    if (same === undefined) profiles.push(one)
    else profiles[at] = profileOf([...new Set([...same.values, value])], [...same.ends, end], findings)
  }
  return profiles
}

/** One asset under two names. Nothing else makes two ends one: a name that only looks alike does not. */
function isSame(one: RiskProfile, other: RiskProfile, value: string): boolean {
  if (one.values.some((known) => known.toLowerCase() === value.toLowerCase())) return true
  return one.asset.name !== null && one.asset.name === other.asset.name
}

function profileOf(values: readonly string[], ends: readonly End[], findings: readonly Finding[]): RiskProfile {
  const asset = assetPart(values, findings)
  // Who is asked by name is asked about the same machine.
  const names = asset.name === null ? values : [...values, asset.name]
  return {
    values: [...values],
    ends: [...ends],
    asset,
    network: networkPart(values, findings),
    vulnerabilities: vulnerabilityPart(names, findings),
    intelligence: intelligencePart(values, findings),
  }
}

/** The findings about one of these values, whatever the question calls them. */
function about(values: readonly string[], asked: readonly QuestionName[], findings: readonly Finding[]): Finding[] {
  const wanted = new Set(values.map((value) => value.toLowerCase()))
  return findings.filter(({ question, ask }) => {
    if (!asked.includes(question)) return false
    return ['address', 'host', 'asset', 'value'].some((field) => wanted.has(String(ask[field] ?? '').toLowerCase()))
  })
}

const order = ['found', 'nothing', 'failed', 'not-collected', 'not-applicable'] as const

/** What became of the questions, best first: whoever looked counts before whoever could not. */
function knownBy(findings: readonly Finding[]): Known {
  const state = (finding: Finding) => (isReadable(finding) ? finding.kind : 'failed')
  for (const kind of order) {
    const one = findings.find((finding) => state(finding) === kind)
    if (one !== undefined) return { state: kind, why: one.why, by: one.connector }
  }
  return { state: 'not-asked', why: '', by: '' }
}

function assetPart(values: readonly string[], findings: readonly Finding[]): RiskProfile['asset'] {
  const these = about(values, ['business-role-of-asset', 'asset-of-host', 'asset-of-address'], findings)
  const answers = [
    ...answersTo('business-role-of-asset', these),
    ...answersTo('asset-of-host', these),
    ...answersTo('asset-of-address', these),
  ].map(({ answer }) => answer)
  // Two sources know different things: each fact is of the first that has it.
  const first = <T>(pick: (answer: (typeof answers)[number]) => T | null): T | null =>
    answers.map(pick).find((value) => value !== null) ?? null
  return {
    ...knownBy(these),
    name: first((answer) => answer.name),
    role: first((answer) => answer.role),
    owner: first((answer) => answer.owner ?? answer.ownerEmail),
    criticality: first((answer) => answer.criticality),
    sensitivity: first((answer) => answer.sensitivity),
    regulatory: [...new Set(answers.flatMap((answer) => answer.regulatory))],
    exposed: first((answer) => answer.exposed),
    asOf: first((answer) => answer.asOf),
  }
}

function networkPart(values: readonly string[], findings: readonly Finding[]): RiskProfile['network'] {
  const these = about(values, ['network-of-address'], findings)
  const answer = answersTo('network-of-address', these)[0]?.answer
  return { ...knownBy(these), ours: answer?.ours ?? null, name: answer?.name ?? answer?.network ?? null }
}

function vulnerabilityPart(values: readonly string[], findings: readonly Finding[]): RiskProfile['vulnerabilities'] {
  const these = about(values, ['vulnerabilities-of-asset'], findings)
  const answers = answersTo('vulnerabilities-of-asset', these).map(({ answer }) => answer)
  const known = knownBy(these)
  const open = new Map(answers.flatMap((answer) => answer.open.map((one) => [one.cve, one.severity] as const)))
  const vulnerable = answers.some((answer) => answer.vulnerable)
  return {
    ...known,
    vulnerable: known.state === 'found' || known.state === 'nothing' ? vulnerable : null,
    open: [...open].slice(0, openShown).map(([cve, severity]) => ({ cve, severity })),
  }
}

const verdicts = ['malicious', 'suspicious', 'harmless', 'unknown'] as const

function intelligencePart(values: readonly string[], findings: readonly Finding[]): RiskProfile['intelligence'] {
  const these = about(values, ['reputation-of-observable'], findings)
  const answers = answersTo('reputation-of-observable', these).map(({ answer }) => answer)
  for (const verdict of verdicts) {
    const one = answers.find((answer) => answer.verdict === verdict)
    if (one === undefined) continue
    const by = one.sources.length > 0 ? one.sources.join(', ') : knownBy(these).by
    return { state: 'found', why: '', by, verdict, note: one.note }
  }
  return { ...knownBy(these), verdict: null, note: null }
}
