import { Trouble } from '../../kit/errors.ts'

/** The largest event of MISP's public feeds has some 40 MB; one object of STIX a few KB. Only one is held at a time. */
export const elementBytesMax = 64 * 1024 * 1024
/** A name of a member longer than this is none that we look for. */
const nameBytesMax = 64

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const opening: ReadonlySet<number> = new Set([0x7b, 0x5b])
const closing: ReadonlySet<number> = new Set([0x7d, 0x5d])

/** One JSON object, and the name of the member of the whole that it stands in ("" in a list that is the whole). */
export type Element = { readonly name: string; readonly text: string }

/**
 * The objects in the members `names` of a JSON object (each the object itself, or those of a list), or those of a list that is the whole:
 * a bundle of a gigabyte passes by with one object in memory. Throws Trouble('file.invalid') where the text ends in the middle,
 * Trouble('input.too-large') for an element that is none.
 */
export async function* jsonElements(
  bytes: AsyncIterable<Uint8Array>,
  names: readonly string[],
): AsyncGenerator<Element> {
  const scan = new Scan(new Set(names))
  for await (const chunk of bytes) yield* scan.take(chunk)
  scan.end()
}

/** Names of the members of a JSON object, as far as its beginning tells. */
export function memberNames(beginning: Uint8Array): ReadonlySet<string> {
  const scan = new Scan(new Set())
  for (const element of scan.take(beginning)) throw new Error(`nothing was looked for, and found: ${element.name}`)
  return scan.seen
}

class Scan {
  readonly #names: ReadonlySet<string>
  /** The signs that are open: "{" or "[". */
  readonly #open: number[] = []
  #inText = false
  #escaped = false
  /** Letters of a name, while it may be one of the whole's. */
  #letters: number[] | null = null
  /** A text of the whole that is a name if a colon follows it. */
  #said = ''
  #name = ''
  /** Depth at which the element under way began; -1: none is. */
  #depth = -1
  #pieces: Uint8Array[] = []
  #bytes = 0
  #begun = false

  /** Names of the whole's members so far. */
  readonly seen = new Set<string>()

  constructor(names: ReadonlySet<string>) {
    this.#names = names
  }

  *take(chunk: Uint8Array): Generator<Element> {
    let from = this.#depth === -1 ? -1 : 0
    for (let at = 0; at < chunk.length; at += 1) {
      const sign = chunk[at] as number
      if (this.#inText) {
        this.#textSign(sign)
        continue
      }
      if (sign === quote) {
        this.#inText = true
        this.#letters = this.#isInWhole() ? [] : null
      } else if (sign === colon && this.#isInWhole()) {
        this.#name = this.#said
        this.seen.add(this.#name)
      } else if (opening.has(sign)) {
        if (this.#depth === -1 && sign === 0x7b && this.#isWanted()) {
          this.#depth = this.#open.length
          from = at
        }
        this.#open.push(sign)
        this.#begun = true
      } else if (closing.has(sign)) {
        this.#open.pop()
        if (this.#depth !== -1 && this.#open.length === this.#depth) {
          this.#keep(chunk.subarray(from, at + 1))
          yield this.#made()
          from = -1
        }
      }
    }
    if (from !== -1) this.#keep(chunk.slice(from))
  }

  end(): void {
    if (!this.#begun || this.#open.length > 0 || this.#inText) {
      throw new Trouble('file.invalid', { problem: 'the JSON ends in the middle: it was cut short, or is none' })
    }
  }

  #textSign(sign: number): void {
    if (this.#escaped) this.#escaped = false
    else if (sign === backslash) this.#escaped = true
    else if (sign === quote) {
      this.#inText = false
      if (this.#letters !== null) this.#said = String.fromCharCode(...this.#letters)
      this.#letters = null
      return
    }
    if (this.#letters !== null && this.#letters.length < nameBytesMax) this.#letters.push(sign)
  }

  #isInWhole(): boolean {
    return this.#open.length === 1 && this.#open[0] === 0x7b
  }

  #isWanted(): boolean {
    const [whole, list, ...more] = this.#open
    if (more.length > 0) return false
    if (whole === 0x5b) return list === undefined
    return whole === 0x7b && (list === undefined || list === 0x5b) && this.#names.has(this.#name)
  }

  #keep(piece: Uint8Array): void {
    this.#bytes += piece.length
    if (this.#bytes > elementBytesMax) {
      throw new Trouble('input.too-large', {
        mostMiB: elementBytesMax / 1024 / 1024,
        problem: 'one object of the JSON',
      })
    }
    this.#pieces.push(piece)
  }

  #made(): Element {
    const text = new TextDecoder().decode(this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces))
    this.#pieces = []
    this.#bytes = 0
    this.#depth = -1
    return { name: this.#open[0] === 0x5b ? '' : this.#name, text }
  }
}
