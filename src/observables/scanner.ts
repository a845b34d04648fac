import type { Observable, ObservableType } from '../model/observable.ts'
import { bitOf, dash, digit, dot, hexBits, high, lowerBits, stretchLength, underscore } from './chars.ts'
import { type Cell, type Column, cellsOf, filenameIn } from './columns.ts'
import type { Refanged } from './edits.ts'
import { type Around, hostDomain, type Name, nameOf } from './names.ts'
import { readAddress, readColons } from './read-addresses.ts'
import { readEmail } from './read-emails.ts'
import { readIdentifier } from './read-identifiers.ts'
import { readLabelled } from './read-labelled.ts'
import { readName } from './read-names.ts'
import { readAccount, readDrive, readEnvironment, readRegistry, readShare, readUnix } from './read-paths.ts'
import { readUrl } from './read-urls.ts'

/** A maximal run of letters, digits, dots, dashes and underscores, without dots and dashes at its edges. */
export type Word = { start: number; end: number; bits: number }

/** A word longer than this is a blob; nothing we look for has such a name. */
export const wordLengthMax = 512

/**
 * One pass over a text. Each word is looked at once, by what its characters allow, and a reader that takes a longer stretch
 * (a URL, a path) says where to go on: so no byte is read more than a bounded number of times.
 */
export class Scanner {
  readonly text: string
  readonly refanged: Refanged
  readonly found: Observable[] = []
  readonly versions = { lastEnd: -1 }
  /** Where the second of two names with a slash between them begins. */
  alternative = -1
  readonly patience = { falseChecksums: 0 }
  readonly #cells: readonly Cell[]
  #cell = 0
  readonly #names = new Map<string, Name | null>()
  readonly #domains = new Map<string, string>()

  constructor(refanged: Refanged) {
    this.refanged = refanged
    this.text = refanged.text
    this.#cells = cellsOf(refanged.text)
  }

  /** Observables with offsets in the refanged text; what stood in the original is for the caller to fill in. */
  run(): Observable[] {
    for (let i = 0; i < this.text.length; ) i = this.#stretch(i, Math.min(this.text.length, i + stretchLength))
    return this.found
  }

