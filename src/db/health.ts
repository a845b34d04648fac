import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'kysely'
import { isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** Rows of anything that are named to a person; the rest is counted. */
const namedMax = 5

/** Migrations of this version that the database has not had, and those it has had that this version does not know. */
export async function migrationState(db: Db): Promise<{ readonly pending: string[]; readonly unknown: string[] }> {
  const files = (await readdir(path.join(import.meta.dirname, 'migrations')))
    .filter((name) => name.endsWith('.sql'))
    .sort()
  const { rows: there } = await sql<{
    there: boolean
  }>`select to_regclass('public.migration') is not null as there`.execute(db)
  if (there[0]?.there !== true) return { pending: files, unknown: [] }
  const { rows } = await sql<{ name: string }>`select name from migration order by name`.execute(db)
  const applied = new Set(rows.map((row) => row.name))
  return {
    pending: files.filter((name) => !applied.has(name)),
    unknown: [...applied].filter((name) => !files.includes(name)),
  }
}

/** The server's version and how far its clock is ahead of ours, in ms, give or take half the round trip. */
export async function serverFacts(
  db: Db,
): Promise<{ version: string; versionNumber: number; aheadMs: number; roundTripMs: number }> {
  const before = Date.now()
  const { rows } = await sql<{ version: string; number: string; now: Date }>`
    select current_setting('server_version') as version, current_setting('server_version_num') as number, clock_timestamp() as now`.execute(
    db,
  )
  const after = Date.now()
  const row = rows[0] ?? { version: '?', number: '0', now: new Date(after) }
  const aheadMs = row.now.getTime() - (before + after) / 2
  return { version: row.version, versionNumber: Number(row.number), aheadMs, roundTripMs: after - before }
}

export type JobFacts = {
  readonly failed: number
  readonly failedNames: readonly { readonly name: string; readonly error: string }[]
  /** Ready to run, and how long the oldest of them has been waiting. */
  readonly ready: number
  readonly oldestReadyMs: number
  /** Given out to a worker longer ago than any job may take. */
  readonly heldTooLong: number
}

/** What waits in the job queue and what has failed for good. `heldMsMax`: longer than any job may take. */
export async function jobFacts(db: Db, heldMsMax: number): Promise<JobFacts> {
  const { rows } = await sql<{ failed: number; ready: number; oldest: number | null; held: number }>`
    select count(*) filter (where attempts >= max_attempts and locked_at is null)::int as failed,
           count(*) filter (where attempts < max_attempts and run_at <= now() and locked_at is null)::int as ready,
           extract(epoch from now() - min(run_at) filter (where attempts < max_attempts and run_at <= now() and locked_at is null))::float8
             * 1000 as oldest,
           count(*) filter (where locked_at < now() - ${heldMsMax} * interval '1 ms')::int as held
    from graphile_worker.jobs`.execute(db)
  const { rows: named } = await sql<{ name: string; error: string | null }>`
    select task_identifier as name, min(left(last_error, 200)) as error from graphile_worker.jobs
    where attempts >= max_attempts and locked_at is null group by 1 order by count(*) desc limit ${namedMax}`.execute(
    db,
  )
  const row = rows[0] ?? { failed: 0, ready: 0, oldest: 0, held: 0 }
  const failedNames = named.map(({ name, error }) => ({ name, error: error ?? '' }))
  return { failed: row.failed, failedNames, ready: row.ready, oldestReadyMs: row.oldest ?? 0, heldTooLong: row.held }
}

/** Runs that wait for a person longer than this, and steps whose deadline went by without anything happening. */
export async function runFacts(
  db: Db,
  waitMsMax: number,
  lateMsMax: number,
): Promise<{ waitingLong: number; late: number; failed: number }> {
  const { rows } = await sql<{ waiting: number; late: number; failed: number }>`
    select (select count(*) from run where state = 'waiting' and started_at < now() - ${waitMsMax} * interval '1 ms')::int as waiting,
           (select count(*) from step join run on run.id = step.run_id
            where step.state = 'waiting' and run.state in ('running', 'waiting')
              and step.deadline < now() - ${lateMsMax} * interval '1 ms')::int as late,
           (select count(*) from run where state = 'failed' and ended_at > now() - interval '7 days')::int as failed`.execute(
    db,
  )
  const row = rows[0] ?? { waiting: 0, late: 0, failed: 0 }
  return { waitingLong: row.waiting, late: row.late, failed: row.failed }
}

export type DoorFact = {
  readonly door: string
  readonly state: string
  readonly says: string
  readonly lastSuccessAt: string | null
}

/** How each door was doing when it was last heard of. */
export async function doorFacts(db: Db): Promise<readonly DoorFact[]> {
  const rows = await db
    .selectFrom('intake_position')
    .select(['door', 'state', 'says', 'last_success_at'])
    .orderBy('door')
    .execute()
  return rows.map((row) => ({
    door: row.door,
    state: row.state,
    says: row.says,
    lastSuccessAt: isoOrNull(row.last_success_at),
  }))
}

/** What waits for a person: messages in quarantine, replies nobody knows the fate of, replies and notices that failed. */
export async function waitingFacts(
  db: Db,
): Promise<{ quarantined: number; unconfirmed: number; failedReplies: number; failedNotices: number }> {
  const { rows } = await sql<{ quarantined: number; unconfirmed: number; failed: number; notices: number }>`
    select (select count(*) from message where state = 'quarantined')::int as quarantined,
           (select count(*) from reply where state = 'unconfirmed')::int as unconfirmed,
           (select count(*) from reply where state = 'failed')::int as failed,
           (select count(*) from notice where state = 'failed')::int as notices`.execute(db)
  const row = rows[0] ?? { quarantined: 0, unconfirmed: 0, failed: 0, notices: 0 }
  return {
    quarantined: row.quarantined,
    unconfirmed: row.unconfirmed,
    failedReplies: row.failed,
    failedNotices: row.notices,
  }
}

/** Mail domains of the providers that are configured. */
export async function providerDomains(db: Db): Promise<readonly string[]> {
  const { rows } = await sql<{ domain: string }>`
    select distinct jsonb_array_elements_text(config->'domains') as domain from provider order by 1 limit ${namedMax}`.execute(
    db,
  )
  return rows.map((row) => row.domain)
}
