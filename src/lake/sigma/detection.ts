import { type Condition, readCondition } from './condition.ts'
import { type Placeholders, readTests, type Test } from './modifiers.ts'
import { afterAny, beforeAny } from './pattern.ts'
import { RuleProblem } from './rule.ts'

/** What a rule looks for in one event. `field` null: anywhere in it (keywords). */
export type Expression =
  | { readonly is: 'and' | 'or'; readonly of: readonly Expression[] }
  | { readonly is: 'not'; readonly of: Expression }
  | { readonly is: 'test'; readonly field: string | null; readonly test: Test }

/** The longest list of values in SigmaHQ has some 500. */
const valuesMax = 20_000

/**
 * The `detection` of a rule as one expression. Several conditions are joined by OR. `missing` takes placeholders without values.
 * Throws RuleProblem that names the search identifier and the field.
 */
export function readDetection(
  detection: Readonly<Record<string, unknown>>,
  placeholders: Placeholders,
  missing: Set<string>,
): Expression {
  const { condition, timeframe: _timeframe, ...searches } = detection
  const identifiers = new Map<string, Expression>()
  for (const [name, search] of Object.entries(searches)) {
    try {
      identifiers.set(name, searchOf(search, placeholders, missing))
    } catch (error) {
      throw error instanceof RuleProblem ? new RuleProblem(`detection.${name}: ${error.message}`) : error
    }
  }
  const conditions = (Array.isArray(condition) ? condition : [condition]) as readonly string[]
  return either(conditions.map((text) => resolved(readCondition(text), identifiers)))
}

function resolved(condition: Condition, identifiers: ReadonlyMap<string, Expression>): Expression {
  switch (condition.is) {
    case 'identifier': {
      const named = identifiers.get(condition.name)
      if (named === undefined) throw new RuleProblem(`condition: there is no search identifier "${condition.name}"`)
      return named
    }
    case 'some': {
      const found = matching(condition.pattern, identifiers)
      if (found.length === 0)
        throw new RuleProblem(`condition: no search identifier is meant by "${condition.pattern}"`)
      return condition.how === 'all' ? both(found) : either(found)
    }
    case 'not':
      return { is: 'not', of: resolved(condition.of, identifiers) }
    case 'and':
    case 'or': {
      const of = condition.of.map((part) => resolved(part, identifiers))
      return condition.is === 'and' ? both(of) : either(of)
    }
  }
}

/** "them": all that do not begin with an underscore. */
function matching(pattern: string, identifiers: ReadonlyMap<string, Expression>): readonly Expression[] {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  const wanted = pattern.toLowerCase() === 'them' ? /^[^_]/ : new RegExp(`^${source}$`)
  return [...identifiers].flatMap(([name, expression]) => (wanted.test(name) ? [expression] : []))
}

export function both(of: readonly Expression[]): Expression {
  const [only] = of
  return of.length === 1 && only !== undefined ? only : { is: 'and', of }
}

export function either(of: readonly Expression[]): Expression {
  const [only] = of
  return of.length === 1 && only !== undefined ? only : { is: 'or', of }
}

function searchOf(search: unknown, placeholders: Placeholders, missing: Set<string>): Expression {
  if (Array.isArray(search)) {
    if (search.length === 0) throw new RuleProblem('the list is empty')
    return either(search.map((item: unknown) => itemOf(item, placeholders, missing)))
  }
  return itemOf(search, placeholders, missing)
}

function itemOf(item: unknown, placeholders: Placeholders, missing: Set<string>): Expression {
  if (isScalar(item)) return fieldOf('', item, placeholders, missing)
  if (Array.isArray(item) || typeof item !== 'object') throw new RuleProblem('this is neither a value nor a map')
  const entries = Object.entries(item as Readonly<Record<string, unknown>>)
  if (entries.length === 0) throw new RuleProblem('the map is empty')
  return both(entries.map(([key, value]) => fieldOf(key, value, placeholders, missing)))
}

type Scalar = string | number | boolean | null

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function fieldOf(key: string, value: unknown, placeholders: Placeholders, missing: Set<string>): Expression {
  const [field = '', ...modifiers] = key.split('|')
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new RuleProblem(`${key}: the list is empty`)
  if (values.length > valuesMax) throw new RuleProblem(`${key}: more than ${valuesMax} values`)
  if (!values.every(isScalar)) throw new RuleProblem(`${key}: a value is a text, a number, true, false or null`)
  try {
    const { tests, all, not } = readTests(modifiers, values, placeholders, missing)
    const of = tests.map(
      (test): Expression => ({
        is: 'test',
        field: field === '' ? null : field,
        test: field === '' ? anywhere(test) : test,
      }),
    )
    const joined = all ? both(of) : either(of)
    return not ? { is: 'not', of: joined } : joined
  } catch (error) {
    throw error instanceof RuleProblem ? new RuleProblem(`${key}: ${error.message}`) : error
  }
}

/** A keyword is looked for in the whole event. */
function anywhere(test: Test): Test {
  if (test.is === 'pattern') return { ...test, pattern: beforeAny(afterAny(test.pattern)) }
  if (test.is === 'regex' || test.is === 'nothing') return test
  throw new RuleProblem('only texts and regular expressions can be looked for without a field')
}
