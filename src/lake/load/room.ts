import { statfs } from 'node:fs/promises'
import { Trouble } from '../../kit/errors.ts'

/** What the spool may hold. */
export type RoomLimits = {
  /** Bytes that wait on disk for the engine. */
  readonly spoolBytesMax: number
  /** Share of them that one source may fill: one that floods leaves room for the others. */
  readonly sourceShareMax: number
  readonly freeDiskMinBytes: number
}

/** Lines that wait for the disk in memory: a stretch of a file, and half as much of others beside it. */
export const unsyncedBytesMax = 168 * 1024 * 1024
/** The disk is looked at so often; what is spooled in between is far less than what stays free. */
const lookEveryMs = 1_000

/** Counts what is spooled, and says no in time. */
export class Room {
  readonly #folder: string
  readonly #limits: RoomLimits
  readonly #bySource = new Map<string, number>()
  #bytes = 0
  #unsynced = 0
  #lookedAt = -Infinity
  #freeBytes = Infinity

  constructor(folder: string, limits: RoomLimits) {
    this.#folder = folder
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Says that so many bytes are about to be written. Throws Trouble('lake.full') with which bound it is. `written` must follow. */
  async enter(source: string, bytes: number): Promise<void> {
    const { spoolBytesMax, sourceShareMax } = this.#limits
    const full = (why: string): Trouble => new Trouble('lake.full', { why, source })
    if (this.#unsynced + bytes > unsyncedBytesMax && this.#unsynced > 0)
      throw full('the disk is slower than the senders')
    if (this.#bytes + bytes > spoolBytesMax) throw full('the spool is full: the engine is behind')
    if ((this.#bySource.get(source) ?? 0) + bytes > spoolBytesMax * sourceShareMax) {
      throw full('this source has filled its share of the spool')
    }
    this.#unsynced += bytes
    try {
      if (!(await this.#hasDisk())) throw full('the disk has less left than is kept free (lake.freeDiskMinMiB)')
    } catch (error) {
      this.#unsynced -= bytes
      throw error
    }
  }

  /** What was announced is on the disk, or failed to get there. */
  written(bytes: number): void {
    this.#unsynced -= bytes
  }

  add(sources: ReadonlyMap<string, number>): void {
    for (const [source, bytes] of sources) {
      this.#bytes += bytes
      this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + bytes)
    }
  }

  remove(sources: ReadonlyMap<string, number>): void {
    for (const [source, bytes] of sources) {
      this.#bytes -= bytes
      const left = (this.#bySource.get(source) ?? 0) - bytes
      if (left <= 0) this.#bySource.delete(source)
      else this.#bySource.set(source, left)
    }
  }

  async #hasDisk(): Promise<boolean> {
    if (performance.now() - this.#lookedAt > lookEveryMs) {
      this.#lookedAt = performance.now()
      const { bavail, bsize } = await statfs(this.#folder)
      this.#freeBytes = bavail * bsize
    }
    return this.#freeBytes >= this.#limits.freeDiskMinBytes
  }
}
