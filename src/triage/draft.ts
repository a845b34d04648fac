import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import { exceeds, type Tlp } from '../model/intelligence.ts'
import { type AnswerOf, type QuestionName, questions, type Rung, rungs, rungTitles } from '../model/question.ts'
import type { SensitiveSpan } from '../model/reply.ts'
import { type Decision, type Judgement, type Outcome, outcomeTitles } from '../model/triage.ts'
import { answersTo } from './answers.ts'
import { type Exchange, verdicts } from './exchange.ts'
import { applyReview, coverValues, releaseLine, type SensitiveContext, valueKey } from './redact.ts'
import { reputationOf } from './reputation.ts'

/** The provider's own word for an outcome, and ours beside it: one word of theirs may stand for two outcomes of ours. */
export type OutcomeWords = (outcome: Outcome) => { readonly word: string; readonly comment: string } | null

export type DraftInput = {
  readonly alert: Alert
  readonly decision: Decision
  readonly findings: readonly Finding[]
  readonly judgement: Judgement | null
  readonly words: OutcomeWords
  /** How far the agreement lets intelligence go; AMBER where nothing is said. */
  readonly upToTlp?: Tlp
}

/** An observable list longer than this is a dump, not an answer. */
export const observablesMax = 200
/** Lines under "What we found": more is a report. */
const factsMax = 12
const quotedCharsMax = 300

export function referenceOf(alert: Pick<Alert, 'number'>): string {
  return `A-${alert.number}`
}

function wordsFor(input: Pick<DraftInput, 'words' | 'decision'>): { readonly word: string; readonly comment: string } {
  const ours = outcomeTitles[input.decision.outcome]
  return input.words(input.decision.outcome) ?? { word: ours, comment: ours }
}

function decided(input: Pick<DraftInput, 'words' | 'decision'>): string {
  const { word, comment } = wordsFor(input)
  return word.toLowerCase() === comment.toLowerCase() ? comment : `${word} (${comment})`
}

