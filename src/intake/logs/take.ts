import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { plainAddress } from '../../kit/ip-ranges.ts'
import { lineBytesMax, type TakeLogs } from '../../model/lake.ts'
import type { HecCode, LogPost, LogPostDoor } from '../../model/log-post.ts'
import { headerOf } from './header.ts'
import { hecLine } from './hec.ts'
import { type JsonPiece, jsonSplitter, onOneLine } from './json-values.ts'
import { lineSplitter, type Splitter } from './lines.ts'
import { type TextLimits, textOf } from './text.ts'

/** Handed to the lake at once. A body is cut by these alone, so that the same body sent again is cut in the same places. */
const batchLinesMax = 10_000
const batchBytesMax = 1024 * 1024
/** One HEC event with its envelope: the longest line, every character escaped once. */
const hecEventBytesMax = 2 * lineBytesMax
/** An Idempotency-Key is a UUID or a name; longer ones are somebody's mistake. */
export const keyCharactersMax = 255

/**
 * Takes a request's lines as they arrive: at most a batch of them is in memory, and the sender is read no faster than the lake takes.
 * Resolves when all of them would survive `kill -9`. Throws Trouble: 'lake.full' (what was handed over before stays: send the same
 * request again, with an Idempotency-Key to have it once), 'input.too-large', 'input.invalid'.
 */
export function makeTakeLogPost(options: {
  readonly takeLogs: TakeLogs
  readonly limits?: TextLimits
}): LogPostDoor['take'] {
  return async (post) => {
    if ((post.idempotencyKey?.length ?? 0) > keyCharactersMax)
      throw new Trouble('input.invalid', { fields: { 'idempotency-key': `At most ${keyCharactersMax} characters.` } })
    const batch = new Batches(post, options.takeLogs)
    const reader = readerOf(post, (line) => batch.add(line))
    for await (const chunk of textOf(post.body, post.contentEncoding, options.limits)) {
      for (const piece of inPieces(chunk)) {
        reader.push(piece)
        await batch.sendFull()
        if (reader.refused() !== null) break
      }
      if (reader.refused() !== null) break
    }
    if (reader.refused() === null) reader.end()
    await batch.sendRest()
    const refused = reader.refused()
    if (refused !== null) return { kind: 'refused', ...refused, lines: batch.lines }
    return { kind: 'taken', lines: batch.lines, bytes: batch.bytes }
  }
}

/** Pieces of a chunk: what comes of one is at most a few batches, however far a chunk was unpacked. */
const pieceBytes = 256 * 1024

function* inPieces(chunk: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < chunk.length; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes)
}

/** Lines of one request on their way to the lake, in its order. */
class Batches {
  lines = 0
  bytes = 0
  readonly #post: LogPost
  readonly #takeLogs: TakeLogs
  readonly #position: string | null
  #waiting: Buffer[] = []
  #number = 0

  constructor(post: LogPost, takeLogs: TakeLogs) {
    this.#post = post
    this.#takeLogs = takeLogs
    this.#position = post.idempotencyKey === null ? null : `http:${sha256Hex(post.idempotencyKey)}`
  }

  add(line: Buffer): void {
    this.#waiting.push(line)
  }

  async sendFull(): Promise<void> {
    for (let count = this.#countOfNext(); count !== null; count = this.#countOfNext()) await this.#send(count)
  }

  async sendRest(): Promise<void> {
    await this.sendFull()
    if (this.#waiting.length > 0) await this.#send(this.#waiting.length)
  }

  /** How many of the waiting lines make a full batch; null when they do not fill one. */
  #countOfNext(): number | null {
    let bytes = 0
    for (const [place, line] of this.#waiting.entries()) {
      bytes += line.length
      if (place + 1 >= batchLinesMax || bytes >= batchBytesMax) return place + 1
    }
    return null
  }

  async #send(count: number): Promise<void> {
    const lines = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    const position = this.#position === null ? null : `${this.#position}:${this.#number}`
    this.#number += 1
    const { source, peer } = this.#post
    await this.#takeLogs({ source, peer: plainAddress(peer), lines, position })
    this.lines += lines.length
    for (const line of lines) this.bytes += line.length
  }
}

type Refused = { readonly why: HecCode; readonly event: number }
type Reader = Splitter & { readonly refused: () => Refused | null }

function readerOf(post: LogPost, add: (line: Buffer) => void): Reader {
  if (post.form === 'hec-events') return hecReader(add)
  if (post.form === 'hec-raw') {
    const header = Buffer.from(headerOf({ host: post.said['host'], more: without(post.said, 'host') }))
    const addUnder = header.length === 0 ? add : (line: Buffer): void => add(Buffer.concat([header, line]))
    return { ...lineSplitter(lineBytesMax, addUnder), refused: () => null }
  }
  return { ...byItsLooks(post.contentType, add), refused: () => null }
}

const jsonTypes = new Set(['application/json', 'text/json'])
const lineTypes = /^(?:text\/|application\/(?:x-)?(?:ndjson|jsonlines|jsonl)\b)/
/** A list of objects or the wrapper of one. A text may begin with "[" as well: "[Fri Nov 20 10:00:00 2026] [error] ...". */
const looksLikeList = /^\s*(?:\[\s*[{\]]|\{\s*"[Rr]ecords"\s*:\s*\[)/

/** So much of a body is looked at: white space, and the beginning of a wrapper. */
const looksBytes = 200

/** Lines, or JSON values where the type says JSON; where it says neither, the first bytes decide. */
function byItsLooks(contentType: string, add: (line: Buffer) => void): Splitter {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const json = (): Splitter => jsonSplitter(lineBytesMax, (piece) => add(lineOf(piece)))
  const lines = (): Splitter => lineSplitter(lineBytesMax, add)
  if (jsonTypes.has(type)) return json()
  if (lineTypes.test(type)) return lines()
  let head = Buffer.alloc(0)
  let chosen: Splitter | null = null
  const choose = (): void => {
    chosen = looksLikeList.test(head.toString('latin1')) ? json() : lines()
    chosen.push(head)
  }
  return {
    push: (chunk) => {
      if (chosen !== null) return chosen.push(chunk)
      head = Buffer.concat([head, chunk])
      if (head.length >= looksBytes) choose()
    },
    end: () => {
      if (chosen === null) choose()
      chosen?.end()
    },
  }
}

const lineOf = (piece: JsonPiece): Buffer => (piece.kind === 'value' ? onOneLine(piece.bytes) : piece.bytes)

/** Events one behind the other, as HEC batches them; the first that cannot be read ends it, as there. */
function hecReader(add: (line: Buffer) => void): Reader {
  let refused: Refused | null = null
  let events = 0
  const splitter = jsonSplitter(hecEventBytesMax, ({ kind, bytes }) => {
    if (refused !== null) return
    const made = kind === 'value' ? hecLine(bytes) : ({ kind: 'refused', why: 'invalidFormat' } as const)
    if (made.kind === 'refused') refused = { why: made.why, event: events }
    else for (let at = 0; at < made.line.length; at += lineBytesMax) add(made.line.subarray(at, at + lineBytesMax))
    events += 1
  })
  return {
    push: splitter.push,
    end: () => {
      splitter.end()
      if (events === 0) refused = { why: 'noData', event: 0 }
    },
    refused: () => refused,
  }
}

function without(said: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(said).filter(([one]) => one !== name))
}
