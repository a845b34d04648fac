import { sql } from 'kysely'
import type { Db } from './open.ts'

/** One level of the escalation of a clock that ran out. */
export type Escalation = {
  readonly alertId: string
  readonly clock: string
  readonly dueAt: Date
  readonly level: number
}

export const escalationKey = ({ alertId, clock, dueAt, level }: Escalation): string =>
  [alertId, clock, dueAt.getTime(), level].join(' ')

/** Keys of those of these tickets that somebody was told of. */
export async function toldEscalations(db: Db, alertIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('ticket_escalation')
    .select(['alert_id', 'clock', 'due_at', 'level'])
    .where(sql<boolean>`alert_id = any(${alertIds}::uuid[])`)
    .execute()
  return new Set(rows.map((row) => escalationKey({ ...row, alertId: row.alert_id, dueAt: row.due_at })))
}

/** True when nobody was told of this yet. */
export async function insertEscalation(
  tx: Db,
  told: Escalation & { readonly told: readonly string[]; readonly at: Date },
): Promise<boolean> {
  const done = await tx
    .insertInto('ticket_escalation')
    .values({
      alert_id: told.alertId,
      clock: told.clock,
      due_at: told.dueAt,
      level: told.level,
      told: [...told.told],
      told_at: told.at,
    })
    .onConflict((on) => on.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}
