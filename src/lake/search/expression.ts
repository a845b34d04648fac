/** Text with `*` in it: the pieces between the stars. One piece is that very text; ["a", ""] is what begins with "a". */
export type Pattern = { readonly pieces: readonly string[] }

export const comparisons = ['>=', '<=', '>', '<'] as const
export type Comparison = (typeof comparisons)[number]

export type Match =
  | { readonly kind: 'is'; readonly pattern: Pattern }
  | { readonly kind: 'in'; readonly patterns: readonly Pattern[] }
  | { readonly kind: 'compare'; readonly comparison: Comparison; readonly value: string }
  | { readonly kind: 'range'; readonly from: string; readonly to: string }
  | { readonly kind: 'exists' }

/**
 * What a person looks for (docs/lake-search.md). `and` and `or` have at least two parts, none of them of their own kind; `at` is where a
 * field stood in the text (UTF-16 code units from 0), for errors that name the place.
 */
export type Expression =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  | { readonly kind: 'text'; readonly pattern: Pattern }
  | { readonly kind: 'field'; readonly field: string; readonly match: Match; readonly at: number }

/** The longest query we know, a rule of Sigma as text, has 2,300 characters; a list of 200 hashes has 13,000. */
export const expressionCharsMax = 16_000
/** Brackets and NOTs within each other. What people write has four; the reader goes down by itself, so that there must be an end. */
export const nestingMax = 40
/** Words, fields and values in one query; more is a list for `lake hunt`. */
export const termsMax = 500

/** Words with a colon that are no field: http://..., C:\..., 00:11:22:33:44:55. Addresses of IPv6 are seen by node:net. */
export const standsForItself = /^(?:[a-z][a-z0-9+.-]*:\/\/|[a-z]:[\\/]|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$)/i

/** Joins with `and` or `or` in the one shape there is for it. */
export function joined(kind: 'and' | 'or', parts: readonly Expression[]): Expression {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]))
  const [only] = flat
  if (only === undefined) return { kind: 'all' }
  return flat.length === 1 ? only : { kind, parts: flat }
}

/** A text that has no stars. */
export function exactly(text: string): Pattern {
  return { pieces: [text] }
}

/** A field that is one of these texts, none of them with stars; how the questions of a triage are put. */
export function fieldIs(field: string, ...values: readonly string[]): Expression {
  const [only] = values
  const match: Match =
    values.length === 1 && only !== undefined
      ? { kind: 'is', pattern: exactly(only) }
      : { kind: 'in', patterns: values.map((value) => exactly(value)) }
  return { kind: 'field', field, match, at: 0 }
}
