/**
 * A text with its defanging and escaping undone, and the way back: every offset in `text` can be told as an offset in
 * the original. Undoing first keeps every recogniser free of the dozens of ways to write a dot.
 */
export type Refanged = {
  readonly text: string
  /** Offset in the original where the character at `index` begins. */
  readonly startOf: (index: number) => number
  /** Offset in the original just after the character before `index`. */
  readonly endOf: (index: number) => number
  /** True when a person defanged something in this range: nobody writes `notes[.]md`, so the word is a network name. */
  readonly defanged: (start: number, end: number) => boolean
}

/** Numbers kept of each edit: original [from, to) became [at, until), and so many edits up to this one undid a defang. */
const rowLength = 5
const [fromColumn, toColumn, atColumn, untilColumn, defangsColumn] = [0, 1, 2, 3, 4]
const firstRows = 64

/**
 * The edits of one text, from its beginning to its end, and the new text as they make it. All in columns of numbers: hostile
 * texts have a million edits, for which objects or growing lists of strings cost more than everything else.
 */
export class Edits {
  count = 0
  /** Where the last edit ends in the original. */
  last = 0
  readonly #original: string
  #rows = new Int32Array(firstRows * rowLength)
  /** The new text; made with the first edit. No edit makes a text longer. */
  #units = new Uint16Array(0)
  #length = 0
  #defangs = 0

  constructor(original: string) {
    this.#original = original
  }

  /** Original [from, to) becomes `into`; `defangs` when a person had written it so to make it harmless. Returns `to`. */
  add(from: number, to: number, into: string, defangs: boolean): number {
    if (this.count === 0) this.#units = new Uint16Array(this.#original.length)
    this.#copy(from)
    const row = this.count * rowLength
    if (row === this.#rows.length) {
      const more = new Int32Array(this.#rows.length * 2)
      more.set(this.#rows)
      this.#rows = more
    }
    const at = this.#length
    for (let i = 0; i < into.length; i++) this.#units[this.#length++] = into.charCodeAt(i)
    if (defangs) this.#defangs++
    const rows = this.#rows
    rows[row + fromColumn] = from
    rows[row + toColumn] = to
    rows[row + atColumn] = at
    rows[row + untilColumn] = this.#length
    rows[row + defangsColumn] = this.#defangs
    this.count++
    this.last = to
    return to
  }

  /** After the last edit. */
  refanged(): Refanged {
    if (this.count === 0) {
      return { text: this.#original, startOf: (i) => i, endOf: (i) => i, defanged: () => false }
    }
    this.#copy(this.#original.length)
    const rows = this.#rows
    const number = (row: number, column: number) => rows[row * rowLength + column] as number
    const startOf = (index: number) => {
      const k = this.#upTo(index) - 1
      if (k < 0) return index
      const past = index - number(k, untilColumn)
      return past < 0 ? number(k, fromColumn) : number(k, toColumn) + past
    }
    const endOf = (index: number) => {
      const k = this.#upTo(index - 1) - 1
      if (k < 0) return index
      const past = index - number(k, untilColumn)
      return number(k, toColumn) + Math.max(0, past)
    }
    const defangs = (count: number) => (count === 0 ? 0 : number(count - 1, defangsColumn))
    const defanged = (start: number, end: number) => defangs(this.#upTo(end - 1)) > defangs(this.#upTo(start - 1))
    const text = Buffer.from(this.#units.buffer, 0, this.#length * 2).toString('utf16le')
    return { text, startOf, endOf, defanged }
  }

  #copy(to: number): void {
    const original = this.#original
    const units = this.#units
    let length = this.#length
    for (let i = this.last; i < to; i++) units[length++] = original.charCodeAt(i)
    this.#length = length
  }

  /** The number of edits that begin at or before `index` of the new text. */
  #upTo(index: number): number {
    let low = 0
    let top = this.count
    while (low < top) {
      const mid = (low + top) >> 1
      if ((this.#rows[mid * rowLength + atColumn] as number) <= index) low = mid + 1
      else top = mid
    }
    return low
  }
}
