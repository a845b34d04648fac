import type { BigIntStats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Clock } from '../../kit/clock.ts'
import { isTrouble, Trouble, wordsOf } from '../../kit/errors.ts'
import type { FilePosition } from '../../model/log-file.ts'
import { type Bytes, type Packing, packingOf, plainBytes, unpackedBytes } from './bytes-of.ts'
import { positionFor, type ReadAt } from './known-text.ts'
import { readText, stretchBytesMax, type Taking } from './read-text.ts'

/** First bytes that say how a file is packed. */
const magicBytes = 16
/** A growing file gets memory for what there is, and a little of what comes meanwhile. */
const stretchBytesMin = 64 * 1024

export type FileRead = {
  readonly packing: Packing
  /** Where we are now; null: it is empty. */
  readonly position: FilePosition | null
  /** Bytes of the text that were handed over now. */
  readonly bytes: number
  /** A packed file that ends too early or is damaged: what came before is kept. */
  readonly problem: string | null
}

export type FileToRead = Taking & {
  readonly path: string
  readonly source: string
  readonly clock: Clock
  readonly takesRest: boolean
  readonly stretchesMax?: number
  readonly signal?: AbortSignal
  /** Called with how many bytes of the file as it lies there are done with. */
  readonly at?: (fileBytes: number) => void
  /** An open handle of it, where there is one: its name may point to another file by now. */
  readonly handle?: FileHandle
}

/** Reads what is new in a file. Throws Trouble('file.unreadable') and what `take` throws; what was handed over stays so. */
export async function readFileOnward(file: FileToRead): Promise<FileRead> {
  const handle = file.handle ?? (await openFile(file.path))
  try {
    const stats = await handle.stat({ bigint: true })
    if (!stats.isFile()) throw new Trouble('file.unreadable', { file: file.path, problem: 'it is no file' })
    if (stats.size === 0n) return { packing: 'none', position: null, bytes: 0, problem: null }
    const packing = packingOf(file.path, await readAtOf(handle)(0, magicBytes))
    return await (packing === 'none' ? readPlain(file, handle, stats) : readPacked(file, packing, stats))
  } catch (error) {
    if (isTrouble(error) || !(error instanceof Error && 'syscall' in error)) throw error
    throw new Trouble('file.unreadable', { file: file.path, problem: wordsOf(error) }, error)
  } finally {
    if (file.handle === undefined) await handle.close()
  }
}

export async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw new Trouble('file.unreadable', { file: path, problem: wordsOf(error) }, error)
  }
}

function readAtOf(handle: FileHandle): ReadAt {
  return async (from, bytes) => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, from)
    return buffer.subarray(0, bytesRead)
  }
}

async function readPlain(file: FileToRead, handle: FileHandle, stats: BigIntStats): Promise<FileRead> {
  const { path, source } = file
  const now = file.clock.now()
  const position = await positionFor({ source, path, stats, readAt: readAtOf(handle), now }, file.positions)
  const left = Number(stats.size) - position.offset
  if (left <= 0) return { packing: 'none', position, bytes: 0, problem: null }
  const needed = Math.max(
    left + 1,
    stretchBytesMin,
    position.underWay === null ? 0 : position.underWay.to - position.offset,
  )
  let at = position.offset
  const read = await readText({
    ...file,
    position,
    bytes: plainBytes(handle, position.offset),
    buffer: Buffer.allocUnsafeSlow(Math.min(stretchBytesMax, needed)),
    taken: (bytes) => file.at?.((at += bytes)),
  })
  return { packing: 'none', position: read, bytes: read.offset - position.offset, problem: null }
}

async function readPacked(file: FileToRead, packing: 'gzip' | 'zstd', stats: BigIntStats): Promise<FileRead> {
  const { path, source } = file
  const size = Number(stats.size)
  const mtimeMs = Number(stats.mtimeMs)
  const readAt: ReadAt = (from, bytes) => readUnpackedAt(path, packing, from, bytes)
  const known = file.positions.of({ source, device: String(stats.dev), inode: String(stats.ino) })
  if (known?.whole?.size === size && known.whole.mtimeMs === mtimeMs) {
    return { packing, position: known, bytes: 0, problem: null }
  }
  let position: FilePosition
  try {
    position = await positionFor({ source, path, stats, readAt, now: file.clock.now() }, file.positions)
  } catch (error) {
    throw new Trouble('file.unreadable', { file: path, problem: wordsOf(error) }, error)
  }
  const from = position.offset
  const bytes = unpackedBytes(path, packing, from, (fileBytes) => file.at?.(fileBytes))
  const breakable = endingWhereBroken(bytes)
  try {
    position = await readText({
      ...file,
      position,
      bytes: breakable.bytes,
      buffer: Buffer.allocUnsafeSlow(stretchBytesMax),
    })
  } finally {
    await bytes.close()
  }
  const problem = breakable.problem()
  const isStopped = file.signal?.aborted === true || file.stretchesMax !== undefined
  if (problem === null && !isStopped) {
    position = { ...position, whole: { size, mtimeMs } }
    await file.positions.set(position)
  }
  return { packing, position, bytes: position.offset - from, problem }
}

/** A damaged file ends where the damage begins; that it does is told afterwards. */
function endingWhereBroken(bytes: Bytes): { readonly bytes: Bytes; readonly problem: () => string | null } {
  let problem: string | null = null
  const into = async (buffer: Buffer): Promise<number> => {
    if (problem !== null) return 0
    try {
      return await bytes.into(buffer)
    } catch (error) {
      problem = wordsOf(error)
      return 0
    }
  }
  return { bytes: { ...bytes, into }, problem: () => problem }
}

async function readUnpackedAt(path: string, packing: 'gzip' | 'zstd', from: number, bytes: number): Promise<Buffer> {
  const text = unpackedBytes(path, packing, from, () => undefined)
  try {
    const buffer = Buffer.alloc(bytes)
    return buffer.subarray(0, await text.into(buffer))
  } finally {
    await text.close()
  }
}
