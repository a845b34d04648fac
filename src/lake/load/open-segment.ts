import { type FileHandle, open, rm } from 'node:fs/promises'
import { readSegment, type Segment, sealRecords, segmentFile } from './segment.ts'
import { encodeFrame, type Frame } from './segment-format.ts'
import { positionDigest } from './stored-positions.ts'
import { syncFolder } from './synced-files.ts'

/** The segment of records that is being written. One writer at a time: the spool's. */
export class OpenSegment {
  readonly load: number
  readonly openedMs: number
  readonly #folder: string
  readonly #handle: FileHandle
  readonly #sources = new Map<string, number>()
  readonly #positions: string[] = []
  /** What is on the disk and acknowledged; what lies behind it is not. */
  #bytes = 0
  #lines = 0
  #isClosed = false

  private constructor(folder: string, load: number, handle: FileHandle, openedMs: number) {
    this.#folder = folder
    this.load = load
    this.#handle = handle
    this.openedMs = openedMs
  }

  static async begin(folder: string, load: number, openedMs: number): Promise<OpenSegment> {
    const handle = await open(segmentFile(folder, load, 'open'), 'wx', 0o600)
    await syncFolder(folder)
    return new OpenSegment(folder, load, handle, openedMs)
  }

  get bytes(): number {
    return this.#bytes
  }

  get lines(): number {
    return this.#lines
  }

  /** Writes batches and syncs them together. When it throws, nothing of them is in the segment. Returns bytes by source. */
  async write(frames: readonly Frame[]): Promise<ReadonlyMap<string, number>> {
    const encoded: { readonly frame: Frame; readonly bytes: Buffer }[] = []
    let lines = this.#lines
    for (const frame of frames) {
      const { bytes, lines: more } = await encodeFrame(frame, lines)
      lines += more
      encoded.push({ frame, bytes })
    }
    const size = encoded.reduce((sum, { bytes }) => sum + bytes.length, 0)
    try {
      await this.#writeAll(encoded.map(({ bytes }) => bytes))
      await this.#handle.datasync()
    } catch (error) {
      await this.#handle.truncate(this.#bytes)
      throw error
    }
    const added = new Map<string, number>()
    for (const { frame, bytes } of encoded) {
      added.set(frame.source, (added.get(frame.source) ?? 0) + bytes.length)
      if (frame.position !== null) this.#positions.push(positionDigest(frame.source, frame.position))
    }
    for (const [source, bytes] of added) this.#sources.set(source, (this.#sources.get(source) ?? 0) + bytes)
    this.#bytes += size
    this.#lines = lines
    return added
  }

  async #writeAll(pieces: readonly Buffer[]): Promise<void> {
    let at = this.#bytes
    for (const piece of pieces) {
      for (let from = 0; from < piece.length; ) {
        const { bytesWritten } = await this.#handle.write(piece, from, piece.length - from, at)
        from += bytesWritten
        at += bytesWritten
      }
    }
  }

  /** Closes it; may be tried again. null: nothing was ever written to it. */
  async seal(): Promise<Segment | null> {
    if (!this.#isClosed) {
      // Nothing of a write that failed may stay behind what was acknowledged: the engine reads the file to its end.
      await this.#handle.truncate(this.#bytes)
      this.#isClosed = true
      await this.#handle.close()
    }
    if (this.#bytes === 0) {
      await rm(segmentFile(this.#folder, this.load, 'open'), { force: true })
      return null
    }
    await sealRecords(this.#folder, this.load, { sources: this.#sources, positions: this.#positions })
    return readSegment(this.#folder, this.load, 'records')
  }
}
