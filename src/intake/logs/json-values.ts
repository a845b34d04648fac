import type { Splitter } from './lines.ts'

/**
 * `value`: an object or an array, whole. `text`: what stood in a JSON string of a list. `loose`: what is no JSON, a line of it at a
 * time. `piece`: a part of a value that is larger than one may be.
 */
export type JsonPiece = { readonly kind: 'value' | 'text' | 'loose' | 'piece'; readonly bytes: Buffer }

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const lf = 0x0a
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]

/** AWS wraps the events of a delivery in {"Records":[...]}, Azure in {"records":[...]}; each is an event of its own. */
const wrapper = /^\{\s*"[Rr]ecords"\s*:\s*$/
const wrapperBytesMax = 64

/**
 * Takes a JSON text apart as it comes: the members of one list, or values one behind the other with or without line ends. Never parses
 * numbers or text, so that a value is the bytes that were sent. What is no JSON comes out as loose lines: nothing is dropped.
 * Holds one value of at most `valueBytesMax`.
 */
export function jsonSplitter(valueBytesMax: number, emit: (piece: JsonPiece) => void): Splitter {
  const reader = new JsonValues(valueBytesMax, emit)
  return { push: (chunk) => reader.push(chunk), end: () => reader.end() }
}

type Inside = 'between' | 'container' | 'string' | 'loose'

class JsonValues {
  readonly #emit: (piece: JsonPiece) => void
  readonly #valueBytesMax: number
  #inside: Inside = 'between'
  #list: 'none' | 'bare' | 'wrapped' = 'none'
  #isFirst = true
  #depth = 0
  #inString = false
  #escaped = false
  #wasCut = false
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(valueBytesMax: number, emit: (piece: JsonPiece) => void) {
    this.#valueBytesMax = valueBytesMax
    this.#emit = emit
  }

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#inside === 'between') at = this.#between(chunk, at)
      else if (this.#inside === 'container') at = this.#container(chunk, at)
      else if (this.#inside === 'string') at = this.#string(chunk, at)
      else at = this.#loose(chunk, at)
    }
  }

  end(): void {
    if (this.#heldBytes > 0) this.#give('loose')
  }

  /** Between two values: white space and commas mean nothing, the first bracket of all begins a list. */
  #between(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && isBlank(chunk[at])) at += 1
    const byte = chunk[at]
    if (byte === undefined) return at
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (byte === openBracket && isFirst) {
      this.#list = 'bare'
      return at + 1
    }
    if (byte === closeBracket && this.#list === 'bare') return at + 1
    if (this.#list === 'wrapped' && (byte === closeBracket || byte === closeBrace)) return at + 1
    if (byte === openBrace || byte === openBracket) this.#inside = 'container'
    else if (byte === quote && this.#list !== 'none') this.#inside = 'string'
    else this.#inside = 'loose'
    return at
  }

  #container(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === backslash) this.#escaped = true
        else if (byte === quote) this.#inString = false
      } else if (byte === quote) this.#inString = true
      else if (byte === openBrace || byte === openBracket) {
        if (this.#depth === 1 && byte === openBracket && this.#opensWrapper(chunk.subarray(from, at))) return at + 1
        this.#depth += 1
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth -= 1
        if (this.#depth === 0) {
          this.#hold(chunk.subarray(from, at + 1))
          this.#give('value')
          return at + 1
        }
      }
    }
    this.#hold(chunk.subarray(from))
    return chunk.length
  }

  /** The outermost object turns out to be the wrapper of a list: its first bytes are no event. */
  #opensWrapper(here: Buffer): boolean {
    if (this.#list !== 'none' || this.#wasCut || this.#heldBytes + here.length > wrapperBytesMax) return false
    if (!wrapper.test(Buffer.concat([...this.#held, here]).toString('latin1'))) return false
    this.#held = []
    this.#heldBytes = 0
    this.#depth = 0
    this.#list = 'wrapped'
    this.#inside = 'between'
    return true
  }

  #string(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at]
      const isOpening = this.#heldBytes === 0 && at === from && !this.#wasCut
      if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote && !isOpening) {
        this.#hold(chunk.subarray(from, at + 1))
        this.#give('text')
        return at + 1
      }
    }
    this.#hold(chunk.subarray(from))
    return chunk.length
  }

  /** No JSON begins here: to the end of the line, or in a list of bare values to the next comma. */
  #loose(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(lf, from)
    const stop =
      this.#list === 'none' ? end : firstOf(end, chunk.indexOf(comma, from), chunk.indexOf(closeBracket, from))
    this.#hold(chunk.subarray(from, stop === -1 ? chunk.length : stop))
    if (stop === -1) return chunk.length
    this.#give('loose')
    return stop
  }

  #hold(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + this.#valueBytesMax - this.#heldBytes)
      this.#held.push(piece)
      this.#heldBytes += piece.length
      at += piece.length
      if (this.#heldBytes < this.#valueBytesMax) continue
      this.#put('piece')
      this.#wasCut = true
    }
  }

  /** A value is over. What is left of one that was cut is a piece too. */
  #give(kind: JsonPiece['kind']): void {
    if (this.#heldBytes > 0) this.#put(this.#wasCut ? 'piece' : kind)
    this.#wasCut = false
    this.#inside = 'between'
    this.#inString = false
    this.#escaped = false
    this.#depth = 0
  }

  #put(kind: JsonPiece['kind']): void {
    const bytes = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    if (kind !== 'text') return this.#emit({ kind, bytes })
    const text = stringIn(bytes)
    this.#emit(text === null ? { kind: 'loose', bytes } : { kind, bytes: Buffer.from(text) })
  }
}

