import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import { openEngine } from './open-engine.ts'

const { engine, folder } = await freshLake()

test('the tables of this version are there before the first statement', async () => {
  const tables = await engine.rows<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name',
  )
  expect(tables.map((table) => table.name)).toEqual(
    expect.arrayContaining(['events', 'seen', 'sources', 'volume', 'migrations']),
  )
})

test('values are bound, and come back as they went in', async () => {
  const at = new Date('2026-03-04T05:06:07.089Z')
  const text = `it's "quoted"\\ and\ttabbed\nтак 🙂 {x:String}`
  const [row] = await engine.rows(
    `SELECT {text:String} AS text, {list:Array(String)} AS list, {at:DateTime64(3, 'UTC')} AS at, {n:UInt64} AS n,
      18446744073709551615 AS big, 9007199254740991 AS fits, [toUInt64(18446744073709551615)] AS bigs, toIPv6('192.0.2.1') AS ip`,
    { text, list: [text, "a'b"], at, n: 42 },
  )
  expect(row).toEqual({
    text,
    list: [text, "a'b"],
    at: at.toISOString(),
    n: 42,
    big: '18446744073709551615',
    fits: 9007199254740991,
    bigs: ['18446744073709551615'],
    ip: '::ffff:192.0.2.1',
  })
})

test('a list of 100,000 values is bound', async () => {
  const list = Array.from({ length: 100_000 }, (_, at) => `host-${at}.example.com`)
  const [row] = await engine.rows<{ n: number; last: string }>(
    'SELECT length({list:Array(String)}) AS n, {list:Array(String)}[-1] AS last',
    { list },
  )
  expect(row).toEqual({ n: 100_000, last: 'host-99999.example.com' })
})

test('parameters and settings of statements that run at once do not mix', async () => {
  const asked = Array.from({ length: 60 }, (_, n) => n)
  const found = await Promise.all(
    asked.map((n) =>
      engine.rows<{ n: number; threads: number }>(
        "SELECT {n:UInt32} AS n, toUInt32(getSetting('max_threads')) AS threads, sleepEachRow(0.01) AS slept",
        { n },
        { settings: { max_threads: (n % 3) + 1 } },
      ),
    ),
  )
  expect(found.map((rows) => [rows[0]?.n, rows[0]?.threads])).toEqual(asked.map((n) => [n, (n % 3) + 1]))
})

test('a large result comes in batches, and leaving it early ends the statement', async () => {
  let count = 0
  for await (const batch of engine.batches<{ n: number }>(
    "SELECT number AS n, repeat('x', 100) AS x FROM numbers(300000)",
  ))
    count += batch.length
  expect(count).toBe(300_000)
  for await (const batch of engine.batches<{ n: number }>(
    "SELECT number AS n, repeat('y', 100) AS y FROM system.numbers",
  )) {
    expect(batch.length).toBeGreaterThan(0)
    break
  }
  const left = `SELECT count() AS n FROM system.processes WHERE query LIKE '%repeat(''y''%' AND query NOT LIKE '%processes%'`
  await expect.poll(async () => (await engine.rows<{ n: number }>(left))[0]?.n).toBe(0)
})

test('an error in the middle of a stream is an error, not an end', async () => {
  const taken = async (): Promise<void> => {
    for await (const batch of engine.batches('SELECT throwIf(number = 500000) AS t FROM numbers(1000000)'))
      expect(batch.length).toBeGreaterThan(0)
  }
  await expect(taken()).rejects.toMatchObject({
    code: 'internal',
    details: { type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO' },
  })
})

test('lines and records of a file become rows, in their order, with constants', async () => {
  await engine.command(
    `CREATE TABLE staged (line UInt32, source String, peer String, received DateTime64(3, 'UTC'), raw String) ENGINE = Memory`,
  )
  const lines = path.join(folder, 'lines')
  await writeFile(
    lines,
    Buffer.concat([Buffer.from('one\ntwo '), Buffer.from([0xff, 0xfe]), Buffer.from("\nit's three")]),
  )
  const received = new Date('2026-01-02T03:04:05.678Z')
  await engine.insertFile({
    table: 'staged',
    path: lines,
    format: 'lines',
    columns: ['line', 'raw'],
    constants: { source: "o'hara", peer: '192.0.2.7', received },
  })
  expect(await engine.rows('SELECT line, source, peer, received, hex(raw) AS raw FROM staged ORDER BY line')).toEqual(
    ['6F6E65', '74776F20FFFE', '69742773207468726565'].map((raw, line) => ({
      line,
      source: "o'hara",
      peer: '192.0.2.7',
      received: received.toISOString(),
      raw,
    })),
  )
  const records = path.join(folder, 'records')
  // RowBinary: UInt32 little-endian, then text with its length in front.
  await writeFile(records, Buffer.from([7, 0, 0, 0, 3, 0x61, 0x0a, 0xff, 8, 0, 0, 0, 0]))
  await engine.command('TRUNCATE TABLE staged')
  await engine.insertFile({ table: 'staged', path: records, format: 'records', columns: ['line', 'raw'] })
  expect(await engine.rows('SELECT line, hex(raw) AS raw FROM staged ORDER BY line')).toEqual([
    { line: 7, raw: '610AFF' },
    { line: 8, raw: '' },
  ])
})

test('tables of another version are not opened as if they were ours', async () => {
  const own = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-version-'))
  const silent = { info: () => undefined, warn: () => undefined }
  const open = () => openEngine({ folder: own, clickhouseUrl: null, log: silent, memoryMaxMiB: 512, fsync: false })
  const first = open()
  const second = open()
  try {
    await first.command("INSERT INTO migrations (name, sha256) VALUES ('0001-events.sql', 'another wording')")
    await expect(second.rows('SELECT 1')).rejects.toMatchObject({ code: 'state.conflict' })
  } finally {
    await second.close()
    await first.close()
    await rm(own, { recursive: true, force: true })
  }
})
