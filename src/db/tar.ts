import { Trouble } from '../kit/errors.ts'

/** Bytes of one entry: held whole by whoever reads, so it bounds memory. Larger things are cut into several entries. */
export const entryBytesMax = 4 * 1024 * 1024

const block = 512

export type Entry = { readonly name: string; readonly bytes: Uint8Array }

/** An entry of a POSIX (ustar) archive: header, content, filled up to whole blocks. `tar --zstd -x` reads what we write. */
export function tarEntry({ name, bytes }: Entry, at: Date): Buffer {
  if (Buffer.byteLength(name) > 99 || bytes.length > entryBytesMax)
    throw new RangeError(`${name} does not fit into an entry`)
  const header = Buffer.alloc(block)
  const field = (text: string, from: number): void => void header.write(text, from, 'utf8')
  field(name, 0)
  field('0000600\0', 100)
  field('0000000\0', 108)
  field('0000000\0', 116)
  field(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
  field(
    `${Math.floor(at.getTime() / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  )
  field('        ', 148)
  field('0', 156)
  field('ustar\u000000', 257)
  field(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, bytes, Buffer.alloc((block - (bytes.length % block)) % block)])
}

/** Two empty blocks end an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * block)

/** Sum of the header's bytes, with the field of the sum itself as blanks. */
function sumOf(header: Buffer): number {
  let sum = 0
  for (const [at, byte] of header.entries()) sum += at >= 148 && at < 156 ? 32 : byte
  return sum
}

/** Reads an archive entry by entry. Throws Trouble('archive.invalid') for what is none, and for one that stops in the middle. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Entry> {
  const reader = new Reader(chunks)
  for (;;) {
    const header = await reader.take(block)
    if (header.every((byte) => byte === 0)) return
    const name = textOf(header, 0, 100)
    const sizeBytes = Number.parseInt(textOf(header, 124, 12), 8)
    if (textOf(header, 257, 5) !== 'ustar' || Number.parseInt(textOf(header, 148, 8), 8) !== sumOf(header)) {
      throw new Trouble('archive.invalid', { problem: 'a header does not add up' })
    }
    if (!(sizeBytes >= 0 && sizeBytes <= entryBytesMax))
      throw new Trouble('archive.invalid', { entry: name, problem: 'the entry is too large' })
    const bytes = await reader.take(sizeBytes)
    await reader.take((block - (sizeBytes % block)) % block)
    yield { name, bytes }
  }
}

function textOf(header: Buffer, from: number, length: number): string {
  const field = header.subarray(from, from + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? length : end).toString('utf8')
}

/** Hands out exactly as many bytes as are asked for. */
class Reader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async take(count: number): Promise<Buffer> {
    const taken = Buffer.alloc(count)
    let filled = 0
    while (filled < count) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next()
        if (next.done) throw new Trouble('archive.invalid', { problem: 'the file is cut short' })
        this.#rest = next.value
      }
      const piece = this.#rest.subarray(0, count - filled)
      taken.set(piece, filled)
      filled += piece.length
      this.#rest = this.#rest.subarray(piece.length)
    }
    return taken
  }
}
