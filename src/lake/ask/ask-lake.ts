import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import { isTrouble, troubles, wordsOf } from '../../kit/errors.ts'
import type { Answered, Window } from '../../model/finding.ts'
import type { AnswerOf } from '../../model/question.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { fieldIs, joined } from '../search/expression.ts'
import { searchBounds } from '../search/look.ts'
import { printExpression } from '../search/print-expression.ts'
import { answerFrom, type Found } from './answer.ts'
import { type Coverage, coverageOf, knownForDays, type Span } from './coverage.ts'
import * as questions from './questions.ts'
import { seenSince } from './seen-since.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Around the moment of an alert: what led to it, and what came of it. */
const beforeMs = 24 * hourMs
const afterMs = hourMs
/** Where a question names no moment. */
const daysDefault = 7
/** A triage waits for this at most; its other questions run beside it. */
const askTimeoutMsMax = 10_000

const at = z.iso.datetime().nullable().optional()
const Ask = {
  pair: z.object({ source: z.string(), destination: z.string(), at }),
  address: z.object({ address: z.string(), at }),
  account: z.object({ account: z.string(), at }),
  host: z.object({ host: z.string(), at }),
  domain: z.object({ domain: z.string(), at }),
  url: z.object({ url: z.string(), at }),
  hash: z.object({ hash: z.string() }),
  value: z.object({ value: z.string(), at }),
  observable: z.object({ type: z.string(), value: z.string() }),
  coverage: z.object({ source: z.string().nullable().optional(), class: z.int().nullable().optional(), at }),
}

/** The questions that the lake answers (model/question.ts). */
export const lakeQuestions = [
  'sessions-between-addresses',
  'sessions-of-address',
  'logins-of-account',
  'processes-of-host',
  'dns-of-host',
  'lookups-of-domain',
  'hash-seen-on',
  'url-visited-by',
  'first-and-last-seen',
  'alerts-of-own-detections',
  'coverage',
] as const
export type LakeQuestion = (typeof lakeQuestions)[number]

export type AskContext = {
  readonly signal: AbortSignal
  readonly clock: Clock
  /** The time to look at, in place of that around the question's moment. */
  readonly window?: Window
  /** Told which time is looked at before it is. */
  readonly looksAt?: (window: Window) => void
}

/**
 * Answers a question of a triage from the logs. `query` is the search that opens the very events. `nothing` only where logs that would
 * have shown it were there for the whole time; else `not-collected` and why. An engine that does not answer is `failed`.
 */
export async function askLake(
  engine: Engine,
  question: LakeQuestion,
  ask: Readonly<Record<string, unknown>>,
  { signal, clock, window: chosen, looksAt }: AskContext,
): Promise<Answered> {
  const now = clock.now()
  const bounds = { ...searchBounds(signal), timeoutMs: askTimeoutMsMax }
  const spanFor = (moment: unknown, days: number): Span => {
    const span = chosen === undefined ? spanOf(moment, now, days) : spanUntil(chosen, now)
    looksAt?.(windowOf(span))
    return span
  }
  if (question === 'coverage') {
    const { at: moment, ...about } = Ask.coverage.parse(ask)
    const span = spanFor(moment, daysDefault)
    return await caught('*', () => coverage(engine, { ...about, span }, now, bounds))
  }
  if (question === 'first-and-last-seen') {
    if (chosen !== undefined) return { kind: 'not-applicable', why: 'this question is about all that is kept' }
    const { type, value } = Ask.observable.parse(ask)
    return await caught(printExpression(fieldIs('observable', value)), () =>
      seenSince(engine, type, value, now, bounds),
    )
  }
  const asked = askedOf(question, ask)
  if ('notApplicable' in asked) return { kind: 'not-applicable', why: asked.notApplicable }
  const span = spanFor(ask['at'], asked.days ?? daysDefault)
  const query = printExpression(asked.expression)
  if (span.from >= now) return { kind: 'not-collected', why: 'This time is still to come.', query }
  return await caught(query, () => look(engine, { asked, span, query, now, bounds }))
}

function askedOf(
  question: Exclude<LakeQuestion, 'coverage' | 'first-and-last-seen'>,
  ask: Readonly<Record<string, unknown>>,
): questions.Asked | questions.NotAsked {
  switch (question) {
    case 'sessions-between-addresses': {
      const { source, destination } = Ask.pair.parse(ask)
      return questions.sessionsBetween(source, destination)
    }
    case 'sessions-of-address':
      return questions.sessionsOf(Ask.address.parse(ask).address)
    case 'logins-of-account':
      return questions.loginsOf(Ask.account.parse(ask).account)
    case 'processes-of-host':
      return questions.processesOf(Ask.host.parse(ask).host)
    case 'dns-of-host':
      return questions.lookupsBy(Ask.host.parse(ask).host)
    case 'lookups-of-domain':
      return questions.lookupsOf(Ask.domain.parse(ask).domain)
    case 'url-visited-by':
      return questions.visitsOf(Ask.url.parse(ask).url)
    case 'hash-seen-on':
      return questions.sightingsOf(Ask.hash.parse(ask).hash)
    case 'alerts-of-own-detections':
      return questions.detectionsOf(Ask.value.parse(ask).value)
  }
}

