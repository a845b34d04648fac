import { beforeAll, describe, expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import { addEvents, type TestEvent } from '../../../test/lake-events.ts'
import { isTrouble } from '../../kit/errors.ts'
import type { Engine } from '../engine/engine.ts'
import { eventById, linesAround, rawOf } from './context.ts'
import { facets } from './facets.ts'
import { histogram } from './histogram.ts'
import { pageRawBytesMax, search } from './search.ts'
import { typedSql } from './sql.ts'

let engine: Engine
const day = { from: '2026-11-20T00:00:00.000Z', to: '2026-11-21T00:00:00.000Z' }

/** Events of one small company, on 20 November. */
const events: readonly TestEvent[] = [
  {
    ...{ time: '2026-11-20T10:00:00.000Z', source: 'fw-1', parser: 'fortigate', class_uid: 4001, action: 'Allowed' },
    ...{
      src_endpoint_ip: '::ffff:10.0.0.5',
      src_endpoint_port: 50_001,
      dst_endpoint_ip: '::ffff:203.0.113.9',
      dst_endpoint_port: 443,
    },
    ...{
      traffic_bytes_out: 5_000,
      user_name: 'CORP\\alice',
      observables: ['10.0.0.5', '203.0.113.9', 'corp\\alice', 'alice'],
    },
    ...{
      fields: { policyid: '7', 'Event ID': 'x' },
      raw: 'date=2026-11-20 srcip=10.0.0.5 dstip=203.0.113.9 msg="100% \\ done_"',
    },
  },
  {
    ...{ time: '2026-11-20T10:00:01.000Z', source: 'fw-1', parser: 'fortigate', class_uid: 4001, action: 'Denied' },
    ...{
      src_endpoint_ip: '::ffff:203.0.113.9',
      dst_endpoint_ip: '::ffff:10.0.0.5',
      dst_endpoint_port: 22,
      fields: { policyid: '12' },
    },
    raw: 'date=2026-11-20 srcip=203.0.113.9 dstip=10.0.0.5 Übergabe',
  },
  {
    ...{
      time: '2026-11-20T11:30:00.000Z',
      source: 'win-1',
      parser: 'windows-json',
      class_uid: 1007,
      device_hostname: 'web-01.corp.example',
    },
    process_file_path: 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
    ...{
      process_cmd_line: 'powershell -enc AAAA',
      process_pid: 4_711,
      file_hashes: ['a'.repeat(64)],
      user_name: 'bob@corp.example',
    },
    observables: ['web-01.corp.example', 'a'.repeat(64), 'bob@corp.example', 'bob'],
  },
  {
    ...{
      time: '2026-11-20T12:00:00.000Z',
      source: 'dns-1',
      parser: 'bind',
      class_uid: 4003,
      query_hostname: 'evil.example',
    },
    ...{ src_endpoint_ip: '2001:db8::5', answers: ['192.0.2.66'], url: 'https://evil.example/a?b=c' },
  },
  { time: '2026-11-20T13:00:00.000Z', source: 'odd', raw: 'what is this \u0000 line', observables: [] },
]

beforeAll(async () => {
  ;({ engine } = await freshLake())
  await addEvents(engine, events)
})

/** Which of the events above, by their place. */
async function found(query: string): Promise<number[]> {
  const page = await search(engine, { query, ...day, limit: 100 })
  return page.events.map((event) => events.findIndex((one) => one.time === event.time)).sort((a, b) => a - b)
}

describe('the syntax, on a real engine', () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['', [0, 1, 2, 3, 4]],
    ['203.0.113.9', [0, 1]],
    ['SRCIP=10.0.0.5', [0]],
    ['"100% \\\\ DONE_"', [0]],
    ['100?', []],
    ['date*srcip=203', [1]],
    ['übergabe', [1]],
    ['src:10.0.0.5', [0]],
    ['src_endpoint.ip:10.0.0.5', [0]],
    ['SRC_IP:10.0.0.0/8', [0]],
    ['src:10.0.*', [0]],
    ['src:2001:db8::/32', [3]],
    ['src:"2001:DB8:0::5"', [3]],
    ['src:10.0.0.1..10.0.0.9', [0]],
    ['src:*', [0, 1, 3]],
    ['src:""', [2, 4]],
    ['src:(10.0.0.5, 2001:db8::5)', [0, 3]],
    ['NOT src:10.0.0.5', [1, 2, 3, 4]],
    ['(src:10.0.0.5 dst:203.0.113.9) OR (src:203.0.113.9 dst:10.0.0.5)', [0, 1]],
    ['dst_port:443', [0]],
    ['dst_port:(22, 443)', [0, 1]],
    ['dst_port:<1024', [0, 1, 2, 3, 4]],
    ['dst_port:1..1023', [0, 1]],
    ['bytes_out:>=5000', [0]],
    ['action:allowed', [0]],
    ['action:(ALLOWED, denied)', [0, 1]],
    ['user:alice', [0]],
    ['user:"CORP\\alice"', [0]],
    ['user:ALICE OR user:bob', [0, 2]],
    ['user:bob@corp.example', [2]],
    ['user:other\\alice', []],
    ['process:powershell.exe', [2]],
    ['process:power*', [2]],
    ['process:"c:\\windows\\\\*"', [2]],
    ['process:shell.exe', []],
    ['cmd:"-ENC"', [2]],
    [`hash:SHA256=${'A'.repeat(64)}`, [2]],
    ['hash:aaaa*', [2]],
    ['host:web-01.corp.example.', [2]],
    ['host:(web-01, web-01.*)', [2]],
    ['dns:EVIL.example', [3]],
    ['dns:*.example', [3]],
    ['answer:192.0.2.66', [3]],
    ['url:evil.example', [3]],
    ['url:"https://EVIL.example/a?b=c"', [3]],
    ['observable:203.0.113.9', [0, 1]],
    ['observable:203.0.113.0/24', [0, 1]],
    ['observable:(203.0.113.9, evil.*)', [0, 1, 3]],
    ['observable:ALICE', [0]],
    ['class:4001', [0, 1]],
    ['source:FW-1 NOT dst_port:22', [0]],
    ['parser:""', [4]],
    ['policyid:7', [0]],
    ['policyid:>10', [1]],
    ['policyid:5..8', [0]],
    ['policyid:*', [0, 1]],
    ['fields.policyid:(7, 12)', [0, 1]],
    ['"Event ID":x', [0]],
    ['time:2026-11-20T11..2026-11-20T12', []],
    ['time:2026-11-20T11:30..2026-11-20T12:00', [2, 3]],
    ['time:>2026-11-20T12:00', [4]],
    ['time:2026-11-20', [0, 1, 2, 3, 4]],
    ['raw:"what is"', [4]],
    // Texts that would do harm if they were part of a statement.
    ['"\') OR 1=1 --"', []],
    ["'; DROP TABLE events; --", []],
    ["user:\"' OR ''='\"", []],
    ['{p0:String}', []],
    ['"fields[\'x\']) OR (1":x', []],
    ['%', [0]],
    ['user:%', []],
    ['user:_lice', []],
  ]
  test.each(cases)('%s', async (query, expected) => {
    if (query.startsWith('time:2026-11-20T11..')) {
      await expect(found(query)).rejects.toThrow('lake.query')
      return
    }
    expect(await found(query)).toEqual(expected)
  })

  test('the events are still there after all of that', async () => {
    expect(await engine.rows('SELECT toUInt32(count()) AS n FROM events')).toEqual([{ n: events.length }])
  })
})

