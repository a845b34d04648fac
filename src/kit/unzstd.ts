import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdDecompress } from 'node:zlib'

/** Memory of a frame's window: 8 MiB, which RFC 8878 (section 3.1.1.1.2) recommends decoders to support; levels up to 19 stay within. */
const windowLogDefault = 23

/** What is no Zstandard, or ends in the middle of a frame. */
export class ZstdBroken extends Error {}

/**
 * Zstandard text, frame after frame: Node's own decoder (24.x) ends without a word behind the first one, and appended logs, parallel
 * compressors and shippers that keep a stream open write several. Skippable frames are skipped. Holds one chunk and one window.
 * Throws ZstdBroken for what is cut short or no Zstandard, and the decoder's own error for damaged blocks.
 */
export async function* unzstd(
  compressed: AsyncIterable<Buffer>,
  options: { readonly windowLogMax?: number } = {},
): AsyncGenerator<Buffer, void, undefined> {
  const source = new FrameSource(compressed[Symbol.asyncIterator]())
  const params = { [constants.ZSTD_d_windowLogMax]: options.windowLogMax ?? windowLogDefault }
  while (await source.atFrame()) {
    const decoder = createZstdDecompress({ params })
    const fed = pipeline(Readable.from(source.frame(), { objectMode: false }), decoder)
    // Whatever breaks it breaks the reading below as well, which throws it.
    fed.catch(() => undefined)
    yield* decoder as AsyncIterable<Buffer>
    await fed
  }
}

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const skippableMask = 0xfffffff0
const rleBlock = 1

/** Takes a stream apart at the ends of its frames (RFC 8878, section 3): sizes stand in the headers, no block has to be decoded. */
class FrameSource {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks
  }

  /** Moves to the next frame; false at the end of the stream. */
  async atFrame(): Promise<boolean> {
    while (await this.#more(1)) {
      const head = await this.#peek(4)
      if ((head.readUInt32LE(0) & skippableMask) >>> 0 !== skippableMagic) return true
      const size = (await this.#peek(8)).readUInt32LE(4)
      for await (const piece of this.#take(8 + size)) void piece
    }
    return false
  }

  /** The bytes of the frame that begins here, to its end. */
  async *frame(): AsyncGenerator<Buffer, void, undefined> {
    const start = await this.#peek(5)
    if (start.readUInt32LE(0) !== frameMagic) throw new ZstdBroken('no Zstandard frame where one should begin')
    const descriptor = start.readUInt8(4)
    yield* this.#take(headerBytes(descriptor))
    for (let isLast = false; !isLast; ) {
      const header = (await this.#peek(3)).readUIntLE(0, 3)
      isLast = (header & 1) === 1
      const size = header >>> 3
      yield* this.#take(3 + (((header >>> 1) & 3) === rleBlock ? 1 : size))
    }
    if ((descriptor & 4) !== 0) yield* this.#take(4)
  }

  async *#take(count: number): AsyncGenerator<Buffer, void, undefined> {
    let left = count
    while (left > 0) {
      if (!(await this.#more(1))) throw new ZstdBroken('it ends in the middle of a frame')
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  async #peek(count: number): Promise<Buffer> {
    if (!(await this.#more(count))) throw new ZstdBroken('it ends in the middle of a frame')
    return this.#rest
  }

  /** True when at least `count` bytes are at hand; only headers are asked for, so little is ever joined. */
  async #more(count: number): Promise<boolean> {
    while (this.#rest.length < count) {
      const next = await this.#chunks.next()
      if (next.done === true) return false
      this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
    }
    return true
  }
}

/** Magic, descriptor, window, dictionary id and content size (RFC 8878, section 3.1.1.1). */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeFlag = descriptor >>> 6
  const contentSize = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag
  return 5 + (isSingleSegment ? 0 : 1) + dictionary + contentSize
}
