import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { wordsOf } from '../../kit/errors.ts'

/** A mapping of one field fits in a few lines; more is a program. */
const astNodesMax = 300
/** What a pattern is tried on: re2js is linear, and slow enough that a megabyte would be seconds. */
const patternTextMax = 10_000

/** What an expression sees: the HTTP status, the JSON of the response, the ask. */
export type Seen = { readonly status: number; readonly body: unknown; readonly ask: Readonly<Record<string, unknown>> }
export type Expressions = {
  readonly nothing: string
  readonly found: string
  readonly answer: Readonly<Record<string, string>>
}
export type Mapped =
  | { readonly kind: 'found'; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly why: string }

const environment = new Environment({
  enableOptionalTypes: true,
  // A row with an id and a null beside it is an ordinary row.
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: astNodesMax, maxDepth: 40, maxListElements: 100, maxMapEntries: 50, maxCallArguments: 8 },
})
  .registerVariable('status', 'int')
  .registerVariable('body', 'dyn')
  .registerVariable('ask', 'map<string, dyn>')
  .registerFunction('re2(string, string): bool', (text: string, pattern: string) =>
    RE2JS.compile(pattern).matcher(text.slice(0, patternTextMax)).find(),
  )
  // A ternary with null on one side has no type in CEL; these two say the two things it is wanted for.
  .registerFunction('text(dyn): dyn', (value: unknown) =>
    value === null || value === undefined ? null : String(value),
  )
  .registerFunction('pick(dyn, map<string, string>): dyn', (value: unknown, table: unknown) =>
    picked(String(value), table),
  )

/** The table's word for a value; null where it has none: an unknown word of theirs is unknown to us. */
function picked(key: string, table: unknown): unknown {
  if (table instanceof Map) return table.get(key) ?? null
  return typeof table === 'object' && table !== null && Object.hasOwn(table, key)
    ? (table as Record<string, unknown>)[key]
    : null
}

/** Is this an expression that can run, and of the right kind? Null when it is; else what is wrong with it. */
export function problemOf(text: string, expected: 'bool' | 'any'): string | null {
  try {
    const parsed = environment.parse(text)
    if (usesMatches(parsed.ast)) return 'matches() can hang on a hostile text; write re2(text, "pattern")'
    const checked = parsed.check()
    if (!checked.valid) return firstLine(checked.error)
    if (expected === 'bool' && checked.type !== 'bool' && checked.type !== 'dyn')
      return `this gives ${checked.type}, not yes or no`
    return null
  } catch (error) {
    return firstLine(error)
  }
}

/** What a response means. `nothing` is asked first; a response that is neither is a failure, never "nothing there". */
export function mapResponse(expressions: Expressions, seen: Seen): Mapped {
  const context = { status: BigInt(seen.status), body: seen.body, ask: seen.ask }
  const run = (name: string, text: string): unknown => {
    try {
      return environment.evaluate(text, context)
    } catch (error) {
      throw new Error(`${name}: ${firstLine(error)}`, { cause: error })
    }
  }
  try {
    if (run('nothing', expressions.nothing) === true) return { kind: 'nothing' }
    if (run('found', expressions.found) !== true)
      return { kind: 'failed', why: `status ${seen.status}, neither "found" nor "nothing" holds` }
    const answer = Object.entries(expressions.answer).map(([field, text]): [string, unknown] => [
      field,
      plain(run(`answer.${field}`, text)),
    ])
    return { kind: 'found', answer: Object.fromEntries(answer) }
  } catch (error) {
    return { kind: 'failed', why: `the response does not fit the mapping: ${wordsOf(error)}` }
  }
}

/** CEL's integers are bigint; everything else of a mapping is JSON already. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function usesMatches(node: ASTNode): boolean {
  if ((node.op === 'call' || node.op === 'rcall') && node.args[0] === 'matches') return true
  const inside = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(inside)
    return typeof value === 'object' && value !== null && 'op' in value && usesMatches(value as ASTNode)
  }
  return inside(node.args)
}

function firstLine(error: unknown): string {
  return wordsOf(error).split('\n')[0] ?? ''
}
