import { sql } from 'kysely'
import { newSecret, sha256Hex } from '../kit/digest.ts'
import { Provider } from '../model/provider.ts'
import { isoOrNull, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** Nobody has a hundred providers; this bounds what every message is checked against. */
export const providersMax = 100

/** All providers, by id. */
export async function listProviders(db: Db): Promise<Provider[]> {
  const rows = await db.selectFrom('provider').select('config').orderBy('id').limit(providersMax).execute()
  return rows.map((row) => Provider.parse(row.config))
}

export async function providerById(db: Db, id: string): Promise<Provider | null> {
  const row = await db.selectFrom('provider').select('config').where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : Provider.parse(row.config)
}

export type ProviderListed = {
  readonly provider: Provider
  readonly version: number
  readonly hasKey: boolean
  readonly messages: number
  readonly lastMessageAt: string | null
}

/** All providers with what came from them. */
export async function providersInUse(db: Db): Promise<ProviderListed[]> {
  const rows = await db
    .selectFrom('provider')
    .select(['config', 'version', 'intake_key_digest'])
    .select((eb) => [
      eb
        .selectFrom('message')
        .whereRef('message.provider_id', '=', 'provider.id')
        .select(sql<string>`count(*)`.as('n'))
        .as('messages'),
      eb
        .selectFrom('message')
        .whereRef('message.provider_id', '=', 'provider.id')
        .select((m) => m.fn.max('received_at').as('last'))
        .as('last'),
    ])
    .orderBy('id')
    .limit(providersMax)
    .execute()
  return rows.map((row) => ({
    provider: Provider.parse(row.config),
    version: row.version,
    hasKey: row.intake_key_digest !== null,
    messages: Number(row.messages ?? 0),
    lastMessageAt: isoOrNull(row.last),
  }))
}

/** Adds (version 0) or changes (the version last seen). Returns the new version; null when somebody was faster. */
export async function saveProvider(db: Db, provider: Provider, version: number, now: Date): Promise<number | null> {
  const config = jsonb(Provider.parse(provider))
  if (version === 0) {
    const made = await db
      .insertInto('provider')
      .values({ id: provider.id, config, changed_at: now })
      .onConflict((on) => on.column('id').doNothing())
      .returning('version')
      .executeTakeFirst()
    return made?.version ?? null
  }
  const changed = await db
    .updateTable('provider')
    .set({ config, version: version + 1, changed_at: now })
    .where('id', '=', provider.id)
    .where('version', '=', version)
    .returning('version')
    .executeTakeFirst()
  return changed?.version ?? null
}

/** A new intake key, returned once; only its digest is kept. Null when there is no such provider. */
export async function renewIntakeKey(db: Db, id: string, now: Date): Promise<string | null> {
  const key = newSecret()
  const done = await db
    .updateTable('provider')
    .set({ intake_key_digest: sha256Hex(key), changed_at: now })
    .where('id', '=', id)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n ? key : null
}

/** The provider whose intake key this is. Looked up by digest: what the database compares is no secret any more. */
export async function providerOfKey(db: Db, key: string): Promise<Provider | null> {
  const row = await db
    .selectFrom('provider')
    .select('config')
    .where('intake_key_digest', '=', sha256Hex(key))
    .executeTakeFirst()
  return row === undefined ? null : Provider.parse(row.config)
}
