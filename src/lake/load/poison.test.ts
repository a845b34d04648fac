import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LakeConfig } from '../../config/config.ts'
import { systemClock } from '../../kit/clock.ts'
import type { LogParser } from '../../model/log-parser.ts'
import { type Lake, openLake } from '../open.ts'
import { loadSql } from '../parse/load-sql.ts'
import { loadLogParsers } from '../parse/parser-files.ts'
import { makeKeepSplits } from './kept-splits.ts'
import { type LoadTools, loadSegment, tablesOf } from './load-segment.ts'
import { Spool } from './spool.ts'
import { Tries } from './tries.ts'

let base: string
let ours: readonly LogParser[]
const warned: string[] = []
const log = { info: () => undefined, warn: (_details: object, text: string) => void warned.push(text) }
beforeAll(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-poison-'))
  ours = (await loadLogParsers()).filter(({ id }) => id === 'sshd' || id === 'squid')
})
afterAll(() => rm(base, { recursive: true }))

const open = (folder: string, parsers: readonly LogParser[], config: object = {}): Promise<Lake> =>
  openLake({
    ...{ folder: path.join(base, folder), clickhouseUrl: null, clock: systemClock, log, parsers },
    config: LakeConfig.parse({ freeDiskMinMiB: 16, ...config }),
  })
const sshd =
  '<38>Nov 20 10:00:00 web-1 sshd[7]: Failed password for invalid user admin from 198.51.100.7 port 4242 ssh2'
const squid =
  '1763632800.123    45 10.0.0.1 TCP_MISS/200 900 GET http://www.example.com/ - HIER_DIRECT/203.0.113.9 text/html'
const take = (lake: Lake, ...lines: string[]): Promise<void> =>
  lake.take({ source: 's', peer: '', position: null, lines: lines.map((line) => Buffer.from(line)) })
const parsersOf = async (lake: Lake): Promise<string[]> =>
  (await lake.engine.rows<{ parser: string }>('SELECT parser FROM events ORDER BY parser')).map(({ parser }) => parser)

/** A pattern that RE2 does not take, as a later version of the engine might refuse one of today. */
const refused = '(?=x)(.*)'

test('lines whose parser the engine refuses are kept unread; those of the others are read', async () => {
  const broken = ours.map(
    (parser): LogParser =>
      parser.id === 'squid' ? { ...parser, split: { kind: 'regex', patterns: [refused] } } : parser,
  )
  const lake = await open('parser', broken)
  await take(lake, sshd, squid)
  await lake.settle()
  expect(await parsersOf(lake)).toEqual(['', 'sshd'])
  expect(await lake.news()).toMatchObject({ segments: 0, failedSegments: 0, loaded: 2, unread: 1 })
  expect(warned.at(-1)).toContain('kept unread')
  expect(await lake.engine.rows('SELECT sum(events) AS volume FROM volume')).toEqual([{ volume: 2 }])
  await lake.close()
})

test('lines that cannot even be recognised are kept, and what comes behind them is not held up for ever', async () => {
  const broken = ours.map((parser): LogParser => ({ ...parser, identify: [{ body: refused }] }))
  const lake = await open('recognise', broken)
  await take(lake, sshd, squid)
  await lake.settle()
  expect(await parsersOf(lake)).toEqual(['', ''])
  await lake.close()
})

test('lines that cost more than a load may are loaded in pieces, all of them once, and hold nobody else up', async () => {
  const lake = await open('costly', ours, { memoryMaxMiB: 256 })
  warned.length = 0
  const address = (n: number): string => [10, (n >> 16) & 255, (n >> 8) & 255, n & 255].join('.')
  const costly = Array.from(
    { length: 40_000 },
    (_, at) => `nobody reads ${Array.from({ length: 24 }, (_, n) => address(at * 24 + n)).join(' ')}`,
  )
  await take(lake, sshd, ...costly)
  await lake.settle()
  expect(await lake.news()).toMatchObject({ segments: 0, failedSegments: 0, loaded: 40_001, unread: 40_000 })
  expect(warned).toContain('lines could not be given to the engine; they are kept and tried again')
  const [stored] = await lake.engine.rows(
    'SELECT count() AS lines, uniqExact(line) AS different, countIf(length(observables) = 24) AS whole FROM events',
  )
  expect(stored).toEqual({ lines: 40_001, different: 40_001, whole: 40_000 })
  expect(await lake.engine.rows('SELECT sum(events) AS volume FROM volume')).toEqual([{ volume: 40_001 }])
  expect(await lake.engine.rows("SELECT sum(count) AS seen FROM seen WHERE startsWith(observable, '10.')")).toEqual([
    { seen: 960_000 },
  ])
  await lake.close()
}, 120_000)

