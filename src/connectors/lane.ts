import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhenResult,
} from 'cockatiel'
import { wordsOf } from '../kit/errors.ts'
import type { ConnectorLimits } from '../model/connector.ts'
import type { Answered } from '../model/finding.ts'

/** So many failures in a row, and the source is left alone for a while. One bad minute of a flaky source is not enough. */
const failuresToBreak = 5
/** The first rest of a broken source; it doubles up to `restMsMax`, so that a source that is back is found within a minute. */
const restMs = 2_000
const restMsMax = 60_000
/** Questions that may wait for one connector: some minutes of the busiest hour. Beyond it memory would grow without end. */
const waitingMax = 10_000
const minuteMs = 60_000

/** What a call came to, and whether it counts against the source (an asking that was called off does not). */
type Call = { readonly answered: Answered; readonly counts: boolean }
type Work = (signal: AbortSignal) => Promise<Answered>

/**
 * The way to one connector: at most `concurrency` calls at once and `perMinute` calls in any 60 seconds (more wait, in order),
 * each at most `timeoutMs` long once it began, and a rest after failures in a row. Whatever happens, `run` answers with a value.
 */
export class Lane {
  readonly #limits: ConnectorLimits
  readonly #waiting: (() => void)[] = []
  readonly #starts: number[] = []
  readonly #breaker
  #active = 0
  #lastFailure = ''

  constructor(limits: ConnectorLimits) {
    this.#limits = limits
    this.#breaker = circuitBreaker(
      handleWhenResult((call) => (call as Call).counts),
      {
        breaker: new ConsecutiveBreaker(failuresToBreak),
        halfOpenAfter: new ExponentialBackoff({ initialDelay: restMs, maxDelay: restMsMax }),
      },
    )
  }

  async run(work: Work, signal: AbortSignal): Promise<Answered> {
    if (this.#waiting.length >= waitingMax) return failed(`${waitingMax} questions wait for it already`)
    try {
      await this.#slot(signal)
    } catch {
      return calledOff // Nothing was asked yet: the place in the queue was given up.
    }
    try {
      const call = await this.#breaker.execute(() => this.#call(work, signal))
      return call.answered
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) return failed(wordsOf(error))
      return failed(`it rests after ${failuresToBreak} failures in a row (last: ${this.#lastFailure})`)
    } finally {
      this.#active -= 1
      this.#waiting.shift()?.()
    }
  }

  async #call(work: Work, signal: AbortSignal): Promise<Call> {
    try {
      await this.#rate(signal)
    } catch {
      return { answered: calledOff, counts: this.#breaker.state !== CircuitState.Closed }
    }
    const answered = await withTimeout(work, signal, this.#limits.timeoutMs)
    if (answered.kind !== 'failed') return { answered, counts: false }
    this.#lastFailure = answered.why
    // In the trial after a rest only an answer may close the circuit again.
    return { answered, counts: answered !== calledOff || this.#breaker.state !== CircuitState.Closed }
  }

  #slot(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#active < this.#limits.concurrency) {
      this.#active += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        this.#active += 1
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal.reason as Error)
      }
      this.#waiting.push(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Waits until fewer than `perMinute` calls began in the last 60 seconds. Whoever waits has a slot, so at most `concurrency` do. */
  async #rate(signal: AbortSignal): Promise<void> {
    if (!Number.isFinite(this.#limits.perMinute)) return
    for (;;) {
      signal.throwIfAborted()
      const now = performance.now()
      while (this.#starts.length > 0 && now - (this.#starts[0] ?? 0) >= minuteMs) this.#starts.shift()
      if (this.#starts.length < this.#limits.perMinute) {
        this.#starts.push(now)
        return
      }
      await pause(minuteMs - (now - (this.#starts[0] ?? now)) + 1, signal)
    }
  }
}

const calledOff: Answered = { kind: 'failed', why: 'the asking was called off', query: '' }

function failed(why: string): Answered {
  return { kind: 'failed', why, query: '' }
}

/** The work's answer, or a failure when it throws, is called off, or takes too long (its signal is aborted then). */
async function withTimeout(work: Work, signal: AbortSignal, timeoutMs: number): Promise<Answered> {
  const control = new AbortController()
  const stopped = Promise.withResolvers<Answered>()
  const stop = (answered: Answered) => {
    stopped.resolve(answered)
    control.abort()
  }
  const onAbort = () => stop(calledOff)
  const timer = setTimeout(() => stop(failed(`it gave no answer within ${timeoutMs} ms`)), timeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const working = (async () => work(control.signal))().catch((error: unknown) => failed(wordsOf(error)))
    return await Promise.race([stopped.promise, working])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