  #stretch(from: number, to: number): number {
    const { text } = this
    let i = from
    while (i < to) {
      const bit = bitOf(text.charCodeAt(i))
      if (bit === 0) {
        i = this.#mark(i)
        continue
      }
      let bits = bit
      let end = i + 1
      for (; end < text.length; end++) {
        const next = bitOf(text.charCodeAt(end))
        if (next === 0) break
        bits |= next
      }
      i = this.#word(i, end, bits)
    }
    return i
  }

  add(type: ObservableType, value: string, start: number, end: number): number {
    this.found.push({ type, value, start, end, text: '' })
    return end
  }

  /** `hostDomain`, once for each name: the same few names fill a report, and the public suffix list costs the most of all. */
  readonly domain = (host: string): string | undefined => {
    const known = this.#domains.get(host)
    if (known !== undefined) return known === '' ? undefined : known
    const domain = hostDomain(host)
    if (this.#domains.size < domainsMax) this.#domains.set(host, domain ?? '')
    return domain
  }

  /** `nameOf`, once for each name that nothing around it weighs on. */
  name(text: string, around: Around): Name | undefined {
    if (around.defanged || around.detection || !isNeutral(text, around)) return nameOf(text, around, this.domain)
    const known = this.#names.get(text)
    if (known !== undefined) return known ?? undefined
    const name = nameOf(text, around, this.domain)
    if (this.#names.size < domainsMax) this.#names.set(text, name ?? null)
    return name
  }

  /** The column this offset stands in, when its head says something. Offsets must not go back. */
  columnAt(offset: number): Column | undefined {
    return this.cellAt(offset)?.column
  }

  cellAt(offset: number): Cell | undefined {
    while (this.#cell < this.#cells.length && (this.#cells[this.#cell] as Cell).end <= offset) this.#cell++
    const cell = this.#cells[this.#cell]
    return cell !== undefined && cell.start <= offset ? cell : undefined
  }

  /** What begins with a mark: `%TEMP%\…`, `\\server\…`, `/etc/…`, `::1`. */
  #mark(i: number): number {
    switch (this.text.charCodeAt(i)) {
      case 37: // %
        return readEnvironment(this, i)
      case 47: // /
      case 126: // ~
        return readUnix(this, i)
      case 58: // :
        return this.text.charCodeAt(i + 1) === 58 ? readColons(this, i) : i + 1
      case 92: // backslash
        return readShare(this, i)
      default:
        return i + 1
    }
  }

  #word(from: number, to: number, bits: number): number {
    const { text } = this
    let start = from
    let end = to
    while (end > start && isEdge(text.charCodeAt(end - 1))) end--
    while (start < end && isEdge(text.charCodeAt(start))) start++
    if (start === end) return to
    const allBits = end - start === to - from ? bits : bitsOf(text, start, end)
    const next = text.charCodeAt(to)
    // Most words of prose: no digit, no dot, and behind them a space. They end here.
    if (next === 32 && (allBits & telling) === 0 && !mayGoOn(text, start, end)) return to
    const word = { start, end, bits: allBits }
    const cell = this.cellAt(start)
    if (cell?.column === 'filename') {
      const name = filenameIn(text, cell)
      if (name !== undefined && name.start <= start && start < name.end) {
        return Math.max(this.add('filename', text.slice(name.start, name.end), name.start, name.end), to)
      }
    }
    const after = this.#beforeMark(word, to, next)
    if (after >= 0) return after
    if (end - start > wordLengthMax) return to
    return Math.max(to, this.#alone(word))
  }

  /** A word whose meaning the mark behind it decides. -1 when it does not. */
  #beforeMark(word: Word, to: number, next: number): number {
    switch (next) {
      case 58: {
        const url = readUrl(this, word, to)
        if (url >= 0) return url
        const drive = readDrive(this, word, to)
        if (drive >= 0) return drive
        const isHex = (word.bits & ~hexBits) === 0
        const colons = isHex && to === word.end && to - word.start <= 10 ? readColons(this, word.start) : -1
        if (colons > to) return colons
        break
      }
      case 64:
        return readEmail(this, word, to)
      case 92: {
        const key = readRegistry(this, word, to)
        if (key >= 0) return key
        const account = readAccount(this, word, to)
        if (account >= 0) return account
        break
      }
    }
    const key = next === 58 ? readRegistry(this, word, to) : -1
    return key >= 0 ? key : readLabelled(this, word, to)
  }

  #alone(word: Word): number {
    const identifier = readIdentifier(this, word)
    if (identifier >= 0) return identifier
    const address = readAddress(this, word)
    if (address >= 0) return address
    return readName(this, word)
  }
}

/** Names kept from one text; a report has hundreds, and beyond this the text is a list in which none comes twice. */
const domainsMax = 4096

/**
 * Space, a quote or the like on both sides, and no sentence running on (which matters to the two-letter suffixes that are
 * English words): then only the name itself says what it is.
 */
function isNeutral(text: string, around: Around): boolean {
  const before = around.before.charCodeAt(0)
  if (before === 47 || before === 92 || before === 64 || before === 37) return false
  const after = around.after.charCodeAt(0)
  if (after === 40 || after === 58) return false
  if (after !== 32 || text.charCodeAt(text.length - 3) !== 46) return true
  return (bitOf(around.afterNext.charCodeAt(0)) & lowerBits) === 0
}

/** What a plain word of prose has none of. */
const telling = digit | dot | dash | underscore | high

/** "UA", "mutex", "ASN" and "CVE" mean something even with a space behind them. */
function mayGoOn(text: string, start: number, end: number): boolean {
  const length = end - start
  if (length === 2) return (text.charCodeAt(start) | 32) === 117
  const first = text.charCodeAt(start) | 32
  return length === 3 ? first === 97 || first === 99 : first === 109 && (length === 5 || length === 6)
}

function bitsOf(text: string, start: number, end: number): number {
  let bits = 0
  for (let i = start; i < end; i++) bits |= bitOf(text.charCodeAt(i))
  return bits
}

function isEdge(code: number): boolean {
  return code === 46 || code === 45
}
