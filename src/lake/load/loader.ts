import { randomInt } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../kit/clock.ts'
import { isTrouble, wordsOf } from '../../kit/errors.ts'
import { loadLinesMax } from '../../model/lake.ts'
import { dropLeftTables, dropTables, type LoadTables, type LoadTools, loadSegment, tablesOf } from './load-segment.ts'
import { removeBesides, type Segment, segmentFile } from './segment.ts'
import type { Spool, SpoolLog } from './spool.ts'
import { Tries } from './tries.ts'

/** Two loads at a time keep two cores busy: one parses while the other writes its part. */
export const loadsAtOnceMax = 2
/** A line that came alone waits so long for others before it is given to the engine. */
const sealAfterMsMin = 800
/** Small loads take at most a fifth of the time when they take long: with hundreds of sources each is hundreds of parts. */
const restPerLoad = 4
const sealAfterMsMax = 10_000
const lookEveryMs = 200
/** What another process left is looked for so often. */
const takeOverEveryMs = 10_000
/** After a failure, doubled up to the last. */
const pauseMsMin = 250
const pauseMsMax = 30_000
/** A segment that could not even be stored unread so often is set aside, so that those behind it are not held up by it for ever. */
export const attemptsMax = 12

export type LoaderNews = {
  /** Lines that this process gave to the engine. */
  readonly loaded: number
  readonly unread: number
  /** Segments that were set aside by this process. */
  readonly setAside: number
  /** What the last failure said, while it lasts. */
  readonly failing: string | null
}

/** Gives sealed segments to the engine, oldest first, until it is told to stop. */
export class Loader {
  readonly #spool: Spool
  readonly #tools: LoadTools
  readonly #clock: Clock
  readonly #log: SpoolLog
  readonly #failedFolder: string
  readonly #inHand = new Set<number>()
  readonly #notBefore = new Map<number, number>()
  readonly #stop = new AbortController()
  readonly #runs: Promise<void>[]
  #wake: () => void = () => undefined
  #woken: Promise<void> = Promise.resolve()
  readonly #runId = randomInt(2 ** 32).toString(16)
  #lastLoadMs = 0
  #lastAlone: Promise<void> = Promise.resolve()
  #hasLoaded = false
  /** What comes next is mostly like what came before: of the next segment twice as many lines are stored at once as of the last; null: all. */
  #most: number | null = null
  #news: LoaderNews = { loaded: 0, unread: 0, setAside: 0, failing: null }

  constructor(parts: {
    readonly spool: Spool
    readonly tools: Omit<LoadTools, 'alone'>
    readonly clock: Clock
    readonly log: SpoolLog
    readonly failedFolder: string
  }) {
    this.#spool = parts.spool
    this.#tools = { ...parts.tools, alone: (work) => this.#alone(work) }
    this.#clock = parts.clock
    this.#log = parts.log
    this.#failedFolder = parts.failedFolder
    this.#sleepOn()
    this.#spool.onSealed = () => this.#wake()
    this.#runs = [this.#closeInTime(), ...Array.from({ length: loadsAtOnceMax }, (_, lane) => this.#run(lane))]
  }

