import { type RawBuilder, sql } from 'kysely'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

export type Node = {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly startedAt: string
  readonly heartbeatAt: string
  readonly alive: boolean
}

/** Says "I am here". The time is the database's: the clocks of two machines differ, this one does not. */
export async function heartbeat(
  db: Db,
  node: { readonly id: string; readonly host: string; readonly pid: number; readonly workerPool: string },
): Promise<void> {
  await sql`
    insert into node (id, host, pid, started_at, heartbeat_at, worker_pool)
    values (${node.id}, ${node.host}, ${node.pid}, now(), now(), ${node.workerPool})
    on conflict (id) do update set heartbeat_at = now(), worker_pool = excluded.worker_pool`.execute(db)
}

/** Signs off. */
export async function removeNode(db: Db, id: string): Promise<void> {
  await db.deleteFrom('node').where('id', '=', id).execute()
}

/** Every node that was heard of in the last day. */
export async function listNodes(db: Db, silentMsMax: number): Promise<readonly Node[]> {
  const rows = await db
    .selectFrom('node')
    .select([
      'id',
      'host',
      'pid',
      'started_at',
      'heartbeat_at',
      sql<boolean>`heartbeat_at > now() - ${silentMsMax} * interval '1 ms'`.as('alive'),
    ])
    .orderBy('started_at')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    startedAt: iso(row.started_at),
    heartbeatAt: iso(row.heartbeat_at),
    alive: row.alive,
  }))
}

/**
 * Frees the jobs that `held` names, so that another takes them at once. One that was queued anew while it was in hand has lost its key and
 * its tries to the new one (graphile-worker's add_job): it is done with, and would only be counted as failed for ever.
 */
async function free(db: Db, held: RawBuilder<boolean>): Promise<number> {
  await sql`delete from graphile_worker._private_jobs as job where key is null and attempts >= max_attempts and ${held}`.execute(
    db,
  )
  const { rows } = await sql`
    update graphile_worker._private_jobs as job set locked_at = null, locked_by = null, run_at = least(run_at, now())
    where ${held} returning job.id`.execute(db)
  return rows.length
}

/**
 * Frees every job that is locked by a worker pool of no living node, so that another takes it at once (graphile-worker by itself
 * waits four hours). Returns how many. A job locked a moment ago is left alone: its node may not have said who it is yet.
 */
export async function freeJobsOfDeadNodes(db: Db, silentMsMax: number): Promise<number> {
  const silent = sql<boolean>`job.locked_at < now() - ${silentMsMax} * interval '1 ms'
      and not exists (select 1 from node where node.worker_pool = job.locked_by and node.heartbeat_at > now() - ${silentMsMax} * interval '1 ms')`
  const freed = await free(db, silent)
  await sql`delete from node where heartbeat_at < now() - interval '1 day'`.execute(db)
  if (freed > 0) await sql`select pg_notify('jobs:insert', '{"r":0,"count":1}')`.execute(db)
  return freed
}

/** Nodes of this machine whose process is gone, as `isAlive` says: their jobs are free at once, without waiting for their silence. */
export async function freeJobsOfDeadProcesses(
  db: Db,
  host: string,
  isAlive: (node: { readonly id: string; readonly pid: number }) => boolean,
): Promise<number> {
  const nodes = await db.selectFrom('node').select(['id', 'pid', 'worker_pool']).where('host', '=', host).execute()
  const dead = nodes.filter((node) => !isAlive(node))
  if (dead.length === 0) return 0
  const pools = dead.flatMap((node) => (node.worker_pool === null ? [] : [node.worker_pool]))
  const freed = await free(db, sql<boolean>`job.locked_by = any(${pools}::text[])`)
  await db
    .deleteFrom('node')
    .where(
      'id',
      'in',
      dead.map((node) => node.id),
    )
    .execute()
  return freed
}

/** A job that failed is tried again within this time, however often it failed: graphile-worker would wait e^10 s, six hours. */
export async function capBackoff(db: Db, waitMsMax: number): Promise<void> {
  await sql`
    update graphile_worker._private_jobs set run_at = now() + ${waitMsMax} * interval '1 ms'
    where locked_at is null and attempts > 0 and attempts < max_attempts and last_error is not null
      and run_at > now() + ${waitMsMax} * interval '1 ms' and updated_at > now() - interval '1 hour'`.execute(db)
}

/** Frees jobs that this very pool holds in the table but not in its hands (their end could not be written while the database was away). */
export async function freeForgottenJobs(
  db: Db,
  workerPool: string,
  inHand: readonly string[],
  olderThanMs: number,
): Promise<number> {
  return free(
    db,
    sql<boolean>`job.locked_by = ${workerPool} and job.locked_at < now() - ${olderThanMs} * interval '1 ms'
      and not (job.id = any(${inHand}::bigint[]))`,
  )
}
