import { sql } from 'kysely'
import { newSecret, sha256Hex } from '../kit/digest.ts'
import type { Db } from './open.ts'

/** Typing a password and a code at the identity provider takes a minute or two. */
const flowMsMax = 10 * 60_000
/** Flows that wait; past this somebody would be filling our table. */
const flowsMax = 10_000

export type SsoFlow = {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** Somebody who is signed in and ties the identity to their account. */
  readonly userId: string | null
}

/** Keeps a flow and returns the token of its cookie; null when too many wait. */
export async function keepFlow(db: Db, flow: SsoFlow, now: Date): Promise<string | null> {
  await db.deleteFrom('sso_flow').where('expires_at', '<', now).execute()
  const row = await db.selectFrom('sso_flow').select(sql<string>`count(*)`.as('n')).executeTakeFirstOrThrow()
  if (Number(row.n) >= flowsMax) return null
  const token = newSecret()
  const { userId, ...rest } = flow
  const expires_at = new Date(now.getTime() + flowMsMax)
  await db
    .insertInto('sso_flow')
    .values({ ...rest, user_id: userId, cookie_digest: sha256Hex(token), created_at: now, expires_at })
    .execute()
  return token
}

/** Takes the flow of a cookie away, once and within its time; null when there is none. */
export async function takeFlow(db: Db, token: string, now: Date): Promise<SsoFlow | null> {
  const row = await db
    .deleteFrom('sso_flow')
    .where('cookie_digest', '=', sha256Hex(token))
    .where('expires_at', '>', now)
    .returning(['state', 'nonce', 'verifier', 'user_id'])
    .executeTakeFirst()
  return row === undefined ? null : { state: row.state, nonce: row.nonce, verifier: row.verifier, userId: row.user_id }
}

export type SsoIdentity = { readonly userId: string; readonly managed: boolean }

export async function identityOf(db: Db, issuer: string, subject: string): Promise<SsoIdentity | null> {
  const row = await db
    .selectFrom('sso_identity')
    .select(['user_id', 'managed'])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()
  return row === undefined ? null : { userId: row.user_id, managed: row.managed }
}

/** False when it is somebody's already. */
export async function addIdentity(
  tx: Db,
  identity: SsoIdentity & { readonly issuer: string; readonly subject: string },
  now: Date,
): Promise<boolean> {
  const { issuer, subject, userId, managed } = identity
  const done = await tx
    .insertInto('sso_identity')
    .values({ issuer, subject, user_id: userId, managed, created_at: now })
    .onConflict((on) => on.columns(['issuer', 'subject']).doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}
