import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { isTrouble } from '../kit/errors.ts'
import { addJob, jobCounts, removeJob } from './jobs.ts'
import { jsonb } from './jsonb.ts'
import { listen, notify } from './live.ts'
import { migrate } from './migrate.ts'
import { openDatabase, transaction } from './open.ts'

let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())

test('a job and a notice exist only if their transaction commits', async () => {
  const heard: string[] = []
  const listening = await listen(house.url, (topic) => heard.push(topic))
  await expect(
    transaction(house.db, async (tx) => {
      await addJob(tx, 'never', {})
      await notify(tx, 'never')
      throw new Error('rolled back')
    }),
  ).rejects.toThrow('rolled back')
  expect(await jobCounts(house.db)).toEqual({ ready: 0, later: 0, failed: 0 })
  await transaction(house.db, async (tx) => {
    await addJob(tx, 'now', { a: 1 }, { key: 'k' })
    await addJob(tx, 'now', { a: 2 }, { key: 'k' })
    await addJob(tx, 'later', {}, { runAt: new Date(Date.now() + 60_000), key: 'l' })
    await notify(tx, 'queue')
  })
  expect(await jobCounts(house.db)).toEqual({ ready: 1, later: 1, failed: 0 })
  await removeJob(house.db, 'l')
  expect(await jobCounts(house.db)).toEqual({ ready: 1, later: 0, failed: 0 })
  await expect.poll(() => heard).toEqual(['queue'])
  await listening.close()
})

test('text that PostgreSQL cannot keep is made plain without moving a span', async () => {
  const value = { text: 'a\u0000b\uD800c' }
  await house.db
    .insertInto('setting')
    .values({ key: 'odd', value: jsonb(value), changed_by: 'test', changed_at: new Date() })
    .execute()
  const row = await house.db.selectFrom('setting').select('value').where('key', '=', 'odd').executeTakeFirstOrThrow()
  expect(row.value).toEqual({ text: 'a\uFFFDb\uFFFDc' })
})

test('to ask for text that PostgreSQL cannot hold is a wrong input, not a fault of ours', async () => {
  const asked = house.db.selectFrom('setting').select('value').where('key', '=', 'a\u0000b').execute()
  await expect(asked).rejects.toMatchObject({ code: 'input.invalid' })
})

test('three processes that migrate at once do it once', async () => {
  const results = await Promise.all([migrate(house.url), migrate(house.url), migrate(house.url)])
  expect(results.flatMap((result) => result.applied)).toEqual([])
})

test('a migration that changed after it was applied is refused', async () => {
  await sql`update migration set sha256 = 'x'`.execute(house.db)
  await expect(migrate(house.url)).rejects.toMatchObject({ code: 'state.conflict' })
})

test('a database that is not there is said to be unreachable', async () => {
  const error: unknown = await openDatabase('postgres://nobody@127.0.0.1:9/none').catch((thrown: unknown) => thrown)
  expect(isTrouble(error, 'database.unreachable')).toBe(true)
})

test('the bytes of a message are never changed and a message is never deleted', async () => {
  const id = 'a'.repeat(64)
  await house.db
    .insertInto('message')
    .values({ id, bytes: Buffer.from('x'), form: 'mail', channel: 'file', origin: 'test', received_at: new Date() })
    .execute()
  await expect(house.db.deleteFrom('message').execute()).rejects.toThrow('never deleted')
  await expect(
    house.db
      .updateTable('message')
      .set({ bytes: Buffer.from('y') })
      .execute(),
  ).rejects.toThrow('never changed')
})
