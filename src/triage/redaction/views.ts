import { asPlainLetter } from './letters-alike.ts'
import { textsInside } from './texts-inside.ts'

/** The same text as somebody or something could read it: each unit knows which stretch of the original it came from. */
export type View = {
  readonly text: string
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** In which way it was written, for the reason of a place; "" for the text as it is. */
  readonly how: string
  /** Only places across one of these (offsets of this view) are news; null: any that is written in another way in the original. */
  readonly joins: ReadonlySet<number> | null
}

/** Encoded texts inside encoded texts are followed so far: base64 of a mail that holds base64. */
const depthMax = 3

function viewOf(text: string): View {
  const starts = Array.from({ length: text.length }, (_, at) => at)
  return { text, starts, ends: starts.map((at) => at + 1), how: '', joins: null }
}

/** Builds a view piece by piece; each piece stands for a stretch of the view before. */
class Builder {
  readonly #before: View
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly joins = new Set<number>()
  text = ''

  constructor(before: View) {
    this.#before = before
  }

  /** `from` to `to` of the view before, written as `as`. */
  add(as: string, from: number, to: number): void {
    if (as.length === to - from) for (let i = 0; i < as.length; i++) this.#unit(from + i, from + i + 1)
    else for (let i = 0; i < as.length; i++) this.#unit(from, to)
    this.text += as
  }

  #unit(from: number, to: number): void {
    this.#starts.push(this.#before.starts[from] ?? 0)
    this.#ends.push(this.#before.ends[to - 1] ?? 0)
  }

  join(): void {
    this.joins.add(this.text.length)
  }

  view(how: string, joins: ReadonlySet<number> | null = null): View {
    const said = [this.#before.how, how].filter((one) => one !== '').join(', ')
    return { text: this.text, starts: this.#starts, ends: this.#ends, how: said, joins }
  }
}

/** The view with every match of a pattern replaced; null when there is none. */
function replaced(
  view: View,
  pattern: RegExp,
  as: (match: RegExpExecArray) => string | null,
  how: string,
): View | null {
  const builder = new Builder(view)
  let at = 0
  let hits = 0
  for (const match of view.text.matchAll(pattern)) {
    const by = as(match)
    if (by === null) continue
    builder.add(view.text.slice(at, match.index), at, match.index)
    builder.add(by, match.index, match.index + match[0].length)
    at = match.index + match[0].length
    hits += 1
  }
  if (hits === 0) return null
  builder.add(view.text.slice(at), at, view.text.length)
  return builder.view(how)
}

/** Without what nobody sees, full-width and ornamental letters as plain ones, and words of look-alike letters in Latin. */
function folded(view: View): View | null {
  const builder = new Builder(view)
  let changed = false
  let at = 0
  for (const unit of view.text) {
    const end = at + unit.length
    const as = asPlainLetter(unit)
    changed ||= as !== unit
    if (as !== '') builder.add(as, at, end)
    at = end
  }
  return changed ? builder.view('in letters that look alike or with invisible signs') : null
}

/** A line end in the middle of a word or a number, with the marks of a quotation; mails are wrapped so. */
const wrap = /(?<=[\p{L}\p{N}._@:/+=\\-])\r?\n(?:[ \t]*>[> \t]{0,20})?[ \t]{0,8}(?=[\p{L}\p{N}._@:/+=\\-])/gu
/** The same where a hyphen was put for it, which may also have been there before. */
const hyphened = /(?<=[\p{L}\p{N}])-\r?\n(?:[ \t]*>[> \t]{0,20})?[ \t]{0,8}(?=[\p{L}\p{N}])/gu

/** A line end between two words, with the marks of a quotation: what is told of by two words is broken there. */
const brokenBlank = /(?<=\S)[ \t]{0,8}\r?\n(?:[ \t]*>[> \t]{0,20})?[ \t]{0,8}(?=\S)/g

function joinedAt(view: View, pattern: RegExp, by = ''): View | null {
  const builder = new Builder(view)
  let at = 0
  for (const match of view.text.matchAll(pattern)) {
    builder.add(view.text.slice(at, match.index), at, match.index)
    builder.join()
    builder.add(by, match.index, match.index + match[0].length)
    at = match.index + match[0].length
  }
  if (builder.joins.size === 0) return null
  builder.add(view.text.slice(at), at, view.text.length)
  return builder.view('over the end of a line', builder.joins)
}

// biome-ignore format: a table reads better in few lines
const entities: Readonly<Record<string, string>> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', commat: '@', period: '.', colon: ':', sol: '/', bsol: '\\', lowbar: '_', hyphen: '-', dash: '-',
  auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', agrave: 'à', ccedil: 'ç', ntilde: 'ñ', oacute: 'ó', aacute: 'á', zwnj: '', shy: '',
}