test('an event shows what the line says, addresses as people write them, and nothing that it does not say', async () => {
  const {
    events: [event],
    vendorFields,
  } = await search(engine, { query: 'policyid:7', ...day, limit: 1 })
  expect(event).toMatchObject({
    ...{ time: '2026-11-20T10:00:00.000Z', source: 'fw-1', parser: 'fortigate', class_uid: 4001 },
    attributes: {
      'src_endpoint.ip': '10.0.0.5',
      'dst_endpoint.port': 443,
      action: 'Allowed',
      'user.name': 'CORP\\alice',
    },
    fields: { policyid: '7', 'Event ID': 'x' },
  })
  expect(Object.keys(event?.attributes ?? {})).not.toContain('url')
  expect(vendorFields).toEqual(['policyid'])
  expect(await eventById(engine, event?.id ?? '')).toEqual(event)
  expect(await eventById(engine, '99999999-0')).toBeNull()
  expect(await eventById(engine, 'x')).toBeNull()
})

test('pages neither skip nor double while new lines come', async () => {
  const at = { from: '2026-10-01T00:00:00.000Z', to: '2026-10-04T00:00:00.000Z' }
  const made = (count: number, from: string, stepMs: number) =>
    Array.from({ length: count }, (_, place) => ({
      time: new Date(Date.parse(from) + place * stepMs).toISOString(),
      source: 'paging',
      raw: `line ${place}`,
    }))
  // Many in one millisecond, others spread over three days.
  await addEvents(engine, [
    ...made(50, '2026-10-03T12:00:00.000Z', 0),
    ...made(60, '2026-10-01T00:00:00.000Z', 4_000_000),
  ])
  const seen: string[] = []
  let after: string | null = null
  do {
    const page = await search(engine, { query: 'source:paging', ...at, limit: 7, after })
    seen.push(...page.events.map((event) => event.id))
    after = page.next
    // Newer lines, and ones as new as the place where the page ended.
    await addEvents(engine, [
      ...made(2, '2026-10-03T23:00:00.000Z', 1),
      ...made(1, page.events.at(-1)?.time ?? at.from, 0),
    ])
  } while (after !== null)
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toHaveLength(110)
  await expect(search(engine, { query: '', ...at, limit: 1, after: '1 OR 1' })).rejects.toThrow('lake.query')
}, 60_000)

