import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookOnce } from '../src/hunts/run-detections.ts'
import { systemClock } from '../src/kit/clock.ts'
import { failedFolderOf } from '../src/lake/load/spool-news.ts'
import type { Lake } from '../src/lake/open.ts'
import { loadRules } from '../src/lake/sigma/load.ts'
import { lakeLookups } from '../src/main/lake-lookups.ts'
import { logPostDoor } from '../src/main/log-doors.ts'
import { keepRetention } from '../src/main/log-retention.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { freshOpenLake } from './lake.ts'

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const clock = systemClock
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

test('a house that keeps no logs runs no log engine, whoever knocks', async () => {
  const context = { clock, signal: AbortSignal.timeout(10_000) }
  const lookups = lakeLookups(lake)
  expect(await lookups.ask('sessions-of-address', { address: '192.0.2.1' }, context)).toMatchObject({
    kind: 'not-collected',
    why: 'No logs were ever kept here.',
  })
  expect(await lookups.status(context)).toEqual({ sources: 0, silent: [], lastReceived: null })
  expect(await logPostDoor({ lake, clock }).sourceOfKey('a-key-that-somebody-tries')).toBeNull()

  const keeper = keepRetention({
    ...lake,
    ...{ db: database.db, failedFolder: failedFolderOf(folder), clock, log: silent, firstMs: 1, everyMs: 20 },
  })
  await sleep(100)
  await keeper.close()

  const { rules } = await loadRules([path.resolve('content/detections')])
  const look = await lookOnce({
    ...{ db: database.db, clock, log: silent, engine: lake.engine, hasBegun: lake.hasBegun, rules },
    receive: async () => {
      throw new Error('nothing can have matched')
    },
    oldestWaiting: async () => null,
    everyMinutes: 5,
  })
  expect(look?.run.notRun.length).toBeGreaterThan(10)
  expect(lake.hasBegun()).toBe(false)
  expect((await readdir(folder)).filter((name) => name.startsWith('engine') || name === 'store')).toEqual([])

  await lake.take({ source: 'first', peer: '', lines: [Buffer.from('a line')], position: null })
  await lake.settle()
  expect(lake.hasBegun()).toBe(true)
}, 60_000)
