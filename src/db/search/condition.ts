import { type RawBuilder, sql } from 'kysely'
import { type SearchAsk, type SearchWord, searchFields } from '../../model/search.ts'

/** Beginnings shorter than this are whole words in an index: "a" begins every third word there is. */
const beginningCharsMin = 3

/** How signs inside of a word are written in the index (`search_tokens` of 0017-search.sql). */
const signs: Readonly<Record<string, string>> = {
  q: 'qq',
  '.': 'qd',
  '-': 'qm',
  _: 'qu',
  '@': 'qa',
  ':': 'qc',
  '/': 'qs',
  '\\': 'qb',
}
const written = (word: string): string => word.replace(/[q.\-_@:/\\]/g, (sign) => signs[sign] ?? sign)

/** The words as a tsquery. `short`: beginnings of any length count (for a walk over a few rows). */
export function tsquery(words: readonly SearchWord[], options: { readonly short: boolean }): RawBuilder<string> {
  const text = words.map((one) => `${one.not ? '!' : ''}${termOf(one, options.short)}`).join(' & ')
  return sql<string>`${text}::tsquery`
}

/** A name with signs in it: whole, or, where it is no address, by all of its pieces ("evil.example" in "www.evil.example"). */
function termOf({ field, word, prefix }: SearchWord, short: boolean): string {
  const letter = searchFields[field]
  const lexeme = (part: string): string => {
    const goesOn = prefix && (short || [...part].length >= beginningCharsMin)
    return `'${letter}${written(part)}'${goesOn ? ':*' : ''}`
  }
  const pieces = word.split(/[.\-_@:/\\]+/).filter((piece) => piece !== '')
  if (pieces.length < 2 || !/\p{Alphabetic}/u.test(word) || /^a-\d+$/.test(word)) return lexeme(word)
  const whole = pieces.slice(0, -1).map((piece) => `'${letter}${written(piece)}'`)
  return `(${lexeme(word)} | (${[...whole, lexeme(pieces.at(-1) ?? '')].join(' & ')}))`
}

/** A time within what was asked. */
export function within(column: RawBuilder<unknown>, { after, before }: SearchAsk): RawBuilder<unknown> {
  return sql`(${after}::timestamptz is null or ${column} >= ${after}::timestamptz) and (${before}::timestamptz is null or ${column} < ${before}::timestamptz)`
}

/** Every phrase stands in the text, in the form in which both are compared. */
export function phrased(text: RawBuilder<unknown>, { phrases }: SearchAsk): RawBuilder<unknown> {
  if (phrases.length === 0) return sql`true`
  return sql`(select bool_and(position(phrase in regexp_replace(search_plain(${text}), '\\s+', ' ', 'g')) > 0) from unnest(${[...phrases]}::text[]) as phrase)`
}

/** The smallest text after all texts that begin so, in the order of bytes. */
export function pastPrefix(prefix: string): string {
  return `${prefix}\u{10FFFF}`
}