test('newest first through the index finds what counting finds', async () => {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, load, line, observables_kept, raw)
     SELECT toDateTime64('2026-09-01 00:00:00', 3, 'UTC') + number AS at, at, concat('many-', toString(number % 3)), 9000000, number,
       [concat('10.9.', toString(number % 200), '.1')], 'x' FROM numbers(200000)`,
  )
  const window = { from: '2026-09-01T00:00:00.000Z', to: '2026-09-08T00:00:00.000Z' }
  let count = 0
  let after: string | null = null
  do {
    const page = await search(engine, { query: 'observable:10.9.7.1', ...window, limit: 300, after })
    count += page.events.length
    after = page.next
  } while (after !== null)
  expect(count).toBe(1_000)
  expect(await search(engine, { query: 'observable:(10.9.7.1, 10.9.8.1)', ...window, limit: 3 })).toMatchObject({
    events: [{ observables: ['10.9.8.1'] }, { observables: ['10.9.7.1'] }, { observables: ['10.9.8.1'] }],
  })
})

test('a page has a bounded size: it ends early where lines are long', async () => {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, load, line, raw)
     SELECT toDateTime64('2026-08-01 00:00:00', 3, 'UTC') AS at, at, 'long', 7000000, number, repeat(char(97 + number), 1000000)
     FROM numbers(20)`,
  )
  const ask = { query: 'source:long', from: '2026-08-01T00:00:00.000Z', to: '2026-08-02T00:00:00.000Z', limit: 100 }
  const pages: string[] = []
  let after: string | null = null
  do {
    const page = await search(engine, { ...ask, after })
    expect(page.events.reduce((bytes, event) => bytes + event.raw.length, 0)).toBeLessThanOrEqual(pageRawBytesMax)
    pages.push(page.events.map((event) => event.raw[0]).join(''))
    after = page.next
  } while (after !== null)
  expect(pages.join('')).toBe('tsrqponmlkjihgfedcba')
  expect(pages).toHaveLength(3)
})

