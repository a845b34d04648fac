import { MailKeyFacts } from '../model/mail-key.ts'
import { iso, isoOrNull, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** Keys of one provider: a desk, a lead, an authority, and those that follow them. */
export const keysOfProviderMax = 20
/** Keys of ours, with those that only open old mail. */
const ownKeysMax = 50

export type OwnMailKey = {
  readonly id: string
  readonly facts: MailKeyFacts
  /** PEM of the certificate and of those that vouch for it. */
  readonly publicText: string
  readonly addedBy: string
  readonly addedAt: string
  readonly retiredAt: string | null
}

/** Ours, the newest first. Their private parts are not read. */
export async function ownMailKeys(db: Db): Promise<OwnMailKey[]> {
  const rows = await db
    .selectFrom('mail_key')
    .select(['id', 'facts', 'public_text', 'added_by', 'added_at', 'retired_at'])
    .orderBy('added_at', 'desc')
    .orderBy('id')
    .limit(ownKeysMax)
    .execute()
  return rows.map((row) => ({
    ...{ id: row.id, facts: MailKeyFacts.parse(row.facts), publicText: row.public_text },
    ...{ addedBy: row.added_by, addedAt: iso(row.added_at), retiredAt: isoOrNull(row.retired_at) },
  }))
}

/** The private part of one of ours, sealed. Null when there is none. */
export async function sealedMailKey(db: Db, id: string): Promise<Buffer | null> {
  const row = await db.selectFrom('mail_key').select('sealed').where('id', '=', id).executeTakeFirst()
  return row?.sealed ?? null
}

/** False when this key is there already. */
export async function addOwnMailKey(
  tx: Db,
  key: Pick<OwnMailKey, 'id' | 'facts' | 'publicText' | 'addedBy'> & { readonly sealed: Buffer },
  at: Date,
): Promise<boolean> {
  const done = await tx
    .insertInto('mail_key')
    .values({
      ...{ id: key.id, fingerprint: key.facts.fingerprint, method: key.facts.method, facts: jsonb(key.facts) },
      ...{ public_text: key.publicText, sealed: key.sealed, added_by: key.addedBy, added_at: at },
    })
    .onConflict((on) => on.column('fingerprint').doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

/** From now on it signs nothing. The fingerprint; null when there is no such key in use. */
export async function retireOwnMailKey(tx: Db, id: string, at: Date): Promise<string | null> {
  const row = await tx
    .updateTable('mail_key')
    .set({ retired_at: at })
    .where('id', '=', id)
    .where('retired_at', 'is', null)
    .returning('fingerprint')
    .executeTakeFirst()
  return row?.fingerprint ?? null
}

export type TheirMailKey = {
  readonly providerId: string
  readonly facts: MailKeyFacts
  readonly publicText: string
  readonly addedBy: string
  readonly addedAt: string
}

/** Of one provider, or of all; the newest first. */
export async function theirMailKeys(db: Db, providerId: string | null): Promise<TheirMailKey[]> {
  const rows = await db
    .selectFrom('provider_mail_key')
    .selectAll()
    .$if(providerId !== null, (query) => query.where('provider_id', '=', providerId ?? ''))
    .orderBy('added_at', 'desc')
    .orderBy('fingerprint')
    .execute()
  return rows.map((row) => ({
    ...{ providerId: row.provider_id, facts: MailKeyFacts.parse(row.facts), publicText: row.public_text },
    ...{ addedBy: row.added_by, addedAt: iso(row.added_at) },
  }))
}

/** False when it is there already. */
export async function addTheirMailKey(tx: Db, key: Omit<TheirMailKey, 'addedAt'>, at: Date): Promise<boolean> {
  const { providerId, facts, publicText, addedBy } = key
  const done = await tx
    .insertInto('provider_mail_key')
    .values({
      ...{ provider_id: providerId, fingerprint: facts.fingerprint, method: facts.method, facts: jsonb(facts) },
      ...{ public_text: publicText, added_by: addedBy, added_at: at },
    })
    .onConflict((on) => on.columns(['provider_id', 'fingerprint']).doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

/** False when there is none. */
export async function removeTheirMailKey(tx: Db, providerId: string, fingerprint: string): Promise<boolean> {
  const done = await tx
    .deleteFrom('provider_mail_key')
    .where('provider_id', '=', providerId)
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst()
  return done.numDeletedRows === 1n
}
