import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import { rungTitles } from '../model/question.ts'
import type { Fidelity, LadderRung, Outcome, PastAlert, Proposal, Risk } from '../model/triage.ts'
import { outcomeTitles } from '../model/triage.ts'
import { answersTo, assetsIn } from './answers.ts'
import { isAttained } from './fidelity.ts'
import { type Sign, signsIn } from './signs.ts'

/** Below this sum of strengths there is no proposal: one hint is not a reason. */
const enough = 2
/** The second-best outcome of another kind must be this far behind, else the evidence points both ways. */
const lead = 2

type Kind = 'harm' | 'trouble' | 'calm'
const kindOf: Record<Outcome, Kind> = {
  incident: 'harm',
  'minor-trouble': 'trouble',
  'false-alarm-nothing': 'calm',
  'false-alarm-benign': 'calm',
  tune: 'calm',
}

/**
 * What the house would decide, with what speaks for and against it, each citing its evidence row. It never proposes a false alarm
 * (or a tuned rule) on a high or critical risk without positive evidence about this very alert, and never decides by itself. Pure.
 */
export function proposalFor(input: {
  readonly alert: Alert
  readonly findings: readonly Finding[]
  readonly history: readonly PastAlert[]
  readonly remembered: readonly Sign[]
  readonly ladder: readonly LadderRung[]
  readonly fidelity: Fidelity
  readonly risk: Risk
}): Proposal {
  const { alert, findings, history, remembered, ladder, fidelity, risk } = input
  const signs = [...signsIn(alert, findings, history, risk), ...remembered]
  const missing = missingIn(ladder, findings)
  const ranked = rank(signs)
  const best = ranked[0]
  if (best === undefined) return none([], [], missing, 'Nothing speaks for one outcome or another yet.')
  const supports = cited(signs.filter((sign) => speaksFor(sign, best.outcome)))
  const contradicts = cited(signs.filter((sign) => kindOf[sign.towards] !== kindOf[best.outcome]))
  const rival = ranked.find((other) => kindOf[other.outcome] !== kindOf[best.outcome])
  const title = outcomeTitles[best.outcome].toLowerCase()
  if (best.sum < enough) return none(supports, contradicts, missing, `Only a hint speaks for ${title}.`)
  if (rival !== undefined && best.sum - rival.sum < lead) {
    return none(supports, contradicts, missing, 'The evidence points both ways.')
  }
  const high = risk.level === 'high' || risk.level === 'critical'
  const positive = signs.some((sign) => speaksFor(sign, best.outcome) && sign.positive && sign.strength >= 2)
  if (kindOf[best.outcome] === 'calm' && high && !positive) {
    return none(
      supports,
      contradicts,
      missing,
      `The risk is ${risk.level}, and nothing about this very alert explains it.`,
    )
  }
  const confidence = confidenceOf(best.sum, contradicts.length, fidelity, high)
  const because = supports.map((line) => line.says).join(' ')
  const sentence = `Proposed: ${title}, ${confidence} confidence. ${because}${tail(contradicts, missing)}`
  return { outcome: best.outcome, confidence, supports, contradicts, missing, sentence }
}

/** Signs of one kind support each other (a change window and "nothing happened" are both calm); the outcome named most is proposed. */
function rank(signs: readonly Sign[]): readonly { readonly outcome: Outcome; readonly sum: number }[] {
  const outcomes = [...new Set(signs.map((sign) => sign.towards))]
  const own = (outcome: Outcome) => sum(signs.filter((sign) => sign.towards === outcome))
  return outcomes
    .map((outcome) => ({ outcome, own: own(outcome), sum: sum(signs.filter((sign) => speaksFor(sign, outcome))) }))
    .toSorted((a, b) => b.sum - a.sum || b.own - a.own || a.outcome.localeCompare(b.outcome))
}

function speaksFor(sign: Sign, outcome: Outcome): boolean {
  return kindOf[sign.towards] === kindOf[outcome]
}

function sum(signs: readonly Sign[]): number {
  return signs.reduce((total, sign) => total + sign.strength, 0)
}

function confidenceOf(strength: number, against: number, fidelity: Fidelity, high: boolean): Proposal['confidence'] {
  const full = fidelity.applicable > 0 && fidelity.attained / fidelity.applicable >= 0.6
  if (strength >= 4 && against === 0 && full && !high) return 'high'
  return strength >= 3 && full ? 'medium' : 'low'
}

function missingIn(ladder: readonly LadderRung[], findings: readonly Finding[]): string[] {
  const rungs = ladder
    .filter((rung) => rung.state !== 'not-applicable' && !isAttained(rung))
    .map((rung) => `${rungTitles[rung.rung]}: ${rung.says}`)
  const owner = assetsIn(findings).find(({ answer }) => answer.ownerEmail !== null)?.answer
  const asked = answersTo('was-this-you', findings)
  if (asked.some(({ answer }) => answer.answer === 'not-me'))
    return [...rungs, 'The person asked says somebody else is the right one to ask.']
  if (asked.some(({ answer }) => answer.answer === 'unsure'))
    return [...rungs, 'The owner is not sure whether it was them.']
  if (owner !== undefined && asked.length === 0)
    rungs.push(`The owner of ${owner.name}, ${owner.owner ?? owner.ownerEmail}, has not said whether it was them.`)
  return rungs
}

function none(
  supports: Proposal['supports'],
  contradicts: Proposal['contradicts'],
  missing: string[],
  why: string,
): Proposal {
  return {
    outcome: null,
    confidence: 'low',
    supports,
    contradicts,
    missing,
    sentence: `No proposal: a person must decide. ${why}${tail(contradicts, missing)}`,
  }
}

function cited(signs: readonly Sign[]): { findingId: string | null; says: string }[] {
  const once = new Map(signs.map((sign) => [sign.says, { findingId: sign.findingId, says: sign.says }]))
  return [...once.values()]
}

function tail(contradicts: Proposal['contradicts'], missing: readonly string[]): string {
  const against = contradicts.length === 0 ? '' : ` Against it: ${contradicts.map((line) => line.says).join(' ')}`
  const gaps =
    missing.length === 0 ? '' : ` ${missing.length} ${missing.length === 1 ? 'thing is' : 'things are'} missing.`
  return `${against}${gaps}`
}