const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === lf || byte === 0x0d || byte === 0x09 || byte === comma

function firstOf(...places: readonly number[]): number {
  const found = places.filter((at) => at !== -1)
  return found.length === 0 ? -1 : Math.min(...found)
}

/** What a JSON string says; null when it is none. */
export function stringIn(bytes: Buffer): string | null {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

/** A value on one line: line ends and the white space around them are taken out, which stand outside of strings and say nothing. */
export function onOneLine(value: Buffer): Buffer {
  if (!value.includes(lf)) return value
  const kept = Buffer.allocUnsafe(value.length)
  let size = 0
  let inString = false
  let escaped = false
  for (const byte of value) {
    if (inString) {
      if (escaped) escaped = false
      else if (byte === backslash) escaped = true
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte !== comma && isBlank(byte)) continue
    kept[size] = byte
    size += 1
  }
  return kept.subarray(0, size)
}

/** Where the members of an object stand that `JSON.parse` has read already: name -> its value's bytes as they were sent. The last of equal names wins, as there. */
export function membersOf(object: Buffer): ReadonlyMap<string, Buffer> {
  const members = new Map<string, Buffer>()
  let depth = 0
  let inString = false
  let escaped = false
  let name: string | null = null
  let start = 0
  const finish = (end: number): void => {
    if (name !== null) members.set(name, trimmed(object.subarray(start, end)))
    name = null
  }
  for (let at = 0; at < object.length; at += 1) {
    const byte = object[at]
    if (inString) {
      if (escaped) escaped = false
      else if (byte === backslash) escaped = true
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === openBrace || byte === openBracket) {
      depth += 1
      if (depth === 1) start = at + 1
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
      if (depth === 0) finish(at)
    } else if (depth === 1 && byte === comma) {
      finish(at)
      start = at + 1
    } else if (depth === 1 && byte === 0x3a && name === null) {
      name = stringIn(trimmed(object.subarray(start, at)))
      start = at + 1
    }
  }
  return members
}

function trimmed(bytes: Buffer): Buffer {
  let [start, end] = [0, bytes.length]
  while (start < end && isBlank(bytes[start])) start += 1
  while (end > start && isBlank(bytes[end - 1])) end -= 1
  return bytes.subarray(start, end)
}
