import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { addJob, jobCounts } from './jobs.ts'
import { freeJobsOfDeadNodes } from './nodes.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

test('a job in the hands of a dead node is free again; one that was queued anew meanwhile is gone, and counts as no failure', async () => {
  const { db } = database
  for (const key of ['run:a', 'run:b']) await addJob(db, 'continue-run', {}, { key, attemptsMax: 200 })
  await sql`update graphile_worker._private_jobs set locked_by = 'dead', locked_at = now() - interval '1 minute', attempts = 1`.execute(
    db,
  )
  await addJob(db, 'continue-run', {}, { key: 'run:b', attemptsMax: 200 })
  expect(await freeJobsOfDeadNodes(db, 10_000)).toBe(1)
  expect(await jobCounts(db)).toEqual({ ready: 2, later: 0, failed: 0 })
  const { rows } = await sql<{ key: string }>`select key from graphile_worker.jobs order by key`.execute(db)
  expect(rows.map(({ key }) => key)).toEqual(['run:a', 'run:b'])
})
