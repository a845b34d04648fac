import { expect, test } from 'vitest'
import { freshLake } from '../../test/lake.ts'
import { fixedClock } from '../kit/clock.ts'
import { LogSource } from '../model/lake.ts'
import { applyRetention } from './retention.ts'
import { getSource, listSources, saveSource, sourceOfBatch } from './sources.ts'
import { flowOfSources, statusOfSources } from './status.ts'

const { engine } = await freshLake()
const now = new Date('2026-06-17T12:00:00.000Z')
const clock = fixedClock(now)

/** `count` events of a source, one an hour backwards from `to`, received when they happened unless said otherwise. */
async function addEvents(
  source: string,
  count: number,
  to: Date,
  options: { readonly received?: Date; readonly parser?: string } = {},
): Promise<void> {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, load, line, parser, observables_kept, raw)
     SELECT {to:DateTime64(3, 'UTC')} - INTERVAL number HOUR AS time,
       ${options.received === undefined ? 'time' : "{received:DateTime64(3, 'UTC')}"} AS received,
       {source:String}, 1, number, {parser:String}, ['192.0.2.1', concat('day-', toString(toDate(time)))], concat('a line of the source ', toString(number), ' ', randomPrintableASCII(200))
     FROM numbers({count:UInt32})`,
    { source, count, to, received: options.received ?? to, parser: options.parser ?? 'kv' },
  )
}

async function left(source: string): Promise<{ events: number; oldest: string; volume: number; seen: number }> {
  const [row] = await engine.rows<{ events: number; oldest: string; volume: number; seen: number }>(
    `SELECT count() AS events, min(received) AS oldest,
       (SELECT sum(events) FROM volume WHERE source = {source:String}) AS volume,
       (SELECT uniqExact(day) FROM seen WHERE source = {source:String}) AS seen
     FROM events WHERE source = {source:String}`,
    { source },
  )
  if (row === undefined) throw new Error('no row')
  return row
}

test('a source is what was said last, also when the clock was set back between', async () => {
  expect(await getSource(engine, 'fw-1')).toBeNull()
  const first = await sourceOfBatch(engine, 'fw-1', clock)
  expect(first).toEqual(LogSource.parse({ id: 'fw-1' }))
  await saveSource(engine, { ...first, title: 'Second' }, clock)
  await saveSource(engine, { ...first, title: 'Third' }, fixedClock('2020-01-01T00:00:00Z'))
  expect((await getSource(engine, 'fw-1'))?.title).toBe('Third')
  expect((await sourceOfBatch(engine, 'fw-1', clock)).title).toBe('Third')
  expect((await listSources(engine)).map((source) => source.id)).toContain('fw-1')
})

test('days: exactly what was received before the boundary goes, and what was counted of it', async () => {
  await addEvents('by-days', 24 * 60, now)
  await addEvents('other', 24 * 60, now)
  const source = LogSource.parse({ id: 'by-days', keepDays: 30 })
  const removed = await applyRetention(engine, [source], now)
  const boundary = new Date(now.getTime() - 30 * 86_400_000)
  expect(removed).toEqual([{ source: 'by-days', because: 'days', before: boundary.toISOString(), events: 24 * 30 - 1 }])
  const kept = await left('by-days')
  expect(kept).toEqual({ events: 24 * 30 + 1, oldest: boundary.toISOString(), volume: 24 * 30 + 1, seen: 31 })
  expect(await applyRetention(engine, [source], now)).toEqual([])
  expect((await left('other')).events).toBe(24 * 60)
})

test('a backfill of old events is kept by when it came, and so is what was seen in it', async () => {
  await addEvents('backfill', 48, new Date('2024-01-10T00:00:00Z'), { received: new Date('2026-06-10T00:00:00Z') })
  const source = LogSource.parse({ id: 'backfill', keepDays: 30 })
  expect(await applyRetention(engine, [source], now)).toEqual([])
  expect(await left('backfill')).toMatchObject({ events: 48, seen: 3 })
  const later = new Date('2026-07-11T00:00:00Z')
  expect(await applyRetention(engine, [source], later)).toMatchObject([{ events: 48 }])
  expect(await left('backfill')).toMatchObject({ events: 0, volume: 0, seen: 0 })
})

test('bytes: the oldest go until the rest fits', async () => {
  await addEvents('by-bytes', 24 * 40, now)
  const size = async (): Promise<number> => {
    const [row] = await engine.rows<{ bytes: number }>(
      `SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE table = 'stored_events' AND active AND partition LIKE '(''by-bytes''%'`,
    )
    return row?.bytes ?? 0
  }
  const before = await size()
  const source = LogSource.parse({ id: 'by-bytes', keepDays: null, keepBytes: Math.round(before / 2) })
  const [removed] = await applyRetention(engine, [source], now)
  expect(removed).toMatchObject({ because: 'bytes' })
  const after = await size()
  // Parts have a cost of their own besides their rows: a tenth either way.
  expect(after / before).toBeGreaterThan(0.4)
  expect(after / before).toBeLessThan(0.6)
  const kept = await left('by-bytes')
  expect(kept.events).toBe(24 * 40 - (removed?.events ?? 0))
  expect(kept.oldest).toBe(removed?.before)
})

test('the status of a source: volume, silence, gaps, and what it costs', async () => {
  // Ten days of a line each hour, but none in the last five hours and none for twelve hours two days ago.
  await addEvents('gappy', 43, new Date('2026-06-17T07:00:00Z'))
  await addEvents('gappy', 24 * 8, new Date('2026-06-15T00:00:00Z'), { parser: '' })
  const sources = [
    LogSource.parse({ id: 'gappy', silentAfterMinutes: 240 }),
    LogSource.parse({ id: 'never', silentAfterMinutes: 60 }),
    LogSource.parse({ id: 'quiet' }),
  ]
  const [gappy, never, quiet] = await statusOfSources(engine, sources, now)
  expect(gappy).toMatchObject({
    events: 43 + 24 * 8,
    unread: 24 * 8,
    first: '2026-06-07T01:00:00.000Z',
    last: '2026-06-17T07:00:00.000Z',
    lastReceived: '2026-06-17T07:00:00.000Z',
    silent: true,
    gaps: [
      { from: '2026-06-15T00:05:00.000Z', to: '2026-06-15T13:00:00.000Z' },
      { from: '2026-06-17T07:05:00.000Z', to: '2026-06-17T12:00:00.000Z' },
    ],
  })
  expect(gappy?.hours).toHaveLength(48)
  expect(gappy?.hours.slice(-6)).toEqual([1, 0, 0, 0, 0, 0].slice(0, 6))
  expect(gappy?.hours.reduce((sum, n) => sum + n, 0)).toBe(43)
  expect(gappy?.eventsPerDay).toBeCloseTo((43 + 24 * 4 + 13) / 7, 1)
  expect(gappy?.diskBytes).toBeGreaterThan(20_000)
  expect(gappy?.diskBytesPerDay).toBeCloseTo(((gappy?.diskBytes ?? 0) / 235) * (gappy?.eventsPerDay ?? 0), 3)
  expect(never).toMatchObject({ events: 0, silent: true, last: null, gaps: [] })
  expect(quiet).toMatchObject({ silent: false })
})

test('the flow of a source: its lines of each day, and how far behind its newest one came', async () => {
  await addEvents('late', 3, new Date('2026-06-16T23:00:00Z'), { received: new Date('2026-06-16T23:01:30Z') })
  await addEvents('late', 2, new Date('2026-06-10T05:00:00Z'), { received: new Date('2026-06-16T23:00:00Z') })
  await addEvents('late', 2, new Date('2026-05-10T05:00:00Z'), { received: new Date('2026-06-16T23:00:00Z') })
  const flows = await flowOfSources(engine, now, 15)
  expect(flows.get('late')).toEqual({
    lagSeconds: 90,
    days: [
      { day: '2026-06-10', asked: 2 },
      { day: '2026-06-16', asked: 3 },
    ],
  })
  expect(flows.has('never')).toBe(false)
})

test('lines are packed quickly as they come, and well when they are a day old', async () => {
  const anHourAgo = new Date(Date.now() - 3_600_000)
  await addEvents('fresh', 500, anHourAgo, { received: anHourAgo })
  await addEvents('old', 500, anHourAgo, { received: new Date(Date.now() - 3 * 86_400_000) })
  await engine.command('OPTIMIZE TABLE stored_events FINAL')
  const packed = await engine.rows<{ source: string; codec: string }>(
    `SELECT extract(partition, '''(.*?)''') AS source, any(default_compression_codec) AS codec FROM system.parts
     WHERE database = currentDatabase() AND table = 'stored_events' AND active GROUP BY source HAVING source IN ('fresh', 'old') ORDER BY source`,
  )
  expect(packed).toEqual([
    { source: 'fresh', codec: 'ZSTD(1)' },
    { source: 'old', codec: 'ZSTD(6)' },
  ])
})
