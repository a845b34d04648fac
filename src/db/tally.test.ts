import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { countAlerts, reconcile, sumUpTally } from './tally.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

const state = fc.constantFrom('received', 'quarantined', 'refused', 'read')
const kind = fc.constantFrom('alert', 'notice', 'bounce', null)

/** What the counters stand for, counted. */
async function counted() {
  const { db } = database
  const n = async (where: ReturnType<typeof sql>) =>
    Number((await sql<{ n: string }>`select count(*) as n from ${where}`.execute(db)).rows[0]?.n)
  return {
    received: await n(sql`message`),
    inAlerts: await n(sql`message where alert_id is not null`),
    quarantined: await n(sql`message where alert_id is null and state in ('quarantined', 'refused')`),
    waiting: await n(sql`message where alert_id is null and state = 'received'`),
    notices: await n(sql`message where alert_id is null and state = 'read' and kind = 'notice'`),
    again: await n(sql`message_again`),
    alerts: await n(sql`alert`),
  }
}

test('whatever becomes of messages, kept or rolled back, the counters say what counting says', async () => {
  const { db } = database
  const messages: string[] = []
  const one = fc.record({ state, kind, inAlert: fc.boolean(), n: fc.nat(), lost: fc.boolean(), again: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 10 }), async (history) => {
      for (const { lost, again, n, inAlert, ...to } of history) {
        await db
          .transaction()
          .execute(async (tx) => {
            const alertId = randomUUID()
            if (inAlert)
              await sql`insert into alert (id, provider_id, kind, severity, title, received_at, reading) values (${alertId}, 'p', 'alert', 'low', '', now(), '{}')`.execute(
                tx,
              )
            const id = randomBytes(32).toString('hex')
            await sql`insert into message (id, bytes, form, channel, origin, received_at) values (${id}, '', 'mail', 'smtp', '', now())`.execute(
              tx,
            )
            if (!lost) messages.push(id)
            const changed = messages[n % Math.max(messages.length, 1)] ?? id
            await tx
              .updateTable('message')
              .set({ ...to, alert_id: inAlert ? alertId : null })
              .where('id', '=', changed)
              .execute()
            if (again) await tx.insertInto('message_again').values({ message_id: id, received_at: new Date(), channel: 'smtp', origin: '' }).execute() // biome-ignore format: one row
            if (lost) throw new Error('rolled back')
          })
          .catch(() => undefined)
      }
      const { known, ...sums } = await reconcile(db)
      const notices = known.find((row) => row.kind === 'notice')?.n ?? 0
      expect({ ...sums, notices }).toEqual(await counted())
    }),
    { numRuns: 15 },
  )
}, 60_000)

test('summing up, by two at once and beside writers, changes no sum', async () => {
  const { db } = database
  const before = await countAlerts(db)
  const insert = (n: number) =>
    sql`insert into alert (id, provider_id, kind, severity, title, received_at, reading) select gen_random_uuid(), 'p', 'alert', 'low', '', now(), '{}' from generate_series(1, ${n})`.execute(
      db,
    )
  for (let round = 0; round < 1100; round += 100) await Promise.all(Array.from({ length: 100 }, () => insert(1)))
  await Promise.all([sumUpTally(db), sumUpTally(db), insert(3), sumUpTally(db)])
  expect(await countAlerts(db)).toBe(before + 1103)
  const rows = await db.selectFrom('tally').select('n').execute()
  expect(rows.length).toBeLessThan(1000)
})
