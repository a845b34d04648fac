import type { Observable, ObservableType } from '../model/observable.ts'
import { bitOf, dash, digit, dot, hexBits, high, stretchLength, underscore, unitAt } from './chars.ts'
import { type Cell, type Column, cellsOf, filenameIn } from './columns.ts'
import type { Refanged } from './edits.ts'
import { hostDomain, type Name } from './names.ts'
import { readAddress, readColons } from './read-addresses.ts'
import { readEmail } from './read-emails.ts'
import { readIdentifier } from './read-identifiers.ts'
import { readLabelled } from './read-labelled.ts'
import { readName } from './read-names.ts'
import { readAccount, readDrive, readEnvironment, readRegistry, readShare, readUnix } from './read-paths.ts'
import { readUrl } from './read-urls.ts'

/** A dotted word, and what `nameOf` said of it. Kept, so that a thousand times the same name is one string. */
export type KnownName = { written: string; name: Name | undefined }

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
  /** Whether what was found stands in the order of the text. */
  ordered = true
  #lastStart = -1
  #lastEnd = -1
  readonly versions = { lastEnd: -1 }
  /** Where the second of two names with a slash between them begins. */
  alternative = -1
  readonly patience = { falseChecksums: 0 }
  readonly #cells: readonly Cell[]
  #cell = 0
  readonly #names = new Map<string, KnownName>()
  readonly #domains = new Map<string, string>()

  constructor(refanged: Refanged) {
    this.refanged = refanged
    this.text = refanged.text
    this.#cells = cellsOf(refanged.text)
  }

  /** Observables with offsets in the refanged text; their `text` is a guess that the caller compares with the original. */
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

  /** `written` is what stands at [start, end), for a reader that has it at hand. */
  add(type: ObservableType, value: string, start: number, end: number, written = value): number {
    if (start < this.#lastStart || (start === this.#lastStart && end > this.#lastEnd)) this.ordered = false
    this.#lastStart = start
    this.#lastEnd = end
    this.found.push({ type, value, start, end, text: written })
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

  /** What was kept of a name that nothing around it weighs on. */
  knownName(written: string): KnownName | undefined {
    return this.#names.get(written)
  }

  keepName(known: KnownName): KnownName {
    if (this.#names.size < domainsMax) this.#names.set(known.written, known)
    return known
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
    const next = unitAt(text, to)
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
    // A single letter is at most a drive or the local part of a mail address, a single digit at most a spaced address.
    const single = end - start === 1
    const after = single && next !== 58 && next !== 64 ? -1 : this.#beforeMark(word, to, next)
    if (after >= 0) return after
    if ((single && allBits !== digit) || end - start > wordLengthMax) return to
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
