import { setImmediate as breathe } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { lineBytesMax } from '../../model/lake.ts'

/**
 * Spooled lines are RowBinary, which the engine reads as it stands. One batch is one frame: its first record carries the batch's
 * position, its last one a checksum over the frame, so that a batch whose writing was cut short is told from a whole one.
 */
export const recordColumns = ['line', 'source', 'peer', 'received', 'header', 'raw', 'position', 'sum'] as const

/** What the spool keeps of a batch (model/lake.ts), with the time it came. */
export type Frame = {
  readonly source: string
  readonly peer: string
  readonly receivedMs: number
  readonly header: string
  readonly position: string | null
  readonly lines: readonly Uint8Array[]
}

/** After so many bytes of work the event loop has its turn: about 10 ms. */
const breatheEveryBytes = 4 * 1024 * 1024
/** Line number, time and checksum; the lengths of five texts of at most four bytes each. */
const fixedBytes = 4 + 8 + 4 + 5 * 4

/** The pieces of a line that is longer than what is kept in one; the line itself, without copying, where it is not. */
export function piecesOf(line: Uint8Array, bytesMax = lineBytesMax): readonly Uint8Array[] {
  if (line.length <= bytesMax) return [line]
  const pieces: Uint8Array[] = []
  for (let at = 0; at < line.length; at += bytesMax) pieces.push(line.subarray(at, at + bytesMax))
  return pieces
}

/** Bytes of a batch in the spool, at most. */
export function frameBytesMax(frame: Frame): number {
  const around =
    fixedBytes + frame.source.length + 3 * (frame.peer.length + frame.header.length + (frame.position?.length ?? 0))
  return frame.lines.reduce(
    (sum, line) => sum + line.length + around * Math.max(1, Math.ceil(line.length / lineBytesMax)),
    0,
  )
}

function putText(into: Buffer, at: number, text: Uint8Array): number {
  let left = text.length
  let to = at
  while (left >= 0x80) {
    into[to++] = (left & 0x7f) | 0x80
    left >>>= 7
  }
  into[to++] = left
  into.set(text, to)
  return to + text.length
}

/** A batch as bytes of a segment, numbered from `firstLine`. Empty lines are left out; a batch of nothing else has no bytes. */
export async function encodeFrame(frame: Frame, firstLine: number): Promise<{ bytes: Buffer; lines: number }> {
  const pieces = frame.lines.flatMap((line) => (line.length === 0 ? [] : piecesOf(line)))
  const bytes = Buffer.allocUnsafe(frameBytesMax(frame))
  const [source, peer, header] = [Buffer.from(frame.source), Buffer.from(frame.peer), Buffer.from(frame.header)]
  const none = Buffer.alloc(0)
  let at = 0
  let breathedAt = 0
  for (const [index, raw] of pieces.entries()) {
    if (at - breathedAt > breatheEveryBytes) {
      breathedAt = at
      await breathe()
    }
    at = bytes.writeUInt32LE(firstLine + index, at)
    at = putText(bytes, putText(bytes, at, source), peer)
    at = bytes.writeBigInt64LE(BigInt(frame.receivedMs), at)
    at = putText(bytes, putText(bytes, at, header), raw)
    at = putText(bytes, at, index === 0 && frame.position !== null ? Buffer.from(frame.position) : none)
    const isLast = index === pieces.length - 1
    // 0 says "not the last of its batch", so that a checksum of 0 is written as 1.
    at = bytes.writeUInt32LE(isLast ? crc32(bytes.subarray(0, at)) || 1 : 0, at)
  }
  return { bytes: bytes.subarray(0, at), lines: pieces.length }
}

export type Walked = {
  /** Where the last whole batch ends. */
  readonly wholeBytes: number
  readonly lines: number
  readonly sources: ReadonlyMap<string, number>
  readonly positions: readonly { readonly source: string; readonly position: string }[]
}

type Text = { readonly from: number; readonly to: number }

/** A text of RowBinary at this place; null when it is cut short. */
function textAt(bytes: Buffer, at: number): Text | null {
  let length = 0
  for (let shift = 0, i = at; i < bytes.length && shift <= 28; shift += 7, i++) {
    const byte = bytes[i] ?? 0
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return i + 1 + length > bytes.length ? null : { from: i + 1, to: i + 1 + length }
  }
  return null
}

type Record = { readonly source: Text; readonly position: Text; readonly sum: number; readonly to: number }

function recordAt(bytes: Buffer, at: number): Record | null {
  const source = textAt(bytes, at + 4)
  const peer = source === null ? null : textAt(bytes, source.to)
  const header = peer === null ? null : textAt(bytes, peer.to + 8)
  const raw = header === null ? null : textAt(bytes, header.to)
  const position = raw === null ? null : textAt(bytes, raw.to)
  if (source === null || position === null || position.to + 4 > bytes.length) return null
  return { source, position, sum: bytes.readUInt32LE(position.to), to: position.to + 4 }
}

/** Reads a segment as a process that was killed left it: up to its last whole batch, whose checksum is right. */
export async function walk(bytes: Buffer): Promise<Walked> {
  const sources = new Map<string, number>()
  const positions: { source: string; position: string }[] = []
  let [frameFrom, at, breathedAt, lines, linesOfFrame] = [0, 0, 0, 0, 0]
  let opening: { source: string; position: string } | null = null
  for (;;) {
    if (at - breathedAt > breatheEveryBytes) {
      breathedAt = at
      await breathe()
    }
    const record = recordAt(bytes, at)
    if (record === null) break
    linesOfFrame++
    opening ??= {
      source: bytes.toString('utf8', record.source.from, record.source.to),
      position: bytes.toString('utf8', record.position.from, record.position.to),
    }
    at = record.to
    if (record.sum === 0) continue
    if ((crc32(bytes.subarray(frameFrom, at - 4)) || 1) !== record.sum) break
    if (opening.position !== '') positions.push(opening)
    sources.set(opening.source, (sources.get(opening.source) ?? 0) + at - frameFrom)
    lines += linesOfFrame
    ;[frameFrom, linesOfFrame, opening] = [at, 0, null]
  }
  return { wholeBytes: frameFrom, lines, sources, positions }
}