const fromPoint = (point: number): string | null =>
  point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) ? String.fromCodePoint(point) : null

const bytesOfRun = (match: string, pattern: RegExp, base = 16): Buffer =>
  Buffer.from([...match.matchAll(pattern)].map((one) => Number.parseInt(one[1] ?? '', base)))

/** A link as Proofpoint's URL Defense (version 2) writes it into mails: "https-3A__wiki.example_a" for "https://wiki.example/a". */
const defended = /https?:\/\/urldefense\.proofpoint\.com\/v2\/url\?u=([\w.-]{1,2000})/gi
function linkOf(coded: string): string | null {
  const link = coded.replaceAll('_', '/')
  return textOrNull(
    Buffer.from(
      link.replace(/-([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    ),
  )
}

/** Letters and their marks as one sign; macOS writes file names apart. */
const composed = (view: View): View | null =>
  replaced(
    view,
    /\p{L}\p{M}{1,4}/gu,
    (match) => (match[0] === match[0].normalize('NFC') ? null : match[0].normalize('NFC')),
    'with marks apart',
  )

/** Soft line ends of quoted-printable stand in the middle of anything, also of one letter. */
const softened = (view: View): View | null => replaced(view, /=\r?\n/g, () => '', 'quoted-printable')

/** Signs written as signs of an encoding: entities, percent, quoted-printable, escapes of programs. */
function unescaped(view: View): View | null {
  const entity = (match: RegExpExecArray) => {
    const [, decimal, hex, name] = match
    if (decimal !== undefined) return fromPoint(Number.parseInt(decimal, 10))
    if (hex !== undefined) return fromPoint(Number.parseInt(hex, 16))
    return entities[name ?? ''] ?? null
  }
  const steps: readonly [RegExp, (match: RegExpExecArray) => string | null, string][] = [
    [/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([A-Za-z]{2,8}));/gi, entity, 'as HTML entities'],
    [/(?:%[0-9a-f]{2}){1,2000}/gi, (match) => textOrNull(bytesOfRun(match[0], /%([0-9a-f]{2})/gi)), 'percent-encoded'],
    [/(?:=[0-9A-F]{2}){1,2000}/g, (match) => textOrNull(bytesOfRun(match[0], /=([0-9A-F]{2})/g)), 'quoted-printable'],
    [/%u([0-9a-f]{4})/gi, (match) => fromPoint(Number.parseInt(match[1] ?? '', 16)), 'percent-encoded'],
    [
      /(?:\\[0-3][0-7]{2}){1,2000}/g,
      (match) => textOrNull(bytesOfRun(match[0], /\\([0-3][0-7]{2})/g, 8)),
      'as escapes',
    ],
    [defended, (match) => linkOf(match[1] ?? ''), 'in a link that a mail filter rewrote'],
    [/\\u\{?([0-9a-f]{4,6})\}?/gi, (match) => fromPoint(Number.parseInt(match[1] ?? '', 16)), 'as escapes'],
    [/\\\\/g, () => '\\', 'as escapes'],
    [/(?:\\x[0-9a-f]{2}){1,2000}/gi, (match) => textOrNull(bytesOfRun(match[0], /\\x([0-9a-f]{2})/gi)), 'as escapes'],
  ]
  let now: View | null = null
  for (const [pattern, as, how] of steps) now = replaced(now ?? view, pattern, as, how) ?? now
  return now
}

/** One byte that is a letter is text too. */
function textOrNull(bytes: Buffer): string | null {
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? null : text
}

const bracketed = /\s{0,2}[[({<]\s{0,2}(?:(\.|dot|punkt|point)|(@|at|ät)|(:))\s{0,2}[\])}>]\s{0,2}/gi
const spelled =
  /(?<=[\w-]) (?:(dot|punkt)|(at)) (?=[\w-]+(?: (?:dot|punkt|at) |\.)[\w-])|(?<=\w (?:at|dot|punkt) [\w-]{1,60}) (dot|punkt) (?=\w)/gi
/** Numbers of an address with blanks around its dots or colons. */
const spaced = /(?<=\d)(?: \. ?|\. )(?=\d)/g

function refanged(view: View): View | null {
  const sign = (match: RegExpExecArray) => (match[2] !== undefined ? '@' : match[3] === ':' ? ':' : '.')
  let now = replaced(view, bracketed, sign, 'defanged')
  now = replaced(now ?? view, spelled, (match) => (match[2] === undefined ? '.' : '@'), 'spelled out') ?? now
  return replaced(now ?? view, spaced, () => '.', 'with blanks') ?? now
}

/** Letters with a blank after each, as headlines are set, and more than one between words. */
function spread(view: View): View | null {
  const letters = /(?<![\p{L}\p{N}])(?:[\p{L}\p{N}._@\\-][ \u00a0]){3,60}[\p{L}\p{N}](?![\p{L}\p{N}])/gu
  const how = 'with blanks between the letters'
  const closed = replaced(view, letters, (match) => match[0].replace(/[ \u00a0]/g, ''), how)
  return closed === null ? null : (replaced(closed, /[ \u00a0]{2,20}/g, () => ' ', '') ?? closed)
}

/** What formats a text and is not read: elements and comments of pages, stars and backticks, colours of a terminal. */
const bare = (view: View): View | null =>
  replaced(
    view,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's colours begin with one
    /<\/?[a-z][^<>]{0,200}>|<!--[^]{0,300}?-->|\*{1,3}|`{1,3}|~~|\u001b\[[0-9;]{0,20}m/gi,
    () => '',
    'broken by formatting',
  )

const turnedRun = /[\u202e\u2067]([^\u202c\u2069\n]{2,2000})[\u202c\u2069]?/g
const backwards = (inside = ''): string => [...inside].reverse().join('')

/** A text as it is read on screen, without the signs that turn it. */
export function asRead(text: string): string {
  return text.replace(turnedRun, (_run, inside: string) => backwards(inside))
}

/** What stands between the sign that turns the direction and its end is read backwards on screen. */
function turned(view: View): View | null {
  return replaced(view, turnedRun, (match) => backwards(match[1]), 'written backwards')
}

/** Texts inside: each decoded stretch as a view of its own, whose every unit stands for the whole stretch. */
function inner(view: View): View[] {
  return textsInside(view.text).map(({ text, start, end, how }) => {
    const builder = new Builder(view)
    for (let i = 0; i < text.length; i++) builder.add(text.charAt(i), start, end)
    return builder.view(how)
  })
}

/** Every other way in which a text can be read, besides as it is. */
export function otherViews(text: string): View[] {
  const views: View[] = []
  let waiting: { readonly view: View; readonly depth: number }[] = [{ view: viewOf(text), depth: 0 }]
  while (waiting.length > 0) {
    const next: typeof waiting = []
    for (const { view, depth } of waiting) {
      const chain = chainOf(view)
      views.push(...chain, ...(depth === 0 ? [] : [view]))
      if (depth < depthMax)
        next.push(...[view, ...chain].flatMap(inner).map((one) => ({ view: one, depth: depth + 1 })))
    }
    waiting = unlike(next)
  }
  return views
}

/** The same stretch is decoded once, from whichever view it was found in. */
function unlike<T extends { readonly view: View }>(all: readonly T[]): T[] {
  const seen = new Set<string>()
  return all.filter(({ view }) => {
    const key = `${view.starts[0]} ${view.text}`
    const fresh = !seen.has(key)
    seen.add(key)
    return fresh
  })
}

/** Each step goes on from the one before, so that what was done twice over is undone twice. */
function chainOf(view: View): View[] {
  const chain: View[] = []
  let now = view
  for (const step of [
    turned,
    softened,
    composed,
    folded,
    unescaped,
    unescaped,
    composed,
    folded,
    refanged,
    spread,
    bare,
  ]) {
    const next = step(now)
    if (next === null) continue
    chain.push(next)
    now = next
  }
  // What was joined is read across its joins only; the steps before it are read whole.
  const joined = [joinedAt(now, wrap), joinedAt(now, hyphened), joinedAt(now, brokenBlank, ' ')]
  return [...chain, ...joined.filter((one) => one !== null)]
}
