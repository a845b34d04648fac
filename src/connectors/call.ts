import { Agent, errors, request } from 'undici'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { ForbiddenAddress, guardedConnector, type Ranges } from '../kit/guard.ts'

/** Three times the largest page that sources of this kind give by default (1,000 rows of 700 bytes). */
const responseBytesMax = 2 * 1024 * 1024
/** One try, and two more for a source that is busy or restarting. */
const triesMax = 3
const backoffMs = 250
/** The longest a source can have itself left alone: one that says "next year" would otherwise be silent until the next start. */
const pauseMsMax = 60 * 60_000

export type Request = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}
export type Replied = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}
/** `status`: the source was reached, and refuses us (401, 403). */
export type Response = Replied | { readonly failed: string; readonly status?: number }

/** Calls one source: only allowed addresses, no redirects, no proxies, bounded in time and size; waits where it is asked to. */
export class Caller {
  readonly #agent: Agent
  readonly #timeoutMs: number
  #notBefore = 0

  constructor(options: {
    readonly allow: Ranges
    readonly timeoutMs: number
    readonly concurrency: number
    readonly ca?: string
  }) {
    this.#timeoutMs = options.timeoutMs
    this.#agent = new Agent({
      connect: guardedConnector(options.allow, options),
      connections: options.concurrency,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      maxResponseSize: responseBytesMax,
      maxHeaderSize: 16 * 1024,
    })
  }

  /**
   * Never rejects. 429 and 5xx are tried again, no sooner than the source says, all calls of this source waiting until then: 429 as
   * long as there is time, since the source is well and only asks for patience; 5xx three times. `until` is of performance.now(): the
   calls of one question share its time.
   */
  async call(
    wanted: Request,
    signal: AbortSignal,
    clock: Clock,
    until = performance.now() + this.#timeoutMs,
  ): Promise<Response> {
    for (let trial = 1; ; trial += 1) {
      const waitMs = this.#notBefore - performance.now()
      if (waitMs > until - performance.now())
        return { failed: `it asks to be left alone for ${Math.ceil(waitMs / 1000)} s more` }
      if (waitMs > 0 && !(await slept(waitMs, signal))) return { failed: calledOff }
      const got = await this.#once(wanted, signal)
      if ('failed' in got || (got.status !== 429 && got.status < 500)) return got
      const pauseMs = Math.min(retryAfterMs(got.headers['retry-after'], clock) ?? backoffOf(trial), pauseMsMax)
      this.#notBefore = Math.max(this.#notBefore, performance.now() + pauseMs)
      if (got.status !== 429 && trial === triesMax) return { failed: `status ${got.status}, ${triesMax} times` }
      if (performance.now() + pauseMs > until) {
        return { failed: `status ${got.status}; it asks to be left alone for ${Math.ceil(pauseMs / 1000)} s` }
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #once(wanted: Request, signal: AbortSignal): Promise<Response> {
    try {
      const response = await request(wanted.url, {
        dispatcher: this.#agent,
        method: wanted.method,
        headers: { 'accept-encoding': 'identity', ...wanted.headers },
        body: wanted.body,
        signal,
      })
      const { statusCode: status } = response
      const headers = plainHeaders(response.headers)
      const unfit = unfitOf(status, headers)
      if (unfit !== null) {
        await response.body.dump()
        return { failed: unfit }
      }
      const text = await response.body.text()
      if (status === 401 || status === 403)
        return { failed: `status ${status}: it refuses our secret, or what it may read`, status }
      return { status, headers, text }
    } catch (error) {
      return { failed: whyOf(error) }
    }
  }
}

const calledOff = 'the asking was called off'

/** Doubling, up to four seconds: a source that says 429 and not how long counts its calls by the second, or by the minute. */
function backoffOf(trial: number): number {
  return backoffMs * 2 ** Math.min(trial - 1, 4)
}

/** Why a response is not read at all; null when it is. */
function unfitOf(status: number, headers: Readonly<Record<string, string>>): string | null {
  if (status >= 300 && status < 400)
    return `status ${status}: it points to ${shortened(headers['location'] ?? 'nowhere')}, and that is not followed`
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') return 'it answers compressed although asked not to'
  // A sign-in page, or a proxy's: some of them begin with something that can be read.
  if (status < 300 && /^\s*(text\/html|application\/xhtml)/i.test(headers['content-type'] ?? ''))
    return `status ${status}, but a web page (${shortened(headers['content-type'] ?? '')}) instead of data`
  return null
}

function plainHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')]))
}

/** RFC 9110, 10.2.3: seconds or a date. Null where it says neither. */
function retryAfterMs(text: string | undefined, clock: Clock): number | null {
  if (text === undefined) return null
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1_000
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - clock.now().getTime())
}

function whyOf(error: unknown): string {
  if (error instanceof errors.ResponseExceededMaxSizeError) return `its answer is larger than ${responseBytesMax} bytes`
  if (error instanceof ForbiddenAddress) return error.message
  const cause: unknown = error instanceof AggregateError ? error.errors[0] : error
  return `it could not be reached: ${wordsOf(cause) || String((cause as { code?: unknown }).code ?? cause)}`
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}

/** Waits. False when called off. */
export function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false)
      return
    }
    const stop = () => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve(true)
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
