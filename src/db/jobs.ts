import { sql } from 'kysely'
import type { Db } from './open.ts'

export type JobOptions = {
  /** Not before this moment; at once when absent. */
  readonly runAt?: Date
  /** A second job of the same key takes the place of the first, as long as that one has not begun. */
  readonly key?: string
  /** Lower goes first; 0 when absent. */
  readonly priority?: number
  /** Tries before it counts as failed for good; graphile-worker waits exp(min(10, attempt)) seconds between them. */
  readonly attemptsMax?: number
}

/** Queues a job in the caller's own transaction: it exists when, and only when, the change it follows from does. */
export async function addJob(tx: Db, name: string, payload: object, options: JobOptions = {}): Promise<void> {
  await sql`select graphile_worker.add_job(
    ${name}, payload => ${JSON.stringify(payload)}::json, run_at => ${options.runAt?.toISOString() ?? null}::timestamptz,
    max_attempts => ${options.attemptsMax ?? null}::int, job_key => ${options.key ?? null}::text, priority => ${options.priority ?? null}::int)`.execute(
    tx,
  )
}

/** Takes a job back that has not begun. */
export async function removeJob(tx: Db, key: string): Promise<void> {
  await sql`select graphile_worker.remove_job(${key})`.execute(tx)
}

/** How much waits and how much has failed for good, for `doctor` and for reconciliation. */
export async function jobCounts(db: Db): Promise<{ ready: number; later: number; failed: number }> {
  const found = await sql<{ ready: number; later: number; failed: number }>`
    select count(*) filter (where attempts < max_attempts and run_at <= now())::int as ready,
           count(*) filter (where attempts < max_attempts and run_at > now())::int as later,
           count(*) filter (where attempts >= max_attempts and locked_at is null)::int as failed
    from graphile_worker.jobs`.execute(db)
  return found.rows[0] ?? { ready: 0, later: 0, failed: 0 }
}
