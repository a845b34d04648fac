import { bitOf, dash, dot, high, isAlnum, isSpace, stretchLength, underscore, unitAt } from './chars.ts'
import { Edits, type Refanged } from './edits.ts'
import { dotAliases, entities, isJson, isQuotedPrintable, jsonEscape } from './escapes.ts'

// A bracketed dot, at, colon or slash in any bracket, with markdown's own escapes (`\[.\]`) allowed around it.
const bracketed = /[[({<][ ]{0,2}(\\?\.|d[o0]t|\\?@|at|\\?:\\?\/{0,2}|:?\\\/\\\/|\/{1,2})[ ]{0,2}\\?[\])}>]/iy
/** Of that pattern, the first character inside the bracket. */
function mayFollowBracket(code: number): boolean {
  const lower = code | 32
  return (
    lower === 100 ||
    lower === 97 ||
    code === 32 ||
    code === 46 ||
    code === 47 ||
    code === 58 ||
    code === 64 ||
    code === 92
  )
}

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
  return new Refanger(original).run().refanged()
}

class Refanger {
  readonly #text: string
  readonly #edits: Edits
  readonly #json: boolean
  readonly #quotedPrintable: boolean
  #joinUntil = 0
  #lineStart = 0
  #lastBackslash = -1
  #inPath = false

  constructor(text: string) {
    this.#text = text
    this.#edits = new Edits(text)
    this.#json = isJson(text)
    this.#quotedPrintable = isQuotedPrintable(text)
  }

  run(): Edits {
    for (let i = 0; i < this.#text.length; ) i = this.#stretch(i, Math.min(this.#text.length, i + stretchLength))
    return this.#edits
  }

  #stretch(from: number, to: number): number {
    const text = this.#text
    let i = from
    while (i < to) {
      const c = text.charCodeAt(i)
      if (c < 128) {
        const trigger = triggers[c] as number
        if (trigger === 0) i++
        else if (trigger === 1) i = this.#at(c, i)
        // Most words with an a or a d in them do not begin with "at " or "dot ".
        else
          i =
            unitAt(text, i - 1) === 32 && isSpace(unitAt(text, i + ((c | 32) === 97 ? 2 : 3)))
              ? this.#spelled(i)
              : i + 1
      } else if (c >= 0xad) {
        i = this.#beyondAscii(c, i)
      } else i++
    }
    return i
  }

  #edit(from: number, to: number, into: string, defangs = true): number {
    return this.#edits.add(from, to, into, defangs)
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
      if (before === 93 && this.#edits.last !== open) return open + 1
    }
    if (text.charCodeAt(open + 1) === 58 && text.charCodeAt(open + 2) === 93 && from === open) {
      const after = text.charCodeAt(open + 3)
      if (isAlnum(text.charCodeAt(open - 1)) && (after === 47 || isAlnum(after))) return this.#edit(open, open + 3, ':')
    }
    if (!mayFollowBracket(text.charCodeAt(open + 1))) return this.#halfBracket(from, open)
    bracketed.lastIndex = open
    const match = bracketed.exec(text)
    if (match === null) return this.#halfBracket(from, open)
    const into = plain(match[1] as string)
    let end = open + match[0].length
    const spaced = isSpace(text.charCodeAt(from - 1))
    let start = from
    if (spaced && from - 1 >= this.#edits.last && into !== '/') start = from - 1
    if (isSpace(text.charCodeAt(end)) && spaced) end++
    const before = start === this.#edits.last && this.#edits.count > 0 ? 46 : text.charCodeAt(start - 1)
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
    const next = unitAt(text, i + 1)
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
    const before = unitAt(text, i - 1)
    const next = unitAt(text, i + 1)
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
    if (from < this.#edits.last || columns < wrapColumnsMin) return i + 1
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
    if (text.charCodeAt(i - 1) !== 32 || !isAlnum(text.charCodeAt(i - 2)) || i - 1 < this.#edits.last) return i + 1
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
    let from = before
    while (before - from < spelledLengthMax && isNameUnit(text.charCodeAt(from - 1))) from--
    if (notBeforeDot.has(text.slice(from, before).toLowerCase())) return false
    let to = after
    while (to - after < spelledLengthMax && isNameUnit(text.charCodeAt(to))) to++
    const next = text.slice(after, to)
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

/** Labels of names are no longer. */
const spelledLengthMax = 64

function isNameUnit(code: number): boolean {
  const bit = bitOf(code)
  return bit !== 0 && bit !== dot && bit !== high
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

/** Space, quotes, bar, angles, comma and semicolon. */
const tokenEnds = new Uint8Array(128)
for (const c of ' \t\n\v\f\r"\'`|<>,;') tokenEnds[c.charCodeAt(0)] = 1

function endsToken(code: number): boolean {
  return code < 128 ? tokenEnds[code] === 1 : code === 0xa0
}

/** Zero-width and direction marks: put between letters to hide a name from a search. */
function isInvisible(c: number): boolean {
  if (c === 0xad || c === 0xfeff || c === 0x2060 || c === 0x180e) return true
  return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)
}
