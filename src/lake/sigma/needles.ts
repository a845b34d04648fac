import type { Expression } from './detection.ts'
import { fieldSql } from './fields.ts'
import { textsOfRegex } from './regex.ts'
import type { RuleSource } from './rule.ts'
import { expressionSql, lowerAscii } from './sql.ts'

/**
 * What must stand in the line of every event that a rule matches: of each of these sets of texts at least one. Found from the rule
 * alone, so that one pass over the lines with the texts of all rules (Vectorscan) tells which few rules an event can match at all.
 */
export type Needs = readonly (readonly string[])[]

/** Shorter ones stand in every line. */
const needleCharsMin = 3
/** A set of more texts than this is too common to be worth its place in the automaton. */
const setMax = 400
/** Sets of one rule that are kept to choose from. */
const setsMax = 40

/**
 * Letters that no format of lines writes in another way than they are: JSON escapes quotes and, by some writers, <>&'+ and what is no
 * ASCII; XML <>&"'; CEF = and |; some JSON writers the slash. A single backslash is one, because the search is in lines whose doubled
 * backslashes were made single ones (`hayOfLine`).
 */
const safeRun = /(?:[a-z0-9 ._:;,@#$()[\]{}*!?~^-]|(?<!\\)\\(?!\\))+/g

/** The line as needles are looked for in it. */
export const hayOfLine = `replaceAll(lower(raw), '\\\\\\\\', '\\\\')`

/** A needle as the expression that Vectorscan looks for. */
export function patternOf(needle: string): string {
  return needle.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

export function needsOf(expression: Expression, source: RuleSource): Needs {
  switch (expression.is) {
    case 'and':
      return expression.of.flatMap((part) => needsOf(part, source)).slice(0, setsMax)
    case 'or':
      return needsOfAny(expression.of.map((part) => needsOf(part, source)))
    case 'not':
      return []
    case 'test':
      return needsOfTest(expression, source)
  }
}

/** One set of each alternative together is needed by all of them; an alternative that needs nothing makes the whole need nothing. */
function needsOfAny(alternatives: readonly Needs[]): Needs {
  const joined = new Set<string>()
  for (const needs of alternatives) {
    const best = bestByLength(needs)
    if (best === null) return []
    for (const needle of best) joined.add(needle)
    if (joined.size > setMax) return []
  }
  return [[...joined]]
}

/** The set whose shortest text is longest; for equally long ones, the one with fewer texts. */
function bestByLength(needs: Needs): readonly string[] | null {
  const worth = (set: readonly string[]): number =>
    Math.min(...set.map((needle) => needle.length)) - set.length / setMax
  let best: readonly string[] | null = null
  for (const set of needs) if (best === null || worth(set) > worth(best)) best = set
  return best
}

function needsOfTest(expression: Extract<Expression, { is: 'test' }>, source: RuleSource): Needs {
  const { field, test } = expression
  if (test.is === 'nothing') return [[]]
  if (field !== null) {
    const found = fieldSql(field, source)
    if (!found.verbatim) return []
  }
  if (test.is === 'regex') return setsOf(textsOfRegex(test.regex.match.replace(/^\(\?[a-z-]+\)/, '')))
  if (test.is !== 'pattern' || test.bytes) return []
  return setsOf(test.pattern.filter((piece) => typeof piece === 'string'))
}

/** Each run of safe letters is a set of its own: all of them are needed. */
function setsOf(texts: readonly string[]): Needs {
  return texts
    .flatMap((text) => lowerAscii(text).match(safeRun) ?? [])
    .filter((run) => run.trim().length >= needleCharsMin)
    .map((run) => [run])
}

/**
 * The rule's condition with all tests left out that cost more than a comparison with a small column: true for every event that the rule
 * matches. null: nothing is left.
 */
export function cheapSql(expression: Expression, source: RuleSource): string | null {
  switch (expression.is) {
    case 'test':
      return isCheap(expression, source) ? expressionSql(expression, source) : null
    case 'not':
      return isCheap(expression.of, source) ? expressionSql(expression, source) : null
    case 'and': {
      const parts = expression.of.flatMap((part) => cheapSql(part, source) ?? [])
      return parts.length === 0 ? null : `(${parts.join(' AND ')})`
    }
    case 'or': {
      const parts = expression.of.map((part) => cheapSql(part, source))
      return parts.some((part) => part === null) ? null : `(${parts.join(' OR ')})`
    }
  }
}

function isCheap(expression: Expression, source: RuleSource): boolean {
  switch (expression.is) {
    case 'test':
      return expression.field !== null && fieldSql(expression.field, source).cheap
    case 'not':
      return isCheap(expression.of, source)
    case 'and':
    case 'or':
      return expression.of.every((part) => isCheap(part, source))
  }
}
