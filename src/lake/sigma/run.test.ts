import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import type { Engine } from '../engine/engine.ts'
import { compileRules, type EventRule, type RuleSet } from './compile.ts'
import type { Placeholders } from './modifiers.ts'
import { readRules } from './read.ts'
import { runBounds, runRules } from './run.ts'

let engine: Engine
beforeAll(async () => {
  engine = (await freshLake()).engine
})

type Made = {
  readonly source: string
  readonly seconds?: number
  readonly parser?: string
  readonly log?: string
  readonly code?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly raw?: string
  readonly columns?: Readonly<Record<string, string | number>>
}

let line = 0
async function insert(events: readonly Made[]): Promise<void> {
  const records = events.map(
    ({ source, seconds = 0, parser = 'generic-json', log = '', code = '', fields = {}, raw, columns = {} }) => {
      line += 1
      const time = new Date(Date.parse('2026-03-02T10:00:00.000Z') + seconds * 1_000)
        .toISOString()
        .replace('T', ' ')
        .replace('Z', '')
      return JSON.stringify({
        time,
        received: time,
        source,
        load: 1,
        line,
        parser,
        log_name: log,
        event_code: code,
        fields_kept: fields,
        raw: raw ?? JSON.stringify(fields),
        ...columns,
      })
    },
  )
  await engine.command(`INSERT INTO stored_events FORMAT JSONEachRow ${records.join('\n')}`)
}

const window = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-03T00:00:00.000Z' }

function compiled(text: string, placeholders: Placeholders = {}): RuleSet {
  const { documents, faults } = readRules(text, 'rule.yml')
  return compileRules(documents, faults, { placeholders })
}

function ruleOf(source: string, detection: string): string {
  return `title: A rule\nlogsource: { product: ${source} }\ndetection:\n${detection.replaceAll(/^/gm, '  ')}\n`
}

/** Which of these events a rule matches, by their places; asked both ways, which have to agree. */
async function matches(
  detection: string,
  events: readonly Omit<Made, 'source'>[],
  placeholders: Placeholders = {},
): Promise<number[]> {
  const source = `s${(line + 1).toString(36)}x`
  const from = line
  await insert(events.map((event) => ({ ...event, source })))
  const set = compiled(ruleOf(source, detection), placeholders)
  expect(set.failed).toEqual([])
  const run = await runRules(engine, set.rules, window, { eventsOfHit: 100 })
  const found = run.hits
    .flatMap((hit) => hit.events.map(({ id }) => Number(id.split('-')[1]) - from - 1))
    .toSorted((a, b) => a - b)
  const [rule] = set.rules as readonly EventRule[]
  const singly = await engine.rows<{ line: number }>(
    `SELECT line FROM events WHERE ${rule?.sourceSql ?? ''} AND ${rule?.sql ?? ''} ORDER BY line`,
    {},
    runBounds(undefined),
  )
  expect(found).toEqual(singly.map((row) => row.line - from - 1))
  return found
}

const having = (...values: readonly string[]): { fields: Record<string, string> }[] =>
  values.map((value) => ({ fields: { f: value } }))

