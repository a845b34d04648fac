import { sql } from 'kysely'
import { newSecret, sha256Hex } from '../kit/digest.ts'
import { User } from '../model/user.ts'
import { iso, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** A session ends a week after sign-in whatever happens... */
export const sessionMsMax = 7 * 24 * 3600_000
/** ...and after a shift and a half without use. */
export const sessionIdleMsMax = 12 * 3600_000
/** How old "last seen" may be before it is written again: one write a minute for each person at work. */
const seenWriteMs = 60_000
export const sessionsListMax = 500
/** Challenges that wait for an answer; past this an attacker would be filling our table. */
export const challengesMax = 10_000
const challengeMs = 5 * 60_000

export type Session = {
  readonly id: string
  readonly digest: string
  readonly user: User
  readonly method: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly lastSeenAt: string
  readonly userAgent: string
  readonly address: string
  /** Set where a program asks with a key, and not a person with a cookie. */
  readonly key: KeyUsed | null
}

/** A key of ours, as far as a request needs to know it. */
export type KeyUsed = { readonly id: string; readonly name: string; readonly scopes: readonly string[] }

/** The public name of a session: half of the digest of its token, from which nobody gets back to the token. */
const idOf = (digest: string): string => digest.slice(0, 32)

/** Opens a session and returns its token; only the digest is kept. */
export async function openSession(
  db: Db,
  session: {
    readonly userId: string
    readonly method: string
    readonly userAgent: string
    readonly address: string
    /** The passkey that opened it. */
    readonly passkey?: string | null
  },
  now: Date,
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  const token = newSecret()
  const expiresAt = new Date(now.getTime() + sessionMsMax)
  await db
    .insertInto('session')
    .values({
      token_digest: sha256Hex(token),
      user_id: session.userId,
      created_at: now,
      expires_at: expiresAt,
      last_seen_at: now,
      user_agent: session.userAgent.slice(0, 300),
      address: session.address,
      method: session.method,
      passkey_id: session.passkey ?? null,
    })
    .execute()
  return { token, expiresAt }
}

const sessionsJoined = (db: Db) =>
  db
    .selectFrom('session')
    .innerJoin('app_user', 'app_user.id', 'session.user_id')
    .select([
      'session.token_digest',
      'session.method',
      'session.created_at',
      'session.expires_at',
      'session.last_seen_at',
      'session.user_agent',
      'session.address',
      'app_user.id',
      'app_user.email',
      'app_user.name',
      'app_user.role',
      'app_user.disabled',
      'app_user.kind',
      'app_user.provider_id',
      'app_user.created_at as user_created_at',
    ])

type Joined = Awaited<ReturnType<ReturnType<typeof sessionsJoined>['execute']>>[number]

function sessionFrom(row: Joined): Session {
  return {
    id: idOf(row.token_digest),
    digest: row.token_digest,
    user: User.parse({
      id: row.id,
      email: row.email,
      name: row.name,
      role: row.role,
      createdAt: iso(row.user_created_at),
      disabled: row.disabled,
      kind: row.kind,
      providerId: row.provider_id,
    }),
    method: row.method,
    createdAt: iso(row.created_at),
    expiresAt: iso(row.expires_at),
    lastSeenAt: iso(row.last_seen_at),
    userAgent: row.user_agent,
    address: row.address,
    key: null,
  }
}

/** Whose token this is; null when it is nobody's any more. One join; a shut account has no sessions. */
export async function sessionOf(db: Db, token: string, now: Date): Promise<Session | null> {
  return sessionOfDigest(db, sha256Hex(token), now)
}

export async function sessionOfDigest(db: Db, digest: string, now: Date): Promise<Session | null> {
  const row = await sessionsJoined(db)
    .where('session.token_digest', '=', digest)
    .where('session.expires_at', '>', now)
    .where('session.last_seen_at', '>', new Date(now.getTime() - sessionIdleMsMax))
    .where('app_user.disabled', '=', false)
    .executeTakeFirst()
  return row === undefined ? null : sessionFrom(row)
}

/** Notes that somebody is there, at most once a minute. */
export async function noteSeen(db: Db, session: Session, now: Date): Promise<void> {
  if (now.getTime() - Date.parse(session.lastSeenAt) < seenWriteMs) return
  await db.updateTable('session').set({ last_seen_at: now }).where('token_digest', '=', session.digest).execute()
}

/** Sessions that are alive, newest first; of one person when `userId` is given. */
export async function listSessions(db: Db, userId: string | null, now: Date): Promise<Session[]> {
  const rows = await sessionsJoined(db)
    .where('session.expires_at', '>', now)
    .where('session.last_seen_at', '>', new Date(now.getTime() - sessionIdleMsMax))
    .$if(userId !== null, (query) => query.where('session.user_id', '=', userId ?? ''))
    .orderBy('session.last_seen_at', 'desc')
    .limit(sessionsListMax)
    .execute()
  return rows.map(sessionFrom)
}

/** Ends a session by its public name. Returns whose it was; null when there is none (of this person, when `userId` is given). */
export async function endSession(db: Db, id: string, userId: string | null): Promise<string | null> {
  const done = await db
    .deleteFrom('session')
    .where(sql`left(token_digest, 32)`, '=', id)
    .$if(userId !== null, (query) => query.where('user_id', '=', userId ?? ''))
    .returning('user_id')
    .executeTakeFirst()
  return done?.user_id ?? null
}

/** Ends all that this person has; how many there were. */
export async function endSessionsOf(db: Db, userId: string): Promise<number> {
  const done = await db.deleteFrom('session').where('user_id', '=', userId).executeTakeFirst()
  return Number(done.numDeletedRows)
}

/**
 * Ends what a passkey opened, and whatever was opened by a passkey before it was kept by which one; of those the session that asks (`but`) goes on.
 * How many ended.
 */
export async function endSessionsOfPasskey(
  db: Db,
  userId: string,
  passkey: string,
  but: string | null,
): Promise<number> {
  const done = await db
    .deleteFrom('session')
    .where('user_id', '=', userId)
    .where((eb) =>
      eb.or([
        eb('passkey_id', '=', passkey),
        eb.and([eb('passkey_id', 'is', null), eb('method', '=', 'passkey'), eb('token_digest', '<>', but ?? '')]),
      ]),
    )
    .executeTakeFirst()
  return Number(done.numDeletedRows)
}

/** Clears away what is over. Cheap; called when somebody signs in. */
export async function clearOver(db: Db, now: Date): Promise<void> {
  await db.deleteFrom('session').where('expires_at', '<', now).execute()
  await db.deleteFrom('webauthn_challenge').where('expires_at', '<', now).execute()
}

/** `renew`: a new passkey for somebody who lost the only one. */
export type LinkPurpose = 'first-run' | 'invite' | 'demo' | 'renew'
export type OneTimeLink = { readonly purpose: LinkPurpose; readonly payload: unknown; readonly expiresAt: string }

/** Makes a one-time link and returns its token; only the digest is kept. */
export async function addLink(
  db: Db,
  purpose: LinkPurpose,
  payload: unknown,
  now: Date,
  expiresAt: Date,
): Promise<string> {
  const token = newSecret()
  await db
    .insertInto('one_time_link')
    .values({
      token_digest: sha256Hex(token),
      purpose,
      payload: jsonb(payload),
      created_at: now,
      expires_at: expiresAt,
    })
    .execute()
  return token
}

/** Takes back all unused links of a purpose. */
export async function revokeLinks(db: Db, purpose: LinkPurpose, now: Date): Promise<void> {
  await db
    .updateTable('one_time_link')
    .set({ used_at: now })
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .execute()
}

/** What a link is for; null when it is unknown, used or over. Looking does not use it up; `forUpdate` keeps others out until commit. */
export async function linkOf(db: Db, token: string, now: Date, forUpdate = false): Promise<OneTimeLink | null> {
  const row = await db
    .selectFrom('one_time_link')
    .selectAll()
    .where('token_digest', '=', sha256Hex(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .$if(forUpdate, (query) => query.forUpdate())
    .executeTakeFirst()
  return row === undefined
    ? null
    : { purpose: row.purpose as LinkPurpose, payload: row.payload, expiresAt: iso(row.expires_at) }
}

export async function noteOnLink(db: Db, token: string, payload: unknown): Promise<void> {
  await db
    .updateTable('one_time_link')
    .set({ payload: jsonb(payload) })
    .where('token_digest', '=', sha256Hex(token))
    .execute()
}

/** Uses a link up. False when somebody was faster. */
export async function useLink(db: Db, token: string, now: Date): Promise<boolean> {
  const done = await db
    .updateTable('one_time_link')
    .set({ used_at: now })
    .where('token_digest', '=', sha256Hex(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Keeps a WebAuthn challenge for five minutes. False when too many wait already; those that are over do not count and go. */
export async function keepChallenge(
  db: Db,
  challenge: string,
  purpose: string,
  userId: string | null,
  now: Date,
): Promise<boolean> {
  // Here and not only when somebody signs in: where all sign in by passkey, a full table would shut everybody out for ever.
  await db.deleteFrom('webauthn_challenge').where('expires_at', '<', now).execute()
  const row = await db.selectFrom('webauthn_challenge').select(sql<string>`count(*)`.as('n')).executeTakeFirstOrThrow()
  if (Number(row.n) >= challengesMax) return false
  await db
    .insertInto('webauthn_challenge')
    .values({ challenge, purpose, user_id: userId, created_at: now, expires_at: new Date(now.getTime() + challengeMs) })
    .execute()
  return true
}

/** Takes a challenge away: true once, for its own purpose and person, within its time. */
export async function takeChallenge(
  db: Db,
  challenge: string,
  purpose: string,
  userId: string | null,
  now: Date,
): Promise<boolean> {
  const done = await db
    .deleteFrom('webauthn_challenge')
    .where('challenge', '=', challenge)
    .where('purpose', '=', purpose)
    .where('user_id', userId === null ? 'is' : '=', userId)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return done.numDeletedRows === 1n
}
