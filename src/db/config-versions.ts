import { sql } from 'kysely'
import type { ConfigVersion } from '../model/config-file.ts'
import { iso, plainText } from './jsonb.ts'
import type { Db } from './open.ts'

/** Versions that are listed; every one is kept. */
const listedMax = 200

/** Versions, the newest first. */
export async function configVersions(db: Db): Promise<ConfigVersion[]> {
  const rows = await db
    .selectFrom('config_version')
    .select(['version', 'kind', 'digest', 'note', 'made_by', 'made_at'])
    .orderBy('version', 'desc')
    .limit(listedMax)
    .execute()
  return rows.map((row) => ({
    version: row.version,
    kind: row.kind as ConfigVersion['kind'],
    digest: row.digest,
    note: row.note,
    by: row.made_by,
    at: iso(row.made_at),
  }))
}

/** The document of a version; null: there is none. */
export async function configYaml(db: Db, version: number): Promise<string | null> {
  const row = await db.selectFrom('config_version').select('yaml').where('version', '=', version).executeTakeFirst()
  return row?.yaml ?? null
}

/** Keeps a version; the caller holds the lock of `lockConfig`. */
export async function keepConfig(
  tx: Db,
  kept: {
    readonly kind: ConfigVersion['kind']
    readonly yaml: string
    readonly digest: string
    readonly note: string
    readonly by: string
  },
  now: Date,
): Promise<number> {
  const { kind, yaml, digest, note, by } = kept
  const last = await tx
    .selectFrom('config_version')
    .select('version')
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  const row = {
    version: (last?.version ?? 0) + 1,
    kind,
    yaml,
    digest,
    note: plainText(note),
    made_by: by,
    made_at: now,
  }
  await tx.insertInto('config_version').values(row).execute()
  return row.version
}

/** One change of the configuration at a time, and no other change of what it is made of while it is applied. */
export async function lockConfig(tx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('configuration'))`.execute(tx)
  await sql`lock table provider, setting, source_watch, connector in share row exclusive mode`.execute(tx)
}

/** Limits of silence of what is watched by this database, by source. */
export async function watchesSet(db: Db): Promise<Record<string, number>> {
  const { rows } = await sql<{ source: string; minutes: number }>`
    select source, silent_after_minutes as minutes from source_watch
    union all select 'connector:' || connector, silent_after_hours * 60 from connector_state where silent_after_hours is not null
    order by 1`.execute(db)
  return Object.fromEntries(rows.map(({ source, minutes }) => [source, Number(minutes)]))
}