/** Around the moment the question is about, or the days before now. What lies ahead cannot have been logged. */
function spanOf(moment: unknown, now: Date, days: number): Span {
  const about = typeof moment === 'string' ? Date.parse(moment) : Number.NaN
  if (Number.isNaN(about)) return { from: new Date(now.getTime() - days * dayMs), to: now }
  const to = Math.min(about + afterMs, Math.max(now.getTime(), about - beforeMs + 1))
  return { from: new Date(about - beforeMs), to: new Date(to) }
}

/** What somebody chose, until now: what lies ahead cannot have been logged. A time that is all to come stays as it is, and is said to be. */
function spanUntil({ from, to }: Window, now: Date): Span {
  const [begin, end] = [new Date(from), new Date(to)]
  return { from: begin, to: begin < now && now < end ? now : end }
}

function windowOf(span: Span): Window {
  return { from: span.from.toISOString(), to: span.to.toISOString() }
}

type Look = {
  readonly asked: questions.Asked
  readonly span: Span
  readonly query: string
  readonly now: Date
  readonly bounds: Bounds
}

async function look(engine: Engine, { asked, span, query, now, bounds }: Look): Promise<Answered> {
  const read = { expression: asked.expression, ...span, sources: [] }
  const [found, covered] = await Promise.all([
    answerFrom(engine, read, asked, bounds),
    coverageOf(engine, { classes: asked.classes, span, now, parsed: asked.findsUnread !== true }, bounds),
  ])
  const window = windowOf(span)
  if (found !== null)
    return { kind: 'found', answer: found.answer, query, window, warnings: warningsOf(asked, found, covered) }
  if (covered.holes.length > 0) return { kind: 'not-collected', why: `${covered.holes.join('; ')}.`, query }
  const stranger = await strangerOf(engine, asked, span, bounds)
  return stranger === null ? { kind: 'nothing', query, window } : { kind: 'not-collected', why: stranger, query }
}

function warningsOf(asked: questions.Asked, found: Found, covered: Coverage): string[] {
  const { answer, unread, groups } = found
  return [
    ...(asked.warnings ?? []),
    ...(groups > answer.rows.length
      ? [`Of ${groups} rows the ${answer.rows.length} latest are shown; the count is of all.`]
      : []),
    ...(unread > 0
      ? [`${unread} of them are lines that no parser reads: they name it, and what they say of it is in the line.`]
      : []),
    ...(covered.holes.length > 0 ? [`There may be more: ${covered.holes.join('; ')}.`] : []),
  ]
}

/** Why this host's silence says nothing: the logs have never known it. null: they have, or need not. */
async function strangerOf(engine: Engine, asked: questions.Asked, span: Span, bounds: Bounds): Promise<string | null> {
  const { subject } = asked
  if (subject === undefined) return null
  const from = new Date(span.from.getTime() - knownForDays * dayMs)
  const known = await answerFrom(
    engine,
    { expression: subject.expression, from, to: span.to, sources: [] },
    asked,
    bounds,
  )
  return known === null ? `${subject.says} since ${from.toISOString()}: its logs may not come here at all.` : null
}

async function coverage(
  engine: Engine,
  ask: Omit<z.infer<typeof Ask.coverage>, 'at'> & { readonly span: Span },
  now: Date,
  bounds: Bounds,
): Promise<Answered> {
  const { span } = ask
  const source = ask.source ?? ''
  const classes = ask.class === null || ask.class === undefined ? [] : [ask.class]
  const covered = await coverageOf(engine, { classes, span, now, source, parsed: classes.length > 0 }, bounds)
  const parts = [
    ...(source === '' ? [] : [fieldIs('source', source)]),
    ...classes.map((uid) => fieldIs('class', String(uid))),
  ]
  const query = printExpression(joined('and', parts))
  if (covered.sources.every((one) => one.events === 0)) {
    return { kind: 'not-collected', why: `${covered.holes.join('; ')}.`, query }
  }
  const answer: AnswerOf<'coverage'> = {
    covered: covered.holes.length === 0,
    sources: covered.sources.map(({ source: id, events, first, last, gaps }) => ({
      ...{ source: id, events, first: first?.toISOString() ?? '', last: last?.toISOString() ?? '' },
      gaps: gaps.map((gap) => windowOf(gap)),
    })),
  }
  return { kind: 'found', answer, query, window: windowOf(span), warnings: covered.holes }
}

/** An engine that is away or a look that was stopped is an answer: "could not look". */
async function caught(query: string, work: () => Promise<Answered>): Promise<Answered> {
  try {
    return await work()
  } catch (error) {
    if (!isTrouble(error)) throw error
    const { problem } = error.details
    const why = `${troubles[error.code].says}${problem === undefined ? '' : ` (${wordsOf(problem)})`}`
    return { kind: 'failed', why, query }
  }
}
