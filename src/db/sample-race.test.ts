import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { until } from '../../test/desk.ts'
import { systemClock } from '../kit/clock.ts'
import { removeSample } from './sample.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

test('a step that a sample run writes while the sample is taken away does not stop that', async () => {
  const { db } = database
  const id = '11111111-1111-4111-8111-111111111111'
  await sql`insert into alert (id, provider_id, kind, severity, title, received_at, reading, sample) values (${id}, 'sample-x', 'alert', 'low', 'x', now(), '{}', true)`.execute(
    db,
  )
  await sql`insert into run (id, playbook_id, playbook_version, playbook, alert_id, trigger, started_at) values (${id}, 'p', 1, '{}', ${id}, 't', now())`.execute(
    db,
  )
  let removal: Promise<unknown> = Promise.resolve()
  await db.transaction().execute(async (tx) => {
    await sql`insert into step (run_id, path, step_id, kind, title, csf, phase, state, started_at, node) values (${id}, 'a', 'a', 'ask', 'a', 'x', 'x', 'running', now(), 'n')`.execute(
      tx,
    )
    removal = removeSample(db, 'user:1', systemClock)
    await until('the removal to wait for the step', async () => {
      const { rows } =
        await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`.execute(
          db,
        )
      return rows.length > 0
    })
  })
  expect(await removal).toMatchObject({ run: 1, step: 1 })
})
