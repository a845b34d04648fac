/** The longest count taken for one: 99,999,999 bytes are a hundred of the longest lines; more digits than these begin a text. */
const countDigitsMax = 8

const lf = 0x0a
const cr = 0x0d
const nul = 0x00
const space = 0x20
const lessThan = 0x3c

/** What the first bytes of a frame say: its size by count, that it ends at a trailer, or nothing yet. */
type Opening =
  | { readonly kind: 'counted'; readonly bytes: number; readonly headerBytes: number }
  | { readonly kind: 'trailed' }
  | { readonly kind: 'unclear' }

/**
 * Takes the messages out of one sender's stream as RFC 6587 describes them: by octet count ("83 <34>1 ..."), or by a trailer, LF (with
 * or without CR before it) or NUL, whichever the sender uses first. Senders may mix counts and trailers.
 * A count is believed when a "<" stands behind it, or when this sender has counted before: "2 123456789012 eni-..." is a flow log.
 * Nothing is thrown away: what is longer than `lineBytesMax` comes in pieces of that size, and `cut` gives what was begun.
 * Holds at most `lineBytesMax` bytes besides the chunk.
 */
export class Frames {
  readonly #emit: (line: Buffer) => void
  readonly #lineBytesMax: number
  #held: Buffer[] = []
  #heldBytes = 0
  /** Bytes of the counted frame that are still to come; null between counted frames. */
  #toCome: number | null = null
  #trailed = false
  #trailer: typeof lf | typeof nul | null = null
  #hasCounted = false

  constructor(lineBytesMax: number, emit: (line: Buffer) => void) {
    this.#lineBytesMax = lineBytesMax
    this.#emit = emit
  }

  /** Bytes of a line that has begun and not ended. */
  get unfinishedBytes(): number {
    return this.#heldBytes
  }

  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#toCome !== null) rest = this.#counted(rest)
      else if (this.#trailed) rest = this.#untilTrailer(rest)
      else rest = this.#open(rest)
    }
  }

  /** Gives out what has begun, as it is; what still comes of it is a line of its own. */
  cut(): void {
    this.#give()
  }

  /** The stream is over. */
  end(): void {
    this.#give()
    this.#toCome = null
    this.#trailed = false
  }

  #open(chunk: Buffer): Buffer {
    let at = 0
    // Empty lines, and the trailer that some senders write behind a counted message as well.
    if (this.#heldBytes === 0) while (isTrailer(chunk[at])) at += 1
    const begun = this.#heldBytes === 0 ? chunk.subarray(at) : Buffer.concat([...this.#held, chunk])
    this.#held = []
    this.#heldBytes = 0
    if (begun.length === 0) return begun
    const opening = openingOf(begun, this.#hasCounted)
    if (opening.kind === 'unclear') {
      this.#hold(begun)
      return begun.subarray(begun.length)
    }
    if (opening.kind === 'trailed') {
      this.#trailed = true
      return begun
    }
    this.#hasCounted = true
    this.#toCome = opening.bytes
    return begun.subarray(opening.headerBytes)
  }

  #counted(chunk: Buffer): Buffer {
    const toCome = this.#toCome ?? 0
    const taken = Math.min(toCome, chunk.length, this.#lineBytesMax - this.#heldBytes)
    this.#hold(chunk.subarray(0, taken))
    const left = toCome - taken
    this.#toCome = left === 0 ? null : left
    if (left === 0 || this.#heldBytes >= this.#lineBytesMax) this.#give()
    return chunk.subarray(taken)
  }

  #untilTrailer(chunk: Buffer): Buffer {
    const at = this.#trailerIn(chunk)
    const end = at === -1 ? chunk.length : at
    const taken = Math.min(end, this.#lineBytesMax - this.#heldBytes)
    this.#hold(chunk.subarray(0, taken))
    if (taken < end) {
      this.#give()
      return chunk.subarray(taken)
    }
    if (at === -1) {
      if (this.#heldBytes >= this.#lineBytesMax) this.#give()
      return chunk.subarray(end)
    }
    this.#give()
    this.#trailed = false
    return chunk.subarray(end + 1)
  }

  /** Place of the trailer; the first one seen says which of the two this sender uses. */
  #trailerIn(chunk: Buffer): number {
    if (this.#trailer !== null) return chunk.indexOf(this.#trailer)
    const places = [chunk.indexOf(lf), chunk.indexOf(nul)].filter((at) => at !== -1)
    if (places.length === 0) return -1
    const at = Math.min(...places)
    this.#trailer = chunk[at] === nul ? nul : lf
    return at
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  #give(): void {
    const [only] = this.#held
    const line = this.#held.length === 1 && only !== undefined ? only : Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    const bare = withoutLineEnd(line)
    if (bare.length > 0) this.#emit(bare)
  }
}

/** A message without the line end at its end: LF, CRLF, a lone CR, and the NUL that C programs send along. */
export function withoutLineEnd(message: Buffer): Buffer {
  let end = message.length
  while (end > 0 && isTrailer(message[end - 1])) end -= 1
  return message.subarray(0, end)
}

const isTrailer = (byte: number | undefined): boolean => byte === lf || byte === cr || byte === nul
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

function openingOf(bytes: Buffer, hasCounted: boolean): Opening {
  if (!isDigit(bytes[0]) || bytes[0] === 0x30) return { kind: 'trailed' }
  let digits = 1
  while (digits <= countDigitsMax && isDigit(bytes[digits])) digits += 1
  if (digits > countDigitsMax) return { kind: 'trailed' }
  if (bytes.length === digits) return { kind: 'unclear' }
  if (bytes[digits] !== space) return { kind: 'trailed' }
  const counted: Opening = {
    kind: 'counted',
    bytes: Number(bytes.toString('latin1', 0, digits)),
    headerBytes: digits + 1,
  }
  if (hasCounted) return counted
  if (bytes.length === digits + 1) return { kind: 'unclear' }
  return bytes[digits + 1] === lessThan ? counted : { kind: 'trailed' }
}
