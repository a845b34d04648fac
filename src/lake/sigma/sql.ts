import { text } from '../parse/sql-text.ts'
import type { Expression } from './detection.ts'
import { type FieldSql, fieldSql, timeFields } from './fields.ts'
import type { Comparison, Test, TimePart } from './modifiers.ts'
import { many, one, type Pattern } from './pattern.ts'
import type { RuleSource } from './rule.ts'

/**
 * The text of a rule's values in SQL. A rule has some ten values, a pass over the lake some thousand rules, and ClickHouse binds each
 * parameter by a field of the request: so values of rules are written as literals, by this one function and `text`, whose property test
 * sends any text through the real engine.
 */
function literal(value: string, bytes: boolean): string {
  if (!bytes) return text(value)
  return `unhex('${Buffer.from(value, 'latin1').toString('hex')}')`
}

/** Not more needles than `multiSearchAny` takes at once. */
const needlesMax = 255

/** The condition on one event that this expression means, for rules of this source. */
export function expressionSql(expression: Expression, source: RuleSource): string {
  switch (expression.is) {
    case 'and':
      return expression.of.length === 0
        ? '1'
        : `(${expression.of.map((part) => expressionSql(part, source)).join(' AND ')})`
    case 'not':
      return `NOT ${expressionSql(expression.of, source)}`
    case 'or':
      return orSql(expression.of, source)
    case 'test':
      return testSql(expression.field, expression.test, source)
  }
}

/** Texts that one field is compared with in the same way are looked for together: one pass over the value instead of many. */
type Together = { readonly subject: string; readonly how: 'whole' | 'within'; readonly values: string[] }

function orSql(of: readonly Expression[], source: RuleSource): string {
  const together = new Map<string, Together>()
  const parts: string[] = []
  for (const part of of) {
    const simple = part.is === 'test' && part.field !== null ? simpleOf(part.field, part.test, source) : null
    if (simple === null) {
      parts.push(expressionSql(part, source))
      continue
    }
    const key = `${simple.how} ${simple.subject}`
    const group = together.get(key) ?? { subject: simple.subject, how: simple.how, values: [] }
    together.set(key, group)
    group.values.push(simple.value)
  }
  for (const { subject, how, values } of together.values())
    parts.push(...(how === 'whole' ? wholeSql(subject, values) : withinSql(subject, values)))
  return parts.length === 0 ? '0' : parts.length === 1 ? (parts[0] ?? '0') : `(${parts.join(' OR ')})`
}

function wholeSql(subject: string, values: readonly string[]): readonly string[] {
  const [only] = values
  return [values.length === 1 && only !== undefined ? `${subject} = ${only}` : `${subject} IN (${values.join(', ')})`]
}

function withinSql(subject: string, values: readonly string[]): readonly string[] {
  const [only] = values
  if (values.length === 1 && only !== undefined) return [`position(${subject}, ${only}) > 0`]
  const parts: string[] = []
  for (let at = 0; at < values.length; at += needlesMax)
    parts.push(`multiSearchAny(${subject}, [${values.slice(at, at + needlesMax).join(', ')}])`)
  return parts
}

function simpleOf(
  field: string,
  test: Test,
  source: RuleSource,
): { readonly subject: string; readonly how: 'whole' | 'within'; readonly value: string } | null {
  if (test.is !== 'pattern') return null
  const [first, second, third] = test.pattern
  const value = typeof first === 'string' ? first : second
  const whole = test.pattern.length === 1 && typeof first === 'string'
  const within = test.pattern.length === 3 && first === many && typeof second === 'string' && third === many
  if (typeof value !== 'string' || !(whole || within)) return null
  const { subject, fold } = subjectOf(fieldSql(field, source).text, test)
  return { subject, how: whole ? 'whole' : 'within', value: literal(fold(value), test.bytes) }
}

/** Sigma compares without regard to case. Letters beyond ASCII cost a slower function, so it is taken only where the rule has some. */
function subjectOf(
  value: string,
  test: { readonly pattern: Pattern; readonly cased: boolean; readonly bytes: boolean },
): { readonly subject: string; readonly fold: (text: string) => string } {
  if (test.cased) return { subject: value, fold: (plain) => plain }
  const wide = !test.bytes && test.pattern.some((piece) => typeof piece === 'string' && /[^\x00-\x7f]/.test(piece))
  if (wide) return { subject: `lowerUTF8(${value})`, fold: (plain) => plain.toLowerCase() }
  return { subject: `lower(${value})`, fold: lowerAscii }
}

