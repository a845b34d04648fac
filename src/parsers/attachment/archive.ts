import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { Blocked } from './block.ts'
import { ratioFromBytes, ratioMax, unpackedBytesMax } from './limits.ts'

export type Entry = { readonly name: string; readonly bytes: Buffer }

/** What may still come out of the file that is looked into, over all its levels. */
export type Budget = { bytesLeft: number; partsLeft: number; pdfsLeft: number }

const again = 'Pack it anew without encryption, or attach the files themselves.'
const end = Buffer.from([0x50, 0x4b, 0x05, 0x06])
/** The end record and the longest comment after it (APPNOTE 4.3.16). */
const endSearchBytes = 22 + 65_535

/**
 * The files of a ZIP by its central directory, unpacked within what is left of `budget`. Throws Blocked for what is encrypted, broken, too
 * large or packed too well, and for two files of one name, which other programs would tell apart in another way.
 */
export function unzip(bytes: Buffer, budget: Budget): Entry[] {
  const at = bytes.lastIndexOf(end)
  if (at < 0 || at < bytes.length - endSearchBytes || at + 22 > bytes.length) throw broken('it has no end record')
  const count = bytes.readUInt16LE(at + 10)
  budget.partsLeft -= count
  if (budget.partsLeft < 0) throw new Blocked('There are too many files in it.', 'Attach only those that are needed.')
  const entries: Entry[] = []
  const names = new Set<string>()
  let from = bytes.readUInt32LE(at + 16)
  for (let index = 0; index < count; index++) {
    if (from + 46 > bytes.length || bytes.readUInt32LE(from) !== 0x02014b50) throw broken('its directory is cut short')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => bytes.readUInt16LE(from + offset))
    const raw = bytes.subarray(from + 46, from + 46 + (nameBytes ?? 0))
    const name = nameOf(raw)
    if (names.has(name.toLowerCase())) throw broken(`${name} is in it twice`)
    names.add(name.toLowerCase())
    const content = contentOf(bytes, from, name, budget)
    if (!name.endsWith('/')) entries.push({ name, bytes: content })
    from += 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0)
  }
  return entries
}

/** Names are UTF-8, or of an old code page, of which the ASCII part is the same; what is neither is shown as it reads in Latin-1. */
function nameOf(raw: Buffer): string {
  const text = raw.toString('utf8')
  return (text.includes('\ufffd') ? raw.toString('latin1') : text).replaceAll('\\', '/')
}

function contentOf(bytes: Buffer, at: number, name: string, budget: Budget): Buffer {
  const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)]
  const [packedBytes, from] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)]
  if ((flags & 0x41) !== 0) throw new Blocked(`${name} in it is encrypted: nobody here can look into it.`, again)
  if (packedBytes === 0xffffffff || from === 0xffffffff) throw broken('it is of the form for more than 4 GB')
  if (from + 30 > bytes.length || bytes.readUInt32LE(from) !== 0x04034b50) throw broken(`${name} is not in its place`)
  const start = from + 30 + bytes.readUInt16LE(from + 26) + bytes.readUInt16LE(from + 28)
  if (start + packedBytes > bytes.length) throw broken(`${name} is cut short`)
  const packed = bytes.subarray(start, start + packedBytes)
  if (method !== 0 && method !== 8) throw broken(`${name} is packed in a way that is not read (${method})`)
  const content = method === 0 ? packed : inflated(packed, name, Math.max(0, budget.bytesLeft))
  budget.bytesLeft -= content.length
  if (budget.bytesLeft < 0) throw tooMuch(name)
  if (content.length > ratioFromBytes && content.length > packed.length * ratioMax)
    throw new Blocked(`${name} unpacks to more than ${ratioMax} times its size, as a bomb does.`, again)
  return content
}

function inflated(packed: Buffer, name: string, bytesMax: number): Buffer {
  try {
    // One byte more than may be: reaching it throws, and nothing larger is ever held.
    return inflateRawSync(packed, { maxOutputLength: bytesMax + 1 })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooMuch(name)
    throw broken(`${name} cannot be unpacked`)
  }
}

function tooMuch(name: string): Blocked {
  const most = unpackedBytesMax / 1024 / 1024
  return new Blocked(`With ${name} it unpacks to more than ${most} MiB.`, 'Attach only the files that are needed.')
}

function broken(problem: string): Blocked {
  return new Blocked(`It is no whole ZIP file: ${problem}.`, again)
}

/** 1 January 1980, the first day of the format: when a file was written is nobody's business. */
const dosDate = 0x21

/** A ZIP of these files, in this order, and of nothing else: no comments, no extra fields, no dates. The same files make the same bytes. */
export function zip(entries: readonly Entry[]): Buffer {
  const pieces: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, bytes } of entries) {
    const [raw, packed] = [Buffer.from(name), deflateRawSync(bytes)]
    const isSmaller = packed.length < bytes.length
    const content = isSmaller ? packed : bytes
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x0800, 2)
    common.writeUInt16LE(isSmaller ? 8 : 0, 4)
    common.writeUInt16LE(dosDate, 8)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(content.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(raw.length, 22)
    const local = [Buffer.from([0x50, 0x4b, 3, 4]), common, raw, content]
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(at, 10)
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), common, rest, raw)
    pieces.push(...local)
    at += local.reduce((sum, piece) => sum + piece.length, 0)
  }
  const size = directory.reduce((sum, piece) => sum + piece.length, 0)
  const last = Buffer.alloc(22)
  end.copy(last)
  last.writeUInt16LE(entries.length, 8)
  last.writeUInt16LE(entries.length, 10)
  last.writeUInt32LE(size, 12)
  last.writeUInt32LE(at, 16)
  return Buffer.concat([...pieces, ...directory, last])
}
