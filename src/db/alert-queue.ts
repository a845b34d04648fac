import { sql } from 'kysely'
import type { SnoozeFor } from '../model/queue.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** What the queue knows of an alert besides what it says: who has it, what it was merged into, until when it sleeps. */
export type Queued = {
  readonly id: string
  readonly number: number
  readonly version: number
  readonly state: string
  readonly assignee: string | null
  readonly mergedInto: string | null
  readonly snooze: { readonly for: SnoozeFor; readonly until: string | null } | null
}

/** Merging looks at more rows than it changes; one at a time keeps two of them from making a circle. Any fixed number. */
const mergeLock = 7_261_533_410_022
/** Alerts merged one into the other, the last into its lead: more in a row is no work of people. */
const chainMax = 100

/** These alerts, locked until the transaction ends, always in the same order; those that are not there are left out. */
export async function lockQueued(tx: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Queued>> {
  const rows = await tx
    .selectFrom('alert')
    .select(['id', 'number', 'version', 'state', 'assignee', 'merged_into', 'snooze_for', 'snooze_until'])
    .where('id', 'in', [...ids])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        number: row.number,
        version: row.version,
        state: row.state,
        assignee: row.assignee,
        mergedInto: row.merged_into,
        snooze:
          row.snooze_for === null ? null : { for: row.snooze_for as SnoozeFor, until: isoOrNull(row.snooze_until) },
      },
    ]),
  )
}

/** Nobody else merges until the transaction ends. Before any row is locked. */
export async function lockMerging(tx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${mergeLock})`.execute(tx)
}

export async function setAssignee(tx: Db, ids: readonly string[], userId: string | null): Promise<void> {
  await tx
    .updateTable('alert')
    .set((eb) => ({ assignee: userId, version: eb('version', '+', 1) }))
    .where('id', 'in', [...ids])
    .execute()
}

export async function setSnooze(
  tx: Db,
  ids: readonly string[],
  snooze: { readonly for: SnoozeFor; readonly until: Date | null; readonly by: string; readonly at: Date },
): Promise<void> {
  await tx
    .updateTable('alert')
    .set((eb) => ({
      ...{ snooze_for: snooze.for, snooze_until: snooze.until, snoozed_by: snooze.by, snoozed_at: snooze.at },
      version: eb('version', '+', 1),
    }))
    .where('id', 'in', [...ids])
    .execute()
}

const awake = { snooze_for: null, snooze_until: null, snoozed_by: null, snoozed_at: null } as const

/** Wakes those that sleep, by hand; the ids of those that did. */
export async function wakeAll(tx: Db, ids: readonly string[]): Promise<readonly string[]> {
  const rows = await tx
    .updateTable('alert')
    .set((eb) => ({ ...awake, version: eb('version', '+', 1) }))
    .where('id', 'in', [...ids])
    .where('snooze_for', 'is not', null)
    .returning('id')
    .execute()
  return rows.map((row) => row.id)
}

/** Wakes an alert that sleeps until this has happened. True for one caller only, however many see it happen. */
export async function wakeFrom(
  tx: Db,
  id: string,
  happened: 'evidence' | 'reply' | { readonly now: Date },
): Promise<boolean> {
  const waited = typeof happened === 'string' ? happened : 'time'
  let query = tx.updateTable('alert').set(awake).where('id', '=', id).where('snooze_for', '=', waited)
  if (typeof happened !== 'string') query = query.where('snooze_until', '<=', happened.now)
  const result = await query.executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** When it is to wake by the clock; null when it does not sleep until a time (any more). */
export async function sleepsUntil(db: Db, id: string): Promise<Date | null> {
  const row = await db.selectFrom('alert').select('snooze_until').where('id', '=', id).executeTakeFirst()
  return row?.snooze_until ?? null
}

export async function setMergedInto(tx: Db, ids: readonly string[], leadId: string | null): Promise<void> {
  await tx
    .updateTable('alert')
    .set((eb) => ({ merged_into: leadId, version: eb('version', '+', 1) }))
    .where('id', 'in', [...ids])
    .execute()
}

/** The alert itself and those it was merged into, its lead last. Just itself when it was not merged. */
export async function mergeChain(db: Db, id: string): Promise<readonly string[]> {
  const found = await sql<{ id: string }>`
    with recursive up as (
      select id, merged_into, 0 as depth from alert where id = ${id}::uuid
      union all select a.id, a.merged_into, up.depth + 1 from alert a join up on a.id = up.merged_into where up.depth < ${chainMax})
    select id from up order by depth`.execute(db)
  return found.rows.map((row) => row.id)
}

/** The last thing a person did to each of these alerts, from the ledger. */
export async function lastActs(
  db: Db,
  alertIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly kind: string; readonly by: string; readonly at: string }>> {
  const found = await sql<{ subject: string; kind: string; actor: string; at: Date }>`
    select distinct on (subject) subject, kind, actor, at from ledger_entry
    where subject = any(${alertIds.map((id) => `alert:${id}`)}::text[]) and actor like 'user:%'
    order by subject, at desc, id desc`.execute(db)
  const nameOf = await namesOfActors(
    db,
    found.rows.map((row) => row.actor),
  )
  return new Map(
    found.rows.map((row) => [
      row.subject.slice('alert:'.length),
      { kind: row.kind, by: nameOf(row.actor), at: iso(row.at) },
    ]),
  )
}

/** Whom an alert can be given to. */
export async function assignable(db: Db): Promise<{ id: string; name: string }[]> {
  return db
    .selectFrom('app_user')
    .select(['id', 'name'])
    .where('role', 'in', ['administrator', 'lead', 'analyst'])
    .where('disabled', '=', false)
    .where('kind', '=', 'person')
    .orderBy('name')
    .limit(500)
    .execute()
}
