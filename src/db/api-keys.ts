import { type Selectable, sql } from 'kysely'
import { newSecret, sha256Hex } from '../kit/digest.ts'
import { Role, type User } from '../model/user.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import type { Session } from './sessions.ts'
import type { ApiKeyTable } from './tables/users.ts'
import { userById, usersListMax } from './users.ts'

/** In front of every key, so that scanners of repositories and logs recognise one. */
export const keyMark = 'cfk_'
/** Of the 256 bits 48 are shown, to tell keys apart; 208 stay secret. */
const prefixChars = keyMark.length + 8
/** Keys of one account, those that are over among them. */
const keysOfAccountMax = 500
/** How old "last used" may be before it is written again: one write a minute for each key at work. */
const usedWriteMs = 60_000

export type ApiKey = {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly scopes: string[]
  readonly allowFrom: string[]
  readonly madeAt: string
  readonly expiresAt: string
  readonly revokedAt: string | null
  readonly lastUsedAt: string | null
  readonly lastUsedFrom: string | null
}

function keyOf(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    allowFrom: row.allow_from,
    madeAt: iso(row.made_at),
    expiresAt: iso(row.expires_at),
    revokedAt: isoOrNull(row.revoked_at),
    lastUsedAt: isoOrNull(row.last_used_at),
    lastUsedFrom: row.last_used_from,
  }
}

/** Makes a key and returns it; it is told this once, only its digest is kept. */
export async function addApiKey(
  tx: Db,
  key: {
    readonly accountId: string
    readonly name: string
    readonly scopes: readonly string[]
    readonly allowFrom: readonly string[]
    readonly expiresAt: Date
    readonly by: string
  },
  now: Date,
): Promise<{ readonly id: string; readonly key: string; readonly prefix: string }> {
  const secret = `${keyMark}${newSecret()}`
  const id = crypto.randomUUID()
  const prefix = secret.slice(0, prefixChars)
  await tx
    .insertInto('api_key')
    .values({
      ...{ id, prefix, digest: sha256Hex(secret), account_id: key.accountId, name: key.name },
      ...{ scopes: [...key.scopes], allow_from: [...key.allowFrom], made_by: key.by, made_at: now },
      expires_at: key.expiresAt,
    })
    .execute()
  return { id, key: secret, prefix }
}

/** Takes a key back, `of` this account where one is named. Returns whose it was; null when there is none that still works. */
export async function revokeApiKey(tx: Db, id: string, now: Date, of?: string): Promise<string | null> {
  const done = await tx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .$if(of !== undefined, (query) => query.where('account_id', '=', of ?? ''))
    .returning('account_id')
    .executeTakeFirst()
  return done?.account_id ?? null
}

export type ServiceAccount = {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly disabled: boolean
  readonly createdAt: string
  readonly keys: readonly ApiKey[]
}

/** Accounts of programs by name, each with its keys, the newest first. */
export async function listServiceAccounts(db: Db): Promise<ServiceAccount[]> {
  const accounts = await db
    .selectFrom('app_user')
    .select(['id', 'name', 'role', 'disabled', 'created_at'])
    .where('kind', '=', 'service')
    // Keys of a provider's systems are made and shown at its door, where their addresses are asked for.
    .where('provider_id', 'is', null)
    .orderBy('name')
    .limit(usersListMax)
    .execute()
  const ids = accounts.map(({ id }) => id)
  const keys = ids.length === 0 ? [] : await keysOf(db, ids)
  return accounts.map(({ created_at, role, ...account }) => ({
    ...account,
    role: Role.parse(role),
    createdAt: iso(created_at),
    keys: keys.filter((row) => row.account_id === account.id).map(keyOf),
  }))
}

/** The account of a provider's systems, with its keys; null until the first is made. */
export async function systemsOfProvider(
  db: Db,
  providerId: string,
): Promise<{ readonly id: string; readonly keys: ApiKey[] } | null> {
  const account = await db
    .selectFrom('app_user')
    .select('id')
    .where('kind', '=', 'service')
    .where('provider_id', '=', providerId)
    .executeTakeFirst()
  return account === undefined ? null : { id: account.id, keys: (await keysOf(db, [account.id])).map(keyOf) }
}

async function keysOf(db: Db, accountIds: readonly string[]): Promise<Selectable<ApiKeyTable>[]> {
  return db
    .selectFrom('api_key')
    .selectAll()
    .where('account_id', 'in', accountIds)
    .orderBy('made_at', 'desc')
    .limit(keysOfAccountMax * accountIds.length)
    .execute()
}

/**
 * How many keys of an account still work; locks the account, so that two who make one at once are counted one by one. Null where there is
 * no such account of the house, or (`ofProvider`) of that provider.
 */
export async function livingKeysOf(
  tx: Db,
  accountId: string,
  now: Date,
  ofProvider: string | null = null,
): Promise<number | null> {
  const account = await tx
    .selectFrom('app_user')
    .select('id')
    .where('id', '=', accountId)
    .where('kind', '=', 'service')
    .where('provider_id', 'is not distinct from', ofProvider)
    .where('disabled', '=', false)
    .forUpdate()
    .executeTakeFirst()
  if (account === undefined) return null
  const row = await tx
    .selectFrom('api_key')
    .select(sql<string>`count(*)`.as('n'))
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

export type KeyHolder = { readonly user: User; readonly key: ApiKey }

/** Whose key this is and what it may be used for; null when it works no more, or its account is shut. */
export async function holderOfKey(db: Db, secret: string, now: Date): Promise<KeyHolder | null> {
  const row = await db
    .selectFrom('api_key')
    .selectAll()
    .where('digest', '=', sha256Hex(secret))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  if (row === undefined) return null
  const user = await userById(db, row.account_id)
  return user === null || user.disabled ? null : { user, key: keyOf(row) }
}

/** A key at work, in the shape that routes know; it is nobody's session. */
export function sessionByKey({ user, key }: KeyHolder, from: string, now: Date): Session {
  return {
    ...{ id: key.id, digest: '', user, method: 'key', userAgent: '', address: from },
    ...{ createdAt: key.madeAt, expiresAt: key.expiresAt, lastSeenAt: iso(now) },
    key: { id: key.id, name: key.name, scopes: key.scopes },
  }
}

/** Notes when and from where a key was used, at most once a minute. */
export async function noteKeyUsed(db: Db, key: ApiKey, from: string, now: Date): Promise<void> {
  const fresh = key.lastUsedAt !== null && now.getTime() - Date.parse(key.lastUsedAt) < usedWriteMs
  if (fresh && key.lastUsedFrom === from) return
  await db.updateTable('api_key').set({ last_used_at: now, last_used_from: from }).where('id', '=', key.id).execute()
}
