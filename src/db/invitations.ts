import { sql } from 'kysely'
import { z } from 'zod'
import { Role } from '../model/user.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** A desk invites a few people in a week; this bounds the list. */
export const invitationsListMax = 200

/** The public name of a link: half of the digest of its token, from which nobody gets back to the token. */
const idOfLink = sql<string>`left(token_digest, 32)`

export type Invitation = {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly providerId: string | null
  readonly invitedBy: string | null
  readonly createdAt: string
  readonly expiresAt: string
}

const Payload = z.looseObject({
  email: z.string(),
  role: Role,
  providerId: z.string().nullable().default(null),
  invitedBy: z.uuid().nullable().default(null),
})

/** Invitations that still work, newest first. */
export async function openInvitations(db: Db, now: Date): Promise<Invitation[]> {
  const rows = await db
    .selectFrom('one_time_link')
    .select(['payload', 'created_at', 'expires_at', idOfLink.as('id')])
    .where('purpose', '=', 'invite')
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .limit(invitationsListMax)
    .execute()
  return rows.map((row) => {
    const { email, role, providerId, invitedBy } = Payload.parse(row.payload)
    return {
      id: row.id,
      email,
      role,
      providerId,
      invitedBy,
      createdAt: iso(row.created_at),
      expiresAt: iso(row.expires_at),
    }
  })
}

/** Takes an open invitation back. Returns the id of the user it would have made; null when there is none that is open. */
export async function revokeInvitation(db: Db, id: string, now: Date): Promise<string | null> {
  const [revoked] = await revoke(db, sql<boolean>`${idOfLink} = ${id}`, now)
  return revoked ?? null
}

/** Takes back what somebody invited who may not invite any more. Returns the ids of the users they would have made. */
export async function revokeInvitationsOf(db: Db, userId: string, now: Date): Promise<string[]> {
  return revoke(db, sql<boolean>`payload ->> 'invitedBy' = ${userId}`, now)
}

/** Takes back what would let somebody register a passkey anew: there is a newer link, or no need any more. */
export async function revokePasskeyLinks(db: Db, userId: string, now: Date): Promise<void> {
  await revoke(db, sql<boolean>`purpose = 'renew' and payload ->> 'userId' = ${userId}`, now)
}

async function revoke(db: Db, which: ReturnType<typeof sql<boolean>>, now: Date): Promise<string[]> {
  const rows = await db
    .updateTable('one_time_link')
    .set({ used_at: now })
    // Also the links for a new passkey: whoever may not let people in any more has made none that still works.
    .where('purpose', 'in', ['invite', 'renew'])
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .where(which)
    .returning(sql<string>`payload ->> 'userId'`.as('user_id'))
    .execute()
  return rows.map((row) => row.user_id)
}
