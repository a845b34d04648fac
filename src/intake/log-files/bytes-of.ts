import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { unzstd } from '../../kit/unzstd.ts'

/** How a file is packed: by its first bytes, never by its name. */
export type Packing = 'none' | 'gzip' | 'zstd'

/** Packings that people have and we do not read: said by name instead of stored as rubbish. */
const unreadable: readonly (readonly [magic: readonly number[], name: string])[] = [
  [[0x42, 0x5a, 0x68], 'bzip2'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz'],
  [[0x50, 0x4b, 0x03, 0x04], 'zip'],
  [[0x37, 0x7a, 0xbc, 0xaf], '7-Zip'],
  [[0x45, 0x6c, 0x66, 0x46, 0x69, 0x6c, 0x65, 0x00], 'Windows event log (evtx)'],
  [[0x4c, 0x50, 0x4b, 0x53, 0x48, 0x48, 0x52, 0x48], 'systemd journal'],
]

/** Throws Trouble('file.unreadable') for packings that are not read. */
export function packingOf(file: string, head: Uint8Array): Packing {
  const begins = (magic: readonly number[]): boolean => magic.every((byte, at) => head[at] === byte)
  if (begins([0x1f, 0x8b])) return 'gzip'
  if (begins([0x28, 0xb5, 0x2f, 0xfd])) return 'zstd'
  const isUtf16 = (begins([0xff, 0xfe]) && head[3] === 0) || (begins([0xfe, 0xff]) && head[2] === 0)
  const name = isUtf16 ? 'UTF-16' : unreadable.find(([magic]) => begins(magic))?.[1]
  if (name !== undefined) {
    throw new Trouble('file.unreadable', { file, problem: `this is ${name}; unpack it, or convert it to text lines` })
  }
  return 'none'
}

/** The bytes of a text from some place on. `into` fills a buffer as far as there is something, and says how many bytes; 0 is the end. */
export type Bytes = {
  readonly into: (buffer: Buffer) => Promise<number>
  readonly close: () => Promise<void>
}

/** Read in pieces of this size: the event loop has its turn in between. */
const readBytes = 1024 * 1024
/** `zstd --long=27` and what lies below: 128 MiB of memory for the window. */
const windowLogMax = 27

export function plainBytes(handle: FileHandle, from: number): Bytes {
  let at = from
  return {
    into: async (buffer) => {
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, Math.min(readBytes, buffer.length - filled), at)
        if (bytesRead === 0) break
        filled += bytesRead
        at += bytesRead
      }
      return filled
    },
    close: async () => undefined,
  }
}

/** The text in a packed file, beginning at `from` of the unpacked bytes. `read` is called with the packed bytes read so far. */
export function unpackedBytes(
  file: string,
  packing: 'gzip' | 'zstd',
  from: number,
  read: (bytes: number) => void,
): Bytes {
  const raw = createReadStream(file, { highWaterMark: readBytes })
  raw.on('data', () => read(raw.bytesRead))
  raw.pause()
  const stream =
    packing === 'zstd'
      ? unzstd(raw as AsyncIterable<Buffer>, { windowLogMax })
      : // Its errors come out of the iteration as well.
        pipeline(raw, createGunzip({ chunkSize: 256 * 1024 }), () => undefined)
  return streamBytes(stream, from)
}

/** A stream's bytes, without the first `from` of them. */
export function streamBytes(stream: AsyncIterable<Buffer>, from = 0): Bytes {
  const chunks = stream[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  let skip = from
  let isOver = false
  let broken: Error | null = null
  const fetchRest = async (): Promise<void> => {
    try {
      const next = await chunks.next()
      if (next.done === true) isOver = true
      else rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    } catch (error) {
      isOver = true
      broken = error instanceof Error ? error : new Error(wordsOf(error))
    }
  }
  return {
    into: async (buffer) => {
      let filled = 0
      while (filled < buffer.length) {
        if (rest.length === 0 && !isOver) await fetchRest()
        if (rest.length === 0 && isOver) break
        const skipped = Math.min(skip, rest.length)
        skip -= skipped
        const taken = rest.copy(buffer, filled, skipped)
        filled += taken
        rest = rest.subarray(skipped + taken)
      }
      // What came before the damage is handed out first.
      if (filled === 0 && broken !== null) throw broken
      return filled
    },
    close: async () => void (await chunks.return?.()),
  }
}
