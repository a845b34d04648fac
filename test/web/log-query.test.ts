import { describe, expect, test } from 'vitest'
import { readExpression } from '../../src/lake/search/read-expression.ts'
import {
  completionsAt,
  nameOfField,
  quoted,
  searchFor,
  unreadQuery,
  withCondition,
} from '../../web/src/pages/logs/query-words.ts'

describe('a click on a value', () => {
  test.each([
    ['', 'action', 'deny', false, 'action:deny'],
    ['*', 'action', 'deny', false, 'action:deny'],
    ['src:192.0.2.1', 'action', 'deny', true, 'src:192.0.2.1 NOT action:deny'],
    ['a OR b', 'action', 'deny', false, '(a OR b) action:deny'],
    ['(a OR b)', 'action', 'deny', false, '(a OR b) action:deny'],
    ['(a OR b) OR (c)', 'action', 'deny', false, '((a OR b) OR (c)) action:deny'],
    ['"this OR that"', 'action', 'deny', false, '"this OR that" action:deny'],
    ['x action:deny', 'action', 'deny', false, 'x action:deny'],
    ['x', 'metadata.log_format', '', false, 'x NOT parser:*'],
    ['x', 'metadata.log_format', '', true, 'x parser:*'],
    ['', 'src_endpoint.ip', '2001:db8::1', false, 'src:"2001:db8::1"'],
    ['', 'user.name', 'HALDEN\\m "w" *', false, String.raw`user:"HALDEN\\m \"w\" \*"`],
  ])('%j with %s %j (not: %j) becomes %j', (before, field, value, not, after) => {
    expect(withCondition(before, field, value, not)).toBe(after)
  })

  const hostile = ['AND', 'OR', 'a..b', 'x) OR (y', '"', '\\', '*', 'a:b', ' ', 'NOT x', '>5', "'", '\u202e']
  test.each(hostile)('%j is found as itself', (value) => {
    const expression = readExpression(withCondition('a OR b', 'user.name', value))
    expect(expression).toMatchObject({
      kind: 'and',
      parts: [{ kind: 'or' }, { kind: 'field', field: 'user', match: { kind: 'is', pattern: { pieces: [value] } } }],
    })
    expect(readExpression(searchFor(value))).toMatchObject({
      field: 'observable',
      match: { pattern: { pieces: [value] } },
    })
  })

  test('what needs no quotes has none', () => {
    expect(['ws-0417', 'a@b.example', '192.0.2.1'].map(quoted)).toEqual(['ws-0417', 'a@b.example', '192.0.2.1'])
  })

  test('unread lines are asked for in words the lake reads', () => {
    expect(readExpression(unreadQuery)).toEqual({
      kind: 'not',
      part: { kind: 'field', field: 'parser', match: { kind: 'exists' }, at: 4 },
    })
  })
})

describe('completions', () => {
  const known = { source: [{ insert: 'fw-1', says: 'Firewall' }] }
  const at = (query: string) => completionsAt(query, query.length, known)
  test('names of fields that begin with it come first, then those that hold it', () => {
    const names = at('src').completions.map((one) => one.insert)
    expect(names.slice(0, 2)).toEqual(['src:', 'src_ip:'])
    expect(at('x AND (host').completions.map((one) => one.insert)).toContain('host:')
    expect(at('x AND (host')).toMatchObject({ start: 7, end: 11 })
  })
  test('values that are known follow a field; a class is found by its name', () => {
    expect(at('source:f')).toMatchObject({ start: 7, completions: [{ insert: 'fw-1' }] })
    expect(at('class:authen').completions).toEqual([{ insert: '3002', says: 'Authentication' }])
    expect(at('user:f').completions).toEqual([])
  })
  test('within quotes and at nothing there are none', () => {
    expect(at('"src').completions).toEqual([])
    expect(at('').completions).toEqual([])
    expect(at('src:192.0.2.1 ').completions).toEqual([])
  })
})

test('fields go by the shortest name that people type', () => {
  expect(nameOfField('src_endpoint.ip')).toBe('src')
  expect(nameOfField('action')).toBe('action')
})
