import { createInflateRaw } from 'node:zlib'
import { Trouble } from '../../kit/errors.ts'

/** A workbook has some dozens of parts; more is no workbook. */
const entriesMax = 10_000
/** What one part may grow to: a million rows of thirty columns are about 1 GB of XML. It streams; this bounds the time. */
const partBytesMax = 2 * 1024 * 1024 * 1024
/** The end record lies in the last 22 bytes, before a comment of at most 65,535 (APPNOTE 4.3.16). */
const endSearchBytes = 22 + 65_535

export type Part = { readonly name: string; readonly read: () => AsyncGenerator<Uint8Array> }

/**
 * The parts of a ZIP file by its central directory, each read as a stream: nothing is unpacked before it is asked for, nothing is written to
 * disk. Encrypted files and ZIP64 are refused. Throws Trouble('file.invalid') for what is no ZIP file.
 */
export function partsOf(bytes: Buffer): ReadonlyMap<string, Part> {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (end < 0 || end < bytes.length - endSearchBytes || end + 22 > bytes.length) throw broken('it has no end record')
  const count = bytes.readUInt16LE(end + 10)
  if (count > entriesMax) throw new Trouble('input.too-large', { parts: count, most: entriesMax })
  const parts = new Map<string, Part>()
  let at = bytes.readUInt32LE(end + 16)
  for (let entry = 0; entry < count; entry += 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) throw broken('its directory is cut short')
    const lengths = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset))
    const [nameBytes = 0, extraBytes = 0, commentBytes = 0] = lengths
    const name = bytes.toString('utf8', at + 46, at + 46 + nameBytes)
    const header = {
      flags: bytes.readUInt16LE(at + 8),
      method: bytes.readUInt16LE(at + 10),
      packedBytes: bytes.readUInt32LE(at + 20),
      from: bytes.readUInt32LE(at + 42),
    }
    parts.set(name, { name, read: () => contentOf(bytes, name, header) })
    at += 46 + nameBytes + extraBytes + commentBytes
  }
  return parts
}

type Header = { readonly flags: number; readonly method: number; readonly packedBytes: number; readonly from: number }

async function* contentOf(bytes: Buffer, name: string, header: Header): AsyncGenerator<Uint8Array> {
  const { flags, method, packedBytes, from } = header
  if ((flags & 1) === 1) throw broken(`${name} is encrypted`)
  if (packedBytes === 0xffffffff || from === 0xffffffff) throw broken('it is of the form for more than 4 GB (ZIP64)')
  if (from + 30 > bytes.length || bytes.readUInt32LE(from) !== 0x04034b50)
    throw broken(`${name} is not where it should be`)
  const start = from + 30 + bytes.readUInt16LE(from + 26) + bytes.readUInt16LE(from + 28)
  if (start + packedBytes > bytes.length) throw broken(`${name} is cut short`)
  const packed = bytes.subarray(start, start + packedBytes)
  if (method === 0) {
    yield packed
    return
  }
  if (method !== 8) throw broken(`${name} is packed in a way that is not read (${method})`)
  yield* inflated(packed, name)
}

async function* inflated(packed: Buffer, name: string): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw()
  inflate.end(packed)
  let grown = 0
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      grown += chunk.length
      if (grown > partBytesMax) throw new Trouble('input.too-large', { part: name, most: partBytesMax })
      yield chunk
    }
  } catch (error) {
    if (error instanceof Trouble) throw error
    throw new Trouble('file.invalid', { problem: `this ZIP file is broken: ${name} cannot be unpacked` }, error)
  } finally {
    inflate.destroy()
  }
}

function broken(problem: string): Trouble {
  return new Trouble('file.invalid', { problem: `this ZIP file is broken: ${problem}` })
}
