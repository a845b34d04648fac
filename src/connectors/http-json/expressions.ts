import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import ipaddr from 'ipaddr.js'
import { RE2JS } from 're2js'
import { wordsOf } from '../../kit/errors.ts'
import type { Exchange } from './schema.ts'

/** A mapping of one field fits in a few lines; more is a program. */
const astNodesMax = 300
/** What a pattern is tried on: re2js is linear, and slow enough that a megabyte would be seconds. */
const patternTextMax = 10_000
/** Words of the source that are shown as its reason: a sentence. */
const reasonCharsMax = 200

/** What an expression sees: the reply, the ask, the parameters, what steps kept, the items of all pages so far. */
export type Seen = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly ask: Readonly<Record<string, unknown>>
  readonly parameters: Readonly<Record<string, string>>
  readonly kept: Readonly<Record<string, unknown>>
  readonly items: readonly unknown[]
  /** Pages read before this one. */
  readonly page: number
}
/** The expressions of a request: those of a description, as they stand there. */
export type Expressions = Pick<Exchange, 'trouble' | 'again' | 'items' | 'nothing' | 'unclear' | 'found' | 'pages'> & {
  /** What is made of it: the fields of the answer, or what a step keeps. */
  readonly fields: Readonly<Record<string, string>>
}
export type Mapped =
  | { readonly kind: 'found'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly why: string }
  /** The source is still at work. */
  | { readonly kind: 'again' }
  /** There are more pages; `items` is what was read up to here. */
  | { readonly kind: 'more'; readonly items: readonly unknown[]; readonly next: string | number }

const environment = new Environment({
  enableOptionalTypes: true,
  // A row with an id and a null beside it is an ordinary row.
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: astNodesMax, maxDepth: 40, maxListElements: 100, maxMapEntries: 50, maxCallArguments: 8 },
})
  .registerVariable('status', 'int')
  .registerVariable('headers', 'map<string, string>')
  .registerVariable('body', 'dyn')
  .registerVariable('ask', 'map<string, dyn>')
  .registerVariable('parameters', 'map<string, string>')
  .registerVariable('kept', 'map<string, dyn>')
  .registerVariable('items', 'list<dyn>')
  .registerVariable('page', 'int')
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
  // Sources say "no list" as null, as "" and by leaving it out; one value where there is one, and a list where there are more.
  .registerFunction('list(dyn): list<dyn>', listOf)
  .registerFunction('either(dyn, dyn): dyn', (value: unknown, otherwise: unknown) =>
    value === null || value === undefined || value === '' ? otherwise : value,
  )
  .registerFunction('head(list<dyn>, int): list<dyn>', (list: readonly unknown[], most: bigint) =>
    list.slice(0, Number(most)),
  )
  .registerFunction('sum(list<dyn>): dyn', (list: readonly unknown[]) =>
    list.reduce<number>((sum, value) => sum + (Number(value) || 0), 0),
  )
  .registerFunction('flat(list<dyn>): list<dyn>', (list: readonly unknown[]) => list.flat())
  .registerFunction('least(list<dyn>): dyn', (list: readonly unknown[]) => ordered(list)[0] ?? null)
  .registerFunction('greatest(list<dyn>): dyn', (list: readonly unknown[]) => ordered(list).at(-1) ?? null)
  .registerFunction('distinct(list<dyn>): list<dyn>', (list: readonly unknown[]) => [...new Set(list)])
  .registerFunction('capture(string, string): dyn', (text: string, pattern: string) => firstGroup(text, pattern))
  .registerFunction('time(dyn): dyn', isoTime)
  .registerFunction('number(dyn): dyn', (value: unknown) => numberOf(value))
  .registerFunction('sameHost(dyn, dyn): bool', sameHost)
  .registerFunction('publicAddress(dyn): bool', (value: unknown) => {
    const text = String(value)
    return ipaddr.isValid(text) && ipaddr.process(text).range() === 'unicast'
  })
  .registerFunction('isAddress(dyn): bool', (value: unknown) => ipaddr.isValid(String(value)))
  .registerFunction('nextLink(map<string, string>): dyn', (headers: unknown) => nextLink(headers))

/** The table's word for a value; null where it has none: an unknown word of theirs is unknown to us. */
function picked(key: string, table: unknown): unknown {
  if (table instanceof Map) return table.get(key) ?? null
  return typeof table === 'object' && table !== null && Object.hasOwn(table, key)
    ? (table as Record<string, unknown>)[key]
    : null
}

function listOf(value: unknown): unknown[] {
  if (value === null || value === undefined || value === '') return []
  return Array.isArray(value) ? value : [value]
}

/** Without those that are null, in the order of their text: times of one writing are in order so. */
function ordered(list: readonly unknown[]): readonly unknown[] {
  return list
    .filter((value) => value !== null && value !== undefined && value !== '')
    .toSorted((one, other) => (String(one) < String(other) ? -1 : 1))
}

