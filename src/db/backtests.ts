import { type Selectable, sql } from 'kysely'
import { Backtest, BacktestRow, BacktestSummary, type BacktestVerdict } from '../model/backtest.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { BacktestTable } from './tables/backtests.ts'

/** Looks back that are kept; the oldest give way. Each holds at most as many rows as it looked at. */
export const backtestsMax = 50
/** Rows of one page. */
export const rowsPageMax = 200

export type NewBacktest = Pick<Backtest, 'id' | 'kind' | 'subject' | 'title' | 'days' | 'askedBy'> & {
  readonly candidate: unknown
  readonly askedAt: Date
}

/** Keeps a look back that was asked for, and lets the oldest ones go. In the caller's transaction. */
export async function insertBacktest(tx: Db, asked: NewBacktest): Promise<void> {
  const { id, kind, subject, days } = asked
  await tx
    .insertInto('backtest')
    .values({
      ...{ id, kind, subject, days, candidate: jsonb(asked.candidate), title: plainText(asked.title) },
      ...{ asked_by: asked.askedBy, asked_at: asked.askedAt },
    })
    .execute()
  await sql`
    delete from backtest where state in ('done', 'failed', 'cancelled')
      and id not in (select id from backtest order by asked_at desc limit ${backtestsMax})`.execute(tx)
}

function backtestOf(row: Omit<Selectable<BacktestTable>, 'candidate'> & { asked_by_name: string | null }): Backtest {
  return Backtest.parse({
    ...{ id: row.id, kind: row.kind, subject: row.subject, title: row.title, days: row.days, state: row.state },
    ...{ done: row.done, total: row.total, summary: row.summary, error: row.error },
    askedBy: row.asked_by_name ?? row.asked_by,
    askedAt: iso(row.asked_at),
    endedAt: isoOrNull(row.ended_at),
  })
}

const columns = [
  ...(['id', 'kind', 'subject', 'title', 'days', 'state', 'done', 'total', 'summary', 'error'] as const),
  ...(['asked_by', 'asked_at', 'ended_at'] as const),
] as const
const askedByName = sql<string | null>`(select name from app_user where 'user:' || app_user.id = asked_by)`

/** Newest first. */
export async function listBacktests(db: Db): Promise<readonly Backtest[]> {
  const rows = await db
    .selectFrom('backtest')
    .select([...columns, askedByName.as('asked_by_name')])
    .orderBy('asked_at', 'desc')
    .limit(backtestsMax)
    .execute()
  return rows.map(backtestOf)
}

export async function getBacktest(db: Db, id: string): Promise<Backtest | null> {
  const row = await db
    .selectFrom('backtest')
    .select([...columns, askedByName.as('asked_by_name')])
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? null : backtestOf(row)
}

/** What is tried, and from when it looks back; null when it is over or gone. Rows of a go at it that was cut short are thrown away. */
export async function beginBacktest(
  tx: Db,
  id: string,
): Promise<Pick<Selectable<BacktestTable>, 'kind' | 'candidate' | 'days' | 'asked_at'> | null> {
  const row = await tx
    .updateTable('backtest')
    .set({ state: 'running', done: 0 })
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running'])
    .returning(['kind', 'candidate', 'days', 'asked_at'])
    .executeTakeFirst()
  if (row === undefined) return null
  await tx.deleteFrom('backtest_row').where('backtest_id', '=', id).execute()
  return row
}

export async function setBacktestTotal(db: Db, id: string, total: number): Promise<void> {
  await db.updateTable('backtest').set({ total }).where('id', '=', id).execute()
}

/** Keeps rows and says how far it is. False when it was cancelled meanwhile. */
export async function keepBacktestRows(
  tx: Db,
  id: string,
  from: number,
  rows: readonly BacktestRow[],
): Promise<boolean> {
  const going = await tx
    .updateTable('backtest')
    .set({ done: from + rows.length })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .executeTakeFirst()
  if (going.numUpdatedRows === 0n) return false
  await tx
    .insertInto('backtest_row')
    .values(
      rows.map((row, index) => ({
        backtest_id: id,
        ordinal: from + index,
        subject_id: row.alertId ?? row.messageId ?? '',
        verdict: row.verdict,
        row: jsonb(row),
      })),
    )
    .execute()
  return true
}

/** Ends one that is queued or running. False when it had ended. */
export async function endBacktest(
  tx: Db,
  id: string,
  end: {
    readonly state: 'done' | 'failed' | 'cancelled'
    readonly at: Date
    readonly summary?: BacktestSummary
    readonly error?: string
  },
): Promise<boolean> {
  const result = await tx
    .updateTable('backtest')
    .set({
      state: end.state,
      ended_at: end.at,
      error: plainText(end.error ?? ''),
      ...(end.summary === undefined ? {} : { summary: jsonb(BacktestSummary.parse(end.summary)) }),
    })
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running'])
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Which rows: of a verdict, of a kind of change ("risk"), or with questions that nobody asked then. Each number of a summary is one of these lists. */
export type RowFilter = {
  readonly verdict: BacktestVerdict | null
  readonly change: string | null
  readonly unrecorded: boolean
  readonly after: number
}

/** A page of rows in the order in which they were looked at; `next` is where the following page begins, null at the end. */
export async function backtestRows(
  db: Db,
  id: string,
  filter: RowFilter,
): Promise<{ readonly rows: readonly BacktestRow[]; readonly next: number | null }> {
  const { verdict, change, unrecorded, after } = filter
  const { rows } = await sql<{ ordinal: number; row: unknown }>`
    select ordinal, row from backtest_row where backtest_id = ${id}::uuid and ordinal >= ${after}
      and (${verdict}::text is null or verdict = ${verdict})
      and (${change}::text is null or row -> 'changes' @> jsonb_build_array(jsonb_build_object('what', ${change}::text)))
      and (not ${unrecorded}::boolean or jsonb_array_length(row -> 'unrecorded') > 0)
    order by ordinal limit ${rowsPageMax + 1}`.execute(db)
  const page = rows.slice(0, rowsPageMax)
  return {
    rows: page.map((one) => BacktestRow.parse(one.row)),
    next: rows.length > rowsPageMax ? (rows[rowsPageMax]?.ordinal ?? null) : null,
  }
}
