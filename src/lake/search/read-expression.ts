import { isIP } from 'node:net'
import { Trouble } from '../../kit/errors.ts'
import {
  comparisons,
  type Expression,
  expressionCharsMax,
  joined,
  type Match,
  nestingMax,
  type Pattern,
  standsForItself,
  termsMax,
} from './expression.ts'

/** A field's name without quotes; "@timestamp" and "process.file.path" are names. */
const fieldName = /^[a-z_@][\w.@-]*$/i
/** "1..5", "192.0.2.1..192.0.2.9", "2026-11-01..2026-11-03": from a digit (or a letter of an IPv6 address) to one. */
const range = /^([0-9a-f:][0-9a-fz:.t+-]*?)\.\.([0-9a-f:][0-9a-fz:.t+-]*)$/i

/** Two addresses of IPv6 and their dots have 80; the pattern is quadratic in what it reads. */
const rangeCharsMax = 100

/** A quotation mark, a backslash and a star are themselves after a backslash; before anything else a backslash is one, as in a path. */
const escapable = new Set(['"', '\\', '*'])
const escapableOutside = new Set([...escapable, '(', ')', ',', ':', ' '])

/** What is wrong with a query, where (characters from 1), and what to do about it. */
export function unreadable(problem: string, at: number): Trouble {
  return new Trouble('lake.query', { problem, character: at + 1 })
}

/** Reads what a person typed. An empty text is everything. Throws Trouble('lake.query') with the place. */
export function readExpression(text: string): Expression {
  if (text.length > expressionCharsMax) {
    throw unreadable(
      `The query is longer than ${expressionCharsMax} characters; look for long lists with "lake hunt"`,
      expressionCharsMax,
    )
  }
  return new Reader(text).whole()
}

