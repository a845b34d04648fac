/**
 * Text of SQL made of a parser's words. Parsers are read by a schema and come from the house's own files; what a line or a person said
 * is never put through here, only bound or read from a table.
 */

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '`': '\\`',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
}

const escaped = (value: string): string => value.replaceAll(/[\\'`\n\r\t\0]/g, (char) => escapes[char] ?? char)

/** A string literal. */
export const text = (value: string): string => `'${escaped(value)}'`

/** An array literal of strings. */
export const texts = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`

/** A quoted identifier. */
export const name = (value: string): string => `\`${escaped(value)}\``

/** `value` among texts, as a number from 1; 0 when it is none of them. */
export const choose = (cases: readonly (readonly [condition: string, value: string])[], otherwise: string): string =>
  cases.length === 0
    ? otherwise
    : `multiIf(${cases.map(([when, then]) => `${when}, ${then}`).join(', ')}, ${otherwise})`

/** The first of these texts that is not empty. */
export const firstOf = (values: readonly string[]): string => {
  const last = values.at(-1) ?? "''"
  return choose(
    values.slice(0, -1).map((value) => [`${value} != ''`, value]),
    last,
  )
}

/** A table of texts: `value` looked up in `from`, else `otherwise`. The lists are of one length. */
export const table = (value: string, entries: readonly (readonly [string, string])[], otherwise: string): string =>
  entries.length === 0
    ? otherwise
    : `transform(${value}, ${texts(entries.map(([from]) => from))}, ${texts(entries.map(([, to]) => to))}, ${otherwise})`

/** Names of the capturing groups of a pattern, in order; null for a group without a name. */
export function groupsOf(pattern: string): readonly (string | null)[] {
  const groups: (string | null)[] = []
  let inClass = false
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]
    if (char === '\\') at += 1
    else if (inClass) inClass = char !== ']'
    else if (char === '[') {
      inClass = true
      // A ']' that stands first in a class is one of its characters.
      if (pattern[at + 1] === '^') at += 1
      if (pattern[at + 1] === ']') at += 1
    } else if (char === '(') {
      const named = /^\(\?P?<([A-Za-z_][A-Za-z0-9_.]*)>/.exec(pattern.slice(at))
      if (named !== null) groups.push(named[1] ?? null)
      else if (pattern[at + 1] !== '?') groups.push(null)
    }
  }
  return groups
}

/** A repeat of more than this many makes a Vectorscan automaton too large ("Pattern is too large" at 4,000). */
const repeatsMax = 16

/**
 * A pattern for Vectorscan, which only tells whether it fits: group names are taken off (it knows no dots in them, nor two of one name),
 * and bounds of long repeats, which fit at least what they did.
 */
export const forScan = (pattern: string): string =>
  unnamed(pattern).replaceAll(/\{(\d+),(\d+)\}/g, (whole, from: string, to: string) =>
    Number(to) > repeatsMax ? `{${Math.min(Number(from), repeatsMax)},}` : whole,
  )

/** A pattern with its group names taken off: what counts here is their order. */
export const unnamed = (pattern: string): string => pattern.replaceAll(/\(\?P?<[A-Za-z_][A-Za-z0-9_.]*>/g, '(')
