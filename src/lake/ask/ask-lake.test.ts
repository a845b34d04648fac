import { beforeAll, describe, expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import { addEvents, type TestEvent } from '../../../test/lake-events.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Answered } from '../../model/finding.ts'
import { LogSource } from '../../model/lake.ts'
import { questions } from '../../model/question.ts'
import type { Engine } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import { search } from '../search/search.ts'
import { saveSource } from '../sources.ts'
import { askLake, type LakeQuestion } from './ask-lake.ts'

const clock = fixedClock('2026-11-20T12:00:00.000Z')
const at = '2026-11-20T10:00:00.000Z'
const signal = new AbortController().signal
let engine: Engine

/** A line every five minutes for 40 days until now, but for one stretch. */
async function heartbeat(
  source: string,
  classUid: number,
  except: readonly [string, string] = ['', ''],
): Promise<void> {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, parser, class_uid, device_hostname, load, line)
     SELECT at, at, {source:String}, 'p', {uid:UInt32}, if({uid:UInt32} = 1007, 'known-01', ''), {load:UInt64}, number FROM (
       SELECT number, {now:DateTime64(3, 'UTC')} - toIntervalMinute((number + 1) * 5) AS at FROM numbers(40 * 288)
       WHERE NOT (toString(at) >= {from:String} AND toString(at) < {to:String}))`,
    { source, uid: classUid, load: 1_000_000 + classUid, now: clock.now(), from: except[0], to: except[1] },
  )
}

const sessions: readonly TestEvent[] = [443, 443, 22].map((port, place) => ({
  ...{
    time: `2026-11-20T09:0${place}:00.000Z`,
    source: 'fw-1',
    parser: 'p',
    class_uid: 4001,
    action: 'Allowed',
    protocol_name: 'tcp',
  },
  ...{
    src_endpoint_ip: '::ffff:10.0.0.5',
    dst_endpoint_ip: '::ffff:203.0.113.9',
    dst_endpoint_port: port,
    traffic_bytes_out: 1_000,
  },
}))

beforeAll(async () => {
  ;({ engine } = await freshLake())
  await heartbeat('fw-1', 4001)
  await heartbeat('proxy-1', 4002, ['2026-11-20 01:00:00.000', '2026-11-20 04:00:00.000'])
  await heartbeat('edr-1', 1007)
  await addEvents(engine, [
    { time: '2026-11-05T00:00:00.000Z', source: 'edr-1', parser: 'p', class_uid: 1007, device_hostname: 'quiet-01' },
    ...sessions,
    // The way back, and a line that nobody could read.
    {
      ...{ time: '2026-11-20T09:30:00.000Z', source: 'fw-1', parser: 'p', class_uid: 4001, action: 'Denied' },
      ...{ src_endpoint_ip: '::ffff:203.0.113.9', dst_endpoint_ip: '::ffff:10.0.0.5', dst_endpoint_port: 3389 },
    },
    {
      time: '2026-11-20T09:40:00.000Z',
      source: 'odd',
      raw: '10.0.0.5 > 203.0.113.9 ?',
      observables: ['10.0.0.5', '203.0.113.9'],
    },
    {
      ...{
        time: '2026-11-20T09:50:00.000Z',
        source: 'edr-1',
        parser: 'p',
        class_uid: 1007,
        device_hostname: 'web-01.corp.example',
      },
      ...{
        process_file_path: 'C:\\a\\evil.exe',
        process_cmd_line: 'evil -x',
        user_name: 'CORP\\alice',
        file_hashes: ['b'.repeat(64)],
      },
      observables: ['web-01.corp.example', 'b'.repeat(64), 'corp\\alice', 'alice'],
    },
    {
      ...{
        time: '2026-11-20T08:00:00.000Z',
        source: 'dc-1',
        parser: 'p',
        class_uid: 3002,
        status: 'Failure',
        user_name: 'CORP\\alice',
      },
      ...{
        src_endpoint_ip: '::ffff:10.0.0.7',
        device_hostname: 'dc-1',
        observables: ['corp\\alice', 'alice', '10.0.0.7', 'dc-1'],
      },
    },
    {
      time: '2026-11-20T08:00:00.000Z',
      source: 'dc-1',
      parser: 'p',
      class_uid: 3002,
      status: 'Success',
      user_name: 'malice',
    },
    {
      ...{
        time: '2026-11-20T07:00:00.000Z',
        source: 'dns-1',
        parser: 'p',
        class_uid: 4003,
        query_hostname: 'a.evil.example',
      },
      ...{ src_endpoint_ip: '::ffff:10.0.0.5', query_type: 'A', answers: ['192.0.2.66'] },
    },
    {
      ...{
        time: '2026-11-20T07:00:01.000Z',
        source: 'proxy-1',
        parser: 'p',
        class_uid: 4002,
        url: 'https://evil.example/a/b?c',
      },
      ...{
        src_endpoint_ip: '::ffff:10.0.0.5',
        http_status: 200,
        observables: ['https://evil.example/a/b?c', 'evil.example', '10.0.0.5'],
      },
    },
    {
      ...{
        time: '2026-11-20T07:30:00.000Z',
        source: 'ids-1',
        parser: 'p',
        class_uid: 2004,
        finding_title: 'Made-up beacon',
      },
      ...{ src_endpoint_ip: '::ffff:10.0.0.5', dst_endpoint_ip: '::ffff:203.0.113.9', device_hostname: 'web-01' },
    },
  ])
})

const ask = (question: LakeQuestion, words: Record<string, unknown>) =>
  askLake(engine, question, words, { signal, clock })

/** The answer, read by the question's own schema. */
function answered(question: LakeQuestion, finding: Answered): Record<string, unknown> {
  expect(finding).toMatchObject({ kind: 'found' })
  return finding.kind === 'found' ? questions[question].answer.parse(finding.answer) : {}
}

describe('found', () => {
  test('sessions between two addresses, both ways, also in lines that no parser reads', async () => {
    const finding = await ask('sessions-between-addresses', { source: '10.0.0.5', destination: '203.0.113.9', at })
    expect(answered('sessions-between-addresses', finding)).toMatchObject({
      ...{ count: 6, bytes: 3_000, first: '2026-11-20T07:30:00.000Z', last: '2026-11-20T09:40:00.000Z' },
      rows: [
        { source: 'odd', events: 1 },
        { from: '203.0.113.9', to: '10.0.0.5', port: 3389, action: 'Denied', events: 1 },
        { from: '10.0.0.5', to: '203.0.113.9', port: 22, protocol: 'tcp', bytes: 1_000 },
        { port: 443, events: 2, bytes: 2_000, first: '2026-11-20T09:00:00.000Z', last: '2026-11-20T09:01:00.000Z' },
        { source: 'ids-1' },
      ],
    })
    expect(finding).toMatchObject({
      window: { from: '2026-11-19T10:00:00.000Z', to: '2026-11-20T11:00:00.000Z' },
      warnings: [expect.stringContaining('1 of them are lines that no parser reads')],
    })
  })

  test('the query of a finding opens the very events in the search', async () => {
    const finding = await ask('sessions-of-address', { address: '203.0.113.9', at })
    const { count } = answered('sessions-of-address', finding)
    if (finding.kind !== 'found' || finding.window === undefined) throw new Error('no window')
    const page = await search(engine, { query: finding.query, ...finding.window, limit: 100 })
    expect(page.events).toHaveLength(Number(count))
  })

  test.each([
    [
      'logins-of-account',
      { account: 'CORP\\Alice' },
      [{ account: 'CORP\\alice', status: 'Failure', from: '10.0.0.7' }],
    ],
    [
      'processes-of-host',
      { host: 'WEB-01' },
      [{ process: 'C:\\a\\evil.exe', command: 'evil -x', host: 'web-01.corp.example' }],
    ],
    ['processes-of-host', { host: 'web-01.corp.example' }, [{ process: 'C:\\a\\evil.exe' }]],
    ['dns-of-host', { host: '10.0.0.5' }, [{ name: 'a.evil.example', answers: '192.0.2.66' }]],
    ['lookups-of-domain', { domain: 'Evil.example.' }, [{ name: 'a.evil.example', from: '10.0.0.5' }]],
    ['url-visited-by', { url: 'evil.example' }, [{ url: 'https://evil.example/a/b?c', code: 200 }]],
    ['url-visited-by', { url: 'https://evil.example/a/b?c' }, [{ from: '10.0.0.5' }]],
    ['hash-seen-on', { hash: `SHA256=${'B'.repeat(64)}` }, [{ host: 'web-01.corp.example' }]],
    ['alerts-of-own-detections', { value: '203.0.113.9' }, [{ finding: 'Made-up beacon' }]],
    ['alerts-of-own-detections', { value: 'web-01' }, [{ finding: 'Made-up beacon' }]],
  ] as const)('%s of %j', async (question, words, rows) => {
    const finding = await ask(question, { ...words, at })
    expect(answered(question, finding)).toMatchObject({ count: 1, rows })
    if (finding.kind !== 'found') throw new Error('not found')
    const page = await search(engine, {
      query: finding.query,
      from: '2026-11-19T10:00:00.000Z',
      to: '2026-11-20T11:00:00.000Z',
      limit: 9,
    })
    expect(page.events).toHaveLength(1)
  })

  test('first and last seen, of all that is kept', async () => {
    const finding = await ask('first-and-last-seen', { type: 'ipv4', value: '203.0.113.9' })
    expect(answered('first-and-last-seen', finding)).toMatchObject({
      ...{ count: 6, first: '2026-11-20T07:30:00.000Z', last: '2026-11-20T09:40:00.000Z' },
      sources: [{ source: 'ids-1' }, { source: 'fw-1', count: 4 }, { source: 'odd' }],
    })
  })

  test('with a hole in the logs it is found, and said that there may be more', async () => {
    const finding = await ask('url-visited-by', { url: 'evil.example', at })
    expect(finding).toMatchObject({
      warnings: [expect.stringContaining('proxy-1 has a gap from 2026-11-20 01:00 UTC to 2026-11-20 04:00 UTC')],
    })
  })
})

describe('in a time that somebody chose', () => {
  const around = { from: '2026-11-20T09:01:30.000Z', to: '2026-11-20T09:02:30.000Z' }
  const chosen = (question: LakeQuestion, words: Record<string, unknown>, window = around) => {
    const looked: unknown[] = []
    const looksAt = (one: unknown) => void looked.push(one)
    return askLake(engine, question, words, { signal, clock, window, looksAt }).then((answer) => ({ answer, looked }))
  }

  test('only that time is looked at, and it is told before the look', async () => {
    const pair = { source: '10.0.0.5', destination: '203.0.113.9', at }
    const { answer, looked } = await chosen('sessions-between-addresses', pair)
    expect(answered('sessions-between-addresses', answer)).toMatchObject({ count: 1, rows: [{ port: 22 }] })
    expect(answer).toMatchObject({ window: around })
    expect(looked).toEqual([around])
    const covered = await chosen('coverage', { source: 'fw-1', at })
    expect(covered.answer).toMatchObject({ kind: 'found', window: around })
  })

  test('it ends now where it would reach into what is to come; all that is kept is no time to choose', async () => {
    const late = { from: '2026-11-20T11:00:00.000Z', to: '2026-11-20T13:00:00.000Z' }
    const { looked } = await chosen('sessions-of-address', { address: '10.0.0.5', at }, late)
    expect(looked).toEqual([{ from: late.from, to: clock.now().toISOString() }])
    const { answer } = await chosen('first-and-last-seen', { type: 'ipv4', value: '203.0.113.9' })
    expect(answer).toMatchObject({ kind: 'not-applicable' })
  })
})

describe('nothing is said only where it would have been seen', () => {
  test('logs of that class for the whole time: nothing', async () => {
    expect(await ask('sessions-between-addresses', { source: '10.0.0.5', destination: '198.51.100.1', at })).toEqual({
      kind: 'nothing',
      query: expect.stringContaining('198.51.100.1'),
      window: { from: '2026-11-19T10:00:00.000Z', to: '2026-11-20T11:00:00.000Z' },
    })
    expect(await ask('first-and-last-seen', { type: 'ipv4', value: '198.51.100.1' })).toMatchObject({ kind: 'nothing' })
  })

  test('no source of that class', async () => {
    expect(await ask('sessions-of-address', { address: '198.51.100.1', at: '2026-01-01T00:00:00.000Z' })).toMatchObject(
      {
        kind: 'not-collected',
        why: 'no source of Network Activity events between 2025-12-31 00:00 UTC and 2026-01-01 01:00 UTC.',
      },
    )
  })

  test('a gap in one of the sources', async () => {
    expect(await ask('url-visited-by', { url: 'good.example', at })).toMatchObject({
      kind: 'not-collected',
      why: 'proxy-1 has a gap from 2026-11-20 01:00 UTC to 2026-11-20 04:00 UTC.',
    })
    // Elsewhere the same source has none.
    expect(await ask('url-visited-by', { url: 'good.example', at: '2026-11-15T00:00:00.000Z' })).toMatchObject({
      kind: 'nothing',
    })
    // One that is quiet at times says so.
    await saveSource(engine, LogSource.parse({ id: 'proxy-1', silentAfterMinutes: 240 }), clock)
    expect(await ask('url-visited-by', { url: 'good.example', at })).toMatchObject({ kind: 'nothing' })
    await saveSource(engine, LogSource.parse({ id: 'proxy-1', silentAfterMinutes: null }), clock)
  })

  test('a source that fell silent, and time before the first line that is kept', async () => {
    expect(await ask('logins-of-account', { account: 'bob', at })).toMatchObject({
      kind: 'not-collected',
      why: expect.stringMatching(
        /the first Authentication events that are kept are of 2026-11-20 08:00 UTC; dc-1 has a gap from 2026-11-20 08:05 UTC to 2026-11-20 11:00 UTC/,
      ),
    })
    expect(await ask('sessions-of-address', { address: '198.51.100.1', at: '2026-10-11T20:00:00.000Z' })).toMatchObject(
      {
        kind: 'not-collected',
        why: expect.stringContaining('the first Network Activity events that are kept are of 2026-10-11 12:00 UTC'),
      },
    )
  })

  test('a host whose logs do not come here at all', async () => {
    expect(await ask('processes-of-host', { host: 'laptop-7', at })).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('no process events of laptop-7 since'),
    })
    // Known, but it was quiet just then: that is nothing.
    expect(await ask('processes-of-host', { host: 'quiet-01', at })).toMatchObject({ kind: 'nothing' })
    expect(await ask('dns-of-host', { host: 'web-01', at })).toMatchObject({ kind: 'not-collected' })
  })

  test('a question about a moment that is still to come looks until now', async () => {
    const finding = await ask('sessions-of-address', { address: '198.51.100.1', at: '2026-11-20T11:59:00.000Z' })
    expect(finding).toMatchObject({
      kind: 'nothing',
      window: { from: '2026-11-19T11:59:00.000Z', to: '2026-11-20T12:00:00.000Z' },
    })
  })

  test('time that is still to come was not collected', async () => {
    expect(await ask('sessions-of-address', { address: '10.0.0.5', at: '2027-01-01T00:00:00.000Z' })).toMatchObject({
      kind: 'not-collected',
      why: 'This time is still to come.',
    })
  })

  test('what is no address cannot be asked', async () => {
    expect(await ask('sessions-of-address', { address: 'web-01' })).toEqual({
      kind: 'not-applicable',
      why: '"web-01" is no address',
    })
    expect(await ask('hash-seen-on', { hash: 'x' })).toMatchObject({ kind: 'not-applicable' })
    expect(await ask('lookups-of-domain', { domain: '* OR 1' })).toMatchObject({ kind: 'not-applicable' })
  })

  test('an engine that is away could not look', async () => {
    const away = openEngine({
      folder: '/dev/null/x',
      clickhouseUrl: 'http://127.0.0.1:9/',
      log: { info: () => undefined, warn: () => undefined },
      memoryMaxMiB: 256,
    })
    expect(await askLake(away, 'sessions-of-address', { address: '10.0.0.5', at }, { signal, clock })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('The log engine does not answer.'),
    })
    await away.close()
  })
})

describe('coverage', () => {
  test('of one source, with its gaps', async () => {
    const finding = await ask('coverage', { source: 'proxy-1', at })
    expect(answered('coverage', finding)).toMatchObject({
      covered: false,
      sources: [{ source: 'proxy-1', gaps: [{ from: '2026-11-20T01:00:00.000Z', to: '2026-11-20T04:00:00.000Z' }] }],
    })
  })
  test('of a class', async () => {
    expect(answered('coverage', await ask('coverage', { class: 4001, at }))).toMatchObject({
      covered: true,
      sources: [{ source: 'fw-1' }],
    })
  })
  test('of nothing that we have', async () => {
    expect(await ask('coverage', { class: 4004, at })).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('no source of DHCP Activity events'),
    })
  })
})

test('hostile values stay values', async () => {
  for (const value of [
    "' OR 1=1 --",
    '") OR (*',
    'a\\',
    '{p0:String}',
    '*',
    '\0',
    'NOT',
    ')',
    '',
    '.',
    ' ',
    '@',
    'a\\\\',
  ]) {
    for (const [question, words] of [
      ['logins-of-account', { account: value }],
      ['processes-of-host', { host: value }],
      ['alerts-of-own-detections', { value }],
      ['url-visited-by', { url: value }],
      ['first-and-last-seen', { type: 'ipv4', value }],
    ] as const) {
      const finding = await ask(question, { ...words, at })
      expect(['nothing', 'not-collected', 'not-applicable'], `${question} ${value}`).toContain(finding.kind)
    }
  }
})