/** One text and how far it was read. Recursive descent: each method reads one thing and stands behind it. */
class Reader {
  readonly #text: string
  #at = 0
  #depth = 0
  #terms = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Expression {
    this.#space()
    if (this.#ended()) return { kind: 'all' }
    const expression = this.#or()
    if (!this.#ended()) throw unreadable('This bracket closes nothing; take it out, or quote it', this.#at)
    return expression
  }

  #or(): Expression {
    const parts = [this.#and()]
    while (this.#word('OR')) parts.push(this.#and())
    return joined('or', parts)
  }

  #and(): Expression {
    const parts = [this.#not()]
    for (;;) {
      this.#space()
      if (this.#word('AND')) parts.push(this.#not())
      else if (this.#ended() || this.#text[this.#at] === ')' || this.#seesWord('OR')) break
      else parts.push(this.#not())
    }
    return joined('and', parts)
  }

  #not(): Expression {
    this.#space()
    const began = this.#at
    if (this.#depth >= nestingMax) throw unreadable(`Brackets and NOTs go at most ${nestingMax} deep`, began)
    this.#depth += 1
    try {
      if (this.#word('NOT')) return { kind: 'not', part: this.#not() }
      if (this.#text[this.#at] !== '(') return this.#term()
      this.#at += 1
      this.#space()
      if (this.#text[this.#at] === ')') throw unreadable('There is nothing between these brackets', began)
      const inner = this.#or()
      if (this.#text[this.#at] !== ')') throw unreadable('This bracket is never closed', began)
      this.#at += 1
      return inner
    } finally {
      this.#depth -= 1
    }
  }

  #term(): Expression {
    const began = this.#at
    this.#count(began)
    for (const keyword of ['AND', 'OR']) {
      if (this.#seesWord(keyword))
        throw unreadable(`${keyword} stands between two things; quote it to look for the word`, began)
    }
    if (this.#ended()) throw unreadable('Something must follow here', began)
    const field = this.#field()
    if (field !== null) return { kind: 'field', field, match: this.#match(field), at: began }
    const pattern = this.#pattern('free')
    if (pattern.pieces.every((piece) => piece === '')) {
      if (pattern.pieces.length > 1) return { kind: 'all' }
      throw unreadable('An empty phrase is in every line; leave it out', began)
    }
    return { kind: 'text', pattern }
  }

  /** The name before a colon, which is read too; null, and nothing is read, where there is none. */
  #field(): string | null {
    const began = this.#at
    if (this.#text[began] === '"') {
      const { pieces } = this.#pattern('free')
      const [name = ''] = pieces
      if (this.#text[this.#at] === ':' && pieces.length === 1 && name !== '') {
        this.#at += 1
        return name
      }
      this.#at = began
      return null
    }
    const word = /^[^\s()"]*/.exec(this.#text.slice(began))?.[0] ?? ''
    const colon = word.indexOf(':')
    const name = word.slice(0, Math.max(0, colon))
    if (!fieldName.test(name) || standsForItself.test(word) || isIP(word) !== 0 || word[colon + 1] === ':') return null
    this.#at = began + colon + 1
    return name
  }

  #match(field: string): Match {
    const began = this.#at
    const first = this.#text[began]
    if (first === undefined || /[\s)]/.test(first)) {
      throw unreadable(`A value must follow "${field}:" at once; "${field}:*" finds whatever has one`, began)
    }
    if (first === '(') return this.#list(field)
    const comparison = comparisons.find((sign) => this.#text.startsWith(sign, began))
    if (comparison !== undefined) {
      this.#at += comparison.length
      const { pieces } = this.#pattern('free')
      const [value = ''] = pieces
      if (pieces.length > 1 || value === '') {
        throw unreadable(
          `A number, a time or an address must follow "${comparison}"; quote it to look for the sign`,
          began,
        )
      }
      return { kind: 'compare', comparison, value }
    }
    const pattern = this.#pattern('free')
    const ends =
      first === '"' || this.#at - began > rangeCharsMax ? null : range.exec(this.#text.slice(began, this.#at))
    if (ends !== null) return { kind: 'range', from: ends[1] ?? '', to: ends[2] ?? '' }
    return isAnything(pattern) ? { kind: 'exists' } : { kind: 'is', pattern }
  }

  #list(field: string): Match {
    const began = this.#at
    const patterns: Pattern[] = []
    this.#at += 1
    for (;;) {
      this.#space()
      while (this.#text[this.#at] === ',') {
        this.#at += 1
        this.#space()
      }
      if (this.#ended()) throw unreadable('This list is never closed', began)
      if (this.#text[this.#at] === ')') break
      if (this.#text[this.#at] === '(') throw unreadable('A list has no brackets within; quote this one', this.#at)
      this.#count(this.#at)
      const pattern = this.#pattern('list')
      if (isAnything(pattern)) throw unreadable(`A star alone finds all; write "${field}:*"`, began)
      patterns.push(pattern)
    }
    this.#at += 1
    const [only] = patterns
    if (only === undefined) throw unreadable('This list is empty', began)
    return patterns.length === 1 ? { kind: 'is', pattern: only } : { kind: 'in', patterns }
  }

  /** A quoted text, or all up to a space, a bracket, a quotation mark (within a list: a comma too). */
  #pattern(place: 'free' | 'list'): Pattern {
    const began = this.#at
    const quoted = this.#text[began] === '"'
    if (quoted) this.#at += 1
    const pieces: string[] = []
    let piece = ''
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) {
        if (quoted) throw unreadable('This quotation mark is never closed', began)
        break
      }
      if (quoted ? char === '"' : /[\s()"]/.test(char) || (place === 'list' && char === ',')) break
      const next = this.#text[this.#at + 1]
      if (char === '\\' && next !== undefined && (quoted ? escapable : escapableOutside).has(next)) {
        piece += next
        this.#at += 2
        continue
      }
      if (char === '*') {
        pieces.push(piece)
        piece = ''
      } else piece += char
      this.#at += 1
    }
    if (quoted) this.#at += 1
    pieces.push(piece)
    return { pieces: pieces.filter((one, place_) => one !== '' || place_ === 0 || place_ === pieces.length - 1) }
  }

  #count(at: number): void {
    this.#terms += 1
    if (this.#terms > termsMax) {
      throw unreadable(`A query has at most ${termsMax} words and values; look for long lists with "lake hunt"`, at)
    }
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? 'x')) this.#at += 1
  }

  #ended(): boolean {
    return this.#at >= this.#text.length
  }

  /** Reads a keyword where it stands alone. */
  #word(keyword: string): boolean {
    if (!this.#seesWord(keyword)) return false
    this.#at += keyword.length
    return true
  }

  #seesWord(keyword: string): boolean {
    this.#space()
    return this.#text.startsWith(keyword, this.#at) && /[\s()"]/.test(this.#text[this.#at + keyword.length] ?? ' ')
  }
}

function isAnything(pattern: Pattern): boolean {
  return pattern.pieces.length > 1 && pattern.pieces.every((piece) => piece === '')
}