  #alone(work: () => Promise<void>): Promise<void> {
    const mine = this.#lastAlone.then(work)
    // That it failed is its caller's to hear; the next one has its turn all the same.
    this.#lastAlone = mine.catch(() => undefined)
    return mine
  }

  get news(): LoaderNews {
    return this.#news
  }

  /** Resolves when everything that was taken before is with the engine, or set aside. */
  async settle(): Promise<void> {
    await this.#spool.seal()
    const waited = new Set(this.#spool.sealed.map(({ load }) => load))
    while (this.#spool.sealed.some(({ load }) => waited.has(load)) && !this.#stop.signal.aborted) {
      await Promise.race([this.#woken, pause(lookEveryMs, this.#stop.signal)])
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    await Promise.all(this.#runs)
    if (!this.#hasLoaded) return
    for (let lane = 0; lane < loadsAtOnceMax; lane++)
      await dropTables(this.#tools.engine, this.#tables(lane)).catch(this.#left)
  }

  /** They hold no lines that the spool does not; whoever opens the lake next drops them. */
  readonly #left = (error: unknown): void =>
    this.#log.warn({ error: wordsOf(error) }, 'tables of a load stay in the engine until it ends')

  #sleepOn(): void {
    this.#woken = new Promise((resolve) => {
      this.#wake = () => {
        resolve()
        this.#sleepOn()
      }
    })
  }

  /** Closes the segment that is being written when its first line has waited long enough, and nothing waits before it. */
  async #closeInTime(): Promise<void> {
    let tookOver = performance.now()
    while (!this.#stop.signal.aborted) {
      await pause(lookEveryMs, this.#stop.signal)
      try {
        const since = this.#spool.openSinceMs
        const wait = Math.min(sealAfterMsMax, Math.max(sealAfterMsMin, restPerLoad * this.#lastLoadMs))
        const isDue = since !== null && Math.abs(this.#clock.now().getTime() - since) >= wait
        if (this.#spool.hasUnclosed || (isDue && this.#spool.sealed.length < loadsAtOnceMax)) await this.#spool.seal()
        if (performance.now() - tookOver > takeOverEveryMs) {
          tookOver = performance.now()
          if ((await this.#spool.takeOverDead()) > 0) this.#wake()
        }
      } catch (error) {
        this.#log.warn({ error: wordsOf(error) }, 'the log spool could not be looked after; it is tried again')
        await pause(pauseMsMin, this.#stop.signal)
      }
    }
  }

  #tables(lane: number): LoadTables {
    return tablesOf(this.#spool.writer, this.#runId, lane)
  }

  /** What loads of dead processes left in the engine's memory; and ours, at the end. */
  async #dropLeft(): Promise<void> {
    const { engine } = this.#tools
    if (engine.where === 'embedded') await dropLeftTables(engine, await this.#spool.writers())
  }

  #next(): Segment | undefined {
    const now = performance.now()
    return this.#spool.sealed.find(({ load }) => !this.#inHand.has(load) && (this.#notBefore.get(load) ?? 0) <= now)
  }

  async #run(lane: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const segment = this.#next()
      if (segment === undefined) {
        await Promise.race([this.#woken, pause(lookEveryMs, this.#stop.signal)])
        continue
      }
      this.#inHand.add(segment.load)
      try {
        await this.#load(segment, lane)
      } catch (error) {
        // Even what was to be written down of the failure failed.
        this.#failed(segment, 1, error)
      } finally {
        this.#inHand.delete(segment.load)
        this.#wake()
      }
    }
  }

  async #load(segment: Segment, lane: number): Promise<void> {
    const began = performance.now()
    const tries = await Tries.of(segment, this.#most)
    if (!this.#hasLoaded) {
      this.#hasLoaded = true
      await this.#dropLeft().catch(this.#left)
    }
    try {
      const { lines, unread, gaveUp } = await loadSegment(segment, this.#tables(lane), tries, this.#tools)
      if (gaveUp.length > 0) {
        this.#log.warn(
          { segment: segment.load, gaveUp },
          'the engine refused to read these lines; they are kept unread',
        )
      }
      await this.#spool.remove(segment)
      const { loaded, unread: before, setAside } = this.#news
      this.#news = { loaded: loaded + lines, unread: before + unread, setAside, failing: null }
      this.#lastLoadMs = performance.now() - began
      this.#most = tries.most === null || tries.most * 2 >= loadLinesMax ? null : tries.most * 2
      this.#notBefore.delete(segment.load)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      if (tries.attempts >= attemptsMax) await this.#setAside(segment)
      else this.#failed(segment, tries.attempts, error)
    }
  }

  #failed(segment: Segment, attempts: number, error: unknown): void {
    const wait = Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(attempts, 10))
    this.#notBefore.set(segment.load, performance.now() + wait)
    this.#news = { ...this.#news, failing: problemOf(error) }
    this.#log.warn(
      { segment: segment.load, attempts, tryAgainMs: wait, error: problemOf(error) },
      'lines could not be given to the engine; they are kept and tried again',
    )
  }

  /** Out of the way of the others, and counted until somebody looks at it. Its positions are not remembered: it may be sent again. */
  async #setAside(segment: Segment): Promise<void> {
    await mkdir(this.#failedFolder, { recursive: true, mode: 0o700 })
    for (const ending of ['json', segment.kind] as const) {
      const target = path.join(this.#failedFolder, `${segment.load}.${ending}`)
      await rename(segmentFile(segment.folder, segment.load, ending), target).catch((error: NodeJS.ErrnoException) => {
        // Somebody removed it by hand: there is nothing to try again.
        if (error.code !== 'ENOENT') throw error
        this.#log.warn({ segment: segment.load, ending }, 'a file of the log spool is gone')
      })
    }
    await removeBesides(segment.folder, segment.load)
    this.#spool.forget(segment)
    this.#news = { ...this.#news, setAside: this.#news.setAside + 1 }
    this.#log.warn({ segment: segment.load, folder: this.#failedFolder }, 'a segment of logs was set aside')
  }
}

/** What the engine said, where it did. */
function problemOf(error: unknown): string {
  const problem = isTrouble(error) ? error.details['problem'] : undefined
  return typeof problem === 'string' ? problem : wordsOf(error)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
