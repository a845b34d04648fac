import { Agent, errors, request } from 'undici'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { ForbiddenAddress, guardedConnector, type Ranges } from './guard.ts'

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
export type Response = { readonly status: number; readonly text: string } | { readonly failed: string }

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

  /** Never rejects. 429 and 503 are tried again when the source says when, all calls of this source waiting until then. */
  async call(wanted: Request, signal: AbortSignal, clock: Clock): Promise<Response> {
    const deadline = performance.now() + this.#timeoutMs
    for (let trial = 1; ; trial += 1) {
      const waitMs = this.#notBefore - performance.now()
      if (waitMs > deadline - performance.now())
        return { failed: `it asks to be left alone for ${Math.ceil(waitMs / 1000)} s more` }
      if (waitMs > 0 && !(await slept(waitMs, signal))) return { failed: 'the asking was called off' }
      const got = await this.#once(wanted, signal, clock)
      if ('failed' in got || (got.status !== 429 && got.status < 500)) return got
      const pauseMs = Math.min(got.retryAfterMs ?? backoffMs * 2 ** (trial - 1), pauseMsMax)
      this.#notBefore = Math.max(this.#notBefore, performance.now() + pauseMs)
      if (trial === triesMax) return { failed: `status ${got.status}, ${triesMax} times` }
      if (performance.now() + pauseMs > deadline) {
        return { failed: `status ${got.status}; it asks to be left alone for ${Math.ceil(pauseMs / 1000)} s` }
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #once(
    wanted: Request,
    signal: AbortSignal,
    clock: Clock,
  ): Promise<(Response & { failed: string }) | { status: number; text: string; retryAfterMs: number | null }> {
    try {
      const response = await request(wanted.url, {
        dispatcher: this.#agent,
        method: wanted.method,
        headers: { accept: 'application/json', 'accept-encoding': 'identity', ...wanted.headers },
        body: wanted.body,
        signal,
      })
      const { statusCode: status, headers } = response
      if (status >= 300 && status < 400) {
        await response.body.dump()
        return {
          failed: `status ${status}: it points to ${shortened(String(headers['location'] ?? 'nowhere'))}, and that is not followed`,
        }
      }
      if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
        await response.body.dump()
        return { failed: 'it answers compressed although asked not to' }
      }
      const text = await response.body.text()
      if (status === 401 || status === 403)
        return { failed: `status ${status}: it refuses our secret, or what it may read` }
      return { status, text, retryAfterMs: retryAfterMs(headers['retry-after'], clock) }
    } catch (error) {
      return { failed: whyOf(error) }
    }
  }
}

/** RFC 9110, 10.2.3: seconds or a date. Null where it says neither. */
function retryAfterMs(header: string | string[] | undefined, clock: Clock): number | null {
  const text = Array.isArray(header) ? (header[0] ?? '') : (header ?? '')
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

/** False when called off. */
function slept(ms: number, signal: AbortSignal): Promise<boolean> {
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
