/** A mail of an mbox file, counted from 1. `bytes` is null where it is larger than the limit; `sizeBytes` says how large. */
export type MboxMember = { readonly number: number; readonly bytes: Buffer | null; readonly sizeBytes: number }

const lf = 0x0a
const cr = 0x0d
/** A separator line is at most an address, a date and a remark. */
const separatorBytesMax = 1024

/** "From someone@example.com Mon Nov  2 09:15:00 2026": always with a time of day. A sentence that begins with "From " rarely has one. */
function isSeparator(line: string): boolean {
  return /^From \S+ .*\d{1,2}:\d{2}/.test(line)
}

type Found =
  | { readonly kind: 'none' }
  | { readonly kind: 'wait'; readonly at: number }
  | { readonly kind: 'found'; readonly at: number; readonly end: number }

/** The next separator line after an empty line; `wait` where its line is not complete yet. */
function nextSeparator(buffer: Buffer, from: number, isEnd: boolean): Found {
  let at = from
  for (;;) {
    const newline = buffer.indexOf('\nFrom ', at)
    if (newline < 0) return { kind: 'none' }
    const afterEmptyLine = buffer[newline - 1] === lf || (buffer[newline - 1] === cr && buffer[newline - 2] === lf)
    const end = buffer.indexOf(lf, newline + 1)
    if (end < 0 && !isEnd && buffer.length - newline < separatorBytesMax) return { kind: 'wait', at: newline }
    const isWhole = end >= 0 || isEnd
    if (
      afterEmptyLine &&
      isWhole &&
      isSeparator(buffer.toString('latin1', newline + 1, end < 0 ? buffer.length : end).trimEnd())
    ) {
      return { kind: 'found', at: newline + 1, end: end < 0 ? buffer.length : end + 1 }
    }
    at = newline + 1
  }
}

/** ">From " at the start of a line was "From ", ">>From " was ">From " (mboxrd; mboxo differs only where a text had it so itself). */
function unquote(bytes: Buffer): Buffer {
  if (!bytes.includes('>From ')) return bytes
  const pieces: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf('From '); at >= 0; at = bytes.indexOf('From ', at + 1)) {
    let start = at
    while (start > from && bytes[start - 1] === 0x3e) start--
    if (start === at || (start > 0 && bytes[start - 1] !== lf)) continue
    pieces.push(bytes.subarray(from, start))
    from = start + 1
  }
  pieces.push(bytes.subarray(from))
  return Buffer.concat(pieces)
}

/** The empty line before the next separator belongs to the mbox, not to the mail. */
function withoutLastEmptyLine(bytes: Buffer): Buffer {
  const { length } = bytes
  if (bytes[length - 1] !== lf) return bytes
  if (bytes[length - 2] === lf) return bytes.subarray(0, length - 1)
  return bytes[length - 2] === cr && bytes[length - 3] === lf ? bytes.subarray(0, length - 2) : bytes
}

/** Gathers the bytes of one mail and lets go of them when there are too many. */
class Member {
  private chunks: Buffer[] = []
  private held = 0
  private readonly bytesMax: number
  sizeBytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  add(bytes: Buffer): void {
    this.sizeBytes += bytes.length
    // A little more than allowed, for the quoting and the last line that still go.
    if (this.held + bytes.length > this.bytesMax + separatorBytesMax) this.chunks = []
    if (this.sizeBytes <= this.bytesMax + separatorBytesMax) {
      this.chunks.push(Buffer.from(bytes))
      this.held += bytes.length
    }
  }

  done(number: number): MboxMember {
    if (this.sizeBytes > this.bytesMax + separatorBytesMax) return { number, bytes: null, sizeBytes: this.sizeBytes }
    const bytes = unquote(withoutLastEmptyLine(Buffer.concat(this.chunks)))
    return bytes.length > this.bytesMax
      ? { number, bytes: null, sizeBytes: bytes.length }
      : { number, bytes, sizeBytes: bytes.length }
  }
}

/**
 * The mails of an mbox (mboxo, mboxrd; LF or CRLF), one at a time: memory holds one mail and one chunk. What has no separator line at
 * its beginning is one mail.
 */
export async function* splitMbox(source: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<MboxMember> {
  let buffer: Buffer = Buffer.alloc(0)
  let member = new Member(bytesMax)
  let number = 0
  let begun = false
  const scan = function* (isEnd: boolean): Generator<MboxMember> {
    if (!begun) {
      const end = buffer.indexOf(lf)
      if (end < 0 && !isEnd && buffer.length < separatorBytesMax) return
      begun = true
      const first = buffer.toString('latin1', 0, Math.max(0, end)).trimEnd()
      if (/^From \S/.test(first)) buffer = buffer.subarray(end + 1)
    }
    for (;;) {
      const found = nextSeparator(buffer, 0, isEnd)
      if (found.kind === 'found') {
        member.add(buffer.subarray(0, found.at))
        yield member.done(++number)
        member = new Member(bytesMax)
        buffer = buffer.subarray(found.end)
        continue
      }
      // What may still become a separator stays, with the empty line before it.
      const keepFrom = isEnd
        ? buffer.length
        : Math.max(0, Math.min(found.kind === 'wait' ? found.at : buffer.length, buffer.length - 8) - 3)
      member.add(buffer.subarray(0, keepFrom))
      buffer = buffer.subarray(keepFrom)
      return
    }
  }
  for await (const chunk of source) {
    buffer = buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([buffer, chunk])
    yield* scan(false)
  }
  yield* scan(true)
  if (member.sizeBytes > 0) yield member.done(++number)
}
