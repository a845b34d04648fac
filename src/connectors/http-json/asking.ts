import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { Answered, Window } from '../../model/finding.ts'
import { type QuestionName, questions } from '../../model/question.ts'
import type { Request, Response } from '../call.ts'
import type { Expressions } from './expressions.ts'
import type { Mapper } from './mapper.ts'
import { leftOut } from './parts.ts'
import type { Exchange, QuestionPart } from './schema.ts'
import { type Filled, fillBody, fillPairs, fillPath, fillText, placesIn } from './template.ts'

/** Between two looks at what a source still works on: PAN-OS has most searches done within a second. */
const againMs = 300
/** Looks at one piece of work. At `againMs` that is longer than the longest `timeoutMs`, so that time runs out before looks do. */
const looksMax = 200
/** All pages of one question together: each is held while the next one is read. */
const charsMax = 8 * 1024 * 1024
/** Leases of addresses last hours to days; within one day what is so now is the best there is. */
const presentMs = 24 * 60 * 60_000
/** A query in its own words is kept with the finding; the longest of the catalogue has 900 characters. */
const queryCharsMax = 2_000

type Values = Readonly<Record<string, unknown>>

/** What a question is asked with: the source at its other end is behind `call`, or a sample. */
export type Asking = {
  readonly question: QuestionName
  readonly parts: readonly QuestionPart[]
  readonly ask: Values
  readonly parameters: Readonly<Record<string, string>>
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly mapper: Mapper
  readonly clock: Clock
  /** The time somebody wants looked at, in place of the description's own. */
  readonly window?: Window
  readonly looksAt?: (window: Window) => void
  readonly call: (wanted: Request) => Promise<Response>
  /** Waits before the source is asked again whether it is done; false when called off. */
  readonly wait: (ms: number) => Promise<boolean>
}

/** How one request with its pages came out. */
type Outcome =
  | { readonly kind: 'found'; readonly fields: Values }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed' | 'not-applicable'; readonly why: string }

/** Asks a source one question: the alternative that fits, its steps, its pages. Never rejects. */
export async function answerOf(asking: Asking): Promise<Answered> {
  const log = { query: '' }
  const fitting = await fittingPart(asking)
  if ('kind' in fitting) return answered(fitting, log.query, undefined)
  const { part } = fitting
  const window = windowOf(part, asking)
  if (window !== undefined) asking.looksAt?.(window)
  const kept: Record<string, unknown> = {}
  for (const step of part.steps) {
    const outcome = await exchange(asking, step, step.keep, { window, kept, log })
    if (outcome.kind !== 'found') return answered(outcome, log.query, window)
    Object.assign(kept, outcome.fields)
  }
  const outcome = await exchange(asking, part, part.answer, { window, kept, log })
  if (outcome.kind !== 'found') return answered(outcome, log.query, window)
  const warning = presentOnly(part, asking)
  return {
    kind: 'found',
    answer: { ...leftOut(asking.question), ...outcome.fields },
    query: log.query,
    ...(window === undefined ? {} : { window }),
    ...(warning === null ? {} : { warnings: [warning] }),
  }
}

/** An address was somebody else's a month ago: what a source without a past says of one is true today. Null: it was asked about that time. */
function presentOnly(part: QuestionPart, { ask, clock }: Asking): string | null {
  const at = z.iso.datetime().safeParse(ask['at'])
  if (!at.success || part.window !== undefined) return null
  const templates = [part, ...part.steps].map(({ path, query, body, form }) => [path, query, body ?? null, form ?? {}])
  if (placesIn(templates).some(({ name }) => name === 'at')) return null
  const isLongAgo = clock.now().getTime() - Date.parse(at.data) > presentMs
  return isLongAgo ? `It was asked about ${at.data.slice(0, 10)}, and knows only what is so today.` : null
}

