import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { countedMax, QueueQuery } from '../contract/desk.ts'
import { queueOf } from './queue-front.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await sql`insert into alert (id, provider_id, kind, severity, title, rule, received_at, reading)
    select gen_random_uuid(), case when n <= ${countedMax} then 'few' else 'many' end, 'alert', 'low', 'Made up', 'Beaconing', now() - n * interval '1 minute', '{}'
    from generate_series(1, ${2 * countedMax + 1}::int) n`.execute(database.db)
})
afterAll(() => database.close())

const ask = (query: object) =>
  queueOf(database.db, QueueQuery.parse({ tab: 'all', ...query }), { timeZone: 'UTC', now: new Date() })

test('a narrowed history says how many it has, and where it was not counted to its end, that there are more', async () => {
  const few = await ask({ provider: 'few' })
  expect([few.counts.all, few.moreInAll]).toEqual([countedMax, false])
  const many = await ask({ provider: 'many' })
  expect([many.counts.all, many.moreInAll]).toEqual([countedMax, true])
  const word = await ask({ q: 'beacon' })
  expect([word.counts.all, word.moreInAll]).toEqual([countedMax, true])
  expect(word.rows).toHaveLength(50)
})

test('the whole history is counted exactly, and what was not counted is not said', async () => {
  const whole = await ask({})
  expect([whole.counts.all, whole.moreInAll]).toEqual([2 * countedMax + 1, false])
  const other = await ask({ tab: 'needs', q: 'beacon' })
  expect([other.counts.all, other.moreInAll]).toEqual([null, false])
})
