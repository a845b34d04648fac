import { z } from 'zod'
import type { Settings } from '../config/config.ts'
import type { Db } from '../db/open.ts'
import { addLink, type LinkPurpose, linkOf, revokeLinks } from '../db/sessions.ts'
import { countUsers } from '../db/users.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { Role } from '../model/user.ts'
import { siteOf } from './site.ts'

/** Printed in a terminal and typed at once; a new start makes a new one. */
const firstRunMs = 24 * 3600_000
export const inviteMs = 7 * 24 * 3600_000

/** What a link carries: who it is for, and the authenticator secret between two steps of the same page, sealed. */
export const LinkPayload = z.object({
  userId: z.uuid(),
  email: z.string().nullable(),
  role: Role,
  /** The provider of one of its analysts. */
  providerId: z.string().nullable().default(null),
  /** Who invited; their open invitations end when they may invite no more. */
  invitedBy: z.uuid().nullable().default(null),
  totp: z.object({ email: z.string(), sealed: z.string() }).nullable().default(null),
})
export type LinkPayload = z.infer<typeof LinkPayload>

/** The page of a link. The token stands after `#`, so that no proxy's log and no Referer header ever carries it. */
export function addressOfLink(settings: Settings, token: string): string {
  return `${siteOf(settings).url.origin}/welcome#${token}`
}

/** The link that makes the first administrator; null as soon as there is anybody. Earlier ones stop working. */
export async function firstRunLink(db: Db, settings: Settings, clock: Clock): Promise<string | null> {
  if ((await countUsers(db)) > 0) return null
  const now = clock.now()
  await revokeLinks(db, 'first-run', now)
  const payload: LinkPayload = {
    userId: crypto.randomUUID(),
    email: null,
    role: 'administrator',
    providerId: null,
    invitedBy: null,
    totp: null,
  }
  return addressOfLink(settings, await addLink(db, 'first-run', payload, now, new Date(now.getTime() + firstRunMs)))
}

/** A link that signs an existing user in once, for `counterfoil demo`: whoever can read its terminal runs the machine anyway. */
export async function demoLink(
  db: Db,
  settings: Settings,
  clock: Clock,
  user: { readonly id: string; readonly email: string; readonly role: Role },
): Promise<string> {
  const now = clock.now()
  const payload: LinkPayload = {
    ...{ userId: user.id, email: user.email, role: user.role, providerId: null },
    ...{ invitedBy: null, totp: null },
  }
  return addressOfLink(settings, await addLink(db, 'demo', payload, now, new Date(now.getTime() + firstRunMs)))
}

/** The living link behind a token. Throws Trouble('link.over'). A first-run link is over as soon as there is a user. */
export async function livingLink(
  db: Db,
  clock: Clock,
  token: string,
  forUpdate = false,
): Promise<{ readonly purpose: LinkPurpose; readonly payload: LinkPayload; readonly expiresAt: string }> {
  const link = await linkOf(db, token, clock.now(), forUpdate)
  if (link === null) throw new Trouble('link.over')
  if (link.purpose === 'first-run' && (await countUsers(db)) > 0) throw new Trouble('link.over')
  return { purpose: link.purpose, payload: LinkPayload.parse(link.payload), expiresAt: link.expiresAt }
}

/** The page where a person answers a question. The token is part of the path, since mail programs cut off what follows a `#`. */
export function addressOfAnswer(settings: Settings, token: string): string {
  return `${siteOf(settings).url.origin}/q/${token}`
}

/** The page where somebody signs an approval. */
export function addressOfApproval(settings: Settings, token: string): string {
  return `${siteOf(settings).url.origin}/approve/${token}`
}
