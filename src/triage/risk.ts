import type { Alert, Severity } from '../model/alert.ts'
import { ageDays, staleAfterDays } from '../model/context.ts'
import type { Finding } from '../model/finding.ts'
import type { AnswerOf, Level } from '../model/question.ts'
import type { Risk } from '../model/triage.ts'
import { answersTo, assetsIn, type FoundAsset, isWhatItIsAbout } from './answers.ts'

type Part = Risk['parts'][number]

/** The score of a medium alert about which nothing else is known. Weights multiply it; it never passes 100. */
const scoreOfMedium = 25
/** From these scores on a risk is medium, high, critical: with nothing else known, the level is the provider's severity. */
const levelFrom = { medium: 15, high: 40, critical: 70 } as const

const severityWeights: Record<Exclude<Severity, 'unknown'>, number> = {
  informational: 0.2,
  low: 0.5,
  medium: 1,
  high: 2,
  critical: 3,
}
const criticalityWeights: Record<Level, number> = { low: 0.5, medium: 1, high: 1.5, critical: 2 }
const sensitivityWeights: Record<Level, number> = { low: 0.8, medium: 1, high: 1.25, critical: 1.5 }
const intelligenceWeights = { harmless: 0.7, unknown: 1, suspicious: 1.2, malicious: 1.5 } as const
const levels: readonly Level[] = ['low', 'medium', 'high', 'critical']

/**
 * Severity x criticality, sensitivity, regulatory status and exposure of the assets x vulnerable to what is tried x intelligence.
 * What is not known weighs 1, is marked `known: false` and says so: not knowing neither calms nor alarms.
 */
export function riskOf(alert: Alert, findings: readonly Finding[], now: Date): Risk {
  const assets = assetsIn(findings)
  const parts: Part[] = [
    severityPart(alert),
    levelPart('Criticality', 'criticality', criticalityWeights, assets, now),
    levelPart('Sensitivity', 'sensitivity', sensitivityWeights, assets, now),
    regulatoryPart(assets, now),
    exposurePart(assets, now),
    vulnerabilityPart(findings),
    intelligencePart(alert, findings),
  ]
  const product = parts.reduce((score, part) => score * part.weight, scoreOfMedium)
  const score = Math.round(Math.min(100, product) * 10) / 10
  return { score, level: levelOf(score), parts }
}

function levelOf(score: number): Level {
  if (score >= levelFrom.critical) return 'critical'
  if (score >= levelFrom.high) return 'high'
  return score >= levelFrom.medium ? 'medium' : 'low'
}

function unknown(name: string, because: string): Part {
  return { name, value: 'unknown', weight: 1, known: false, because: `${because} Counts as 1.` }
}

function severityPart(alert: Alert): Part {
  if (alert.severity === 'unknown') return unknown('Severity', `${alert.providerName} does not say.`)
  const word = alert.reading.severityText?.value
  const because = word === undefined ? `${alert.providerName} says so.` : `${alert.providerName} says "${word}".`
  return { name: 'Severity', value: alert.severity, weight: severityWeights[alert.severity], known: true, because }
}

function levelPart(
  name: string,
  field: 'criticality' | 'sensitivity',
  weights: Record<Level, number>,
  assets: readonly FoundAsset[],
  now: Date,
): Part {
  const rated = assets.flatMap((asset) => (asset.answer[field] === null ? [] : [{ asset, level: asset.answer[field] }]))
  const worst = rated.toSorted((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level))[0]
  if (worst === undefined) return unknown(name, noAsset(assets, `none of the assets found has a ${field}`))
  return { name, value: worst.level, weight: weights[worst.level], known: true, because: sourced(worst.asset, now) }
}

function regulatoryPart(assets: readonly FoundAsset[], now: Date): Part {
  const under = assets.filter(({ answer }) => answer.regulatory.length > 0)
  const first = under[0]
  // An empty list cannot be told from a column nobody filled in, so it is unknown, not "none".
  if (first === undefined) return unknown('Regulatory', noAsset(assets, 'no regulation is named for the assets found'))
  const names = [...new Set(under.flatMap(({ answer }) => answer.regulatory))].sort().join(', ')
  return { name: 'Regulatory', value: names, weight: 1.25, known: true, because: sourced(first, now) }
}

function exposurePart(assets: readonly FoundAsset[], now: Date): Part {
  const told = assets.filter(({ answer }) => answer.exposed !== null)
  const open = told.find(({ answer }) => answer.exposed === true)
  const shown = open ?? told[0]
  if (shown === undefined)
    return unknown('Exposure', noAsset(assets, 'it is not said whether the assets found face the internet'))
  return {
    name: 'Exposure',
    value: open === undefined ? 'internal' : 'faces the internet',
    weight: open === undefined ? 0.8 : 1.25,
    known: true,
    because: sourced(shown, now),
  }
}

