import { setTimeout as sleep } from 'node:timers/promises'
import { wordsOf } from '../../kit/errors.ts'
import type { TakeLogs } from '../../model/lake.ts'

/** Lines wait at most this long for company: the spool syncs once for all batches that come together. */
export const batchMs = 50
/** A batch is handed on before its time when it has this many lines or bytes: more make the sync no cheaper. */
const batchLinesMax = 10_000
const batchBytesMax = 2 * 1024 * 1024
/** What a short line costs besides its bytes: its view, and its place in a list. */
export const lineCostBytes = 100
/** Between two tries while the lake takes nothing: at once at first, then as seldom as an operator looks. */
const retryMsMin = 100
const retryMsMax = 5_000

export type LaneOptions = {
  readonly source: string
  readonly peer: string
  readonly takeLogs: TakeLogs
  /** Bytes were taken by the lake, so that there is room again. */
  readonly onTaken: (bytes: number, lines: number) => void
  /** The lake refused for now; it is tried again. */
  readonly onRefused: (words: string) => void
  /** Aborted when the house will not wait any longer. */
  readonly signal: AbortSignal
}

/**
 * The way of one sender's lines to the lake: in the order they came, one batch under way at a time, kept until they are taken. A lake
 * that refuses (full, disk, engine) is asked again and again; how much piles up meanwhile is bounded by whoever pushes.
 */
export class Lane {
  readonly #options: LaneOptions
  #lines: Buffer[] = []
  #bytes = 0
  #held = 0
  #timer: NodeJS.Timeout | null = null
  #sending: Promise<void> | null = null

  constructor(options: LaneOptions) {
    this.#options = options
  }

  /** Bytes that were pushed and not taken yet. */
  get heldBytes(): number {
    return this.#held
  }

  push(line: Buffer): void {
    const cost = line.length + lineCostBytes
    this.#lines.push(line)
    this.#bytes += cost
    this.#held += cost
    if (this.#sending !== null) return
    if (this.#lines.length >= batchLinesMax || this.#bytes >= batchBytesMax) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), batchMs)
  }

  /** Sends what is there without waiting for company: whoever pushes has to wait itself. */
  hurry(): void {
    if (this.#lines.length > 0) this.#send()
  }

  /** Resolves when everything pushed so far was taken, or the signal ended the waiting. */
  async drain(): Promise<void> {
    while (this.#held > 0 && !this.#options.signal.aborted) {
      this.#send()
      await this.#sending
    }
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null
      // Pushed after the last look at the list: it would wait for a timer that nobody set.
      if (this.#lines.length > 0 && !this.#options.signal.aborted) this.#send()
    })
  }

  async #sendAll(): Promise<void> {
    while (this.#lines.length > 0 && !this.#options.signal.aborted) {
      const { lines, bytes } = this.#next()
      if (!(await this.#takeUntilTaken(lines))) return
      this.#held -= bytes
      this.#options.onTaken(bytes, lines.length)
    }
  }

  #next(): { readonly lines: Buffer[]; readonly bytes: number } {
    let bytes = 0
    let count = 0
    for (const line of this.#lines) {
      if (count > 0 && (count >= batchLinesMax || bytes + line.length > batchBytesMax)) break
      bytes += line.length + lineCostBytes
      count += 1
    }
    const lines = this.#lines.slice(0, count)
    this.#lines = this.#lines.slice(count)
    this.#bytes -= bytes
    return { lines, bytes }
  }

  async #takeUntilTaken(lines: readonly Uint8Array[]): Promise<boolean> {
    const { source, peer, takeLogs, onRefused, signal } = this.#options
    for (let waitMs = retryMsMin; !signal.aborted; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        await takeLogs({ source, peer, lines, position: null })
        return true
      } catch (error) {
        onRefused(wordsOf(error))
      }
      // Aborted while it waits: the loop ends, and nothing else follows from it.
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    }
    return false
  }
}
