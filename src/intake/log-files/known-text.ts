import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import path from 'node:path'
import type { FilePosition, FilePositions, Mark, ReadSoFar } from '../../model/log-file.ts'

/** A file is known by so many of its first bytes: a line of most formats, with its time. */
export const headBytes = 1024
/** And by so many before the place where we are. */
const tailBytes = 256
/** Fewer bytes than this say nothing about whether two texts are the same: a blank, a heading. */
const copyBytesMin = 64
/** Texts of one file that are remembered after it was emptied: a log is copied and emptied at most every few seconds. */
const beforeMax = 4

export function markOf(bytes: Uint8Array): Mark {
  return { bytes: bytes.length, digest: createHash('sha256').update(bytes).digest('hex').slice(0, 24) }
}

/** Reads bytes of a text at some place; fewer at its end. */
export type ReadAt = (from: number, bytes: number) => Promise<Buffer>

async function isRead(text: ReadSoFar, readAt: ReadAt): Promise<boolean> {
  const { head, tail, offset } = text
  const has = async (mark: Mark, from: number): Promise<boolean> => {
    const there = await readAt(from, mark.bytes)
    return there.length === mark.bytes && markOf(there).digest === mark.digest
  }
  return (await has(head, 0)) && has(tail, offset - tail.bytes)
}

/** Names that a log gets when it is put aside begin as its own: x.log.1, x.log-20261123, x.log.1.gz, x-2026.log. */
function isRelated(a: string, b: string): boolean {
  const stem = (file: string): string => path.basename(file).replace(/(?:[.-]\d+|\.gz|\.zst|\.log|\.json|\.txt)+$/i, '')
  return stem(a) === stem(b)
}

export type TextFile = {
  readonly source: string
  readonly path: string
  readonly stats: BigIntStats
  /** Of a packed file: of what is in it. */
  readonly readAt: ReadAt
  readonly now: Date
}

/**
 * How far this file was read: by itself (device and inode, whatever its name is now), or as a copy of a text that was read in a file of
 * the same name beside it (copy and truncate, compression). A file that was emptied and begun anew begins at 0 under a new name.
 */
export async function positionFor(file: TextFile, positions: FilePositions): Promise<FilePosition> {
  const [device, inode] = [String(file.stats.dev), String(file.stats.ino)]
  const { source } = file
  const known = positions.of({ source, device, inode })
  const here = { source, path: file.path, device, inode, seen: file.now.toISOString() }
  if (known !== null && (await isRead(known, file.readAt))) return { ...known, ...here }
  const head = markOf(await file.readAt(0, headBytes))
  const before =
    known === null
      ? []
      : [{ id: known.id, head: known.head, tail: known.tail, offset: known.offset }, ...known.before].slice(
          0,
          beforeMax,
        )
  const begun: FilePosition = {
    ...here,
    before,
    id: `${device}-${inode}-${head.digest.slice(0, 16)}-${before.length === 0 ? 0 : file.now.getTime()}`,
    head,
    tail: markOf(Buffer.alloc(0)),
    offset: 0,
    underWay: null,
    header: '',
    whole: null,
  }
  for (const other of positions.inFolder(source, path.dirname(file.path))) {
    if (!isRelated(other.path, file.path)) continue
    for (const text of [other, ...other.before]) {
      if (text.head.bytes >= copyBytesMin && text.offset >= copyBytesMin && (await isRead(text, file.readAt))) {
        return { ...begun, id: text.id, head: text.head, tail: text.tail, offset: text.offset, header: other.header }
      }
    }
  }
  return begun
}

/** The position behind a stretch that was taken. */
export function advanced(position: FilePosition, stretch: Buffer, from: number, header: string): FilePosition {
  const tail = stretch.subarray(Math.max(0, stretch.length - tailBytes))
  const head = from === 0 && position.head.bytes < headBytes ? markOf(stretch.subarray(0, headBytes)) : position.head
  return { ...position, head, tail: markOf(tail), offset: from + stretch.length, underWay: null, header }
}
