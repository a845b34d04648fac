import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTrouble } from '../../kit/errors.ts'
import { Binder } from './binder.ts'
import { conditionOf } from './condition.ts'
import { type Expression, expressionCharsMax, joined, nestingMax, type Pattern, termsMax } from './expression.ts'
import { printExpression } from './print-expression.ts'
import { readExpression } from './read-expression.ts'

/** Without the places of fields, which printing does not keep. */
function placeless(expression: Expression): Expression {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return { ...expression, parts: expression.parts.map(placeless) }
    case 'not':
      return { ...expression, part: placeless(expression.part) }
    case 'field':
      return { ...expression, at: 0 }
    default:
      return expression
  }
}
const read = (text: string) => placeless(readExpression(text))
const text = (...pieces: string[]): Expression => ({ kind: 'text', pattern: { pieces } })
const is = (field: string, ...pieces: string[]): Expression => ({
  kind: 'field',
  field,
  match: { kind: 'is', pattern: { pieces } },
  at: 0,
})
function refusal(query: string): { problem: unknown; character: unknown } {
  try {
    conditionOf(readExpression(query), new Binder())
  } catch (error) {
    if (isTrouble(error, 'lake.query')) return error.details as { problem: unknown; character: unknown }
    throw error
  }
  throw new Error(`"${query}" was read`)
}

describe('reading', () => {
  test('words and phrases stand side by side, OR is weaker than AND, NOT stronger', () => {
    expect(read('')).toEqual({ kind: 'all' })
    expect(read('failed "logon of root"')).toEqual({ kind: 'and', parts: [text('failed'), text('logon of root')] })
    expect(read('a b OR NOT c AND d')).toEqual({
      kind: 'or',
      parts: [
        { kind: 'and', parts: [text('a'), text('b')] },
        { kind: 'and', parts: [{ kind: 'not', part: text('c') }, text('d')] },
      ],
    })
    expect(read('a (b OR c)')).toEqual({
      kind: 'and',
      parts: [text('a'), { kind: 'or', parts: [text('b'), text('c')] }],
    })
    expect(read('and or not')).toEqual({ kind: 'and', parts: [text('and'), text('or'), text('not')] })
  })

  test('fields: a value, a list, an order, a range, whatever has one', () => {
    expect(read('src:192.0.2.1')).toEqual(is('src', '192.0.2.1'))
    expect(read('process.file.path:"C:\\Program Files\\*\\a.exe"')).toEqual(
      is('process.file.path', 'C:\\Program Files*\\a.exe'),
    )
    expect(read('process:"C:\\Program Files\\\\*\\a.exe"')).toEqual(is('process', 'C:\\Program Files\\', '\\a.exe'))
    expect(read('user:(alice, "bob b", c*)')).toMatchObject({
      match: { kind: 'in', patterns: [{ pieces: ['alice'] }, { pieces: ['bob b'] }, { pieces: ['c', ''] }] },
    })
    expect(read('dst_port:>=1024')).toMatchObject({ match: { kind: 'compare', comparison: '>=', value: '1024' } })
    expect(read('dst_port:1..1023')).toMatchObject({ match: { kind: 'range', from: '1', to: '1023' } })
    expect(read('src:2001:db8::1..2001:db8::ff')).toMatchObject({
      match: { kind: 'range', from: '2001:db8::1', to: '2001:db8::ff' },
    })
    expect(read('time:2026-11-01T10:00Z..2026-11-02')).toMatchObject({ match: { kind: 'range' } })
    expect(read('user:*')).toMatchObject({ match: { kind: 'exists' } })
    expect(read('user:""')).toEqual(is('user', ''))
    expect(read('"Event ID":4625')).toEqual(is('Event ID', '4625'))
    expect(read('file:..\\x.dll')).toEqual(is('file', '..\\x.dll'))
  })

  test('a colon within an address, a path or a time makes no field', () => {
    for (const word of [
      'https://portal.example/login?a=b',
      '2001:db8::1',
      'fe80::1',
      'dead:beef::1',
      'C:\\Windows\\x.exe',
      '00:1b:44:11:3a:b7',
      '12:30:01',
      '192.0.2.1:443',
    ]) {
      expect(read(word)).toEqual(text(word))
    }
  })

  test('what cannot be read is said with its place', () => {
    expect(refusal('a (b OR c')).toMatchObject({ problem: expect.stringContaining('never closed'), character: 3 })
    expect(refusal('a "b')).toMatchObject({ problem: expect.stringContaining('quotation mark'), character: 3 })
    expect(refusal('a)')).toMatchObject({ character: 2 })
    expect(refusal('src: 192.0.2.1')).toMatchObject({
      problem: expect.stringContaining('must follow "src:"'),
      character: 5,
    })
    expect(refusal('a OR')).toMatchObject({ character: 5 })
    expect(refusal('OR a')).toMatchObject({ character: 1 })
    expect(refusal('NOT')).toMatchObject({ character: 4 })
    expect(refusal('src:()')).toMatchObject({ problem: 'This list is empty' })
    expect(refusal('x src:web-1')).toMatchObject({
      problem: expect.stringContaining('"web-1" is no address'),
      character: 3,
    })
    expect(refusal('dst_port:http')).toMatchObject({ problem: '"http" is no number' })
    expect(refusal('dst_port:8*')).toMatchObject({ problem: expect.stringContaining('is a number') })
    expect(refusal('user:>alice')).toMatchObject({ problem: expect.stringContaining('no order') })
    expect(refusal('time:yesterday')).toMatchObject({ problem: expect.stringContaining('is no time') })
    expect(refusal('bytes_in:>many')).toMatchObject({ problem: '"many" is no number' })
    expect(refusal('id:x')).toMatchObject({ problem: expect.stringContaining('two numbers') })
  })

  test('every dimension has an end', () => {
    expect(refusal('a'.repeat(expressionCharsMax + 1))).toMatchObject({
      problem: expect.stringContaining('longer than'),
    })
    expect(refusal('('.repeat(nestingMax + 1))).toMatchObject({ problem: expect.stringContaining('deep') })
    expect(refusal('NOT '.repeat(nestingMax + 1))).toMatchObject({ problem: expect.stringContaining('deep') })
    expect(refusal('a '.repeat(termsMax + 1))).toMatchObject({ problem: expect.stringContaining('at most') })
    expect(refusal(`user:(${'a,'.repeat(termsMax + 1)})`)).toMatchObject({
      problem: expect.stringContaining('at most'),
    })
    const began = performance.now()
    readExpression(`src:${'.'.repeat(expressionCharsMax - 10)}x`)
    readExpression('a:'.repeat(expressionCharsMax / 2 - 1))
    expect(performance.now() - began).toBeLessThan(500)
  })
})

