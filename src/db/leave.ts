import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isTrouble } from '../kit/errors.ts'
import type { Postgres } from './launcher.ts'
import { asTrouble } from './open.ts'

/** A connection of ours that was just closed is still counted until its backend has ended; measured at 1 to 30 ms. */
const looksMax = 10
const lookEveryMs = 100

/** Stops what this command started, unless a server came to share it in the meantime. */
export async function leave(postgres: Postgres): Promise<void> {
  if (postgres.owner && !(await isShared(postgres.adminUrl))) await postgres.stop()
}

async function isShared(adminUrl: string): Promise<boolean> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5000 })
  try {
    await admin.connect()
  } catch (error) {
    // It has ended by itself, or does not answer any more: nobody can be using it.
    if (isTrouble(asTrouble(error), 'database.unreachable')) return false
    throw error
  }
  try {
    for (let look = 1; ; look++) {
      const others = await admin.query(
        "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
      )
      if (others.rowCount === 0) return false
      if (look === looksMax) return true
      await sleep(lookEveryMs)
    }
  } finally {
    await admin.end()
  }
}
