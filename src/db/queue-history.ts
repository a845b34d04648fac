import { type RawBuilder, sql } from 'kysely'
import type { QueueScope, QueueSort } from '../contract/desk.ts'
import type { Db } from './open.ts'
import { matching } from './queue-filter.ts'
import { behind, orders } from './queue-order.ts'

/** An alert, and what a cursor behind it holds. */
export type Picked = { readonly id: string; readonly key: string | null; readonly at: string }

/** The newest of the history, looked through row by row: a frequent word is met here often enough, and no index helps with it. */
const newestMax = 5_000
/**
 * Of those, fewer are rare in the history as well: one in 200. PostgreSQL guesses from a sample how often a text is met, and where it guessed
 * too high it went through a million rows in order (0.8 s) for what the index of words finds in 60 ms.
 */
const rareMax = 25
/** Shorter text has no trigram, so no index knows it: it is looked for among the newest only. */
const indexedLength = 3
/** By risk, the newest that match are put in order: the most pressing alert of two years ago is nobody's work. */
const byRiskMax = 1000

/**
 * Alerts of the whole history that match, in order, behind the cursor, at most `max`. The history is never counted or sorted as a whole: the
 * order is that of an index, and what is rare is found by what it is.
 */
export async function inHistory(
  db: Db,
  scope: QueueScope,
  page: { readonly sort: QueueSort; readonly after: string; readonly max: number },
): Promise<readonly Picked[]> {
  const { sort, after, max } = page
  const text = scope.q.trim()
  const { by, key } = orders[sort]
  const find = async (from: RawBuilder<unknown>, where: RawBuilder<boolean>): Promise<readonly Picked[]> => {
    const found = await sql<Picked>`
      select a.id, ${key} as key, a.received_at::text as at from ${from} where ${where} and ${behind(sort, after)} order by ${by} limit ${max}`.execute(
      db,
    )
    return found.rows
  }
  const match = matching(scope)
  if (sort !== 'newest' && sort !== 'oldest') {
    const newest = sql`(select a.* from alert a where ${match} order by a.received_at desc limit ${sql.lit(byRiskMax)}) a`
    return find(newest, sql`true`)
  }
  if (text !== '' && sort === 'newest') {
    const among = await find(
      sql`(select a.* from alert a order by a.received_at desc limit ${sql.lit(newestMax)}) a`,
      match,
    )
    if (among.length === max || text.length < indexedLength) return among
    if (among.length < rareMax) return find(withoutOrder(match), sql`true`)
  }
  return find(sql`alert a`, match)
}

/** Alerts that match, found by what they are and never by going through an order of theirs. */
export const withoutOrder = (match: RawBuilder<boolean>): RawBuilder<unknown> =>
  sql`(select a.* from alert a where ${match} offset 0) a`

/** Whether few of the newest alerts match: then `withoutOrder` is the way to find the others. */
export async function isRare(db: Db, match: RawBuilder<boolean>): Promise<boolean> {
  const found = await sql<{ n: number }>`
    select count(*)::int as n from (select a.* from alert a order by a.received_at desc limit ${sql.lit(newestMax)}) a where ${match}`.execute(
    db,
  )
  return (found.rows[0]?.n ?? 0) < rareMax
}