describe('values and modifiers', () => {
  test.each<[string, readonly string[], readonly number[]]>([
    ['f: abc', ['abc', 'ABC', 'xabc', ''], [0, 1]],
    ['f: [abc, def]', ['abc', 'DEF', 'ghi'], [0, 1]],
    ['f: 7', ['7', '07', '8'], [0]],
    ['f: true', ['true', 'True', 'false'], [0, 1]],
    ["f: ''", ['', 'x'], [0]],
    ['f: null', ['', 'x'], [0]],
    ["f: 'a*c'", ['ac', 'abbc', 'acd', 'a\nc'], [0, 1, 3]],
    ["f: 'a?c'", ['abc', 'ac', 'aéc'], [0, 2]],
    ["f: 'a\\*c'", ['a*c', 'abc'], [0]],
    ["f: 'a\\\\*'", ['a\\xyz', 'a*', 'a\\'], [0, 2]],
    ["f: 'C:\\Windows\\x_%'", ['c:\\windows\\x_%', 'c:\\windows\\xy%'], [0]],
    ["f: 'a%*_b'", ['a%zz_b', 'axxzb', 'a%zzxb'], [0]],
    ['f: Ärger', ['ärger', 'ÄRGER', 'arger'], [0, 1]],
    ['f|contains: lsas', ['xLSASSx', 'las'], [0]],
    ["f|contains|all: ['aaa', 'bbb']", ['bbb aaa', 'aaa'], [0]],
    ["f|startswith: ['ab', 'cd']", ['ABx', 'cdx', 'xab'], [0, 1]],
    ["f|endswith: '\\cmd.exe'", ['C:\\Windows\\CMD.exe', 'cmd.exe'], [0]],
    ['f|cased: Abc', ['Abc', 'abc'], [0]],
    ['f|contains|cased: Abc', ['xAbc', 'xabc'], [0]],
    ['f|neq: abc', ['abc', 'abd'], [1]],
    ["f|re: '^a.c$'", ['abc', 'ABC', 'a\nc'], [0]],
    ["f|re|i: '^a.c$'", ['abc', 'ABC'], [0, 1]],
    ["f|re|s: '^a.c$'", ['a\nc', 'abc'], [0, 1]],
    ["f|re|m: '^c$'", ['a\nc', 'c', 'ac'], [0, 1]],
    ["f|re: '^(?!good)g.*d$'", ['gold', 'goodgod', 'bad'], [0]],
    [
      "f|cidr: ['10.0.0.0/8', '2001:db8::/32']",
      ['10.1.2.3', '11.1.2.3', '2001:db8::1', 'ten', '', '::ffff:10.9.9.9'],
      [0, 2, 5],
    ],
    ["f|windash|contains: ' -enc'", ['x -enc', 'x /enc', 'x –enc', 'x —ENC', 'x ―enc', 'x enc'], [0, 1, 2, 3, 4]],
    ["f|base64: 'foo*'".replace('*', ''), ['Zm9v', 'foo'], [0]],
    [
      "f|base64offset|contains: 'http://'",
      [Buffer.from('xhttp://').toString('base64'), Buffer.from('xyhttp://q').toString('base64'), 'http://'],
      [0, 1],
    ],
    [
      "f|wide|base64offset|contains: 'ping'",
      [Buffer.from('zping', 'utf16le').toString('base64'), Buffer.from('ping').toString('base64')],
      [0],
    ],
    ["f|utf16be|base64: 'ab'", ['AGEAYg==', 'YQBiAA=='], [0]],
    ["f|utf16|base64: 'ab'", ['//5hAGIA'], [0]],
    ['f|gt: 5', ['6', '5', '10', 'x', ''], [0, 2]],
    ['f|lte: 5.5', ['5.5', '6', '-1', ''], [0, 2]],
    ['f|hour|gte: 22', ['2026-01-01T23:10:00Z', '2026-01-01 21:59:00', 'late'], [0]],
    ['f|month: 12', ['2026-12-01T00:00:00Z', '2026-11-01T00:00:00Z'], [0]],
    ['f|exists: true', ['', 'x'], [0, 1]],
  ])('%s', async (detection, values, places) => {
    expect(await matches(`sel: { ${detection} }\ncondition: sel`, having(...values))).toEqual(places)
  })

  test('fields are compared with one another, and two that are missing are not equal', async () => {
    const events = [
      { fields: { a: 'x', b: 'X' } },
      { fields: { a: 'x', b: 'y' } },
      { fields: { c: '1' } },
      { fields: { a: 'the end', b: 'END' } },
    ]
    expect(await matches('s: { a|fieldref: b }\ncondition: s', events)).toEqual([0])
    expect(await matches('s: { a|fieldref|endswith: b }\ncondition: s', events)).toEqual([0, 3])
  })

  test('a missing field is null, does not exist, and is not different from nothing', async () => {
    const events = [{ fields: { f: 'x' } }, { fields: { g: 'x' } }]
    expect(await matches('s: { f: null }\ncondition: s', events)).toEqual([1])
    expect(await matches('s: { f|exists: false }\ncondition: s', events)).toEqual([1])
    expect(await matches('a: { g: null }\ns: { f: y }\ncondition: a and not s', events)).toEqual([0])
  })

  test('keywords are found in the line, and behind what the format of the line escapes', async () => {
    const events = [
      { fields: { path: 'C:\\Temp\\evil tool' } },
      { raw: 'Jan 1 host app: EVIL TOOL seen' },
      { raw: 'quiet' },
    ]
    expect(await matches("k: ['evil tool']\ncondition: k", events)).toEqual([0, 1])
    expect(await matches("k: ['\\Temp\\evil']\ncondition: k", events)).toEqual([0])
    expect(await matches("k: { '|all': ['evil', 'seen'] }\ncondition: k", events)).toEqual([1])
    expect(await matches("k: { '|re': 'to+l seen' }\ncondition: not k", events)).toEqual([0, 1, 2])
  })

  test('lists of maps are alternatives, and quantities choose by name', async () => {
    const events = [{ fields: { a: '1', b: '2' } }, { fields: { a: '1' } }, { fields: { b: '2', c: '3' } }]
    expect(await matches('s: [{ a: 1, b: 2 }, { c: 3 }]\ncondition: s', events)).toEqual([0, 2])
    expect(await matches('s_a: { a: 1 }\ns_b: { b: 2 }\n_x: { c: 9 }\ncondition: all of them', events)).toEqual([0])
    expect(await matches('s_a: { a: 1 }\ns_b: { b: 2 }\nf: { c: 3 }\ncondition: 1 of s_* and not f', events)).toEqual([
      0, 1,
    ])
    expect(await matches('s: { a: 1 }\nt: { c: 3 }\ncondition: [s, t]', events)).toEqual([0, 1, 2])
  })

  test('dotted names reach into nested JSON', async () => {
    const events = [
      { fields: { a: '{"b":{"c":"Deep","n":5,"t":true}}' } },
      { fields: { 'a.b.c': 'deep' } },
      { fields: { a: '{"b":1}' } },
    ]
    expect(await matches('s: { a.b.c: deep }\ncondition: s', events)).toEqual([0, 1])
    expect(await matches('s: { a.b.n: 5, a.b.t: true }\ncondition: s', events)).toEqual([0])
  })

  test('placeholders take their values; a rule without them is told, not run', async () => {
    const detection = "s: { f|contains|expand: '%hosts%-\\%1' }\ncondition: s"
    expect(await matches(detection, having('xsrv1-%1', 'srv2-%1', 'srv3-%1'), { hosts: ['srv1', 'srv2'] })).toEqual([
      0, 1,
    ])
    const run = await runRules(engine, compiled(ruleOf('nowhere', detection)).rules, window)
    expect(run.hits).toEqual([])
    expect(run.notRun[0]?.why).toMatch(/no values for %hosts%/)
  })

  test.each([
    ['f|madeup: x', /modifier "madeup" is not known/],
    ["f|re: '(?<=a)b'", /look-around/],
    ["f|re: '(a)\\1'", /back-reference/],
    ["f|re: 'a{2000}'", /at most 1000 times/],
    ["f|re: '('", /cannot be read/],
    ['f|cidr: 10.0.0.0/99', /no address range/],
    ['f|gt: many', /"many" is no number/],
    ["f|base64: 'a*'", /wildcards/],
    ['f|exists: maybe', /true or false/],
    ['f: []', /the list is empty/],
    ['f: { g: h }', /a value is a text/],
    ['f: x\n  g: y\ncondition: other', /there is no search identifier "other"/],
    ['f: x\ncondition: 1 of other*', /no search identifier is meant by "other\*"/],
  ])('%s is refused', (detection, why) => {
    const [first = '', ...rest] = detection.split('\n')
    const condition = rest.find((part) => part.startsWith('condition')) ?? 'condition: sel'
    const set = compiled(ruleOf('x', `sel:\n  ${first}\n${condition}`))
    expect(set.rules).toEqual([])
    expect(set.failed[0]?.why).toMatch(why)
  })
})