function answered(outcome: Exclude<Outcome, { kind: 'found' }>, query: string, window: Window | undefined): Answered {
  if (outcome.kind === 'nothing') return { kind: 'nothing', query, ...(window === undefined ? {} : { window }) }
  return outcome.kind === 'failed'
    ? { kind: 'failed', why: outcome.why, query }
    : { kind: 'not-applicable', why: outcome.why }
}

async function fittingPart(
  asking: Asking,
): Promise<{ readonly part: QuestionPart } | { readonly kind: 'failed' | 'not-applicable'; readonly why: string }> {
  const { parts, ask, parameters, mapper } = asking
  const [first] = parts
  if (first !== undefined && first.when === undefined) return { part: first }
  const seen = { status: 0, headers: {}, ask, parameters, kept: {}, items: [], page: 0 }
  const wanted = { kind: 'when', expressions: parts.map((part) => part.when) } as const
  const done = await mapper.run({ text: '', writing: 'json', seen, wanted })
  if (done.kind === 'failed') return done
  const part = done.kind === 'value' ? parts[Number(done.value)] : undefined
  return part === undefined ? { kind: 'not-applicable', why: 'it knows nothing of this kind' } : { part }
}

/** The time that somebody chose; else around what is asked about, or now, when it has no time. None where the source looks at no time. */
function windowOf({ window }: QuestionPart, { ask, clock, window: chosen }: Asking): Window | undefined {
  if (window === undefined) return undefined
  if (chosen !== undefined) return chosen
  const at = z.iso.datetime().safeParse(ask['at'])
  const middle = at.success ? Date.parse(at.data) : clock.now().getTime()
  return {
    from: new Date(middle - msOf(window.before)).toISOString(),
    to: new Date(middle + msOf(window.after)).toISOString(),
  }
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function msOf(length: string): number {
  return Number(length.slice(0, -1)) * (unitMs[length.slice(-1)] ?? 0)
}

type Around = { readonly window: Window | undefined; readonly kept: Values; readonly log: { query: string } }

/** One request, again while the source is at work, and once more for each further page. */
async function exchange(
  asking: Asking,
  part: Exchange,
  fields: Readonly<Record<string, string>>,
  { window, kept, log }: Around,
): Promise<Outcome> {
  const values = { ...asking.parameters, ...window, ...kept, ...asking.ask }
  const filled = requestOf(asking, part, values, optionalFields(asking.question))
  if (!('value' in filled)) return unfilled(filled, kept)
  const expressions: Expressions = { ...part, fields }
  let wanted = filled.value
  let items: readonly unknown[] = []
  let chars = 0
  for (let page = 0, looks = 0; ; ) {
    if (page === 0 && looks === 0) log.query = described(log.query, wanted)
    const reply = await asking.call(wanted)
    if ('failed' in reply) return { kind: 'failed', why: reply.failed }
    chars += reply.text.length
    if (chars > charsMax) return { kind: 'failed', why: `its pages are larger than ${charsMax} characters` }
    const { status, headers } = reply
    const seen = { status, headers, ask: asking.ask, parameters: asking.parameters, kept, items, page }
    const done = await asking.mapper.run({
      text: reply.text,
      writing: part.reads,
      seen,
      wanted: { kind: 'map', expressions },
    })
    if (done.kind === 'value') return { kind: 'failed', why: 'the mapping gave no answer' }
    if (done.kind !== 'again' && done.kind !== 'more') return done
    if (done.kind === 'again') {
      looks += 1
      if (looks >= looksMax) return { kind: 'failed', why: `it was not done after ${looksMax} looks` }
      if (!(await asking.wait(againMs))) return { kind: 'failed', why: 'the asking was called off' }
      continue
    }
    const next = pageOf(filled.value, part, done.next, asking.baseUrl)
    if ('refused' in next) return { kind: 'failed', why: next.refused }
    wanted = next
    items = done.items
    page += 1
  }
}

function unfilled(filled: { readonly missing: string } | { readonly refused: string }, kept: Values): Outcome {
  if ('refused' in filled) return { kind: 'failed', why: filled.refused }
  return filled.missing in kept
    ? { kind: 'failed', why: `its answer has no ${filled.missing} to ask on with` }
    : { kind: 'not-applicable', why: `the alert has no ${filled.missing}` }
}

/** Fields of an ask that need not be known. */
export function optionalFields(question: QuestionName): readonly string[] {
  const fields = Object.entries(questions[question].ask.shape as Record<string, z.ZodType>)
  return fields.filter(([, schema]) => schema.safeParse(undefined).success).map(([field]) => field)
}

/** A request with its places filled; without what signs it in. */
export function requestOf(
  source: { readonly baseUrl: string; readonly headers: Readonly<Record<string, string>> },
  part: Pick<Exchange, 'method' | 'path' | 'query' | 'headers' | 'body' | 'form' | 'reads'>,
  values: Values,
  optional: readonly string[] = [],
): Filled<Request> {
  const path = fillPath(part.path, values)
  if (!('value' in path)) return path
  const query = fillPairs(part.query, values, optional)
  if (!('value' in query)) return query
  const headers: Record<string, string> = { ...source.headers }
  for (const [name, template] of Object.entries(part.headers)) {
    const filled = fillText(template, values)
    if (!('value' in filled)) return filled
    // A line end in it would be another header; undici refuses it too, and less clearly.
    if (/[^\x20-\x7e]/.test(filled.value)) return { refused: `the header ${name} cannot be written with this` }
    headers[name.toLowerCase()] = filled.value
  }
  const body = bodyOf(part, values, optional)
  if (!('value' in body)) return body
  const search = query.value.size === 0 ? '' : `?${query.value.toString()}`
  return {
    value: {
      method: part.method,
      url: `${source.baseUrl}${path.value}${search}`,
      headers: { accept: accepted[part.reads], ...contentType(part), ...headers },
      body: body.value,
    },
  }
}

const accepted = {
  json: 'application/json',
  'json-lines': 'application/json',
  xml: 'application/xml, text/xml',
} as const

function contentType({ body, form }: Pick<Exchange, 'body' | 'form'>): Record<string, string> {
  if (form !== undefined) return { 'content-type': 'application/x-www-form-urlencoded' }
  return body === undefined ? {} : { 'content-type': 'application/json' }
}

function bodyOf(
  { body, form }: Pick<Exchange, 'body' | 'form'>,
  values: Values,
  optional: readonly string[],
): Filled<string | null> {
  if (form !== undefined) {
    const pairs = fillPairs(form, values, optional)
    return 'value' in pairs ? { value: pairs.value.toString() } : pairs
  }
  if (body === undefined) return { value: null }
  const filled = fillBody(body, values)
  return 'value' in filled ? { value: JSON.stringify(filled.value) } : filled
}

/** The request for the next page: an address of the same source, or the same request with one value changed. */
function pageOf(
  wanted: Request,
  part: Exchange,
  next: string | number,
  baseUrl: string,
): Request | { readonly refused: string } {
  const [kind, name = ''] = (part.pages?.as ?? 'url').split(':')
  const url = new URL(wanted.url)
  if (kind === 'query') {
    url.searchParams.set(name, String(next))
    return { ...wanted, url: url.href }
  }
  if (kind === 'body') {
    const body = z.record(z.string(), z.unknown()).parse(JSON.parse(wanted.body ?? '{}'))
    return { ...wanted, body: JSON.stringify({ ...body, [name]: next }) }
  }
  const to = URL.canParse(String(next), url.href) ? new URL(String(next), url.href) : null
  // Our key goes with it: never to anybody else, whatever a reply says.
  if (to === null || to.origin !== new URL(baseUrl).origin)
    return { refused: 'its next page is at another address than it has' }
  return { ...wanted, url: to.href }
}

/** The requests so far and this one, in the words of the source, so that a person can ask again. */
function described(before: string, { method, url, body }: Request): string {
  const one = `${method} ${url}${body === null ? '' : ` ${body}`}`
  const whole = before === '' ? one : `${before}, then ${one}`
  return whole.length > queryCharsMax ? `${whole.slice(0, queryCharsMax - 1)}…` : whole
}