/** 2026-11-20T14:02:33.000Z to "2026-11-20 14:02 UTC". */
function minute(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/**
 * The answer as a first draft: readable text in the provider's words. It says what was decided and why, what the cited
 * evidence showed, and what we ask for; no names and no more than needed. A person edits and reviews it before it leaves.
 */
export function draftText(input: DraftInput): string {
  const { alert, decision } = input
  const title = oneLine(alert.rule ?? alert.title)
  const about = alert.ticket === null ? `your alert "${title}"` : `your ticket ${alert.ticket} ("${title}")`
  const question = alert.reading.question?.value
  const facts = factsOf(input)
  const blocks = [
    'Hello,',
    `this answers ${about}, received ${minute(alert.receivedAt)}. Our reference: ${referenceOf(alert)}.`,
    ...(question === undefined ? [] : [`You asked: "${oneLine(question).slice(0, quotedCharsMax)}"`]),
    `Our decision: ${decided(input)}.\nReason: ${decision.reason.trim()}`,
    facts.length === 0
      ? 'This was decided without further evidence from our side.'
      : `What we found:\n${facts.map((fact) => `- ${fact}`).join('\n')}`,
    askFor(input),
    'The same in machine-readable form is attached (counterfoil.json).',
  ]
  return `${blocks.join('\n\n')}\n`
}

/** The text of an answer that takes nothing along: without the line, of whichever draft of ours, that says so. */
export function withoutAttached(text: string): string {
  return text
    .replaceAll(/^The same (?:decision )?in machine-readable form is attached \(counterfoil\.json\)\.\n*/gm, '')
    .trimEnd()
}

function factsOf({ decision, findings, upToTlp = 'AMBER' }: DraftInput): string[] {
  const cited = findings
    .filter((finding) => decision.cites.includes(finding.id))
    .map((finding) => withoutRestricted(finding, upToTlp))
  const byRung = (rung: Rung) => cited.filter((finding) => questions[finding.question].rung === rung)
  return rungs
    .flatMap((rung) => [...new Set(byRung(rung).map(factOf))].map((fact) => `${rungTitles[rung]}: ${fact}`))
    .slice(0, factsMax)
}

/** What only sources say that may not be passed on is as if it had not been asked: even a verdict would tell that they know it. */
function withoutRestricted(finding: Finding, upToTlp: Tlp): Finding {
  const [told] = answersTo('reputation-of-observable', [finding])
  const hits = told?.answer.hits ?? []
  if (told === undefined || !hits.some(({ tlp }) => exceeds(tlp, upToTlp))) return finding
  const warnings = told.answer.warnings ?? []
  const open = { hits: hits.filter(({ tlp }) => !exceeds(tlp, upToTlp)), warnings }
  if (open.hits.length + warnings.length === 0) return { ...finding, kind: 'nothing', answer: null }
  const { verdict, note } = reputationOf(open, new Date(finding.askedAt))
  return { ...finding, answer: { ...told.answer, ...open, verdict, note } }
}

/** One finding in one sentence, with what the provider needs of it and without the names in it. */
function factOf(finding: Finding): string {
  switch (finding.kind) {
    case 'found': {
      const parsed = questions[finding.question].answer.safeParse(finding.answer)
      if (!parsed.success) return 'we looked, and the answer could not be read.'
      return sayFound(finding.question, parsed.data)
    }
    case 'nothing':
      return `${sayNothing(finding.question)}`
    case 'not-collected':
      return 'we do not collect this, so we could not look.'
    case 'failed':
      return 'we could not look; the source did not answer.'
    case 'not-applicable':
      return 'this does not apply here.'
  }
}

const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`

type Saying = { readonly [Q in QuestionName]: (answer: AnswerOf<Q>) => string }

function sayAsset(asset: AnswerOf<'asset-of-host'>): string {
  const of = [asset.role, asset.environment].filter((word) => word !== null).join(', ')
  const weight = asset.criticality === null ? '' : ` Its criticality is ${asset.criticality}.`
  return `the machine is a known asset of ours${of === '' ? '' : ` (${of})`}.${weight}`
}

function saySessions(what: string): (answer: AnswerOf<'sessions-of-address'>) => string {
  return (answer) => {
    const [first, last] = [answer.first?.slice(0, 16), answer.last?.slice(0, 16)]
    const span =
      first === undefined || last === undefined
        ? ''
        : ` between ${first.replace('T', ' ')} and ${last.replace('T', ' ')}`
    return answer.count === 0
      ? `our records show no ${what}.`
      : `our records show ${plural(answer.count, what)}${span}.`
  }
}

const sayings: Saying = {
  'asset-of-address': sayAsset,
  'asset-of-host': sayAsset,
  'business-role-of-asset': sayAsset,
  'owner-of-host': () => 'the machine has a known owner in our organisation.',
  'person-of-account': (person) =>
    `the account belongs to a known person of ours${person.privileged === true ? ' and is privileged' : ''}.`,
  'manager-of-person': () => 'the person concerned has a known manager in our organisation.',
  'groups-of-account': (answer) =>
    answer.groups.some((group) => group.privileged === true)
      ? 'the account is in a privileged group.'
      : `the account is in ${plural(answer.groups.length, 'group')}${answer.more ? ' and more' : ''}; none of them is known to be privileged.`,
  'account-state': (answer) =>
    `the account exists${answer.enabled === null ? '' : answer.enabled ? ' and is in use' : ' and is disabled'}${
      answer.locked === true ? '; it is locked' : ''
    }.`,
  'network-of-address': (answer) =>
    answer.ours ? 'the address is in one of our networks.' : 'the address is not in our networks.',
  'change-window-of-asset': (answer) =>
    answer.changes.length === 0
      ? 'no change was planned at that time.'
      : `${plural(answer.changes.length, 'planned change')} covered this machine at that time.`,
  'vulnerabilities-of-asset': (answer) =>
    answer.vulnerable === null
      ? `${plural(answer.total ?? answer.open.length, 'vulnerability', 'vulnerabilities')} open on the target.`
      : answer.vulnerable
        ? answer.open.length === 0
          ? 'the target was vulnerable then, and is patched since.'
          : `the target is vulnerable (${plural(answer.open.length, 'open finding')}).`
        : 'the target is not vulnerable to this.',
  'sessions-between-addresses': saySessions('session'),
  'sessions-of-address': saySessions('session'),
  'logins-of-account': saySessions('sign-in'),
  'processes-of-host': saySessions('matching process'),
  'hash-seen-on': saySessions('sighting'),
  'dns-of-host': saySessions('look-up'),
  'lookups-of-domain': saySessions('look-up'),
  'url-visited-by': saySessions('visit'),
  'alerts-of-own-detections': saySessions('own detection'),
  'first-and-last-seen': (answer) =>
    `our records show it ${plural(answer.count, 'time')} between ${answer.first.slice(0, 16).replace('T', ' ')} and ${answer.last.slice(0, 16).replace('T', ' ')}.`,
  coverage: (answer) => (answer.covered ? 'we have logs of that time.' : 'we have no logs of that time.'),
  'reputation-of-observable': (answer) => `the indicator is rated ${answer.verdict} by the sources we asked.`,
  'registration-of-domain': (answer) =>
    `the domain is registered${answer.registeredAt === null ? '' : ` since ${answer.registeredAt.slice(0, 10)}`}.`,
  'network-owner-of-address': (answer) =>
    `the address is in a network of ${answer.organisation ?? answer.name ?? 'an owner who is not named'}${
      answer.country === null ? '' : ` (${answer.country})`
    }.`,
  'names-of-address': (answer) => `DNS has ${plural(answer.names.length, 'name')} for the address.`,
  'records-of-name': (answer) => `DNS has ${plural(answer.addresses.length, 'address', 'addresses')} for the name.`,
  'seen-before': (answer) =>
    `we had ${plural(answer.times, 'earlier alert')} of this rule about the same entity${
      answer.lastDecision === null ? '' : `; the last was decided "${titleOf(answer.lastDecision.outcome)}"`
    }.`,
  'was-this-you': (answer) =>
    ({
      yes: 'the person concerned confirms that it was them.',
      no: 'the person concerned says that it was not them.',
      unsure: 'the person concerned is not sure.',
      'not-me': 'the person asked says that this is not theirs.',
    })[answer.answer],
}

function titleOf(outcome: string): string {
  return Object.hasOwn(outcomeTitles, outcome) ? outcomeTitles[outcome as Outcome] : outcome
}

function sayFound(question: QuestionName, answer: unknown): string {
  const say = sayings[question] as (answer: unknown) => string
  return say(answer)
}

const nothings: Readonly<Partial<Record<QuestionName, string>>> = {
  'sessions-between-addresses': 'our records show no session between the two.',
  'sessions-of-address': 'our records show no session of this address.',
  'logins-of-account': 'our records show no sign-in of this account.',
  'processes-of-host': 'our records show no matching process.',
  'hash-seen-on': 'the file was not seen on our machines.',
  'dns-of-host': 'our records show no look-up by this machine.',
  'lookups-of-domain': 'our records show no look-up of this name.',
  'url-visited-by': 'our records show no visit to this address.',
  'alerts-of-own-detections': 'our own detections saw nothing here.',
  'first-and-last-seen': 'it does not occur in our records.',
  'change-window-of-asset': 'no change was planned at that time.',
  'seen-before': 'we had no earlier alert of this rule about the same entity.',
  'network-of-address': 'the address is not in our networks.',
  'reputation-of-observable': 'we looked in our intelligence and have nothing to tell.',
}

function sayNothing(question: QuestionName): string {
  return nothings[question] ?? 'we looked, and found nothing.'
}

export const requests: Record<Outcome, Exchange['request']> = {
  incident: 'investigate',
  'minor-trouble': 'none',
  'false-alarm-nothing': 'close',
  'false-alarm-benign': 'close',
  tune: 'tune',
}

function askFor({ alert, decision }: DraftInput): string {
  const rule = oneLine(alert.rule ?? alert.title)
  switch (decision.outcome) {
    case 'incident':
      return 'What we ask of you: keep the evidence of this alert, look for the same signs elsewhere in our environment, and tell us at once of anything new.'
    case 'minor-trouble':
      return 'What we ask of you: nothing for now. We mend this ourselves; please keep the detection as it is.'
    case 'false-alarm-nothing':
      return 'What we ask of you: please close this ticket. The rule matched although nothing happened; please check what it matched.'
    case 'false-alarm-benign':
      return 'What we ask of you: please close this ticket. The trigger was real and is explained above.'
    case 'tune':
      return `What we ask of you: please tune the rule "${rule}"${alert.entity === null ? '' : ` for ${alert.entity}`}, so that what is described above no longer raises an alert. Please tell us what you changed, and when.`
  }
}

/** "Re: " and their subject as we may repeat it, with their ticket in it, on one line of a bounded length (RFC 5322: 998). */
export function draftSubject(theirs: string | null, alert: Pick<Alert, 'ticket' | 'rule' | 'title'>): string {
  const base = oneLine(theirs ?? alert.rule ?? alert.title).replace(/^(?:(?:re|aw|fwd?|wg)\s*:\s*)+/i, '')
  const ticket = alert.ticket === null ? null : oneLine(alert.ticket).slice(0, 100)
  const named = ticket === null || base.includes(ticket) ? base : `[${ticket}] ${base}`
  return `Re: ${named}`.slice(0, subjectCharsMax)
}
export const subjectCharsMax = 250

/** What the released mail says, in both its parts and its subject, with the same review applied to all of it. */
export type ReleasedAnswer = {
  readonly text: string
  readonly subject: string
  readonly machine: Exchange
  readonly leftUnreviewed: number
}

/**
 * Applies the review to text, subject and machine-readable part. The latter is built from what is released alone: the
 * reason only where it stands in the released text, observables only where they may leave.
 */
export function releaseAnswer(
  answer: {
    readonly text: string
    readonly spans: readonly SensitiveSpan[]
    /** Places of its files: what was covered there stands nowhere in the text either. */
    readonly inFiles?: readonly SensitiveSpan[]
    readonly subject: string
    readonly machine: Exchange
  },
  context: SensitiveContext,
): ReleasedAnswer {
  const reviewed = applyReview(answer.text, answer.spans)
  const { leftUnreviewed } = reviewed
  const inFiles = answer.inFiles ?? []
  const text = coverValues(reviewed.text, inFiles)
  const all = [...answer.spans, ...inFiles]
  const line = (value: string) => releaseLine(value, context, all)
  const lineOrNull = (value: string | null) => (value === null ? null : line(value))
  const { machine } = answer
  const reason = lineOrNull(machine.reason)
  return {
    text,
    leftUnreviewed,
    subject: line(answer.subject),
    machine: {
      ...machine,
      ticket: machine.ticket,
      rule: lineOrNull(machine.rule),
      outcomeWords: line(machine.outcomeWords),
      reason: reason !== null && oneLine(text).includes(oneLine(reason)) ? oneLine(reason) : null,
      observables: machine.observables.filter(({ value }) => line(value) === value && !isReplaced(value, all)),
    },
  }
}

function isReplaced(value: string, spans: readonly SensitiveSpan[]): boolean {
  return spans.some((span) => span.verdict !== 'keep' && valueKey(span.text) === valueKey(value))
}

/** The machine-readable part as drafted; `releaseAnswer` decides what of it leaves. */
export function draftMachine(
  input: DraftInput,
  ids: { readonly messageId: string; readonly inReplyTo: string | null },
): Exchange {
  const { alert, decision } = input
  const seen = new Set<string>()
  const observables = alert.reading.observables.flatMap(({ type, value }) => {
    const key = `${type}\n${value}`
    if (seen.has(key) || seen.size >= observablesMax) return []
    seen.add(key)
    return [{ type, value }]
  })
  const verdict = verdicts[decision.outcome]
  return {
    format: 'counterfoil-answer',
    version: 1,
    reference: referenceOf(alert),
    messageId: ids.messageId,
    inReplyTo: ids.inReplyTo,
    ticket: alert.ticket,
    rule: alert.rule,
    outcome: decision.outcome,
    outcomeWords: wordsFor(input).word,
    verdict_id: verdict.id,
    verdict: verdict.name,
    request: requests[decision.outcome],
    reason: oneLine(decision.reason),
    observables,
    alertReceivedAt: alert.receivedAt,
    decidedAt: decision.at,
  }
}
