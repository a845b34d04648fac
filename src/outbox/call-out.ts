import { Agent, errors, type FormData, request } from 'undici'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { ForbiddenAddress, guardedConnector, readRanges } from '../kit/guard.ts'
import type { Called } from '../model/elsewhere.ts'
import { type Pass, takePass } from './gate.ts'

/** The largest file that a ticket takes, with what stands around it. */
const answerBytesMax = 24 * 1024 * 1024
/** A person's own system answers in seconds; an attachment of 20 MiB at 10 Mbit/s takes 17. */
const timeoutMsDefault = 30_000
/** The longest that a system can have itself left alone. */
const pauseMsMax = 60 * 60_000

type Question = { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
export type Telling = Question & {
  readonly method: 'POST' | 'PUT' | 'PATCH'
  readonly body: string | Uint8Array | FormData
}
type OutRequest = Question & {
  readonly method: 'GET' | Telling['method']
  readonly body?: Telling['body']
}
export type OutAnswer = { readonly status: number; readonly bytes: Buffer }

export type OutPlace = {
  readonly allowAddresses: readonly string[]
  readonly ca: string
  readonly timeoutMs?: number
}

/**
 * Calls out to one place: guarded addresses only, no redirects, bounded in time and size. Each call is made once: whether it may be made
 * again is for whoever knows what it does. Never rejects but at the gate: it asks anybody, and tells only what has passed there.
 */
export class CallOut {
  readonly #agent: Agent
  readonly #clock: Clock
  /** What ended before there was a connection: of these requests no byte left. */
  readonly #neverSent = new WeakSet<object>()

  constructor(place: OutPlace, clock: Clock) {
    const timeoutMs = place.timeoutMs ?? timeoutMsDefault
    this.#clock = clock
    const connect = guardedConnector(readRanges(place.allowAddresses), {
      timeoutMs,
      ...(place.ca.trim() === '' ? {} : { ca: place.ca }),
    })
    this.#agent = new Agent({
      connect: (target, callback) =>
        connect(target, (...result) => {
          if (result[0] !== null) this.#neverSent.add(result[0])
          callback(...result)
        }),
      connections: 2,
      pipelining: 0,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: answerBytesMax,
      maxHeaderSize: 16 * 1024,
    })
  }

  /** Asks: without a body, so that nothing of ours goes along. */
  async ask({ url, headers }: Question): Promise<Called<OutAnswer>> {
    return this.#call({ method: 'GET', url, ...(headers === undefined ? {} : { headers }) })
  }

  /** Tells what the pass is for. Throws Trouble('internal') without one that the gate gave and that was not used. */
  async tell(pass: Pass, telling: Telling): Promise<Called<OutAnswer>> {
    takePass(pass, telling.body)
    return this.#call(telling)
  }

  /** `done` for every status below 300 and 404, which is an answer; the rest by what it means for a second try. */
  async #call(wanted: OutRequest): Promise<Called<OutAnswer>> {
    try {
      const response = await request(wanted.url, {
        dispatcher: this.#agent,
        method: wanted.method,
        headers: { 'accept-encoding': 'identity', 'user-agent': 'Counterfoil', ...wanted.headers },
        body: wanted.body ?? null,
      })
      const bytes = Buffer.from(await response.body.arrayBuffer())
      return this.#judge(wanted, response.statusCode, headerOf(response.headers['retry-after']), bytes)
    } catch (error) {
      return fate(wanted, error, this.#neverSent)
    }
  }

  #judge(wanted: OutRequest, status: number, retryAfter: string | null, bytes: Buffer): Called<OutAnswer> {
    if (status < 300 || status === 404) return { kind: 'done', value: { status, bytes } }
    if (status === 429 || status === 503) {
      const afterMs = retryAfterMs(retryAfter, this.#clock)
      return {
        kind: 'later',
        why: `status ${status}`,
        afterMs: afterMs === null ? null : Math.min(afterMs, pauseMsMax),
      }
    }
    if (status >= 500)
      return wanted.method === 'GET'
        ? { kind: 'later', why: `status ${status}`, afterMs: null }
        : { kind: 'unknown', why: `status ${status}` }
    if (status < 400) return { kind: 'refused', why: `status ${status}: it points elsewhere, and that is not followed` }
    if (status === 401 || status === 403)
      return { kind: 'refused', why: `status ${status}: it refuses our secret, or what it may do`, status }
    return { kind: 'refused', why: `status ${status}: ${excerpt(bytes)}`, status }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

const headerOf = (value: string | string[] | undefined): string | null => [value].flat()[0] ?? null

/** What an error means: what was never sent was not done; what was sent may have been. */
function fate(wanted: OutRequest, error: unknown, neverSent: WeakSet<object>): Called<never> {
  if (error instanceof ForbiddenAddress) return { kind: 'refused', why: error.message }
  if (error instanceof errors.ResponseExceededMaxSizeError) {
    const why = `its answer is larger than ${answerBytesMax} bytes`
    // Whoever is told something and answers at such length has it, perhaps.
    return wanted.method === 'GET' ? { kind: 'refused', why } : { kind: 'unknown', why }
  }
  const cause: unknown = error instanceof AggregateError ? error.errors[0] : error
  const code = String((cause as { code?: unknown } | null)?.code ?? '')
  const why = wordsOf(cause) || code || String(cause)
  // Not by its code: a connection resets, or TLS breaks, before or behind what they were told.
  if (wanted.method === 'GET' || (error instanceof Error && neverSent.has(error)))
    return { kind: 'later', why: `it could not be reached: ${why}`, afterMs: null }
  return { kind: 'unknown', why: `it did not answer: ${why}` }
}

/** RFC 9110, 10.2.3: seconds or a date. Null where it says neither. */
function retryAfterMs(text: string | null, clock: Clock): number | null {
  if (text === null) return null
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1_000
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - clock.now().getTime())
}

/** What it says to a refusal, for a person: one line of plain text. */
function excerpt(bytes: Buffer): string {
  return bytes
    .subarray(0, 2_000)
    .toString('utf8')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, 300)
}

/** An answer read as JSON of this shape; what is not is `refused`, with where it is otherwise than said. */
export function readJson<T>(
  called: Called<OutAnswer>,
  shape: { readonly safeParse: (value: unknown) => { success: true; data: T } | { success: false; error: Error } },
): Called<T> {
  if (called.kind !== 'done') return called
  if (called.value.status === 404) return { kind: 'refused', why: `status 404: ${excerpt(called.value.bytes)}` }
  let value: unknown
  try {
    value = JSON.parse(called.value.bytes.toString('utf8'))
  } catch (error) {
    return { kind: 'refused', why: `its answer is no JSON: ${wordsOf(error)}` }
  }
  const parsed = shape.safeParse(value)
  return parsed.success
    ? { kind: 'done', value: parsed.data }
    : {
        kind: 'refused',
        why: `its answer is not as its API says: ${wordsOf(parsed.error).replaceAll(/\s+/g, ' ').slice(0, 300)}`,
      }
}

/** What an answer is good for when nothing of it is read. */
export function nothingToRead(called: Called<OutAnswer>): Called<null> {
  if (called.kind !== 'done') return called
  return called.value.status === 404
    ? { kind: 'refused', why: 'status 404: it is not there' }
    : { kind: 'done', value: null }
}

/** "Basic" with a user, "Bearer" without. */
export function authorization(user: string, secret: string): string {
  return user === '' ? `Bearer ${secret}` : `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
}
