import { beforeAll, describe, expect, test } from 'vitest'
import { freshLake } from '../../test/lake.ts'
import { addEvents } from '../../test/lake-events.ts'
import { fixedClock } from '../kit/clock.ts'
import type { Engine } from '../lake/engine/engine.ts'
import { type AskedLake, lakeLookups } from './lake-lookups.ts'

const clock = fixedClock('2026-11-20T12:00:00.000Z')
const context = { clock, signal: new AbortController().signal }
const at = '2026-11-20T10:00:00.000Z'
let engine: Engine

beforeAll(async () => {
  ;({ engine } = await freshLake())
  await engine.command(
    `INSERT INTO stored_events (time, received, source, parser, class_uid, load, line)
     SELECT at, at, 'fw-1', 'p', 4001, 1, number FROM (
       SELECT number, {now:DateTime64(3, 'UTC')} - toIntervalMinute((number + 1) * 5) AS at FROM numbers(20 * 288))`,
    { now: clock.now() },
  )
  await addEvents(engine, [
    {
      ...{ time: '2026-11-20T09:00:00.000Z', source: 'fw-1', parser: 'p', class_uid: 4001 },
      ...{ src_endpoint_ip: '::ffff:10.0.0.5', dst_endpoint_ip: '::ffff:203.0.113.9' },
    },
  ])
})

type News = Awaited<ReturnType<AskedLake['news']>>
const sessions = (news: Partial<News>, address = '10.0.0.66') =>
  lakeLookups({
    engine,
    hasBegun: () => true,
    news: async () => ({ oldest: null, failedSegments: 0, failedNewest: null, ...news }),
  }).ask('sessions-of-address', { address, at }, context)

describe('nothing is said only when all that came was looked at', () => {
  test('all is stored: nothing', async () => {
    expect(await sessions({})).toMatchObject({ kind: 'nothing' })
    expect(await sessions({ oldest: '2026-11-20T11:59:55.000Z' })).toMatchObject({ kind: 'nothing' })
  })

  test('lines wait to be stored: they may say it', async () => {
    const oldest = '2026-11-20T11:40:00.000Z'
    expect(await sessions({ oldest })).toMatchObject({ kind: 'not-collected', why: expect.stringContaining(oldest) })
    expect(await sessions({ oldest }, '10.0.0.5')).toMatchObject({
      kind: 'found',
      warnings: [expect.stringContaining('wait to be stored')],
    })
  })

  test('lines that the engine refused may say it, unless they came before the time looked at', async () => {
    const refused = { failedSegments: 2, failedNewest: '2026-11-20T09:00:00.000Z' }
    expect(await sessions(refused)).toMatchObject({ kind: 'not-collected', why: expect.stringContaining('set aside') })
    expect(await sessions({ ...refused, failedNewest: '2026-11-01T00:00:00.000Z' })).toMatchObject({ kind: 'nothing' })
  })
})
