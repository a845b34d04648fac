import { RuleProblem } from './rule.ts'

/** A piece of a value: text as it stands, `*` (any text, also none) or `?` (one character). */
export type Piece = string | typeof many | typeof one
export const many: unique symbol = Symbol('*')
export const one: unique symbol = Symbol('?')

/** A value with its wildcards told from escaped ones; neighbouring texts are one piece. */
export type Pattern = readonly Piece[]

/**
 * Reads a value of a rule (Sigma rules specification 2.1.0, "Escape character"): a backslash before `*`, `?` or a backslash escapes
 * it, any other backslash stands for itself.
 */
export function readPattern(value: string): Pattern {
  const pieces: Piece[] = []
  let text = ''
  const close = (piece: Piece): void => {
    if (text !== '') pieces.push(text)
    text = ''
    pieces.push(piece)
  }
  for (let at = 0; at < value.length; at += 1) {
    const letter = value.charAt(at)
    const next = value.charAt(at + 1)
    if (letter === '\\' && (next === '*' || next === '?' || next === '\\')) {
      text += next
      at += 1
    } else if (letter === '*') close(many)
    else if (letter === '?') close(one)
    else text += letter
  }
  if (text !== '') pieces.push(text)
  return pieces
}

/** The pattern with `*` before it, unless it is there already. */
export function afterAny(pattern: Pattern): Pattern {
  return pattern[0] === many ? pattern : [many, ...pattern]
}

export function beforeAny(pattern: Pattern): Pattern {
  return pattern.at(-1) === many ? pattern : [...pattern, many]
}

/** The text of a pattern without wildcards; modifiers that encode can do nothing with the others. */
export function plainText(pattern: Pattern, modifier: string): string {
  if (pattern.some((piece) => typeof piece !== 'string'))
    throw new RuleProblem(`${modifier} cannot be applied to a value with wildcards`)
  return pattern.join('')
}

/** Dashes that Windows programs take for one another: hyphen, slash, en dash, em dash, horizontal bar (modifiers appendix 2.1.0). */
const dashes = ['-', '/', '–', '—', '―'] as const
/** A dash that begins a word, so that "a-b" and "c/d" stay as they are. */
const dashPattern = /(?<![\p{L}\p{N}_])[-/–—―](?=[\p{L}\p{N}_])/gu
/** 5^4. A value with more flags has so many writings that it should be cut into several with `all`. */
const writingsMax = 625

/** Every way to write the dashes of a value. */
export function withEachDash(pattern: Pattern): readonly Pattern[] {
  let writings: readonly Pattern[] = [[]]
  for (const piece of pattern) {
    const ways: readonly Piece[] = typeof piece === 'string' ? textsWithEachDash(piece) : [piece]
    if (writings.length * ways.length > writingsMax)
      throw new RuleProblem(`windash makes more than ${writingsMax} writings of one value`)
    writings = writings.flatMap((writing) => ways.map((way): Pattern => [...writing, way]))
  }
  return writings
}

function textsWithEachDash(text: string): readonly string[] {
  const places = [...text.matchAll(dashPattern)].map((match) => match.index)
  let texts = ['']
  let from = 0
  for (const place of places) {
    const before = text.slice(from, place)
    if (texts.length * dashes.length > writingsMax)
      throw new RuleProblem(`windash makes more than ${writingsMax} writings of one value`)
    texts = texts.flatMap((start) => dashes.map((dash) => start + before + dash))
    from = place + 1
  }
  return texts.map((start) => start + text.slice(from))
}

/** `utf16le` (also `wide`), `utf16be`, and `utf16`, which puts the byte order mark before it. */
export function utf16(text: string, how: 'utf16' | 'utf16le' | 'utf16be'): Buffer {
  const little = Buffer.from(text, 'utf16le')
  if (how === 'utf16le') return little
  if (how === 'utf16be') return Buffer.from(little).swap16()
  return Buffer.concat([Buffer.from([0xff, 0xfe]), little])
}

/** How Base64 writes these bytes when 0, 1 or 2 others stand before them, without the letters that those and the following bytes share. */
export function base64Offsets(bytes: Buffer): readonly string[] {
  const firsts = [0, 2, 3]
  const lasts = [0, 3, 2]
  return firsts.map((first, offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset, ' '), bytes]).toString('base64')
    const last = lasts[(bytes.length + offset) % 3] ?? 0
    return whole.slice(first, whole.length - last)
  })
}

/** Patterns of bytes are held as text of one letter for each byte; they are written as bytes into SQL. */
export function latin(bytes: Buffer): string {
  return bytes.toString('latin1')
}
