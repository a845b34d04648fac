import { type Selectable, sql } from 'kysely'
import { z } from 'zod'
import { type SystemKind, SystemKind as SystemKinds, SystemSettings } from '../model/elsewhere.ts'
import { plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { markOf, placeValues, removePlace, savePlace } from './outside-places.ts'
import type { ElsewhereSystemTable } from './tables/elsewhere.ts'

/** A system of the customer's own that tickets are kept in step with. */
export type SystemRecord = {
  readonly id: string
  readonly kind: SystemKind
  readonly title: string
  readonly settings: SystemSettings
  readonly sealed: Buffer | null
  /** Of the webhooks that it signs. */
  readonly hookSealed: Buffer | null
  readonly hookedAt: Date | null
  readonly enabled: boolean
  readonly since: Date | null
  readonly version: number
  /** Who set it up as it is now. */
  readonly changedBy: string
  readonly notBefore: Date | null
  readonly misses: number
  readonly failingSince: Date | null
  readonly says: string
  readonly answeredAt: Date | null
  readonly polledAt: Date | null
  /** Statuses of theirs that the mapping does not name, with when each was last seen. */
  readonly unmapped: Readonly<Record<string, string>>
}

const Unmapped = z.record(z.string(), z.string())

function systemOf(row: Selectable<ElsewhereSystemTable>): SystemRecord {
  return {
    id: row.id,
    kind: SystemKinds.parse(row.kind),
    title: row.title,
    settings: SystemSettings.parse(row.settings),
    sealed: row.sealed,
    hookSealed: row.hook_sealed,
    hookedAt: row.hooked_at,
    enabled: row.enabled,
    since: row.since,
    version: row.version,
    changedBy: row.changed_by,
    notBefore: row.not_before,
    misses: row.misses,
    failingSince: row.failing_since,
    says: row.says,
    answeredAt: row.answered_at,
    polledAt: row.polled_at,
    unmapped: Unmapped.parse(row.unmapped),
  }
}

/** A house has one or two. */
export const systemsMax = 20

export async function listSystems(db: Db): Promise<SystemRecord[]> {
  return (await db.selectFrom('elsewhere_system').selectAll().orderBy('id').limit(systemsMax).execute()).map(systemOf)
}

export async function systemById(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<SystemRecord | null> {
  let query = db.selectFrom('elsewhere_system').selectAll().where('id', '=', id)
  if (options.lock === true) query = query.forUpdate()
  const row = await query.executeTakeFirst()
  return row === undefined ? null : systemOf(row)
}

/** Adds (version 0) or changes one; null when somebody else changed it meanwhile. `sealed` undefined leaves the secret as it is. */
export async function saveSystem(
  tx: Db,
  system: {
    readonly id: string
    readonly kind: SystemKind
    readonly title: string
    readonly settings: SystemSettings
    readonly sealed: Buffer | null | undefined
    readonly hookSealed: Buffer | undefined
    readonly enabled: boolean
    readonly version: number
    readonly by: string
  },
  now: Date,
): Promise<number | null> {
  const values = {
    ...placeValues(system, now),
    ...(system.sealed === undefined ? {} : { sealed: system.sealed }),
    ...(system.hookSealed === undefined ? {} : { hook_sealed: system.hookSealed }),
    unmapped: '{}',
  }
  return savePlace(tx, 'elsewhere_system', system, {
    added: { id: system.id, kind: system.kind, ...values, since: system.enabled ? now : null },
    changed: { ...values, since: system.enabled ? sql<Date>`coalesce(since, ${now})` : sql<Date | null>`since` },
  })
}

export const removeSystem = (tx: Db, id: string): Promise<boolean> => removePlace(tx, 'elsewhere_system', id)

/** Holds a system for this node until then; false while another works on it. */
export async function holdSystem(db: Db, id: string, node: string, now: Date, until: Date): Promise<boolean> {
  const done = await db
    .updateTable('elsewhere_system')
    .set({ held_by: node, held_until: until })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('held_until', 'is', null), eb('held_until', '<', now)]))
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

export async function keepHolding(db: Db, id: string, node: string, until: Date): Promise<void> {
  await db
    .updateTable('elsewhere_system')
    .set({ held_until: until })
    .where('id', '=', id)
    .where('held_by', '=', node)
    .execute()
}

export async function letGoOfSystem(db: Db, id: string, node: string): Promise<void> {
  await db
    .updateTable('elsewhere_system')
    .set({ held_by: null, held_until: null })
    .where('id', '=', id)
    .where('held_by', '=', node)
    .execute()
}

/** What became of the last call. Null `why`: it answered. */
export async function markSystem(
  db: Db,
  id: string,
  mark: { readonly why: string | null; readonly notBefore: Date | null; readonly now: Date },
): Promise<void> {
  const { why, notBefore, now } = mark
  const held = why === null ? {} : { not_before: notBefore }
  await db
    .updateTable('elsewhere_system')
    .set({ ...markOf(why, now), ...held })
    .where('id', '=', id)
    .execute()
}

/** A signed word of it came. */
export async function markHooked(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('elsewhere_system').set({ hooked_at: now }).where('id', '=', id).execute()
}

export async function markPolled(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('elsewhere_system').set({ polled_at: now }).where('id', '=', id).execute()
}

/** Notes a status of theirs that no mapping names; what the mapping names by now is dropped when the settings are saved. */
export async function noteUnmapped(db: Db, id: string, status: string, now: Date): Promise<void> {
  await db
    .updateTable('elsewhere_system')
    .set({
      unmapped: sql<string>`unmapped || jsonb_build_object(${plainText(status)}::text, ${now.toISOString()}::text)`,
    })
    .where('id', '=', id)
    .execute()
}
