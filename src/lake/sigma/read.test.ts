import { describe, expect, test } from 'vitest'
import { readCondition } from './condition.ts'
import { readRules } from './read.ts'

const rule = (title: string, more = ''): string => `title: ${title}
logsource: { product: windows, service: security }
detection:
  selection: { EventID: 4625 }
  condition: selection
${more}`

describe('files', () => {
  test('one file may hold rules, correlations and filters', () => {
    const text = [
      rule('One', 'name: one\n'),
      'title: Many\ncorrelation: { type: event_count, rules: [one], group-by: [User], timespan: 5m, condition: { gte: 3 } }\n',
      'title: Not these\nlogsource: { product: windows }\nfilter: { rules: [one], selection: { User: ben }, condition: not selection }\n',
    ].join('---\n')
    const { documents, faults } = readRules(text, 'a.yml')
    expect(faults).toEqual([])
    expect(documents.map(({ kind, at }) => [kind, at.document])).toEqual([
      ['rule', 1],
      ['correlation', 2],
      ['filter', 3],
    ])
  })

  test('the old action: global, reset and repeat are unfolded', () => {
    const text = [
      'action: global\ntitle: Shared\nlogsource: { product: windows }\ndetection: { condition: selection }\n',
      'detection: { selection: { EventID: 1 } }\nlogsource: { service: system }\n',
      'action: repeat\ndetection: { selection: { EventID: 2 } }\n',
      `action: reset\n${rule('Alone')}`,
    ].join('---\n')
    const { documents, faults } = readRules(text, 'a.yml')
    expect(faults).toEqual([])
    expect(documents.map(({ rule: { title, logsource } }) => [title, logsource])).toEqual([
      ['Shared', { product: 'windows', service: 'system' }],
      ['Shared', { product: 'windows', service: 'system' }],
      ['Alone', { product: 'windows', service: 'security' }],
    ])
    expect(documents[1]?.rule).toMatchObject({ detection: { selection: { EventID: 2 }, condition: 'selection' } })
  })

  test.each([
    ['title: [', /^line 1, column 9: /],
    ['just words', /^a rule is a map/],
    ['', /^there is no rule in it/],
    ['title: x\nlogsource: { product: y }\n', /^detection: /],
    ['title: x\nlogsource: { product: y }\ndetection: { s: { a: 1 } }\n', /^detection\.condition: /],
    ['title: x\nlogsource: { definition: y }\ndetection: { s: { a: 1 }, condition: s }\n', /^logsource: names neither/],
    [`${rule('One')}---\n${rule('Two', 'level: dire\n')}`, /^document 2 \(line 7\): level: /],
    ['title: x\ntitle: y\n', /^line 2, column 1: /],
  ])('%j is refused with its place', (text, why) => {
    const { faults } = readRules(text, 'a.yml')
    expect(faults).toHaveLength(1)
    expect(faults[0]?.why).toMatch(why)
  })

  test('a text of aliases that unfolds without end is refused, not unfolded', () => {
    const steps = Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`)
    const { documents, faults } = readRules(`a0: &a0 [x]\n${steps.join('\n')}\n`, 'a.yml')
    expect(documents).toEqual([])
    expect(faults).toHaveLength(1)
  })

  test('numbers stand in a value as they are written', () => {
    const { documents } = readRules(rule('One').replace('4625', '0x1F4'), 'a.yml')
    expect(documents[0]?.rule).toMatchObject({ detection: { selection: { EventID: '0x1F4' } } })
  })
})

describe('conditions', () => {
  const named = (name: string): object => ({ is: 'identifier', name })
  test.each([
    [
      'a or b and not c',
      { is: 'or', of: [named('a'), { is: 'and', of: [named('b'), { is: 'not', of: named('c') }] }] },
    ],
    ['(a or b) AND c', { is: 'and', of: [{ is: 'or', of: [named('a'), named('b')] }, named('c')] }],
    ['not not a', { is: 'not', of: { is: 'not', of: named('a') } }],
    ['not 1 of f_*', { is: 'not', of: { is: 'some', how: 'one', pattern: 'f_*' } }],
    ['all of them', { is: 'some', how: 'all', pattern: 'them' }],
    ['any of x*', { is: 'some', how: 'one', pattern: 'x*' }],
  ])('%s', (text, read) => expect(readCondition(text)).toEqual(read))

  test.each([
    ['a and', /character 6: something is missing/],
    ['a b', /character 3: "b" is not expected/],
    ['(a', /bracket is not closed/],
    ['and a', /character 1: "and" stands where/],
    ['2 of them', /"2 of" is not known/],
    ['a | count() > 5', /write a correlation/],
    [`${'('.repeat(200)}a${')'.repeat(200)}`, /more than 100 brackets/],
  ])('%s is refused', (text, why) => expect(() => readCondition(text)).toThrow(why))
})
