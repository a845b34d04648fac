import { rename } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../../kit/clock.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { linesOf } from '../../kit/lines.ts'
import { type LogBatch, type LogChunk, lineBytesMax, loadLinesMax } from '../../model/lake.ts'
import { OpenSegment } from './open-segment.ts'
import { Room, type RoomLimits } from './room.ts'
import { type ChunkOrigin, readSegment, removeSegment, type Segment, segmentFile } from './segment.ts'
import { type Frame, frameBytesMax } from './segment-format.ts'
import { positionDigest, StoredPositions } from './stored-positions.ts'
import { fullOr, syncFolder, writeSynced } from './synced-files.ts'
import { giveBack, makeWriterFolder, positionsIn, takeOver, writerFoldersIn, writersMax } from './writer-folder.ts'

/**
 * A segment is closed at this size, or at `loadLinesMax` lines: one load of the engine, whose memory grows with it. Of less, more would go
 * into planning its statements, which takes 0.6 s of CPU for nine parsers however few lines there are: at 32 MiB 10 of 31 microseconds a
 * line, at 64 MiB 4 of 22. At 128 MiB the engine held 1.5 GiB instead of 1.1.
 */
const segmentBytesMax = 112 * 1024 * 1024
/** A batch is written or not as a whole, and its checksum takes the event loop's time: 16 MiB are 8 ms. */
export const batchBytesMax = 16 * 1024 * 1024
/** A stretch of a file is one segment. */
export const chunkBytesMax = segmentBytesMax
/** Batches that are synced together. */
const groupBytesMax = 16 * 1024 * 1024
/** A stretch of this many bytes without an end of line is looked at line by line: half of the longest line that is kept whole. */
const sureBytes = lineBytesMax / 2
const newline = 10

export type SpoolLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