function numberOf(value: unknown): number | null {
  if (value === null || value === undefined || value === '') return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

function firstGroup(text: string, pattern: string): string | null {
  const matcher = RE2JS.compile(pattern).matcher(text.slice(0, patternTextMax))
  return matcher.find() ? matcher.group(matcher.groupCount() > 0 ? 1 : 0) : null
}

/** ISO 8601 of a time as sources write it: a number since 1970, ISO, "2026/11/02 09:00:00" (taken as UTC). Null for what is none. */
function isoTime(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null
  const text = String(value)
  if (/^\d+(\.\d+)?$/.test(text)) return isoOf(msOf(Number(text)))
  const zoned = /(?:z|[+-]\d\d:?\d\d)$/i.test(text)
  return isoOf(Date.parse(zoned ? text : `${text.replaceAll('/', '-').replace(' ', 'T')}Z`))
}

/** Seconds, milliseconds, microseconds or nanoseconds: 1e11 seconds would be the year 5138, 1e11 milliseconds were 1973. */
function msOf(number: number): number {
  if (number < 1e11) return number * 1000
  if (number < 1e14) return number
  return number < 1e17 ? number / 1000 : number / 1e6
}

function isoOf(ms: number): string | null {
  const at = new Date(ms)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

/** web-01 is WEB-01.corp.example; web-01.emea.example is not web-01.apac.example: a short name counts only where one side has no domain. */
function sameHost(one: unknown, other: unknown): boolean {
  const [a, b] = [one, other].map((name) => String(name).toLowerCase().replace(/\.$/, ''))
  if (a === undefined || b === undefined || a === '' || b === '') return false
  if (a === b) return true
  const first = (name: string): string => (ipaddr.isValid(name) ? name : (name.split('.')[0] ?? name))
  return a.includes('.') !== b.includes('.') && first(a) === first(b)
}

/** The address of rel="next" in a Link header (RFC 8288); null where there is none. */
function nextLink(headers: unknown): string | null {
  const link: unknown = headers instanceof Map ? headers.get('link') : (headers as Record<string, unknown>)['link']
  if (typeof link !== 'string') return null
  for (const one of link.slice(0, patternTextMax).split(',')) {
    const [address = '', ...parameters] = one.split(';').map((piece) => piece.trim())
    if (parameters.some((parameter) => /^rel="?next"?$/i.test(parameter))) return address.replace(/^<|>$/g, '')
  }
  return null
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

/** What a reply means. `nothing` is asked before `found`; a reply that is neither is a failure, never "nothing there". */
export function mapReply(expressions: Expressions, seen: Seen): Mapped {
  const run = runner(seen)
  try {
    const trouble = expressions.trouble === undefined ? null : run('trouble', expressions.trouble, seen.items)
    if (typeof trouble === 'string' && trouble !== '') return failed(`it says: ${trouble.slice(0, reasonCharsMax)}`)
    if (expressions.again !== undefined && run('again', expressions.again, seen.items) === true)
      return { kind: 'again' }
    const items = itemsOf(expressions, seen, run)
    const next = nextOf(expressions, seen, items, run)
    if (next !== null && seen.page + 1 < (expressions.pages?.most ?? 1)) return { kind: 'more', items, next }
    const asked = (name: 'nothing' | 'unclear' | 'found', text: string | undefined): boolean =>
      text !== undefined && run(name, text, items) === true
    if (asked('nothing', expressions.nothing ?? nothingOf(expressions)))
      return next === null ? { kind: 'nothing' } : failed(`it has more pages than the ${seen.page + 1} that are read`)
    if (asked('unclear', expressions.unclear)) return failed('several fit, and none can be told apart')
    if (!asked('found', expressions.found)) return failed(`status ${seen.status}, neither "found" nor "nothing" holds`)
    const fields = Object.entries(expressions.fields).map(([field, text]): [string, unknown] => [
      field,
      plain(run(`answer.${field}`, text, items)),
    ])
    return { kind: 'found', fields: Object.fromEntries(fields) }
  } catch (error) {
    return failed(`the response does not fit the mapping: ${wordsOf(error)}`)
  }
}

/** When a description does not say what "nothing" is: an empty list where there is a list, else 404. */
export function nothingOf(expressions: Pick<Expressions, 'items'>): string {
  return expressions.items === undefined ? 'status == 404' : 'status == 200 && size(items) == 0'
}

/** Does an alternative of a question hold for this ask? Throws what is wrong with it. */
export function holds(expression: string, seen: Seen): boolean {
  return runner(seen)('when', expression, []) === true
}

/** The value of one expression over a reply, as plain data. Throws what is wrong with it. */
export function valueOf(name: string, expression: string, seen: Seen): unknown {
  return plain(runner(seen)(name, expression, seen.items))
}

type Run = (name: string, text: string, items: readonly unknown[]) => unknown

function runner(seen: Seen): Run {
  const context = { ...seen, status: BigInt(seen.status), page: BigInt(seen.page) }
  return (name, text, items) => {
    try {
      return environment.evaluate(text, { ...context, items }) as unknown
    } catch (error) {
      throw new Error(`${name}: ${firstLine(error)}`, { cause: error })
    }
  }
}

/** The items of the pages before, and of this one. A reply that is no success has none. */
function itemsOf({ items }: Expressions, seen: Seen, run: Run): readonly unknown[] {
  if (items === undefined || seen.status >= 300) return seen.items
  const here = run('items', items, seen.items)
  if (!Array.isArray(here)) throw new Error('items: this is no list')
  return [...seen.items, ...(here as unknown[])]
}

function nextOf({ pages }: Expressions, seen: Seen, items: readonly unknown[], run: Run): string | number | null {
  if (pages === undefined || seen.status >= 300) return null
  const next = plain(run('next', pages.next, items))
  if (next === null || next === undefined || next === '') return null
  if (typeof next !== 'string' && typeof next !== 'number') throw new Error('next: this is neither a text nor a number')
  return next
}

function failed(why: string): Mapped {
  return { kind: 'failed', why }
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
