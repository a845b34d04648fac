import type { Clock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { append } from '../ledger/append.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { endSessionsOf, endSessionsOfPasskey } from './sessions.ts'
import { secretsOfEmail } from './users.ts'

export type Passkey = {
  readonly id: string
  readonly userId: string
  readonly publicKey: Buffer
  readonly counter: number
  readonly transports: string[]
  readonly name: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
}

/** Keys a person keeps: a phone, a laptop, two tokens and some spares. */
export const passkeysOfUserMax = 20

export async function addPasskey(
  db: Db,
  passkey: Omit<Passkey, 'lastUsedAt'> & { readonly backedUp: boolean; readonly attestation: Uint8Array },
): Promise<void> {
  await db
    .insertInto('passkey')
    .values({
      credential_id: passkey.id,
      user_id: passkey.userId,
      public_key: passkey.publicKey,
      counter: passkey.counter,
      transports: passkey.transports,
      backed_up: passkey.backedUp,
      attestation: Buffer.from(passkey.attestation),
      name: passkey.name,
      created_at: passkey.createdAt,
    })
    .execute()
}

export async function passkeysOf(db: Db, userId: string): Promise<Passkey[]> {
  const rows = await db
    .selectFrom('passkey')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .limit(passkeysOfUserMax)
    .execute()
  return rows.map(passkeyOf)
}

export async function passkeyById(db: Db, id: string): Promise<Passkey | null> {
  const row = await db.selectFrom('passkey').selectAll().where('credential_id', '=', id).executeTakeFirst()
  return row === undefined ? null : passkeyOf(row)
}

/** Notes the use. False when the counter went on meanwhile: two copies of one key, or an answer played twice. */
export async function usePasskey(db: Db, id: string, before: number, after: number, at: Date): Promise<boolean> {
  const done = await db
    .updateTable('passkey')
    .set({ counter: after, last_used_at: at })
    .where('credential_id', '=', id)
    .where('counter', '=', String(before))
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Is there anything by which this person can show that it is them, besides a session and the identity provider? */
export async function hasFactor(db: Db, user: { readonly id: string; readonly email: string }): Promise<boolean> {
  return (await passkeysOf(db, user.id)).length > 0 || (await secretsOfEmail(db, user.email))?.passwordHash != null
}

/** Had this person a passkey, now or before? Who had one releases by a signature from then on, also after losing it. */
export async function hadPasskey(db: Db, userId: string): Promise<boolean> {
  if ((await passkeysOf(db, userId)).length > 0) return true
  const row = await db.selectFrom('removed_passkey').select('name').where('user_id', '=', userId).executeTakeFirst()
  return row !== undefined
}

/**
 * Takes a passkey away, with the line in the ledger, and ends the sessions that it opened; by an administrator, all of its owner. What it
 * signed stays, and stays to be verified: the key itself stands beside each signature, and its registration in the ledger. Null when this
 * person has no such passkey.
 */
export async function removePasskey(
  tx: Db,
  removing: {
    readonly id: string
    readonly userId: string
    readonly by: string
    readonly why: string
    /** By what its owner showed that it is them; null where an administrator did it. */
    readonly factor: 'another passkey' | 'password and code' | null
    /** The session that asks, where its owner does. */
    readonly session: string | null
  },
  clock: Clock,
): Promise<{ readonly passkey: Passkey; readonly sessionsEnded: number } | null> {
  const { id, userId, by, why, factor } = removing
  const row = await tx
    .deleteFrom('passkey')
    .where('credential_id', '=', id)
    .where('user_id', '=', userId)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return null
  const passkey = passkeyOf(row)
  const { name, createdAt } = passkey
  await tx
    .insertInto('removed_passkey')
    .values({
      ...{ credential_id: id, user_id: userId, name, created_at: createdAt },
      ...{ removed_at: clock.now(), removed_by: by, why: plainText(why) },
    })
    .execute()
  // Nobody but its owner knows which sessions lie on the device that is gone: where they do not say so themselves, none goes on.
  const sessionsEnded =
    factor === null ? await endSessionsOf(tx, userId) : await endSessionsOfPasskey(tx, userId, id, removing.session)
  const body = { passkeyRemoved: id, name, why, ...(factor === null ? {} : { factor }), sessionsEnded }
  await append(tx, { kind: 'user.changed', actor: by, subject: `user:${userId}`, body }, clock)
  return { passkey, sessionsEnded }
}

function passkeyOf(row: {
  credential_id: string
  user_id: string
  public_key: Buffer
  counter: string
  transports: string[]
  name: string
  created_at: Date
  last_used_at: Date | null
}): Passkey {
  return {
    id: row.credential_id,
    userId: row.user_id,
    publicKey: row.public_key,
    counter: Number(row.counter),
    transports: row.transports,
    name: row.name,
    createdAt: iso(row.created_at),
    lastUsedAt: isoOrNull(row.last_used_at),
  }
}

/** The record of a registration: from then on the ledger says whose key it is. */
export function registrationOf(key: { readonly id: string; readonly publicKey: Uint8Array }): {
  readonly passkey: string
  readonly publicKeySha256: string
} {
  return { passkey: key.id, publicKeySha256: sha256Hex(key.publicKey) }
}

/** Writes the registration of a key down that was registered before the ledger took note of it; an auditor finds it before the first signature. */
export async function noteRegistration(tx: Db, key: Passkey, clock: Clock): Promise<void> {
  const subject = `user:${key.userId}`
  const { publicKeySha256 } = registrationOf(key)
  const noted = await tx
    .selectFrom('ledger_entry')
    .select('id')
    .where('subject', '=', subject)
    .where('leaf', 'like', `%"publicKeySha256":"${publicKeySha256}"%`)
    .executeTakeFirst()
  if (noted !== undefined) return
  const body = { ...registrationOf(key), registeredAt: key.createdAt }
  await append(tx, { kind: 'user.changed', actor: 'system', subject, body }, clock)
}
