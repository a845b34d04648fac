import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixedClock } from '../src/kit/clock.ts'
import { failedFolderOf } from '../src/lake/load/spool-news.ts'
import type { Lake } from '../src/lake/open.ts'
import { saveSource } from '../src/lake/sources.ts'
import { keepRetention } from '../src/main/log-retention.ts'
import { LogSource } from '../src/model/lake.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { until } from './desk.ts'
import { freshOpenLake } from './lake.ts'

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const clock = fixedClock('2026-11-01T12:00:00Z')
let database: FreshDatabase
let lake: Lake
let folder: string

beforeAll(async () => {
  database = await freshDatabase()
  ;({ lake, folder } = await freshOpenLake({ clock, reads: false }))
})
afterAll(async () => {
  await database?.close()
})

test('what a source keeps no longer is removed by itself, and the ledger says what', async () => {
  await saveSource(lake.engine, LogSource.parse({ id: 'fw-1', keepDays: 30 }), clock)
  await lake.take({ source: 'fw-1', peer: '', lines: [Buffer.from('one'), Buffer.from('two')], position: null })
  await lake.settle()
  clock.set('2026-12-20T12:00:00Z')
  await lake.take({ source: 'fw-1', peer: '', lines: [Buffer.from('three')], position: null })
  await lake.settle()
  const keeper = keepRetention({
    db: database.db,
    engine: lake.engine,
    hasBegun: lake.hasBegun,
    failedFolder: failedFolderOf(folder),
    clock,
    log: silent,
    firstMs: 1,
    everyMs: 60_000,
  })
  const told = await until('the ledger line', async () => {
    const rows = await database.db.selectFrom('ledger_entry').select(['subject', 'leaf']).execute()
    return rows.length > 0 && rows
  })
  await keeper.close()
  expect(told).toHaveLength(1)
  expect(told[0]?.subject).toBe('log-source:fw-1')
  expect(JSON.parse(told[0]?.leaf ?? '')).toMatchObject({ kind: 'logs.removed', body: { because: 'days', events: 2 } })
  expect(await lake.engine.rows('SELECT raw FROM events')).toEqual([{ raw: 'three' }])
}, 60_000)
