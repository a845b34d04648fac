import { beforeAll, describe, expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import { addEvents } from '../../../test/lake-events.ts'
import type { Engine } from '../engine/engine.ts'
import { hunt } from './hunt.ts'
import { prefixesOf } from './indicator.ts'
import { readIndicators } from './read-indicators.ts'

const read = (text: string, column: string | null = null) => readIndicators(Buffer.from(text), column)
const valuesOf = async (text: string, column: string | null = null) =>
  (await read(text, column)).indicators.map(({ type, value }) => `${type} ${value}`)

describe('lists', () => {
  test('one a line, defanged or not, each once, comments and all', async () => {
    const list = await read(
      '# our feed\n203.0.113[.]9\nhxxps://evil[.]example/a?b=1 # seen in May\n203.0.113.9\n\n198.51.100.0/24\nEVIL.example\nweb-01\nalice@corp.example\n' +
        `${'A'.repeat(64)}\nCVE-2026-0001\n,;\n2001:DB8::0001\r\n`,
    )
    expect(list.indicators.map(({ value }) => value)).toEqual([
      '203.0.113.9',
      'https://evil.example/a?b=1',
      '198.51.100.0/24',
      'evil.example',
      'web-01',
      'alice@corp.example',
      'a'.repeat(64),
      '2001:db8::1',
    ])
    expect(list.notRead).toEqual([
      { line: 11, text: 'CVE-2026-0001', why: expect.stringContaining('cve') },
      { line: 12, text: ',;', why: 'no indicator was found in it' },
    ])
    expect(list.notReadInAll).toBe(2)
  })

  test('running text gives all that is in it', async () => {
    expect(await valuesOf('They came from 203.0.113.9 and asked for evil[.]example[.]com.')).toEqual([
      'ipv4 203.0.113.9',
      'domain evil.example.com',
    ])
  })

  test('CSV by the column that holds them, or by the one that is named', async () => {
    const csv = 'id;first_seen;value;note\n1;2026-11-01;"evil[.]example";"a; b"\n2;2026-11-01;203.0.113.9;192.0.2.1\n'
    expect(await valuesOf(csv)).toEqual(['domain evil.example', 'ipv4 203.0.113.9'])
    expect(await valuesOf('# id,url\n1,http://evil.example/x\n')).toEqual(['url http://evil.example/x'])
    expect(await valuesOf('a,b\nx,203.0.113.9\n', 'B')).toEqual(['ipv4 203.0.113.9'])
    await expect(read('a,b\nx,203.0.113.9\n', 'c')).rejects.toThrow('input.invalid')
  })

  test('STIX 2.1: patterns of the kind "any of these", and observed objects', async () => {
    const bundle = {
      type: 'bundle',
      objects: [
        {
          type: 'indicator',
          id: 'indicator--1',
          pattern: "[ipv4-addr:value = '203.0.113.9' OR domain-name:value IN ('evil.example', 'bad.example')]",
        },
        { type: 'indicator', id: 'indicator--2', pattern: `[file:hashes.'SHA-256' = '${'c'.repeat(64)}']` },
        {
          type: 'indicator',
          id: 'indicator--3',
          pattern: "[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = '1']",
        },
        { type: 'indicator', id: 'indicator--4', pattern: "[domain-name:value LIKE '%.example']" },
        { type: 'url', id: 'url--1', value: 'http://evil.example/x' },
        { type: 'identity', id: 'identity--1' },
      ],
    }
    const list = await read(JSON.stringify(bundle))
    expect(list.indicators.map(({ value }) => value)).toEqual([
      '203.0.113.9',
      'evil.example',
      'bad.example',
      'c'.repeat(64),
      'http://evil.example/x',
    ])
    expect(list.notRead.map(({ why }) => why)).toEqual([
      expect.stringContaining('indicator--3: it needs several properties'),
      expect.stringContaining('indicator--4: it compares domain-name:value by LIKE'),
    ])
    await expect(read('{"type": "report"}')).rejects.toThrow('input.invalid')
    await expect(read('{')).rejects.toThrow('input.invalid')
  })

  test('a hundred thousand are read without holding anybody else up', async () => {
    const lines = Array.from({ length: 100_000 }, (_, place) =>
      place % 2 === 0 ? `198.${place % 200}.${place % 250}.${place % 255}` : `h${place}.evil[.]example`,
    )
    let turns = 0
    let reading = true
    const count = (): void => {
      turns += 1
      if (reading) setImmediate(count)
    }
    setImmediate(count)
    const { indicators } = await read(lines.join('\n'))
    reading = false
    expect(indicators.length).toBeGreaterThan(50_000)
    // A turn for every 500 lines: 5 ms.
    expect(turns).toBeGreaterThanOrEqual(199)
  }, 30_000)

  test('networks as beginnings of texts', () => {
    const texts = (cidr: string) => prefixesOf(cidr).map(({ sign, text }) => `${text}${sign}`)
    expect(texts('10.0.0.0/8')).toEqual(['10.'])
    expect(texts('192.168.4.0/23')).toEqual(['192.168.4.', '192.168.5.'])
    expect(texts('192.168.4.77/30')).toEqual(['192.168.4.'])
    expect(texts('172.16.0.0/12')).toHaveLength(16)
    expect(texts('0.0.0.0/0')).toHaveLength(256)
    expect(texts('2001:db8::/32')).toEqual(['2001:'])
    expect(texts('::/16')).toEqual(['0:', ':'])
    expect(texts('fe80::/10')).toHaveLength(64)
  })
})

describe('hunts', () => {
  let engine: Engine
  const now = new Date('2026-11-20T12:00:00.000Z')
  beforeAll(async () => {
    ;({ engine } = await freshLake())
    const at = (time: string, source: string, observables: string[], host = '') => ({
      time,
      source,
      observables,
      device_hostname: host,
    })
    await addEvents(engine, [
      at('2026-11-18T23:59:59.000Z', 'fw-1', ['203.0.113.9', '10.0.0.5']),
      at('2026-11-20T00:00:00.000Z', 'fw-1', ['203.0.113.9', '10.0.0.6']),
      at('2026-11-20T10:00:00.000Z', 'edr-1', ['203.0.113.9', 'web-01'], 'web-01'),
      at('2026-11-20T10:00:00.000Z', 'proxy', ['http://evil.example/', 'evil.example', 'alice']),
      at('2026-11-20T10:00:00.000Z', 'proxy', [
        '198.51.100.7',
        '198.51.101.7',
        '2001:db8::1',
        '2001:db9::1',
        '198.51.100.7x',
      ]),
    ])
  })

  const huntFor = async (list: string, window: { from: string; to: string } | null = null) =>
    hunt(engine, { indicators: (await read(list)).indicators, window, now })

  test('seen or not, since when, how often, where', async () => {
    const result = await huntFor('203.0.113[.]9\n192.0.2.1\nhxxp://evil.example\nAlice\n')
    expect(result).toMatchObject({ indicators: 4, misses: 1, window: null })
    const [latest, , ...others] = result.hits.toSorted((a, b) => b.count - a.count)
    expect(latest).toEqual({
      ...{ indicator: '203.0.113.9', type: 'ipv4', count: 3, days: 2, addresses: [] },
      ...{ first: '2026-11-18T23:59:59.000Z', last: '2026-11-20T10:00:00.000Z', hosts: ['web-01'] },
      sources: [
        { source: 'fw-1', count: 2 },
        { source: 'edr-1', count: 1 },
      ],
      events: [expect.stringMatching(/^\d+-2$/), expect.stringMatching(/^\d+-1$/), expect.stringMatching(/^\d+-0$/)],
    })
    expect(others).toHaveLength(1)
  })

  test('a long list goes as a file, and finds the same', async () => {
    const many = Array.from({ length: 6_000 }, (_, place) => `h${place}.example`).join('\n')
    expect(await huntFor(`${many}\n203.0.113.9\n`)).toMatchObject({
      indicators: 6_001,
      misses: 6_000,
      hits: [{ count: 3, hosts: ['web-01'] }],
    })
  })

  test('a window is of whole days, and says so', async () => {
    const result = await huntFor('203.0.113.9', { from: '2026-11-20T09:00:00.000Z', to: '2026-11-20T11:00:00.000Z' })
    expect(result).toMatchObject({
      window: { from: '2026-11-20T00:00:00.000Z', to: '2026-11-21T00:00:00.000Z' },
      hits: [{ count: 2, first: '2026-11-20T00:00:00.000Z' }],
    })
    expect(
      await huntFor('203.0.113.9', { from: '2026-11-19T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z' }),
    ).toMatchObject({ hits: [], misses: 1 })
  })

  test('networks, small and large, of both kinds', async () => {
    expect(await huntFor('198.51.100.0/24')).toMatchObject({ hits: [{ addresses: ['198.51.100.7'], count: 1 }] })
    expect(await huntFor('198.51.96.0/20')).toMatchObject({ hits: [{ count: 2 }] })
    expect(await huntFor('198.51.0.0/16\n10.0.0.0/8\n192.168.0.0/16')).toMatchObject({
      hits: [{ addresses: expect.arrayContaining(['198.51.101.7']) }, { indicator: '10.0.0.0/8', count: 2 }],
      misses: 1,
    })
    expect(await huntFor('2001:db8::/32')).toMatchObject({ hits: [{ addresses: ['2001:db8::1'] }] })
    expect(await huntFor('198.51.100.7/31')).toMatchObject({ hits: [{ count: 1 }] })
  })

  test('a miss comes with what the logs do not have', async () => {
    expect(await huntFor('192.0.2.1')).toMatchObject({
      hits: [],
      warnings: expect.arrayContaining([expect.stringContaining('has a gap')]),
    })
  })

  test('hostile lists stay lists', async () => {
    const many = Array.from({ length: 6_000 }, (_, place) => `h${place}'.example`).join('\n')
    const result = await huntFor(`${many}\n` + "'; DROP TABLE seen; --\n') OR 1=1\n{raw:String}\n\\N\n%\n*\n\0\0\n")
    expect(result.hits).toEqual([])
    expect(await huntFor('203.0.113.9')).toMatchObject({ hits: [{ count: 3 }] })
    expect(
      await engine.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'hunt%'"),
    ).toEqual([])
  })
})