export function lowerAscii(plain: string): string {
  return plain.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function testSql(field: string | null, test: Test, source: RuleSource): string {
  if (test.is === 'nothing') return '0'
  if (field === null) return keywordSql(test)
  const found = fieldSql(field, source)
  switch (test.is) {
    case 'pattern':
      return patternSql(found, test)
    case 'regex':
      return regexSql(found.text, test.regex)
    case 'network':
      return networkSql(found.text, test.cidr)
    case 'number':
      return `ifNull(toFloat64OrNull(${found.text}) ${signs[test.how]} ${test.number}, 0)`
    case 'time':
      return timeSql(field, found.text, test)
    case 'null':
      return `${found.text} = ''`
    case 'there':
      return test.there ? found.there : `NOT ${found.there}`
    case 'field':
      return fieldRefSql(found.text, fieldSql(test.other, source).text, test)
  }
}

const signs: Readonly<Record<Comparison, string>> = { lt: '<', lte: '<=', gt: '>', gte: '>=', eq: '=' }

function patternSql(found: FieldSql, test: Extract<Test, { is: 'pattern' }>): string {
  const { pattern } = test
  if (pattern.length === 0) return `${found.text} = ''`
  if (pattern.every((piece) => piece === many)) return found.there
  const { subject, fold } = subjectOf(found.text, test)
  return matchSql(
    subject,
    pattern,
    (plain) => literal(fold(plain), test.bytes),
    (plain) => fold(plain),
  )
}

function matchSql(
  subject: string,
  pattern: Pattern,
  value: (plain: string) => string,
  fold: (plain: string) => string,
): string {
  const [first, second, third] = pattern
  if (pattern.length === 1 && typeof first === 'string') return `${subject} = ${value(first)}`
  if (pattern.length === 2 && typeof first === 'string' && second === many)
    return `startsWith(${subject}, ${value(first)})`
  if (pattern.length === 2 && first === many && typeof second === 'string')
    return `endsWith(${subject}, ${value(second)})`
  if (pattern.length === 3 && first === many && typeof second === 'string' && third === many)
    return `position(${subject}, ${value(second)}) > 0`
  const like = pattern.map((piece) =>
    piece === many ? '%' : piece === one ? '_' : fold(piece).replaceAll(/[\\%_]/g, (letter) => `\\${letter}`),
  )
  return `${subject} LIKE ${text(like.join(''))}`
}

/**
 * A keyword may stand anywhere in the line. Where the line's format could have escaped some of its letters (a backslash in JSON, a
 * bracket in XML), it is looked for in the values of the fields as well.
 */
function keywordSql(test: Test): string {
  const joined = `arrayStringConcat(mapValues(fields), '\\n')`
  if (test.is === 'regex') return `(${regexSql('raw', test.regex)} OR ${regexSql(joined, test.regex)})`
  if (test.is !== 'pattern') return '0'
  if (test.pattern.every((piece) => piece === many)) return '1'
  const within = (where: string): string => {
    const { subject, fold } = subjectOf(where, test)
    return matchSql(subject, test.pattern, (plain) => literal(fold(plain), test.bytes), fold)
  }
  const plain = test.pattern.every(
    (piece) => typeof piece !== 'string' || /^[A-Za-z0-9 _.:;,=@#$()[\]{}!~^|-]*$/.test(piece),
  )
  return plain ? within('raw') : `(${within('raw')} OR ${within(joined)})`
}

function regexSql(
  subject: string,
  { match, without }: { readonly match: string; readonly without: string | null },
): string {
  const yes = `match(${subject}, ${text(match)})`
  return without === null ? yes : `(${yes} AND NOT match(${subject}, ${text(without)}))`
}

/** What is no address is in no range. Addresses of IPv4 inside of IPv6 count as those of IPv4. */
function networkSql(value: string, cidr: string): string {
  const plain = `replaceRegexpOne(${value}, '^::ffff:([0-9.]+)$', '\\\\1')`
  const valid = `(isIPv4String(${plain}) OR isIPv6String(${plain}))`
  return `(${valid} AND isIPAddressInRange(if(${valid}, ${plain}, '::'), ${text(cidr)}))`
}

const timeFunctions: Readonly<Record<TimePart, string>> = {
  minute: 'toMinute',
  hour: 'toHour',
  day: 'toDayOfMonth',
  week: 'toISOWeek',
  month: 'toMonth',
  year: 'toYear',
}

function timeSql(field: string, value: string, test: Extract<Test, { is: 'time' }>): string {
  const read = `parseDateTime64BestEffortOrNull(${value}, 3, 'UTC')`
  const moment = timeFields.has(field.toLowerCase()) ? `ifNull(${read}, time)` : read
  return `ifNull(${timeFunctions[test.part]}(${moment}) ${signs[test.how]} ${test.number}, 0)`
}

function fieldRefSql(left: string, right: string, test: Extract<Test, { is: 'field' }>): string {
  const [a, b] = test.cased ? [left, right] : [`lowerUTF8(${left})`, `lowerUTF8(${right})`]
  // Two fields that the event does not have are not equal.
  const there = `${right} != ''`
  switch (test.where) {
    case 'whole':
      return `(${there} AND ${a} = ${b})`
    case 'start':
      return `(${there} AND startsWith(${a}, ${b}))`
    case 'end':
      return `(${there} AND endsWith(${a}, ${b}))`
    case 'within':
      return `(${there} AND position(${a}, ${b}) > 0)`
  }
}
