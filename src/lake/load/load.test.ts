import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LakeConfig } from '../../config/config.ts'
import { systemClock } from '../../kit/clock.ts'
import { type Lake, openLake } from '../open.ts'
import { loadLogParsers, loadSignatures } from '../parse/parser-files.ts'

let folder: string
let lake: Lake
const warned: string[] = []
const log = {
  info: () => undefined,
  warn: (details: object, text: string) => void warned.push(`${text} ${JSON.stringify(details)}`),
}
const open = async (at = folder): Promise<Lake> =>
  openLake({
    ...{ folder: at, clickhouseUrl: null, clock: systemClock, log },
    config: LakeConfig.parse({ freeDiskMinMiB: 16, memoryMaxMiB: 512 }),
    parsers: await loadLogParsers(),
    signatures: await loadSignatures(),
  })
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-load-'))
  lake = await open()
})
afterAll(async () => {
  await lake.close()
  await rm(folder, { recursive: true })
})

type Counted = { lines: number; distinct: number; seen: number; volume: number }
async function count(source: string): Promise<Counted> {
  const [counted] = await lake.engine.rows<Counted>(
    `SELECT (SELECT count() FROM events WHERE source = {source:String}) AS lines,
       (SELECT uniqExact(load, line) FROM events WHERE source = {source:String}) AS distinct,
       (SELECT sum(count) FROM seen WHERE source = {source:String}) AS seen,
       (SELECT sum(events) FROM volume WHERE source = {source:String}) AS volume`,
    { source },
  )
  return counted ?? { lines: -1, distinct: -1, seen: -1, volume: -1 }
}
const rawsOf = async (source: string): Promise<string[]> =>
  (
    await lake.engine.rows<{ raw: string }>(
      'SELECT hex(raw) AS raw FROM events WHERE source = {source:String} ORDER BY load, line',
      { source },
    )
  ).map(({ raw }) => raw)

const sshd = (n: number): string =>
  `<38>Nov 20 10:00:00 web-1 sshd[${n}]: Failed password for invalid user admin${n} from 198.51.100.${n % 250} port 4242 ssh2`

test('lines of the doors are in the lake soon, read by their parser, with rollups', async () => {
  const began = performance.now()
  const lines = Array.from({ length: 100 }, (_, n) => Buffer.from(sshd(n)))
  await lake.take({ source: 'ssh', peer: '192.0.2.9', lines, position: null })
  while ((await count('ssh')).volume < 100 && performance.now() - began < 20_000)
    await new Promise((r) => setTimeout(r, 50))
  expect(await count('ssh')).toMatchObject({ lines: 100, distinct: 100, volume: 100 })
  expect((await count('ssh')).seen).toBeGreaterThanOrEqual(100)
  expect(await lake.news()).toMatchObject({ segments: 0, lagMs: 0, failing: null, failedSegments: 0 })
})

test('a chunk of a file is kept byte for byte: CRLF, NUL, invalid UTF-8, empty lines, a megabyte, no end', async () => {
  const long = Buffer.alloc(1_500_000, 'L')
  const odd = [Buffer.from([0xff, 0xfe, 0x00, 0x41]), Buffer.from('tab\tand\\back\\nslash "q'), Buffer.from('last')]
  const bytes = Buffer.concat([
    ...[odd[0] ?? '', Buffer.from('\r\n\r\n\n'), odd[1] ?? '', Buffer.from('\n')].map((one) => Buffer.from(one)),
    odd[2] ?? Buffer.alloc(0),
  ])
  await lake.takeChunk({ source: 'odd', peer: '', position: '1', bytes })
  await lake.takeChunk({
    source: 'long',
    peer: '',
    position: '1',
    bytes: Buffer.concat([long, Buffer.from('\nshort')]),
  })
  await lake.settle()
  expect(await rawsOf('odd')).toEqual(odd.map((one) => one.toString('hex').toUpperCase()))
  expect((await rawsOf('long')).map((hex) => hex.length / 2)).toEqual([1_048_576, 1_500_000 - 1_048_576, 5])
})

test('a load is one part of the table, also where its lines are more than an eighth of what memory the engine has', async () => {
  const pad = 'x'.repeat(2_500)
  const kinds = [(n: number) => `${sshd(n)} ${pad}`, (n: number) => `nobody reads this ${n} ${pad}`]
  const bytes = Buffer.from(
    kinds.map((line) => Array.from({ length: 16_000 }, (_, n) => line(n)).join('\n')).join('\n'),
  )
  await lake.takeChunk({ source: 'large', peer: '', position: '1', bytes })
  await lake.settle()
  const stored = await lake.engine.rows<{ lines: number; level: number }>(
    "SELECT count() AS lines, toUInt8(splitByChar('_', _part)[4]) AS level FROM stored_events WHERE source = 'large' GROUP BY _part",
  )
  expect(stored).toEqual([{ lines: 32_000, level: 0 }])
  expect(await count('large')).toMatchObject({ lines: 32_000, distinct: 32_000, volume: 32_000 })
})

test('the same piece twice is in the lake once', async () => {
  const piece = { source: 'twice', peer: '', position: 'request-1', lines: [Buffer.from('once')] }
  await lake.take(piece)
  await lake.settle()
  await lake.take(piece)
  await lake.settle()
  expect((await count('twice')).lines).toBe(1)
})

test('nothing stays behind: no table, no file', async () => {
  const tables = await lake.engine.rows<{ name: string }>("SELECT name FROM system.tables WHERE name LIKE 'load%'")
  expect(tables).toEqual([])
  const [own = ''] = await readdir(path.join(folder, 'spool')).then((names) =>
    names.filter((name) => /^\d+$/.test(name)),
  )
  expect(await readdir(path.join(folder, 'spool', own))).toEqual(['writer.json'])
  expect(warned).toEqual([])
})
