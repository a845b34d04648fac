import { bitOf, dash, isAlnum, isSpace, underscore } from './chars.ts'
import { dotAliases, entities, isJson, isQuotedPrintable, jsonEscape } from './escapes.ts'

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

/** Edits: original [from, to) became `into`; `counts` when it undid a defang. In columns, since hostile texts have millions. */
type Edits = { from: number[]; to: number[]; into: string[]; counts: boolean[] }

// A bracketed dot, at, colon or slash in any bracket, with markdown's own escapes (`\[.\]`) allowed around it.
const bracketed = /[[({<][ ]{0,2}(\\?\.|d[o0]t|\\?@|at|\\?:\\?\/{0,2}|:?\\\/\\\/|\/{1,2})[ ]{0,2}\\?[\])}>]/iy
const spelledDot = /dot[ ]+(?=[a-z0-9-]{2,63}(?![\w-]))/iy
const spelledAt = /at[ ]+(?=[a-z0-9-]{1,63}(?:[ ]dot[ ]|[ ]?[[({]dot[\])}]))/iy
const angledUrl = /<(?:h[tx]{2}ps?|ftp):\/\/[^\s<>"]{10,2000}(?:\r?\n[> ]{0,8}[^\s<>"]{1,2000}){1,4}>/iy
const lineBreak = /\r?\n[> ]{0,8}/y

/** English after which "dot" is no separator ("the dot com years"). */
const notBeforeDot = new Set([
  'the',
  'a',
  'an',
  'this',
  'that',
  'each',
  'every',
  'of',
  'to',
  'red',
  'with',
  'or',
  'and',
  'no',
])
const spelledSuffixes =
  /^(?:com|net|org|info|biz|edu|gov|io|co|ru|cn|de|fr|uk|xyz|top|online|site|eu|nl|it|br|in|us|me)$/i

const triggers = new Uint8Array(128)
for (const c of '[({<\\.&=\n') triggers[c.charCodeAt(0)] = 1
for (const c of 'dDaA') triggers[c.charCodeAt(0)] = 2

export function refang(original: string): Refanged {
  const edits = new Refanger(original).run()
  if (edits.from.length === 0) {
    return { text: original, startOf: (i) => i, endOf: (i) => i, defanged: () => false }
  }
  return mapped(original, edits)
}

class Refanger {
  readonly #text: string
  readonly #edits: Edits = { from: [], to: [], into: [], counts: [] }
  readonly #json: boolean
  readonly #quotedPrintable: boolean
  #last = 0
  #joinUntil = 0
  #lineStart = 0
  #lastBackslash = -1
  #inPath = false

  constructor(text: string) {
    this.#text = text
    this.#json = isJson(text)
    this.#quotedPrintable = isQuotedPrintable(text)
  }

  run(): Edits {
    const text = this.#text
    for (let i = 0; i < text.length; ) {
      const c = text.charCodeAt(i)
      if (c < 128) {
        const trigger = triggers[c] as number
        if (trigger === 0) i++
        else if (trigger === 1) i = this.#at(c, i)
        // Most words with an a or a d in them do not begin with "at " or "dot ".
        else
          i =
            text.charCodeAt(i - 1) === 32 && isSpace(text.charCodeAt(i + ((c | 32) === 97 ? 2 : 3)))
              ? this.#spelled(i)
              : i + 1
      } else if (c >= 0xad) {
        i = this.#beyondAscii(c, i)
      } else i++
    }
    return this.#edits
  }

