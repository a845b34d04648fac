import { type Selectable, sql } from 'kysely'
import { User } from '../model/user.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import type { AppUserTable } from './tables/users.ts'

/** A desk has a few dozen people; this bounds the list. */
export const usersListMax = 1000
export type UserSecrets = {
  readonly user: User
  readonly passwordHash: string | null
  readonly totpSealed: Buffer | null
}

function userOf(row: Selectable<AppUserTable>): User {
  return User.parse({
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    createdAt: iso(row.created_at),
    disabled: row.disabled,
    kind: row.kind,
    providerId: row.provider_id,
  })
}

export async function countUsers(db: Db): Promise<number> {
  const row = await db.selectFrom('app_user').select(sql<string>`count(*)`.as('n')).executeTakeFirstOrThrow()
  return Number(row.n)
}

export async function userById(db: Db, id: string): Promise<User | null> {
  const row = await db.selectFrom('app_user').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : userOf(row)
}

/** The id of an actor of the ledger ("user:<id>"); null where it is no person of ours. */
export const userIdOf = (actor: string): string | null =>
  /^user:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(actor)?.[1] ?? null

export async function userOfActor(db: Db, actor: string): Promise<User | null> {
  const id = userIdOf(actor)
  return id === null ? null : userById(db, id)
}

/** Whether the pages explain themselves to this person. */
export async function coachingOf(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('app_user').select('coaching').where('id', '=', id).executeTakeFirst()
  return row?.coaching ?? true
}

export async function setCoaching(db: Db, id: string, on: boolean): Promise<void> {
  await db.updateTable('app_user').set({ coaching: on }).where('id', '=', id).execute()
}

/** With what a sign-in needs; `email` in lower case. */
export async function secretsOfEmail(db: Db, email: string): Promise<UserSecrets | null> {
  const row = await db.selectFrom('app_user').selectAll().where('email', '=', email).executeTakeFirst()
  if (row === undefined) return null
  return {
    user: userOf(row),
    passwordHash: row.password_hash,
    totpSealed: row.totp_secret_sealed,
  }
}

/** False when the address is taken. */
export async function addUser(
  db: Db,
  user: Omit<User, 'kind' | 'providerId'> & Partial<Pick<User, 'kind' | 'providerId'>>,
  secrets: { readonly passwordHash: string | null; readonly totpSealed: Buffer | null; readonly totpLastStep: number },
): Promise<boolean> {
  const made = await db
    .insertInto('app_user')
    .values({
      id: user.id,
      email: user.email,
      name: user.name,
      role: user.role,
      password_hash: secrets.passwordHash,
      totp_secret_sealed: secrets.totpSealed,
      totp_last_step: secrets.totpLastStep,
      created_at: user.createdAt,
      kind: user.kind ?? 'person',
      provider_id: user.providerId ?? null,
    })
    .onConflict((on) => on.column('email').doNothing())
    .executeTakeFirst()
  return (made.numInsertedOrUpdatedRows ?? 0n) === 1n
}

export type UserListed = {
  readonly user: User
  readonly methods: string[]
  readonly lastSeenAt: string | null
  readonly lockedUntil: string | null
}

/** Everybody who signs in, by name, with the ways they do. */
export async function listUsers(db: Db): Promise<UserListed[]> {
  const rows = await db
    .selectFrom('app_user')
    .selectAll()
    .select((eb) => [
      eb
        .selectFrom('sign_in_miss')
        .whereRef('sign_in_miss.user_id', '=', 'app_user.id')
        .select((m) => m.fn.max('locked_until').as('locked'))
        .as('locked_until'),
      eb
        .selectFrom('session')
        .whereRef('session.user_id', '=', 'app_user.id')
        .select((s) => s.fn.max('last_seen_at').as('seen'))
        .as('seen'),
      eb
        .selectFrom('passkey')
        .whereRef('passkey.user_id', '=', 'app_user.id')
        .select(sql<string>`count(*)`.as('n'))
        .as('passkeys'),
    ])
    .where('app_user.kind', '=', 'person')
    .orderBy('name')
    .limit(usersListMax)
    .execute()
  return rows.map((row) => ({
    user: userOf(row),
    methods: [...(row.password_hash === null ? [] : ['password']), ...(Number(row.passkeys) > 0 ? ['passkey'] : [])],
    lastSeenAt: isoOrNull(row.seen),
    lockedUntil: isoOrNull(row.locked_until),
  }))
}

/** Names by actor ("user:<id>"), for pages that show who did something. */
export async function namesOfActors(
  db: Db,
  actors: readonly (string | null)[],
): Promise<(actor: string | null) => string> {
  // "user:<id>/key:<id>": a program of that account.
  const idOf = (actor: string): string => actor.slice('user:'.length).split('/')[0] ?? ''
  const ids = [...new Set(actors.flatMap((actor) => (actor?.startsWith('user:') ? [idOf(actor)] : [])))]
  const rows =
    ids.length === 0
      ? []
      : await db.selectFrom('app_user').select(['id', 'name']).where(sql`id::text`, 'in', ids).execute()
  const names = new Map(rows.map((row) => [`user:${row.id}`, row.name]))
  const expected = actors.flatMap((actor) =>
    actor?.startsWith('expectation:') ? [actor.slice('expectation:'.length)] : [],
  )
  if (expected.length > 0) for (const [actor, name] of await namesOfExpectations(db, expected)) names.set(actor, name)
  const nameOf = (actor: string) => names.get(actor.split('/')[0] ?? '')
  return (actor) =>
    actor === null ? '' : (nameOf(actor) ?? actor.replace(/^(user|person|provider|playbook|elsewhere):/, ''))
}

/** The mark of a decision that no person made: which expectation, and whose it is. */
async function namesOfExpectations(db: Db, ids: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const rows = await db
    .selectFrom('expectation as e')
    .innerJoin('app_user as u', 'u.id', 'e.owner')
    .select(['e.id', 'e.number', 'u.name'])
    .where(sql`e.id::text`, 'in', [...new Set(ids)])
    .execute()
  return rows.map((row) => [`expectation:${row.id}`, `by itself: E-${row.number} of ${row.name}`])
}

/** False when there is no such user. */
export async function changeUser(
  db: Db,
  id: string,
  change: {
    readonly role?: User['role'] | undefined
    readonly disabled?: boolean | undefined
    /** Goes with the role: whoever stops being a provider's analyst is bound no more. */
    readonly providerId?: string | null | undefined
  },
): Promise<boolean> {
  if (change.role === undefined && change.disabled === undefined) return (await userById(db, id)) !== null
  const done = await db
    .updateTable('app_user')
    .set({
      ...(change.role === undefined ? {} : { role: change.role, provider_id: change.providerId ?? null }),
      ...(change.disabled === undefined ? {} : { disabled: change.disabled }),
    })
    .where('id', '=', id)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Administrators who can still sign in. Locks their rows, so that two changes at once cannot take the last one away. */
export async function activeAdministrators(tx: Db): Promise<string[]> {
  const rows = await tx
    .selectFrom('app_user')
    .select('id')
    .where('role', '=', 'administrator')
    .where('kind', '=', 'person')
    .where('disabled', '=', false)
    .forUpdate()
    .execute()
  return rows.map((row) => row.id)
}

/** Uses a one-time code up. False when this step, or a later one, was used before: a code counts once, whoever is faster. */
export async function useTotpStep(db: Db, id: string, step: number): Promise<boolean> {
  const done = await db
    .updateTable('app_user')
    .set({ totp_last_step: step })
    .where('id', '=', id)
    .where('totp_last_step', '<', String(step))
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}
