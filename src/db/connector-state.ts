import { sql } from 'kysely'
import { isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** A connector's last news: what its card shows, and what a silence alarm looks at. */
export type ConnectorState = {
  readonly connector: string
  readonly lastSuccessAt: string | null
  readonly lastFailureAt: string | null
  readonly lastWhy: string
  /** Since when it fails without an answer in between; null: it answered last. */
  readonly failingSince: string | null
  readonly asked: number
  readonly failed: number
  /** How long its last answer took. */
  readonly lastMs: number | null
  readonly silentAfterHours: number | null
}

/** What happened at a connector since it was last written down. */
export type ConnectorNews = {
  readonly asked: number
  readonly failed: number
  readonly lastSuccess: Date | null
  readonly lastFailure: { readonly at: Date; readonly why: string } | null
  /** The first failure since the last success of this news; null: it ended with a success. */
  readonly failingSince: Date | null
  readonly lastMs: number | null
}

/** Days of counts that are kept: the usual is judged by 14, a person looks back a month or two. */
const daysKept = 60

/** Adds what happened since the last time: counts, when it answered last, when and why it failed last, since when it fails. */
export async function recordNews(db: Db, connector: string, news: ConnectorNews): Promise<void> {
  const mark = {
    ...(news.lastSuccess === null ? {} : { last_success_at: news.lastSuccess }),
    ...(news.lastMs === null ? {} : { last_ms: news.lastMs }),
    ...(news.lastFailure === null
      ? {}
      : { last_failure_at: news.lastFailure.at, last_why: news.lastFailure.why.slice(0, 1_000) }),
  }
  await db
    .insertInto('connector_state')
    .values({ connector, ...mark, failing_since: news.failingSince, asked: news.asked, failed: news.failed })
    .onConflict((on) =>
      on.column('connector').doUpdateSet((eb) => ({
        ...mark,
        // A success in between begins the count of failures anew; without one the older failure counts.
        failing_since:
          news.lastSuccess === null
            ? eb.fn.coalesce('connector_state.failing_since', eb.val(news.failingSince))
            : news.failingSince,
        asked: eb('connector_state.asked', '+', String(news.asked)),
        failed: eb('connector_state.failed', '+', String(news.failed)),
      })),
    )
    .execute()
  const at = news.lastSuccess ?? news.lastFailure?.at
  if (at !== undefined && news.asked > 0) await recordDay(db, connector, at, news)
}

async function recordDay(db: Db, connector: string, at: Date, news: ConnectorNews): Promise<void> {
  await sql`
    insert into connector_day (connector, day, asked, failed)
    values (${connector}, (${at}::timestamptz at time zone 'UTC')::date, ${news.asked}, ${news.failed})
    on conflict (connector, day) do update
      set asked = connector_day.asked + excluded.asked, failed = connector_day.failed + excluded.failed`.execute(db)
}

/** The last news of every connector that was ever asked, by id. */
export async function connectorStates(db: Db): Promise<ConnectorState[]> {
  const rows = await db.selectFrom('connector_state').selectAll().orderBy('connector').limit(1_000).execute()
  return rows.map((row) => ({
    connector: row.connector,
    lastSuccessAt: isoOrNull(row.last_success_at),
    lastFailureAt: isoOrNull(row.last_failure_at),
    lastWhy: row.last_why,
    failingSince: isoOrNull(row.failing_since),
    asked: Number(row.asked),
    failed: Number(row.failed),
    lastMs: row.last_ms,
    silentAfterHours: row.silent_after_hours,
  }))
}

export type ConnectorDay = { readonly day: string; readonly asked: number; readonly failed: number }

/** Counts of the last `days` days (UTC) that have any, oldest first, by connector. */
export async function connectorDays(db: Db, now: Date, days: number): Promise<Map<string, ConnectorDay[]>> {
  const from = new Date(now.getTime() - (days - 1) * 86_400_000).toISOString().slice(0, 10)
  const found = await sql<{ connector: string; day: string; asked: string; failed: string }>`
    select connector, to_char(day, 'YYYY-MM-DD') as day, asked, failed from connector_day
    where day >= ${from}::date order by connector, day`.execute(db)
  const byConnector = new Map<string, ConnectorDay[]>()
  for (const row of found.rows) {
    const list = byConnector.get(row.connector) ?? []
    list.push({ day: row.day, asked: Number(row.asked), failed: Number(row.failed) })
    byConnector.set(row.connector, list)
  }
  return byConnector
}

/** Forgets counts that are too old to be shown. */
export async function forgetOldDays(db: Db, now: Date): Promise<void> {
  const from = new Date(now.getTime() - daysKept * 86_400_000).toISOString().slice(0, 10)
  await sql`delete from connector_day where day < ${from}::date`.execute(db)
}

/** After how many hours without an answer its silence is said; null ends the watch. */
export async function watchSilence(tx: Db, connector: string, hours: number | null): Promise<void> {
  await tx
    .insertInto('connector_state')
    .values({ connector, silent_after_hours: hours })
    .onConflict((on) => on.column('connector').doUpdateSet({ silent_after_hours: hours }))
    .execute()
}