  #edit(from: number, to: number, into: string, counts = true): number {
    const { from: starts, to: ends, into: texts, counts: defangs } = this.#edits
    starts.push(from)
    ends.push(to)
    texts.push(into)
    defangs.push(counts)
    this.#last = to
    return to
  }

  #at(c: number, i: number): number {
    switch (c) {
      case 91: // [
      case 40: // (
      case 123: // {
        return this.#bracket(i, i)
      case 60: // <
        return this.#angle(i)
      case 92: // backslash
        return this.#backslash(i)
      case 46: // .
        return this.#halfBracketAfterDot(i)
      case 38: // &
        return this.#entity(i)
      case 61: // =
        return this.#equals(i)
      case 10:
        return this.#newline(i)
      default:
        return this.#spelled(i)
    }
  }

  /** `[.]` and its kin. `from` is where the edit begins: one earlier than the bracket when that is escaped. */
  #bracket(from: number, open: number): number {
    const text = this.#text
    // `[.]` between two letters is nine tenths of all defanging.
    if (text.charCodeAt(open + 1) === 46 && text.charCodeAt(open + 2) === 93 && from === open) {
      const before = text.charCodeAt(open - 1)
      if (isAlnum(before) && isAlnum(text.charCodeAt(open + 3))) return this.#edit(open, open + 3, '.')
      if (before === 93 && this.#last !== open) return open + 1
    }
    if (text.charCodeAt(open + 1) === 58 && text.charCodeAt(open + 2) === 93 && from === open) {
      const after = text.charCodeAt(open + 3)
      if (isAlnum(text.charCodeAt(open - 1)) && (after === 47 || isAlnum(after))) return this.#edit(open, open + 3, ':')
    }
    bracketed.lastIndex = open
    const match = bracketed.exec(text)
    if (match === null) return this.#halfBracket(from, open)
    const into = plain(match[1] as string)
    let end = open + match[0].length
    const spaced = isSpace(text.charCodeAt(from - 1))
    let start = from
    if (spaced && from - 1 >= this.#last && into !== '/') start = from - 1
    if (isSpace(text.charCodeAt(end)) && spaced) end++
    const before = start === this.#last && this.#edits.from.length > 0 ? 46 : text.charCodeAt(start - 1)
    const after = text.charCodeAt(end)
    const isName = into === '.' || into === '@'
    const fits = isAlnum(before) || before === 46 || (!isName && (before === 58 || before === 93))
    if (!fits || !(isAlnum(after) || after === 91 || after === 92 || after === 40 || (!isName && after === 47)))
      return open + 1
    return this.#edit(start, end, into)
  }

  /** `evil[.com`, `http[://evil`: one bracket forgotten, which happens when a list is defanged by hand. */
  #halfBracket(from: number, open: number): number {
    const text = this.#text
    if (text.charCodeAt(open) !== 91 || !isAlnum(text.charCodeAt(from - 1))) return open + 1
    const next = text.charCodeAt(open + 1)
    if (next === 46 && isAlnum(text.charCodeAt(open + 2))) return this.#edit(from, open + 2, '.')
    if (next === 58 && text.startsWith('://', open + 1)) return this.#edit(from, open + 4, '://')
    return open + 1
  }

  #halfBracketAfterDot(i: number): number {
    const text = this.#text
    if (text.charCodeAt(i + 1) !== 93) return i + 1
    if (!isAlnum(text.charCodeAt(i - 1)) || !isAlnum(text.charCodeAt(i + 2))) return i + 1
    return this.#edit(i, i + 2, '.')
  }

  /** RFC 3986, appendix C: between angle brackets, line breaks are not part of the URL. */
  #angle(i: number): number {
    const c = this.#text.charCodeAt(i + 1) | 32
    if (c === 104 || c === 102) {
      angledUrl.lastIndex = i
      const match = angledUrl.exec(this.#text)
      if (match !== null) this.#joinUntil = i + match[0].length
      return i + 1
    }
    return c === 100 || c === 97 || c === 46 ? this.#bracket(i, i) : i + 1
  }

  #backslash(i: number): number {
    const text = this.#text
    this.#notePath(i)
    const next = text.charCodeAt(i + 1)
    if (this.#json) {
      const escape = jsonEscape(text, i)
      if (escape !== undefined) {
        const regexDot = escape.into === '\\' && text.charCodeAt(escape.end) === 46 && !this.#inPath
        return this.#edit(i, escape.end, regexDot ? '' : escape.into, false)
      }
    }
    // `\\/` is how JSON writes a slash, also in a line of JSON inside other text.
    if (next === 47) return this.#edit(i, i + 1, '', false)
    if (this.#inPath) return i + 1
    if (next === 91) return this.#bracket(i, i + 1)
    // Markdown escapes `_`, regular expressions escape `.`, JSON escapes `/`; none of them is a path here.
    if (next === 46 && isAlnum(text.charCodeAt(i + 2))) return this.#edit(i, i + 2, '.')
    const bit = bitOf(next)
    if (bit === dash || bit === underscore) return this.#edit(i, i + 1, '', false)
    return i + 1
  }

  /** Keeps in mind whether the word around this backslash is a path, where a backslash is a separator and no escape. */
  #notePath(i: number): void {
    const text = this.#text
    let start = i
    while (start > this.#lastBackslash + 1 && !endsToken(text.charCodeAt(start - 1))) start--
    if (start > this.#lastBackslash + 1 || this.#lastBackslash < 0) this.#inPath = false
    this.#lastBackslash = i
    const before = text.charCodeAt(i - 1)
    const next = text.charCodeAt(i + 1)
    if (next === 47) return
    if (before === 58 || before === 37 || (next === 92 && start === i) || isAlnum(next)) this.#inPath = true
  }

  #entity(i: number): number {
    entities.lastIndex = i
    const match = entities.exec(this.#text)
    if (match === null) return i + 1
    return this.#edit(i, i + match[0].length, entityText(match[1] as string), false)
  }

  #equals(i: number): number {
    if (!this.#quotedPrintable) return i + 1
    const text = this.#text
    if (text.startsWith('3D', i + 1)) return this.#edit(i, i + 3, '=', false)
    const end = text.charCodeAt(i + 1) === 13 ? i + 2 : i + 1
    return text.charCodeAt(end) === 10 ? this.#edit(i, end + 1, '', false) : i + 1
  }

  /** Joins a URL that was broken over two lines, inside angle brackets or where a mail program cut it at its right margin. */
  #newline(i: number): number {
    const text = this.#text
    const from = text.charCodeAt(i - 1) === 13 ? i - 1 : i
    const columns = from - this.#lineStart
    this.#lineStart = i + 1
    if (from < this.#last || columns < wrapColumnsMin) return i + 1
    if (i >= this.#joinUntil && !cutUrl(text, from)) return i + 1
    lineBreak.lastIndex = from
    const match = lineBreak.exec(text)
    if (match === null) return i + 1
    const end = from + match[0].length
    return isAlnum(text.charCodeAt(end)) || i < this.#joinUntil ? this.#edit(from, end, '', false) : i + 1
  }

  /** ` dot ` and ` at ` as words. */
  #spelled(i: number): number {
    const text = this.#text
    if (text.charCodeAt(i - 1) !== 32 || !isAlnum(text.charCodeAt(i - 2)) || i - 1 < this.#last) return i + 1
    const isDot = (text.charCodeAt(i) | 32) === 100
    const pattern = isDot ? spelledDot : spelledAt
    pattern.lastIndex = i
    const match = pattern.exec(text)
    if (match === null) return i + 1
    const end = i + match[0].length
    if (isDot && !this.#dotSeparates(i - 1, end)) return i + 1
    return this.#edit(i - 1, end, isDot ? '.' : '@')
  }

  #dotSeparates(before: number, after: number): boolean {
    const text = this.#text
    const word = /[\w-]+$/.exec(text.slice(Math.max(0, before - 64), before))?.[0].toLowerCase() ?? ''
    if (notBeforeDot.has(word)) return false
    const next = /^[\w-]+/.exec(text.slice(after, after + 64))?.[0] ?? ''
    return (
      spelledSuffixes.test(next) || /^ dot [a-z]{2,}/i.test(text.slice(after + next.length, after + next.length + 16))
    )
  }

  #beyondAscii(c: number, i: number): number {
    const text = this.#text
    if (isInvisible(c)) return this.#edit(i, i + 1, '', false)
    const alias = dotAliases.get(c)
    if (alias === undefined) return i + 1
    if (!isAlnum(text.charCodeAt(i - 1)) || !isAlnum(text.charCodeAt(i + 1))) return i + 1
    return this.#edit(i, i + 1, alias)
  }
}

