import { z } from 'zod'
import { Offices } from '../model/office.ts'
import { ReleaseSigning, SecondWait } from '../model/release.ts'
import { Ticketing } from '../model/ticket.ts'
import { jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** Settings that a person changes on the page, and their shapes. What stands in `counterfoil.yaml` is the default. */
export const settingShapes = {
  'own-domains': z.array(z.string()),
  /** Sources of assets and people whose facts count first, the first one most (model/merged-facts.ts). */
  'source-precedence': z.array(z.string().max(100)).max(100),
  /** Steps of the first hour that this house does without. */
  'first-run-skipped': z.array(z.string().max(40)).max(20),
  /** The rules for tickets. `version` counts changes, so that two people do not overwrite each other. */
  ticketing: z.object({ version: z.int().positive(), rules: Ticketing }),
  /** Who signs for HR, legal and so on; `version` as above. */
  offices: z.object({ version: z.int().positive(), offices: Offices }),
  'reply-hold-seconds': z.number().min(0).max(3600),
  /** When a release by two must be signed (model/release.ts). */
  'release-signing': ReleaseSigning,
  'second-wait': SecondWait,
} as const
export type SettingKey = keyof typeof settingShapes
export type SettingOf<K extends SettingKey> = z.infer<(typeof settingShapes)[K]>

/** What a person set, or null where nobody did. */
export async function settingOf<K extends SettingKey>(db: Db, key: K): Promise<SettingOf<K> | null> {
  const row = await db.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
  return row === undefined ? null : (settingShapes[key].parse(row.value) as SettingOf<K>)
}

export async function saveSetting<K extends SettingKey>(
  db: Db,
  key: K,
  value: SettingOf<K>,
  by: string,
  now: Date,
): Promise<void> {
  const values = { key, value: jsonb(settingShapes[key].parse(value)), changed_by: by, changed_at: now }
  await db
    .insertInto('setting')
    .values(values)
    .onConflict((on) => on.column('key').doUpdateSet({ value: values.value, changed_by: by, changed_at: now }))
    .execute()
}

/** Takes back what a person set: the default counts again. */
export async function removeSetting(db: Db, key: SettingKey): Promise<void> {
  await db.deleteFrom('setting').where('key', '=', key).execute()
}