const someText = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
  fc.string({
    minLength: 1,
    maxLength: 8,
    unit: fc.constantFrom('*', '\\', '"', '(', ')', ',', ':', '.', ' ', 'a', '>', '=', '-'),
  }),
  fc.constantFrom('AND', 'OR', 'NOT', '1..5', '>5', '*', 'src:1', "' OR 1=1 --", '{p0:String}', '?'),
)
const pattern: fc.Arbitrary<Pattern> = fc
  .tuple(fc.boolean(), fc.array(someText, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([front, pieces, back]) => ({ pieces: [...(front ? [''] : []), ...pieces, ...(back ? [''] : [])] }))
const name = fc.oneof(
  fc.constantFrom(
    'src',
    'dst',
    'user',
    'process',
    'hash',
    'url',
    'cmd',
    'dns',
    'host',
    'answer',
    'observable',
    'raw',
    'EventID',
  ),
  fc.string({ minLength: 1, maxLength: 8 }).filter((one) => !one.includes('*')),
)
const match = fc.oneof(
  pattern.map((one) => ({ kind: 'is' as const, pattern: one })),
  fc.array(pattern, { minLength: 2, maxLength: 4 }).map((patterns) => ({ kind: 'in' as const, patterns })),
  fc.constant({ kind: 'exists' as const }),
  fc
    .tuple(
      fc.constantFrom('>', '>=', '<', '<=' as const),
      someText.filter((one) => one !== ''),
    )
    .map(([comparison, value]) => ({
      kind: 'compare' as const,
      comparison: comparison as '>',
      value,
    })),
  fc.tuple(fc.nat(), fc.nat()).map(([from, to]) => ({ kind: 'range' as const, from: String(from), to: String(to) })),
)
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    pattern.map((one) => ({ kind: 'text' as const, pattern: one })),
    fc.tuple(name, match).map(([field, one]) => ({ kind: 'field' as const, field, match: one, at: 0 })),
    tie('expression').map((part) => ({ kind: 'not' as const, part })),
    fc
      .tuple(
        fc.constantFrom('and' as const, 'or' as const),
        fc.array(tie('expression'), { minLength: 2, maxLength: 4 }),
      )
      .map(([kind, parts]) => joined(kind, parts)),
  ),
}))

test('a printed query is read back as the same', () => {
  fc.assert(
    fc.property(expression, (one) => {
      expect(read(printExpression(one))).toEqual(one)
    }),
    { numRuns: 2_000 },
  )
})

test('a value with which the field would look like a path or an address is printed in quotation marks', () => {
  for (const query of ['a:("/b")', 'http:("//b")', 'a:"/"'])
    expect(read(printExpression(read(query)))).toEqual(read(query))
  expect(printExpression(read('url:/b'))).toBe('url:/b')
})

const typable = Array.from('ab:"\\*(),.<>= \t1-/ORNTD')
test('whatever is typed is read or refused with a place, never broken', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60, unit: fc.constantFrom(...typable) }), (typed) => {
      try {
        const once = readExpression(typed)
        expect(placeless(readExpression(printExpression(once)))).toEqual(placeless(once))
      } catch (error) {
        expect(isTrouble(error, 'lake.query')).toBe(true)
      }
    }),
    { numRuns: 5_000 },
  )
})

test('no text of the query becomes part of the statement', () => {
  const sentinel = 'zqx'
  fc.assert(
    fc.property(
      name,
      pattern,
      fc.constantFrom("'", '"', '`', ')', '--', '{p0:String}', '\\', '\0', ';', ''),
      (field, one, sign) => {
        const marked = { pieces: one.pieces.map((piece) => `${piece}${sign}${sentinel}`) }
        const both: Expression = joined('and', [
          { kind: 'text', pattern: marked },
          { kind: 'field', field: `${sentinel}${field}${sign}`, match: { kind: 'is', pattern: marked }, at: 0 },
          { kind: 'field', field: 'user', match: { kind: 'in', patterns: [marked, one] }, at: 0 },
        ])
        const binder = new Binder()
        const sql = conditionOf(both, binder)
        expect(sql).not.toContain(sentinel)
        expect(JSON.stringify(binder.params)).toContain(sentinel)
        // Nothing but our own words, names of columns, bound places and constants.
        expect(sql.replaceAll(/\{p\d+:[A-Za-z0-9(), ']+\}/g, '')).toMatch(/^[A-Za-z0-9_(),\s=<>!'[\]-]*$/)
      },
    ),
    { numRuns: 1_000 },
  )
})