/** Mail programs break lines at 72 to 78 columns; a break before column 60 was meant by the writer. */
const wrapColumnsMin = 60
const urlLookBack = 300

function cutUrl(text: string, end: number): boolean {
  if (!/[&?=%_-]/.test(text.charAt(end - 1))) return false
  const tail = text.slice(Math.max(0, end - urlLookBack), end)
  const scheme = tail.lastIndexOf('://')
  return scheme >= 0 && !/\s/.test(tail.slice(scheme))
}

function plain(inner: string): string {
  const bare = inner.replaceAll('\\', '').toLowerCase()
  if (bare === 'at' || bare === '@') return '@'
  return bare.startsWith('d') ? '.' : bare
}

function entityText(name: string): string {
  const known: Record<string, string> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
    period: '.',
    commat: '@',
    colon: ':',
    sol: '/',
  }
  if (!name.startsWith('#')) return known[name] as string
  return String.fromCharCode(name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)))
}

function endsToken(code: number): boolean {
  return (
    isSpace(code) ||
    code === 34 ||
    code === 39 ||
    code === 96 ||
    code === 124 ||
    code === 60 ||
    code === 62 ||
    code === 44 ||
    code === 59
  )
}

/** Zero-width and direction marks: put between letters to hide a name from a search. */
function isInvisible(c: number): boolean {
  if (c === 0xad || c === 0xfeff || c === 0x2060 || c === 0x180e) return true
  return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)
}

