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
/** Longer texts are looked at as they are and folded; what is decoded of them is bounded. */
const decodedCharsMax = 200_000

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

/** What Unicode says is not to be shown: zero-width signs, soft hyphens, selectors, marks of direction. */
const invisible = /^[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]$/u

/** Letters that look like Latin ones (Unicode's confusables, the ones that fonts draw alike). */
const alike: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...[
      'аa',
      'еe',
      'оo',
      'рp',
      'сc',
      'уy',
      'хx',
      'іi',
      'ѕs',
      'јj',
      'ԁd',
      'һh',
      'ӏl',
      'ԛq',
      'ԝw',
      'кk',
      'мm',
      'тt',
      'вb',
      'нh',
      'гr',
      'пn',
      'ѵv',
      'ґr',
    ],
    ...[
      'АA',
      'ВB',
      'ЕE',
      'КK',
      'МM',
      'НH',
      'ОO',
      'РP',
      'СC',
      'ТT',
      'ХX',
      'ІI',
      'ЅS',
      'ЈJ',
      'УY',
      'ԌG',
      'ԜW',
      'ҮY',
      'ѴV',
    ],
    ...['αa', 'εe', 'οo', 'ρp', 'υu', 'νv', 'ιi', 'κk', 'τt', 'χx', 'γy', 'ηn', 'ωw', 'σo', 'ϲc', 'ϳj'],
    ...['ΑA', 'ΒB', 'ΕE', 'ΖZ', 'ΗH', 'ΙI', 'ΚK', 'ΜM', 'ΝN', 'ΟO', 'ΡP', 'ΤT', 'ΥY', 'ΧX'],
    ...[
      'ıi',
      'ɑa',
      'ɡg',
      'ʟl',
      'ᴏo',
      'ꓲl',
      '∕/',
      '⁄/',
      '․.',
      '。.',
      '｡.',
      '·.',
      '•.',
      '‐-',
      '‑-',
      '‒-',
      '–-',
      '−-',
      '：:',
      '꞉:',
      '∶:',
      '＠@',
      '﹫@',
    ],
  ].map((pair) => [[...pair][0] ?? '', [...pair][1] ?? '']),
)

/** Without what nobody sees, full-width and ornamental letters as plain ones, and words of look-alike letters in Latin. */
function folded(view: View): View | null {
  const builder = new Builder(view)
  let changed = false
  let at = 0
  for (const unit of view.text) {
    const end = at + unit.length
    if (invisible.test(unit)) changed = true
    else {
      // Letters with their marks stay: "ü" is one letter in both forms, and names are listed with them.
      const plain = unit < '\u0080' ? unit : (alike[unit] ?? unit.normalize('NFKC'))
      const as = [...plain].map((one) => alike[one] ?? one).join('')
      changed ||= as !== unit
      builder.add(as, at, end)
    }
    at = end
  }
  return changed ? builder.view('in letters that look alike or with invisible signs') : null
}

/** A line end in the middle of a word or a number, with the marks of a quotation; mails are wrapped so. */
const wrap = /(?<=[\p{L}\p{N}._@:/+=\\-])\r?\n(?:[ \t]*>[> \t]{0,20})?[ \t]{0,8}(?=[\p{L}\p{N}._@:/+=\\-])/gu
/** The same where a hyphen was put for it, which may also have been there before. */
const hyphened = /(?<=[\p{L}\p{N}])-\r?\n(?:[ \t]*>[> \t]{0,20})?[ \t]{0,8}(?=[\p{L}\p{N}])/gu

function joinedAt(view: View, pattern: RegExp): View | null {
  const builder = new Builder(view)
  let at = 0
  for (const match of view.text.matchAll(pattern)) {
    builder.add(view.text.slice(at, match.index), at, match.index)
    builder.join()
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

/** Bytes as the text they are in UTF-8, or in UTF-16 as Windows programs write it; null where they are no text. */
function textOf(bytes: Buffer): string | null {
  const isText = (text: string): boolean => {
    const odd = text.match(/[^\P{C}\n\r\t]|\ufffd/gu)?.length ?? 0
    return text.length >= 3 && odd <= text.length / 20
  }
  const plain = bytes.toString('utf8')
  if (isText(plain)) return plain
  const wide = bytes.toString('utf16le')
  return bytes.length % 2 === 0 && isText(wide) && /^[\u0009-\u024f]+$/.test(wide) ? wide : null
}

const bytesOfRun = (match: string, pattern: RegExp): Buffer =>
  Buffer.from([...match.matchAll(pattern)].map((one) => Number.parseInt(one[1] ?? '', 16)))

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
    [/\\u\{?([0-9a-f]{4,6})\}?/gi, (match) => fromPoint(Number.parseInt(match[1] ?? '', 16)), 'as escapes'],
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

const base64 = /(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{4}){3,}(?:[A-Za-z0-9+/_-]{1,4})?={0,2}(?![A-Za-z0-9+/_=-])/g
const hex = /(?<![0-9a-z])(?:0x)?(?:[0-9a-f]{2}[ :-]?){8,4000}(?![0-9a-z])/gi

/** Texts inside: each decoded stretch as a view of its own, whose every unit stands for the whole stretch. */
function inner(view: View): View[] {
  const found: View[] = []
  const take = (match: RegExpExecArray, text: string | null, how: string) => {
    if (text === null || text.length > decodedCharsMax) return
    const builder = new Builder(view)
    for (let i = 0; i < text.length; i++) builder.add(text.charAt(i), match.index, match.index + match[0].length)
    found.push(builder.view(how))
  }
  for (const match of view.text.matchAll(base64)) {
    // A word of ordinary letters is none; text in base64 has capitals, and digits or both cases mixed.
    if (!/[A-Z]/.test(match[0]) || !/[a-z]/.test(match[0])) continue
    take(match, textOf(Buffer.from(match[0].replaceAll('-', '+').replaceAll('_', '/'), 'base64')), 'in base64')
  }
  for (const match of view.text.matchAll(hex)) {
    const digits = match[0].replace(/^0x|[ :-]/gi, '')
    if (digits.length >= 16 && digits.length % 2 === 0)
      take(match, textOf(Buffer.from(digits, 'hex')), 'in hexadecimal')
  }
  return found
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
  for (const step of [turned, softened, composed, folded, unescaped, composed, folded, refanged]) {
    const next = step(now)
    if (next === null) continue
    chain.push(next)
    now = next
  }
  // What was joined is read across its joins only; the steps before it are read whole.
  return [...chain, ...[wrap, hyphened].flatMap((pattern) => joinedAt(now, pattern) ?? [])]
}
