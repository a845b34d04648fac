import { beforeAll, describe, expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import type { Engine } from '../engine/engine.ts'
import { compileRules, type RuleSet } from './compile.ts'
import { readRules } from './read.ts'
import { type RuleWindow, runRules } from './run.ts'

let engine: Engine
beforeAll(async () => {
  engine = (await freshLake()).engine
})

const start = Date.parse('2026-03-02T10:00:00.000Z')
const iso = (seconds: number): string => new Date(start + seconds * 1_000).toISOString()
const window: RuleWindow = { from: iso(-3_600), to: iso(86_400) }

type Made = readonly [seconds: number, fields: Readonly<Record<string, string>>, receivedSeconds?: number]
let line = 0
async function insert(source: string, events: readonly Made[]): Promise<void> {
  const sql = (seconds: number): string => iso(seconds).replace('T', ' ').replace('Z', '')
  const records = events.map(([seconds, fields, received = seconds]) => {
    line += 1
    return JSON.stringify({
      time: sql(seconds),
      received: sql(received),
      source,
      load: 1,
      line,
      parser: 'generic-json',
      fields_kept: fields,
      raw: JSON.stringify(fields),
    })
  })
  await engine.command(`INSERT INTO stored_events FORMAT JSONEachRow ${records.join('\n')}`)
}

const single = (source: string, name: string, kind: string): string =>
  `---\ntitle: ${name}\nname: ${name}\nlogsource: { product: ${source} }\ndetection: { s: { kind: ${kind} }, condition: s }\n`

function compiled(text: string): RuleSet {
  const { documents, faults } = readRules(text, 'rule.yml')
  const set = compileRules(documents, faults)
  expect(set.failed).toEqual([])
  return set
}

/** How often the correlation came true for whom, and when first. */
async function cameTrue(text: string, within: RuleWindow = window): Promise<Record<string, [number, string]>> {
  const run = await runRules(engine, compiled(text).rules, within)
  expect(run.notRun).toEqual([])
  return Object.fromEntries(
    run.hits.flatMap(({ groups }) =>
      groups.map(({ values, count, first }) => [Object.values(values).join('|'), [count, first]]),
    ),
  )
}

const fails = (user: string, at: readonly number[], more: Readonly<Record<string, string>> = {}): Made[] =>
  at.map((seconds) => [seconds, { kind: 'fail', user, ...more }])

describe('counts', () => {
  const rule = (source: string, condition: string, type = 'event_count'): string =>
    `title: Many\ncorrelation: { type: ${type}, rules: [fail], group-by: [user], timespan: 5m, condition: ${condition} }\n${single(source, 'fail', 'fail')}`

  test('event_count slides: no boundary hides what lies across it, and one burst is one hit', async () => {
    await insert('count', [
      ...fails('ann', [290, 310, 320, 330]),
      ...fails('ben', [0, 200, 400, 600]),
      ...fails('Cyd', [0, 10, 20]),
      ...fails('cyd', [5_000, 5_010, 5_020]),
      [30, { kind: 'fail' }],
    ])
    expect(await cameTrue(rule('count', '{ gte: 3 }'))).toEqual({ ann: [1, iso(320)], cyd: [2, iso(20)] })
    expect(await cameTrue(rule('count', '{ gt: 3 }'))).toEqual({ ann: [1, iso(330)] })
  })

  test('limits from above are about whole stretches', async () => {
    await insert('few', [...fails('ann', [0, 10]), ...fails('ben', [0, 10, 20])])
    expect(Object.keys(await cameTrue(rule('few', '{ lt: 3 }')))).toEqual(['ann'])
    expect(Object.keys(await cameTrue(rule('few', '{ eq: 3 }')))).toEqual(['ben'])
    expect(Object.keys(await cameTrue(rule('few', '{ gte: 2, lte: 3 }'))).toSorted()).toEqual(['ann', 'ben'])
  })

  test('value_count, value_sum, value_avg and value_percentile', async () => {
    const bytes = (user: string, values: readonly string[]): Made[] =>
      values.map((sent, at) => [at, { kind: 'fail', user, sent, host: `h${at % 2}` }])
    await insert('values', [...bytes('ann', ['10', '20', '30']), ...bytes('ben', ['1', '1', '1', 'many'])])
    expect(Object.keys(await cameTrue(rule('values', '{ field: sent, gte: 3 }', 'value_count')))).toEqual(['ann'])
    expect(Object.keys(await cameTrue(rule('values', '{ field: [sent, host], gte: 4 }', 'value_count')))).toEqual([])
    expect(await cameTrue(rule('values', '{ field: sent, gt: 50 }', 'value_sum'))).toEqual({ ann: [1, iso(2)] })
    expect(Object.keys(await cameTrue(rule('values', '{ field: sent, gte: 10 }', 'value_avg')))).toEqual(['ann'])
    expect(await cameTrue(rule('values', '{ field: sent, lte: 25 }', 'value_percentile'))).toEqual({ ben: [1, iso(3)] })
  })

  test('by receipt, what came before is known and only what is new is told', async () => {
    await insert('late', [
      ...fails('ann', [0, 10, 20]),
      [5, { kind: 'fail', user: 'ben' }, 500],
      ...fails('ben', [0, 10]),
    ])
    const by = (from: number, to: number): RuleWindow => ({ from: iso(from), to: iso(to), by: 'received' })
    expect(Object.keys(await cameTrue(rule('late', '{ gte: 3 }'), by(0, 100)))).toEqual(['ann'])
    expect(await cameTrue(rule('late', '{ gte: 3 }'), by(100, 600))).toEqual({ ben: [1, iso(10)] })
  })
})

describe('nearness', () => {
  const rule = (source: string, type: string): string =>
    `title: Near\ncorrelation: { type: ${type}, rules: [a, b, c], group-by: [user], timespan: 1m }\n${['a', 'b', 'c'].map((kind) => single(source, kind, kind)).join('')}`

  test('temporal needs all of them in any order, temporal_ordered in theirs', async () => {
    const of = (user: string, kinds: string, step = 10): Made[] =>
      [...kinds].map((kind, at) => [at * step, { kind, user }])
    await insert('near', [
      ...of('ann', 'abc'),
      ...of('ben', 'cba'),
      ...of('cyd', 'abc', 50),
      ...of('dan', 'aab'),
      ...of('eve', 'acbc'),
    ])
    expect(Object.keys(await cameTrue(rule('near', 'temporal'))).toSorted()).toEqual(['ann', 'ben', 'eve'])
    expect(Object.keys(await cameTrue(rule('near', 'temporal_ordered'))).toSorted()).toEqual(['ann', 'eve'])
  })

  test('aliases join fields of other names', async () => {
    await insert('alias', [
      [0, { kind: 'a', src: '10.0.0.1' }],
      [1, { kind: 'b', dst: '10.0.0.1' }],
      [2, { kind: 'b', dst: '10.0.0.2' }],
    ])
    const text = `title: Near\ncorrelation: { type: temporal, rules: [a, b], group-by: [ip], timespan: 1m, aliases: { ip: { a: src, b: dst } } }\n${single('alias', 'a', 'a')}${single('alias', 'b', 'b')}`
    expect(Object.keys(await cameTrue(text))).toEqual(['10.0.0.1'])
  })

  test('correlations join correlations: many failures, then a success', async () => {
    const good = (user: string, at: number): Made => [at, { kind: 'good', user }]
    await insert('chain', [
      ...fails('ann', [0, 10, 20, 30]),
      good('ann', 60),
      ...fails('ben', [0, 10, 20]),
      good('ben', 900),
      good('cyd', 5),
      ...fails('dan', [10, 20, 30]),
      good('dan', 5),
    ])
    const text = `title: Guessed\ncorrelation: { type: temporal_ordered, rules: [many, good], group-by: [user], timespan: 10m }
---
title: Many
name: many
correlation: { type: event_count, rules: [fail], group-by: [user], timespan: 5m, condition: { gte: 3 } }
${single('chain', 'fail', 'fail')}${single('chain', 'good', 'good')}`
    const run = await runRules(engine, compiled(text).rules, window)
    expect(run.hits.map(({ rule }) => rule.title)).toEqual(['Guessed'])
    expect(run.hits[0]?.groups.map(({ values }) => values)).toEqual([{ user: 'ann' }])
    expect(run.hits[0]?.events.map(({ fields }) => fields['kind'])).toEqual(['good'])
    const told = await runRules(
      engine,
      compiled(text.replace('title: Guessed\n', 'title: Guessed\ngenerate: true\n')).rules,
      window,
    )
    expect(told.hits.map(({ rule }) => rule.title)).toContain('Many')
  })

  test('a source that is lacking is said: could not look', async () => {
    const text = `title: Near\ncorrelation: { type: temporal, rules: [a, b], group-by: [user], timespan: 1m }\n${single('near', 'a', 'a')}${single('absent', 'b', 'b')}`
    const run = await runRules(engine, compiled(text).rules, window)
    expect(run.hits).toEqual([])
    expect(run.notRun.map(({ rule, why }) => `${rule.title}: ${why}`)).toEqual([
      'Near: no source: there is no event of product absent in this time',
    ])
  })
})

test.each([
  [
    '{ type: event_count, rules: [gone], group-by: [u], timespan: 5m, condition: { gte: 1 } }',
    /no rule with the id or name "gone"/,
  ],
  ['{ type: event_count, rules: [x], group-by: [u], timespan: 5m }', /needs a limit/],
  ['{ type: value_count, rules: [x], group-by: [u], timespan: 5m, condition: { gte: 1 } }', /needs the field/],
  ['{ type: temporal, rules: [x], group-by: [u], timespan: soon }', /timespan/],
  [
    '{ type: temporal, rules: [x], group-by: [a], timespan: 5m, aliases: { a: { y: b } } }',
    /"y" is not among its rules/,
  ],
  ['{ type: temporal, rules: [me], group-by: [a], timespan: 5m }', /itself/],
])('%s is refused', (correlation, why) => {
  const { documents, faults } = readRules(
    `title: C\nname: me\ncorrelation: ${correlation}\n${single('p', 'x', 'x')}`,
    'c.yml',
  )
  expect(compileRules(documents, faults).failed[0]?.why).toMatch(why)
})

test('a filter narrows the rules that it names, of its own source', async () => {
  await insert('filtered', [...fails('adm_ann', [0]), ...fails('ben', [1])])
  const filter = (product: string, rules: string): string =>
    `---\ntitle: Not administrators\nlogsource: { product: ${product} }\nfilter: { rules: ${rules}, selection: { user|startswith: adm_ }, condition: not selection }\n`
  const rule = single('filtered', 'fail', 'fail').slice(4)
  const counts: number[] = []
  for (const more of [
    '',
    filter('filtered', '[fail]'),
    filter('filtered', 'any'),
    filter('filtered', '[other]'),
    filter('elsewhere', '[fail]'),
  ]) {
    const run = await runRules(engine, compiled(rule + more).rules, window)
    counts.push(run.hits[0]?.count ?? 0)
  }
  expect(counts).toEqual([2, 1, 1, 2, 2])
})