test('lines that together are too large for the engine are looked at in smaller shares', async () => {
  const small = await freshLake({ memoryMaxMiB: 640 })
  const padding = 'x'.repeat(1024 * 1024)
  for (let batch = 0; batch < 20; batch += 1)
    await small.engine.command(
      `INSERT INTO stored_events (time, received, source, load, line, parser, fields_kept, raw)
       SELECT toDateTime64('2026-03-02 10:00:00', 3, 'UTC') AS time, time, 'large', 1, number, 'generic-json', map('f', 'needle-found'),
         concat(hex(randomPrintableASCII(${padding.length / 2}, number)), ' needle-found') FROM numbers({from:UInt64}, 20)`,
      { from: batch * 20 },
      { settings: { max_insert_threads: 1, max_block_size: 4 } },
    )
  const run = await runRules(
    small.engine,
    compiled(ruleOf('large', 's: { f: needle-found }\ncondition: s')).rules,
    window,
    {
      eventsOfHit: 1,
    },
  )
  expect(run.hits.map(({ count }) => count)).toEqual([400])
  expect(run.hits[0]?.events).toHaveLength(1)
}, 120_000)

test('whatever a value is, it is a value: SQL of a rule is what was meant, and finds the field that has it', async () => {
  const awkward = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({
      unit: fc.constantFrom("'", '"', '\\', '`', '{', '}', '%', '_', '*', '?', '\n', '\0', '(', ')', ';', '-', 'x'),
      maxLength: 20,
    }),
  )
  await fc.assert(
    fc.asyncProperty(
      awkward,
      fc.constantFrom('f', 'f|contains', 'f|cased', 'f|startswith|cased'),
      async (value, key) => {
        const escaped = value.replaceAll(/[\\*?]/g, '\\$&')
        const documents = readRules(
          JSON.stringify({
            title: 'x',
            logsource: { product: 'x' },
            detection: { s: { [key]: escaped }, condition: 's' },
          }),
          'x',
        )
        const [rule] = compileRules(documents.documents).rules as readonly EventRule[]
        const [row] = await engine.rows<{ ok: number }>(
          `SELECT ${rule?.sql ?? '0'} AS ok FROM (SELECT map('f', {value:String}) AS fields)`,
          { value },
          runBounds(undefined),
        )
        expect(Number(row?.ok)).toBe(1)
      },
    ),
    { numRuns: 150 },
  )
})
