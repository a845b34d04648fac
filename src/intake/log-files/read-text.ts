import { linesOf } from '../../kit/lines.ts'
import { loadLinesMax, type TakeChunk, type TakeLogs } from '../../model/lake.ts'
import type { FilePosition, FilePositions } from '../../model/log-file.ts'
import type { Bytes } from './bytes-of.ts'
import { headerBytesMax, headerOf, nextHeader } from './header.ts'
import { advanced } from './known-text.ts'

/** A stretch that is handed over at once: what the spool takes as one segment. */
export const stretchBytesMax = 112 * 1024 * 1024
/** Less than this goes with the lines of other files into one segment; more is worth a segment of its own. */
export const smallBytesMax = 256 * 1024
/** New headers within one stretch, each of which ends it: more are no headers but lines that begin with "#Fields:". */
const headersMax = 64
const newline = 10

export type Taking = {
  readonly take: TakeLogs
  readonly takeChunk: TakeChunk
  readonly positions: FilePositions
}

export type ReadOptions = Taking & {
  readonly bytes: Bytes
  readonly position: FilePosition
  /** Memory for a stretch. */
  readonly buffer: Buffer
  /** Takes the end as well when no line end follows: of files that grow no more. */
  readonly takesRest: boolean
  /** Called when so many bytes of the text are with the lake. */
  readonly taken?: (bytes: number) => void
  /** Stops between two stretches. */
  readonly signal?: AbortSignal
  /** Stretches at most; then the others have their turn. */
  readonly stretchesMax?: number
}

/**
 * Hands a text to the lake from its position on, in stretches of whole lines. Before each it writes down that it does, and after it that
 * it did, so that whoever goes on after a kill repeats exactly the stretch that was under way, which the spool then knows. Returns where
 * it ended. Throws what `take` throws; nothing is lost by it.
 */
export async function readText(options: ReadOptions): Promise<FilePosition> {
  const { bytes, buffer, signal } = options
  let { position } = options
  let filled = 0
  for (let stretches = 0; stretches < (options.stretchesMax ?? Infinity); stretches++) {
    if (signal?.aborted === true) break
    const wanted = position.underWay === null ? buffer.length : position.underWay.to - position.underWay.from
    const missing = Math.max(0, wanted - filled)
    const more = await bytes.into(buffer.subarray(filled, filled + missing))
    filled += more
    const whole = buffer.subarray(0, Math.min(filled, wanted))
    const there = position.underWay === null ? whole.subarray(0, bytesOfOneLoad(whole)) : whole
    const end = endOf(there, {
      isOver: more < missing && there.length === whole.length,
      takesRest: options.takesRest,
      isRepeated: position.underWay !== null,
    })
    if (end === 0) break
    position = await handOver(options, position, there.subarray(0, end))
    buffer.copyWithin(0, end, filled)
    filled -= end
  }
  return position
}

/** Lines are counted in the first bytes of each mebibyte, which is near enough for a bound of memory and 64 times less work. */
const countedEvery = 1024 * 1024
const countedBytes = 16 * 1024

/** How far short lines are one load: each takes memory of the engine besides its bytes. */
function bytesOfOneLoad(there: Buffer): number {
  let lines = 0
  for (let at = 0; at < there.length; at += countedEvery) {
    if (lines > loadLinesMax) return at
    const sample = there.subarray(at, at + countedBytes)
    for (let end = sample.indexOf(newline); end !== -1; end = sample.indexOf(newline, end + 1))
      lines += countedEvery / countedBytes
  }
  return there.length
}

/** How far the bytes that are there are whole lines. A line that fills the whole buffer is handed over in parts. */
function endOf(
  there: Buffer,
  { isOver, takesRest, isRepeated }: { isOver: boolean; takesRest: boolean; isRepeated: boolean },
): number {
  if (isRepeated || (isOver && takesRest)) return there.length
  const end = there.lastIndexOf(newline) + 1
  return end === 0 && !isOver ? there.length : end
}

async function handOver(options: ReadOptions, before: FilePosition, stretch: Buffer): Promise<FilePosition> {
  let position = before
  let from = 0
  for (let headers = 0; from < stretch.length; headers++) {
    const rest = stretch.subarray(from)
    const next = position.underWay !== null || headers >= headersMax ? -1 : nextHeader(rest)
    const piece = next === -1 ? rest : rest.subarray(0, next)
    position = await handOverPiece(options, position, piece)
    from += piece.length
  }
  return position
}

async function handOverPiece(options: ReadOptions, before: FilePosition, piece: Buffer): Promise<FilePosition> {
  const from = before.offset
  const header = headerFor(before, piece)
  const underWay = { from, to: from + piece.length }
  await options.positions.set({ ...before, header, underWay })
  const batch = {
    source: before.source,
    peer: '',
    position: `file:${before.id}:${underWay.from}-${underWay.to}`,
    ...(header === '' ? {} : { header }),
  }
  if (piece.length <= smallBytesMax) await options.take({ ...batch, lines: linesOf(piece) })
  else await options.takeChunk({ ...batch, bytes: piece })
  const position = advanced(before, piece, from, header)
  await options.positions.set(position)
  options.taken?.(piece.length)
  return position
}

/** A header stands at the head of the file, or where a piece begins because of it. */
function headerFor(position: FilePosition, piece: Buffer): string {
  const begin = piece.subarray(0, headerBytesMax)
  if (position.offset === 0) return headerOf(begin)
  if (begin[0] !== 0x23) return position.header
  const renewed = headerOf(begin)
  return renewed === '' ? position.header : renewed
}
