import type { Binder } from './binder.ts'
import type { Pattern } from './expression.ts'
import { unreadable } from './read-expression.ts'

const ascii = /^[\x00-\x7f]*$/

/** LIKE's own signs as themselves. */
function likeText(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`)
}

/** Lower case as the engine makes it: of ASCII alone where that is enough, which is several times faster. */
function lowered(column: string, text: string): { readonly column: string; readonly text: string } {
  return ascii.test(text)
    ? { column: `lower(${column})`, text: text.toLowerCase() }
    : { column: `lowerUTF8(${column})`, text: text.toLowerCase() }
}

/** The whole value, in whatever case, is this pattern. */
export function matchesIn(column: string, pattern: Pattern, binder: Binder): string {
  const [only = ''] = pattern.pieces
  if (pattern.pieces.length === 1) {
    if (only === '') return `${column} = ''`
    const { column: low, text } = lowered(column, only)
    return `${low} = ${binder.bind(text, 'String')}`
  }
  const { column: low, text } = lowered(column, pattern.pieces.map(likeText).join('%'))
  return `${low} LIKE ${binder.bind(text, 'String')}`
}

/** The pattern stands somewhere in the value, in whatever case. */
export function containsIn(column: string, pattern: Pattern, binder: Binder): string {
  const pieces = pattern.pieces.filter((piece) => piece !== '')
  const [only] = pieces
  if (only === undefined) return pattern.pieces.length === 1 ? `${column} = ''` : `${column} != ''`
  if (pieces.length === 1) {
    const search = ascii.test(only) ? 'positionCaseInsensitive' : 'positionCaseInsensitiveUTF8'
    return `${search}(${column}, ${binder.bind(only, 'String')}) > 0`
  }
  return matchesIn(column, { pieces: ['', ...pieces, ''] }, binder)
}

const decimal = /^[+-]?\d{1,18}(?:\.\d{1,9})?$/

/** A number as a person writes it. Throws Trouble('lake.query'). */
export function numberOf(text: string, at: number): number {
  if (!decimal.test(text)) throw unreadable(`"${text}" is no number`, at)
  return Number(text)
}
