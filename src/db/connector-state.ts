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

/** Counts one call, and remembers when it was and why it failed. */
export async function recordNews(db: Db, connector: string, ok: boolean, why: string, at: Date): Promise<void> {
  const mark = ok ? { last_success_at: at } : { last_failure_at: at, last_why: why.slice(0, 1_000) }
  await db
    .insertInto('connector_state')
    .values({ connector, ...mark, asked: 1, failed: ok ? 0 : 1 })
    .onConflict((on) =>
      on.column('connector').doUpdateSet((eb) => ({
        ...mark,
        asked: eb('connector_state.asked', '+', '1'),
        failed: eb('connector_state.failed', '+', ok ? '0' : '1'),
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