function vulnerabilityPart(findings: readonly Finding[]): Part {
  const name = 'Vulnerable to what is tried'
  const told = answersTo('vulnerabilities-of-asset', findings)
  const open = told.find(({ answer }) => answer.vulnerable === true)
  if (open !== undefined) {
    const cves = open.answer.open.map((line) => line.cve).join(', ')
    const kev = open.answer.kev == null ? '' : ` Known to be exploited since ${open.answer.kev}.`
    return {
      name,
      value: 'yes',
      weight: 2,
      known: true,
      because: `${open.finding.connector} says so${cves === '' ? '' : `: ${cves}`}.${kev}${patchedSince(open.answer)}${restsOn(open.answer)}`,
    }
  }
  const fixed = told.find(({ answer }) => answer.vulnerable === false)
  const looked =
    fixed?.finding ?? findings.find((one) => one.question === 'vulnerabilities-of-asset' && one.kind === 'nothing')
  if (looked !== undefined) {
    if (fixed?.answer.restsOn != null)
      return { name, value: 'no', weight: 0.5, known: true, because: sentence(fixed.answer.restsOn) }
    const patched = fixed?.answer.patchedAt?.slice(0, 10)
    const because = patched === undefined ? 'found nothing open' : `it is gone since ${patched} at the latest`
    return {
      name,
      value: 'no',
      weight: 0.5,
      known: true,
      because: `${looked.connector} looked${patched === undefined ? ' and ' : ': '}${because}.`,
    }
  }
  const list = told.find(({ answer }) => answer.vulnerable === null)
  if (list !== undefined) return unknown(name, openOnes(list.answer))
  const failed = findings.find((one) => one.question === 'vulnerabilities-of-asset' && one.kind === 'failed')
  const blind = findings.find((one) => one.question === 'vulnerabilities-of-asset' && one.kind === 'not-collected')
  if (failed !== undefined) return unknown(name, `${failed.connector} could not look: ${failed.why}.`)
  return unknown(
    name,
    blind === undefined || blind.why === '' ? 'Nobody could say.' : `Nobody could say: ${blind.why}.`,
  )
}

/** What others say against the scanner, or for it, and whether that counts. */
function restsOn({ restsOn: says }: AnswerOf<'vulnerabilities-of-asset'>): string {
  return says == null ? '' : ` ${sentence(says)}`
}

function sentence(text: string): string {
  return /[.!?]$/u.test(text) ? text : `${text}.`
}

/** It was open when it happened, and is not any more. */
function patchedSince({ open, patchedAt }: AnswerOf<'vulnerabilities-of-asset'>): string {
  return open.length > 0 || patchedAt == null
    ? ''
    : ` It was open then, and is gone since ${patchedAt.slice(0, 10)} at the latest.`
}

/** No CVE was asked about: what is open says nothing about what is tried. */
function openOnes({ open, total }: AnswerOf<'vulnerabilities-of-asset'>): string {
  const exploited = open.filter((line) => line.kev != null).length
  const known = exploited === 0 ? '' : `, ${exploited} of them known to be exploited`
  return `The alert names no CVE; ${total ?? open.length} open on the machine${known}.`
}

function intelligencePart(alert: Alert, findings: readonly Finding[]): Part {
  const name = 'Intelligence'
  const order = ['malicious', 'suspicious', 'harmless'] as const
  const told = answersTo('reputation-of-observable', findings)
  for (const verdict of order) {
    const one = told.find(
      ({ answer, finding }) =>
        answer.verdict === verdict && (verdict !== 'harmless' || isWhatItIsAbout(alert, finding)),
    )
    if (one === undefined) continue
    const about = String(one.finding.ask['value'] ?? 'an indicator')
    const sources = one.answer.sources.length > 0 ? one.answer.sources.join(', ') : one.finding.connector
    return {
      name,
      value: verdict,
      weight: intelligenceWeights[verdict],
      known: true,
      because: `${about} by ${sources}.`,
    }
  }
  return unknown(
    name,
    told.length > 0 ? 'The sources asked do not know the indicators.' : 'No source was asked or could answer.',
  )
}

function noAsset(assets: readonly unknown[], otherwise: string): string {
  return assets.length === 0
    ? 'No asset of ours was found in this alert.'
    : `${otherwise[0]?.toUpperCase()}${otherwise.slice(1)}.`
}

function sourced({ answer, finding }: FoundAsset, now: Date): string {
  const age = ageDays(answer.asOf, now)
  const stale = age === null || age <= staleAfterDays ? '' : ` That is ${age} days old.`
  return `${answer.name}, by ${finding.connector}.${stale}`
}
