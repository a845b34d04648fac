import { isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** A connector's last news: what its card shows, and what a silence alarm looks at. */
export type ConnectorState = {
  readonly connector: string
  readonly lastSuccessAt: string | null
  readonly lastFailureAt: string | null
  readonly lastWhy: string
  readonly asked: number
  readonly failed: number
}

/** What happened at a connector since it was last written down. */
export type ConnectorNews = {
  readonly asked: number
  readonly failed: number
  readonly lastSuccess: Date | null
  readonly lastFailure: { readonly at: Date; readonly why: string } | null
}

/** Adds what happened since the last time: counts, when it answered last, when and why it failed last. */
export async function recordNews(db: Db, connector: string, news: ConnectorNews): Promise<void> {
  const mark = {
    ...(news.lastSuccess === null ? {} : { last_success_at: news.lastSuccess }),
    ...(news.lastFailure === null
      ? {}
      : { last_failure_at: news.lastFailure.at, last_why: news.lastFailure.why.slice(0, 1_000) }),
  }
  await db
    .insertInto('connector_state')
    .values({ connector, ...mark, asked: news.asked, failed: news.failed })
    .onConflict((on) =>
      on.column('connector').doUpdateSet((eb) => ({
        ...mark,
        asked: eb('connector_state.asked', '+', String(news.asked)),
        failed: eb('connector_state.failed', '+', String(news.failed)),
      })),
    )
    .execute()
}

/** The last news of every connector that was ever asked, by id. */
export async function connectorStates(db: Db): Promise<ConnectorState[]> {
  const rows = await db.selectFrom('connector_state').selectAll().orderBy('connector').execute()
  return rows.map((row) => ({
    connector: row.connector,
    lastSuccessAt: isoOrNull(row.last_success_at),
    lastFailureAt: isoOrNull(row.last_failure_at),
    lastWhy: row.last_why,
    asked: Number(row.asked),
    failed: Number(row.failed),
  }))
}
