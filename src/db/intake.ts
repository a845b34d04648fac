import { isoOrNull, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** A door that reads by itself (mailbox, watched folder): how it is, and where it reads on. */
export type DoorState = {
  readonly door: string
  readonly state: string
  readonly says: string
  readonly lastSuccessAt: string | null
  readonly changedAt: string
}

/** Where a door was read up to, as it said itself; null before the first time. The door checks the shape. */
export async function positionOf(db: Db, door: string): Promise<unknown> {
  const row = await db.selectFrom('intake_position').select('position').where('door', '=', door).executeTakeFirst()
  return row?.position ?? null
}

/** Moves a door on. Called after the message is committed: a crash in between reads it once more, and its digest is known. */
export async function savePosition(db: Db, door: string, position: unknown, now: Date): Promise<void> {
  const moved = { position: jsonb(position), last_success_at: now, changed_at: now }
  await db
    .insertInto('intake_position')
    .values({ door, ...moved })
    .onConflict((on) => on.column('door').doUpdateSet(moved))
    .execute()
}

/** Records how a door is. The position stays as it was. */
export async function saveDoorState(
  db: Db,
  door: string,
  news: { readonly state: string; readonly says: string; readonly lastSuccess: string | null },
  now: Date,
): Promise<void> {
  const known = {
    state: news.state,
    says: news.says.slice(0, 1_000),
    changed_at: now,
    ...(news.lastSuccess === null ? {} : { last_success_at: news.lastSuccess }),
  }
  await db
    .insertInto('intake_position')
    .values({ door, position: jsonb(null), ...known })
    .onConflict((on) => on.column('door').doUpdateSet(known))
    .execute()
}

/** All doors that ever said how they are, by name. */
export async function doorStates(db: Db): Promise<DoorState[]> {
  const rows = await db
    .selectFrom('intake_position')
    .select(['door', 'state', 'says', 'last_success_at', 'changed_at'])
    .orderBy('door')
    .limit(1_000)
    .execute()
  return rows.map((row) => ({
    door: row.door,
    state: row.state,
    says: row.says,
    lastSuccessAt: isoOrNull(row.last_success_at),
    changedAt: row.changed_at.toISOString(),
  }))
}