function mapped(original: string, edits: Edits): Refanged {
  const { from, to, into, counts } = edits
  const total = from.length
  const at = new Int32Array(total)
  const countsBefore = new Int32Array(total + 1)
  // Code units in a buffer: joining a million one-letter pieces takes four times as long. No edit makes a text longer.
  const units = new Uint16Array(original.length)
  let length = 0
  let last = 0
  for (let k = 0; k < total; k++) {
    const begin = from[k] as number
    const text = into[k] as string
    while (last < begin) units[length++] = original.charCodeAt(last++)
    at[k] = length
    for (let i = 0; i < text.length; i++) units[length++] = text.charCodeAt(i)
    last = to[k] as number
    countsBefore[k + 1] = (countsBefore[k] as number) + (counts[k] === true ? 1 : 0)
  }
  while (last < original.length) units[length++] = original.charCodeAt(last++)
  /** The number of edits that begin at or before `index`. */
  const upTo = (index: number) => {
    let low = 0
    let top = total
    while (low < top) {
      const mid = (low + top) >> 1
      if ((at[mid] as number) <= index) low = mid + 1
      else top = mid
    }
    return low
  }
  const startOf = (index: number) => {
    const k = upTo(index) - 1
    if (k < 0) return index
    const past = index - (at[k] as number) - (into[k] as string).length
    return past < 0 ? (from[k] as number) : (to[k] as number) + past
  }
  const endOf = (index: number) => {
    const k = upTo(index - 1) - 1
    if (k < 0) return index
    const past = index - (at[k] as number) - (into[k] as string).length
    return past <= 0 ? (to[k] as number) : (to[k] as number) + past
  }
  const defanged = (start: number, end: number) =>
    (countsBefore[upTo(end - 1)] as number) > (countsBefore[upTo(start - 1)] as number)
  const text = Buffer.from(units.buffer, 0, length * 2).toString('utf16le')
  return { text, startOf, endOf, defanged }
}