describe('beside the events', () => {
  test('a histogram from the rollup is the same as one from the events', async () => {
    for (const window of [
      day,
      { from: '2026-11-20T09:58:00.500Z', to: '2026-11-20T13:00:00.001Z' },
      { from: '2026-11-20T09:59:59.000Z', to: '2026-11-20T10:01:00.000Z' },
    ]) {
      const [all, counted] = await Promise.all([
        histogram(engine, { query: '', ...window }),
        histogram(engine, { query: 'raw:*', ...window }),
      ])
      expect(all.slots).toEqual(counted.slots)
      expect(all.slots.length).toBeGreaterThanOrEqual(60)
      expect(all.slots.length).toBeLessThanOrEqual(122)
      const expected = events.filter(({ time }) => time >= window.from && time < window.to).length
      expect(all.slots.reduce((sum, n) => sum + n, 0)).toBe(expected)
    }
    const ofOne = await histogram(engine, { query: 'source:fw-1 NOT class:4003', ...day })
    expect(ofOne.slots.reduce((sum, n) => sum + n, 0)).toBe(2)
    const filtered = await histogram(engine, { query: '', ...day, sources: ['dns-1'] })
    expect(filtered.slots.reduce((sum, n) => sum + n, 0)).toBe(1)
  })

  test('facets are the most frequent values, and say of how many', async () => {
    const found = await facets(engine, { query: '', ...day })
    expect(found).toMatchObject({ of: events.length, sampled: false })
    expect(found.facets.find(({ field }) => field === 'metadata.log_provider')?.values[0]).toEqual({
      value: 'fw-1',
      n: 2,
    })
    expect(found.facets.find(({ field }) => field === 'src_endpoint.ip')?.values).toContainEqual({
      value: '10.0.0.5',
      n: 1,
    })
    expect(found.facets.find(({ field }) => field === 'dst_endpoint.port')?.values).toHaveLength(2)
    await expect(facets(engine, { query: '', ...day, fields: ['raw) --'] })).rejects.toThrow('lake.query')
    const many = await facets(engine, {
      query: 'source:many-1',
      from: '2026-09-01T00:00:00.000Z',
      to: '2026-09-08T00:00:00.000Z',
      fields: ['source', 'hash'],
    })
    expect(many).toMatchObject({
      of: 50_000,
      sampled: true,
      facets: [{ values: [{ value: 'many-1' }] }, { values: [] }],
    })
  })

  test('the lines around one, in the order they came', async () => {
    await addEvents(
      engine,
      Array.from({ length: 30 }, (_, place) => ({
        // Their own times run backwards: a clock that is set.
        time: new Date(Date.parse('2026-07-01T00:00:00.000Z') - place * 1000).toISOString(),
        received: '2026-07-01T00:00:00.000Z',
        source: 'around',
        raw: `line ${place}`,
      })),
    )
    const {
      events: [event],
    } = await search(engine, {
      query: '"line 15"',
      from: '2026-06-30T00:00:00.000Z',
      to: '2026-07-02T00:00:00.000Z',
      limit: 1,
    })
    const around = await linesAround(engine, event?.id ?? '', 3)
    expect(around?.before.map((one) => one.raw)).toEqual(['line 12', 'line 13', 'line 14'])
    expect(around?.event.raw).toBe('line 15')
    expect(around?.after.map((one) => one.raw)).toEqual(['line 16', 'line 17', 'line 18'])
    expect(await linesAround(engine, '1-99999', 3)).toBeNull()
  })

  test('a line byte for byte, also where it is no text', async () => {
    await engine.command(
      `INSERT INTO stored_events (time, received, source, load, line, raw)
       SELECT toDateTime64('2026-06-01 00:00:00', 3, 'UTC') AS at, at, 'bytes', 8000000, 1, unhex('00FF80C3280A')`,
    )
    expect(Buffer.from((await rawOf(engine, '8000000-1')) ?? []).toString('hex')).toBe('00ff80c3280a')
  })
})

describe('typed SQL', () => {
  const all = async (sql: string) => {
    const rows: unknown[] = []
    for await (const batch of typedSql(engine, sql)) rows.push(...batch)
    return rows
  }
  test('reads', async () => {
    expect(
      await all("SELECT source, toUInt32(count()) AS n FROM events WHERE source LIKE 'fw%' GROUP BY source"),
    ).toEqual([{ source: 'fw-1', n: 2 }])
  })
  test.each([
    'DROP TABLE events',
    "INSERT INTO stored_events (source) VALUES ('x')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'x String')",
    'SELECT number FROM numbers(200000)',
    'SELEC 1',
  ])('refuses %s', async (sql) => {
    const refused = await all(sql).then(
      () => null,
      (error: unknown) => error,
    )
    expect(isTrouble(refused, 'lake.query', 'lake.too-costly')).toBe(true)
  })
})
