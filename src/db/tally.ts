import { sql } from 'kysely'
import type { Reconciliation } from '../contract/desk.ts'
import type { Db } from './open.ts'

/** Rows of changes above which the worker sums them up. Reading a thousand takes less than a millisecond. */
const changesMax = 1000

async function tallies(db: Db): Promise<{ place: string; kind: string; n: number }[]> {
  const found = await sql<{ place: string; kind: string; n: string }>`
    select place, kind, sum(n) as n from tally group by 1, 2 having sum(n) <> 0`.execute(db)
  return found.rows.map((row) => ({ ...row, n: Number(row.n) }))
}

/**
 * Where every message of the house went: nothing lost, nothing doubled. Kept by triggers in the transaction of each change
 * (migration 0014b), because counting a million messages for each look at the queue takes a second.
 */
export async function reconcile(db: Db): Promise<Reconciliation> {
  const rows = await tallies(db)
  const sum = (place: string): number =>
    rows.filter((row) => row.place === place).reduce((total, row) => total + row.n, 0)
  const known = rows.filter((row) => row.place === 'known')
  return {
    received: sum('alert') + sum('known') + sum('quarantined') + sum('waiting'),
    inAlerts: sum('alert'),
    known: known.map((row) => ({ kind: row.kind === '' ? 'other' : row.kind, n: row.n })),
    quarantined: sum('quarantined'),
    waiting: sum('waiting'),
    again: sum('again'),
    alerts: sum('alerts'),
  }
}

export async function countAlerts(db: Db): Promise<number> {
  const row = await db
    .selectFrom('tally')
    .select(sql<string>`coalesce(sum(n), 0)`.as('n'))
    .where('place', '=', 'alerts')
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

/** Sums the changes up when there are many. Any number of nodes may do this at once: each sums what it took away itself. */
export async function sumUpTally(db: Db): Promise<void> {
  await sql`
    with gone as (
      delete from tally where (select count(*) from tally) > ${changesMax} returning place, kind, n)
    insert into tally (place, kind, n) select place, kind, sum(n) from gone group by 1, 2 having sum(n) <> 0`.execute(
    db,
  )
}