/** A lake, and a segment of lines for it that nobody has loaded yet. */
async function segmentFor(name: string, lines: Readonly<Record<string, readonly string[]>>) {
  const lake = await open(name, [])
  const { engine } = lake
  const spool = await Spool.open(path.join(base, `${name}-spool`), {
    ...{ clock: systemClock, log },
    limits: { spoolBytesMax: 1e9, sourceShareMax: 1, freeDiskMinBytes: 0 },
  })
  for (const [source, own] of Object.entries(lines))
    await spool.take({ source, peer: '', position: null, lines: own.map((line) => Buffer.from(line)) })
  await spool.seal()
  const [segment] = spool.sealed
  if (segment === undefined) throw new Error('there is no segment')
  const tables = tablesOf(spool.writer, 'a', 0)
  const toolsOf = (parsers: readonly LogParser[], statements: string): LoadTools => ({
    ...{ engine, loadSql: loadSql(parsers), statements },
    sourcesOf: async () => [],
    keepSplits: makeKeepSplits(engine),
    alone: (work) => work(),
  })
  const load = async (tools: LoadTools) => loadSegment(segment, tables, await Tries.of(segment), tools)
  const counted = async () =>
    engine.rows(`SELECT (SELECT count() FROM events) AS lines, (SELECT sum(events) FROM volume) AS volume,
      (SELECT sum(length(observables)) FROM events) AS observables, (SELECT sum(count) FROM seen) AS seen`)
  const close = async () => {
    await spool.remove(segment)
    await spool.close()
    await lake.close()
  }
  return { lake, engine, toolsOf, load, counted, close }
}
const onlySshd = () => ours.filter(({ id }) => id === 'sshd')

test('when the parsers change while a load is half done, nothing is lost and nothing is doubled', async () => {
  const { lake, toolsOf, load, counted, close } = await segmentFor('upgrade', {
    upgrade: [sshd, squid, 'nobody reads this'],
  })
  const before = toolsOf(onlySshd(), 'before')
  // The first attempt dies after the lines of one parser: nothing of it is stored, for a segment is stored as one.
  const dying: LoadTools = {
    ...before,
    loadSql: {
      ...before.loadSql,
      insert: (parser, ...more) => (parser === '' ? before.loadSql.insert(parser, ...more) : 'SELECT throwIf(1)'),
    },
  }
  await expect(load(dying)).rejects.toThrow()
  expect(await parsersOf(lake)).toEqual([])
  // The second one stores everything and dies before the segment is removed.
  expect(await load(before)).toMatchObject({ lines: 3, gaveUp: [] })
  // The third one reads with more parsers lines that are there already.
  expect(await load(toolsOf(ours, 'after'))).toMatchObject({ lines: 3, gaveUp: [] })
  expect(await parsersOf(lake)).toEqual(['', '', 'sshd'])
  expect(await counted()).toEqual([{ lines: 3, volume: 3, observables: 7, seen: 7 }])
  await close()
})

test.each([
  ['all of it', false],
  ['one of two sources', true],
])(
  'killed with %s in the table and nothing in the rollups, and begun again by other parsers, they agree',
  async (_, isPart) => {
    const { engine, toolsOf, load, counted, close } = await segmentFor(`rollups-${isPart}`, {
      one: [sshd, squid],
      two: [sshd, 'nobody reads this'],
    })
    const views = ['seen_of_events', 'volume_of_events']
    for (const view of views) await engine.command(`DETACH TABLE ${view} SYNC`)
    expect(await load(toolsOf(onlySshd(), 'before'))).toMatchObject({ lines: 4 })
    if (isPart)
      await engine.command(
        "ALTER TABLE stored_events DELETE WHERE source = 'two'",
        {},
        { settings: { mutations_sync: 1 } },
      )
    for (const view of views) await engine.command(`ATTACH TABLE ${view}`)
    expect(await counted()).toMatchObject([{ lines: isPart ? 2 : 4, volume: 0, seen: 0 }])
    expect(await load(toolsOf(ours, 'after'))).toMatchObject({ lines: 4 })
    expect(await counted()).toEqual([{ lines: 4, volume: 4, observables: 10, seen: 10 }])
    await close()
  },
)