type Waiting = {
  readonly frame: Frame
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Keeps lines on the disk until the engine has them. What it has taken survives `kill -9`, and a power cut as far as the disk keeps its word. */
export class Spool {
  /** Where this process writes, and its number among those that do. */
  readonly folder: string
  readonly #spoolFolder: string
  readonly writer: number
  readonly #clock: Clock
  readonly #room: Room
  readonly #stored: StoredPositions
  readonly #log: SpoolLog
  readonly #sealed: Segment[] = []
  readonly #underWay = new Map<string, Promise<void>>()
  #open: OpenSegment | null = null
  readonly #closing: OpenSegment[] = []
  #waiting: Waiting[] = []
  #writing: Promise<void> | null = null
  #lastStamp = 0
  /** Told whenever there is a sealed segment more. */
  onSealed: () => void = () => undefined

  private constructor(parts: {
    readonly spoolFolder: string
    readonly own: { readonly folder: string; readonly writer: number }
    readonly clock: Clock
    readonly room: Room
    readonly stored: StoredPositions
    readonly log: SpoolLog
  }) {
    this.folder = parts.own.folder
    this.writer = parts.own.writer
    this.#spoolFolder = parts.spoolFolder
    this.#clock = parts.clock
    this.#room = parts.room
    this.#stored = parts.stored
    this.#log = parts.log
  }

  /** Opens a spool of our own below this folder and takes over what dead processes left there. */
  static async open(
    spoolFolder: string,
    { clock, log, limits }: { readonly clock: Clock; readonly log: SpoolLog; readonly limits: RoomLimits },
  ): Promise<Spool> {
    const own = await makeWriterFolder(spoolFolder)
    const stored = new StoredPositions(spoolFolder)
    const spool = new Spool({ spoolFolder, own, clock, log, stored, room: new Room(spoolFolder, limits) })
    await spool.takeOverDead()
    for (const digest of await positionsIn(spoolFolder)) stored.add(digest)
    await stored.read()
    return spool
  }

  /** Bytes that wait for the engine. */
  get bytes(): number {
    return this.#room.bytes
  }

  get sealed(): readonly Segment[] {
    return this.#sealed
  }

  /** When the oldest line that no segment holds for good was written, in milliseconds of the clock; null when there is none. */
  get openSinceMs(): number | null {
    return this.#open === null || this.#open.bytes === 0 ? null : this.#open.openedMs
  }

  /** Numbers of all who write to this spool at the moment. */
  async writers(): Promise<readonly number[]> {
    return (await writerFoldersIn(this.#spoolFolder)).map((folder) => Number(path.basename(folder)))
  }

  /** Segments that could not be closed when they were to be. */
  get hasUnclosed(): boolean {
    return this.#closing.length > 0
  }

  async takeOverDead(): Promise<number> {
    const taken = await takeOver(this.#spoolFolder, this.folder)
    for (const segment of taken) this.#keep(segment)
    return taken.length
  }

  /** TakeLogs of model/lake.ts. */
  take(batch: LogBatch): Promise<void> {
    return this.#once(batch.source, batch.position, () => this.#takeFrame(this.#frameOf(batch, batch.lines)))
  }

  /** TakeChunk of model/lake.ts. */
  async takeChunk(chunk: LogChunk): Promise<void> {
    if (chunk.bytes.length > chunkBytesMax) {
      throw new Trouble('input.too-large', { bytes: chunk.bytes.length, bytesMax: chunkBytesMax })
    }
    await this.#once(chunk.source, chunk.position, () =>
      hasEndInEveryStretch(chunk.bytes)
        ? this.#writeChunk(chunk)
        : this.#takeFrame(this.#frameOf(chunk, linesOf(chunk.bytes)), Number.POSITIVE_INFINITY),
    )
  }

  #frameOf(from: LogBatch | LogChunk, lines: readonly Uint8Array[]): Frame {
    const { source, peer, position, header = '' } = from
    return { source, peer, position, header, lines, receivedMs: this.#clock.now().getTime() }
  }

  /** Stores a piece that is stored already not again; the same piece twice at once is one piece. */
  async #once(source: string, position: string | null, store: () => Promise<void>): Promise<void> {
    if (position === null) return store()
    const digest = positionDigest(source, position)
    if (this.#stored.has(digest)) return
    const before = this.#underWay.get(digest)
    if (before !== undefined) return before
    const storing = store().then(() => this.#stored.add(digest))
    this.#underWay.set(digest, storing)
    try {
      await storing
    } finally {
      this.#underWay.delete(digest)
    }
  }

  async #takeFrame(frame: Frame, bytesMax = batchBytesMax): Promise<void> {
    const bytes = frameBytesMax(frame)
    if (bytes > bytesMax) throw new Trouble('input.too-large', { bytes, bytesMax })
    if (!frame.lines.some((line) => line.length > 0)) return
    await this.#room.enter(frame.source, bytes)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ frame, bytes, resolve, reject })
        if (this.#writing === null) this.#goOn()
      })
    } finally {
      this.#room.written(bytes)
    }
  }

  /** Writes what waits, group after group; what came while a group was synced is the next one. Never rejects: each sender hears of its own. */
  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      let size = 0
      const cut = this.#waiting.findIndex(({ bytes }) => (size += bytes) > groupBytesMax)
      const group = this.#waiting.splice(0, cut === -1 ? this.#waiting.length : Math.max(1, cut))
      try {
        this.#open ??= await OpenSegment.begin(this.folder, this.nextLoad(), this.#clock.now().getTime())
        this.#room.add(await this.#open.write(group.map(({ frame }) => frame)))
        for (const { resolve } of group) resolve()
        if (this.#open.bytes >= segmentBytesMax || this.#open.lines >= loadLinesMax) await this.#closeOpen()
      } catch (error) {
        await this.#closeOpen()
        for (const { reject } of group) reject(fullOr(error, this.folder))
      }
    }
  }

  /** A segment that is full, or whose last write failed: then it ends with what was acknowledged before. */
  async #closeOpen(): Promise<void> {
    try {
      await this.#sealOpen()
    } catch (error) {
      this.#log.warn({ error: wordsOf(error) }, 'a segment of the log spool could not be closed; it is tried again')
    }
  }

  /** Closes what is being written, and what could not be closed before (a full disk has no room for the note beside a segment either). */
  async #sealOpen(): Promise<void> {
    if (this.#open !== null) this.#closing.push(this.#open)
    this.#open = null
    for (const closing of [...this.#closing]) {
      const segment = await closing.seal()
      this.#closing.splice(this.#closing.indexOf(closing), 1)
      if (segment === null) continue
      // Its bytes were counted batch by batch.
      this.#sealed.push(segment)
      this.onSealed()
    }
  }

  /** Closes the segment that is being written, so that the engine can have it. */
  async seal(): Promise<void> {
    while (this.#writing !== null) await this.#writing
    const sealing = this.#sealOpen().finally(() => this.#goOn())
    // Those who wait to write wait for this as well; that it failed is our caller's to hear.
    this.#writing = sealing.catch(() => undefined)
    await sealing
  }

  #goOn(): void {
    this.#writing = this.#waiting.length === 0 ? null : this.#writeWaiting().finally(() => this.#goOn())
  }

  async #writeChunk(chunk: LogChunk): Promise<void> {
    const { source, peer, position, header = '', bytes } = chunk
    if (bytes.length === 0) return
    await this.#room.enter(source, bytes.length)
    const load = this.nextLoad()
    const origin: ChunkOrigin = { source, peer, position, header, receivedMs: this.#clock.now().getTime() }
    const half = segmentFile(this.folder, load, 'lines.part')
    try {
      await writeSynced(segmentFile(this.folder, load, 'json'), JSON.stringify(origin))
      await writeSynced(half, bytes)
      await rename(half, segmentFile(this.folder, load, 'lines'))
      await syncFolder(this.folder)
    } catch (error) {
      await removeSegment({ folder: this.folder, load, file: half })
      throw fullOr(error, this.folder)
    } finally {
      this.#room.written(bytes.length)
    }
    this.#keep(await readSegment(this.folder, load, 'lines'))
    this.onSealed()
  }

  /** Ascending also when the clock goes back. */
  nextLoad(): number {
    this.#lastStamp = Math.max(this.#lastStamp + 1, Math.floor(this.#clock.now().getTime() / 10))
    return this.#lastStamp * writersMax + this.writer
  }

  #keep(segment: Segment): void {
    this.#room.add(segment.sources)
    for (const digest of segment.positions) this.#stored.add(digest)
    this.#sealed.push(segment)
  }

  /** The engine has it, or it was set aside: its positions are remembered, and it goes. */
  async remove(segment: Segment): Promise<void> {
    await this.#stored.keep(segment.positions)
    await removeSegment(segment)
    this.forget(segment)
  }

  /** It lies no longer in the spool. */
  forget(segment: Segment): void {
    this.#sealed.splice(this.#sealed.indexOf(segment), 1)
    this.#room.remove(segment.sources)
  }

  /** Ends writing. What the engine does not have yet stays for whoever opens the spool next. */
  async close(): Promise<void> {
    await this.seal()
    await giveBack(this.folder)
  }
}

/** False where a line may be longer than what is kept whole. */
function hasEndInEveryStretch(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += sureBytes) {
    const end = bytes.indexOf(newline, at)
    if (end === -1 ? bytes.length - at > sureBytes : end >= at + sureBytes) return false
  }
  return true
}
