import type { SsoConfig } from '../config/config.ts'
import { openInvitations, revokeInvitation } from '../db/invitations.ts'
import { notify } from '../db/live.ts'
import type { Db } from '../db/open.ts'
import { endSessionsOf } from '../db/sessions.ts'
import { addIdentity, identityOf } from '../db/sso.ts'
import { activeAdministrators, addUser, changeUser, secretsOfEmail, userById } from '../db/users.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { Role, type User } from '../model/user.ts'
import { topicOfUser } from './live-hub.ts'
import type { SsoPerson } from './sso.ts'

type Granted = { readonly role: User['role']; readonly providerId: string | null }
type At = { readonly tx: Db; readonly sso: SsoConfig; readonly clock: Clock }

const refused = (step: string): Trouble => new Trouble('sign-in.refused', { step: `sso: ${step}` })

/** The account of somebody whom the identity provider vouches for. Throws Trouble('sign-in.refused'). */
export async function userOfSso(at: At, person: SsoPerson): Promise<User> {
  const identity = await identityOf(at.tx, person.issuer, person.subject)
  if (identity === null) return newUserOf(at, person)
  const user = await userById(at.tx, identity.userId)
  if (user === null || user.disabled) throw refused('shut account')
  return identity.managed ? followGroups(at, user, person) : user
}

/** Ties an identity to the account of somebody who is signed in. */
export async function tieIdentity(at: At, person: SsoPerson, userId: string): Promise<User> {
  const user = await userById(at.tx, userId)
  if (user === null || user.disabled) throw refused('shut account')
  const tied = { issuer: person.issuer, subject: person.subject, userId, managed: false }
  if (!(await addIdentity(at.tx, tied, at.clock.now()))) throw refused('this identity is tied already')
  const actor = `user:${userId}`
  await append(at.tx, { kind: 'user.changed', actor, subject: actor, body: { sso: person.issuer } }, at.clock)
  return user
}

/** The first group that is named decides; null: none of theirs is. */
function grantedBy(sso: SsoConfig, groups: readonly string[]): Granted | null {
  const found = sso.roles.find(({ group }) => groups.includes(group))
  return found === undefined ? null : { role: Role.parse(found.role), providerId: found.providerId ?? null }
}

async function newUserOf(at: At, person: SsoPerson): Promise<User> {
  const { tx, sso, clock } = at
  if (person.email === null) throw refused('no verified mail address')
  // An account that is there is never taken over by whoever has its address: its owner ties the two together, signed in.
  if ((await secretsOfEmail(tx, person.email)) !== null) throw refused('an account with this address exists')
  const granted = sso.users === 'invited' ? await invited(at, person.email) : grantedBy(sso, person.groups)
  if (granted === null) throw refused(sso.users === 'invited' ? 'no invitation' : 'no group with a role')
  const now = clock.now()
  const user: User = {
    ...{ id: crypto.randomUUID(), email: person.email, name: person.name.slice(0, 200), ...granted },
    ...{ createdAt: now.toISOString(), disabled: false, kind: 'person' },
  }
  const made = await addUser(tx, user, { passwordHash: null, totpSealed: null, totpLastStep: 0 })
  const tied = {
    ...{ issuer: person.issuer, subject: person.subject, userId: user.id },
    managed: sso.users === 'just-in-time',
  }
  // Two who come at once with one identity or address are one account.
  if (!made || !(await addIdentity(tx, tied, now))) throw refused('an account with this address exists')
  const subject = `user:${user.id}`
  const body = { role: user.role, sso: person.issuer }
  await append(tx, { kind: 'user.created', actor: subject, subject, body }, clock)
  return user
}

/** Uses the open invitation for this address up. */
async function invited({ tx, clock }: At, email: string): Promise<Granted | null> {
  const open = (await openInvitations(tx, clock.now())).find((one) => one.email === email)
  if (open === undefined || (await revokeInvitation(tx, open.id, clock.now())) === null) return null
  return { role: open.role, providerId: open.providerId }
}

/** Whoever was made by their groups is what their groups say now; the last administrator stays one. */
async function followGroups({ tx, sso, clock }: At, user: User, person: SsoPerson): Promise<User> {
  const granted = grantedBy(sso, person.groups)
  if (granted === null) throw refused('no group with a role any more')
  if (granted.role === user.role && granted.providerId === user.providerId) return user
  const administrators = await activeAdministrators(tx)
  if (user.role === 'administrator' && administrators.length === 1 && administrators[0] === user.id) return user
  await changeUser(tx, user.id, granted)
  await endSessionsOf(tx, user.id)
  await notify(tx, topicOfUser(user.id))
  const body = { ...granted, sso: person.issuer }
  await append(tx, { kind: 'user.changed', actor: 'system', subject: `user:${user.id}`, body }, clock)
  return { ...user, ...granted }
}
