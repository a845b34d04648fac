import type { Binder } from './binder.ts'
import type { Pattern } from './expression.ts'
import { matchesIn } from './matching.ts'

/**
 * A vendor's field is taken out of the line when it is asked for (parse/fields-again.ts), which costs five microseconds a line. So lines
 * are looked through first for what every line that fits must have in it: a twentieth of that. Each of these tests is true for whatever
 * the field itself could be true for; none changes what is found.
 */

/** Kinds of splits whose names stand in the line as they are. */
const named = "(startsWith(split, 'kv-') OR startsWith(split, 'json-'))"

/** JSON may write any letter as an escape, XML as a number. */
const has = (escape: '\\u' | '&#', binder: Binder): string => `position(raw, ${binder.bind(escape, 'String')}) > 0`

/** A field's text; '' where the line has none. */
export function vendorField(name: string, binder: Binder): string {
  const value = `fields[${binder.bind(name, 'String')}]`
  // Of a path ("alert.signature", "answers.0.Rdata") the last step that is no place in a list.
  const step = name.split('.').findLast((part) => !/^\d+$/.test(part)) ?? ''
  if (!/^[A-Za-z0-9_-]+$/.test(step)) return value
  return `if(NOT ${named} OR position(raw, ${binder.bind(step, 'String')}) > 0 OR ${has('\\u', binder)}, ${value}, '')`
}

/** Letters that no format writes in another way than they are, but for those that `has` looks for. */
const safeRun = /[A-Za-z0-9_@.-]+/g
const runCharsMin = 3
const ascii = /^[\x00-\x7f]*$/

/** The field's whole value, in whatever case, is this pattern. */
export function vendorMatch(value: string, pattern: Pattern, binder: Binder): string {
  const condition = matchesIn(value, pattern, binder)
  const needed = pattern.pieces.every((piece) => ascii.test(piece)) ? runOf(pattern) : null
  if (needed === null) return condition
  const run = `positionCaseInsensitive(raw, ${binder.bind(needed, 'String')}) > 0`
  // A number of JSON may be written with an exponent.
  const exponent = (): string => binder.bind('[0-9][eE][+]?[0-9]', 'String')
  const number = /^\d+$/.test(needed) ? ` OR (startsWith(split, 'json-') AND match(raw, ${exponent()}))` : ''
  return `((${run} OR ${has('\\u', binder)} OR ${has('&#', binder)} OR split = ''${number}) AND ${condition})`
}

/** The longest text that the line must have, in whatever case; null: there is none to rely on. */
function runOf({ pieces }: Pattern): string | null {
  const runs = pieces.flatMap((piece) => piece.match(safeRun) ?? []).filter((run) => run.length >= runCharsMin)
  const longest = runs.toSorted((a, b) => b.length - a.length)[0]
  // A fraction of JSON may be written longer than it is read.
  return longest === undefined || (/[.eE+-]/.test(longest) && !Number.isNaN(Number(longest))) ? null : longest
}
