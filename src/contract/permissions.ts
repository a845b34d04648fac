import { approverRoles } from '../model/approval.ts'
import { releaserRoles } from '../model/release.ts'
import { Role } from '../model/user.ts'

/**
 * Who may do what: one row for each permission, naming the roles that have it. Doors are shut by default: a role that is
 * not named does not get in, and a route that names no permission does not start (http/server.ts).
 */
export const permissions = {
  'self.manage': Role.options,
  // What is told over it depends on who listens (http/live-hub.ts).
  'live.listen': Role.options,
  // Asset owners and providers' analysts have pages of their own and nothing else; what they see there is cut in db/limited.ts.
  'owned.see': ['asset-owner'],
  'owned.answer': ['asset-owner'],
  'portal.see': ['provider-analyst'],
  'portal.ask': ['provider-analyst'],
  'desk.see': ['administrator', 'lead', 'analyst', 'approver', 'auditor'],
  // That they have an alert open: said by people only.
  'presence.say': ['administrator', 'lead', 'analyst', 'approver', 'auditor'],
  'alert.decide': ['administrator', 'lead', 'analyst'],
  // Who works it, when it is looked at again, what it is the same as: not what is said of it.
  'alert.arrange': ['administrator', 'lead', 'analyst'],
  'ticket.work': ['administrator', 'lead', 'analyst'],
  'ticketing.change': ['administrator', 'lead'],
  // What is remembered proposes an answer, and hides nothing that a person decided as harm.
  'expectation.write': ['administrator', 'lead', 'analyst'],
  // What is known of a machine or a person, for whoever works an alert about it later.
  'note.write': ['administrator', 'lead', 'analyst'],
  // What a provider says of a tuning request, as a person wrote it down.
  'tuning.write': ['administrator', 'lead', 'analyst'],
  // A match then decides with nobody looking: its owner says so, and owns what comes of it.
  'expectation.decide': ['administrator', 'lead'],
  'alert.ask': ['administrator', 'lead', 'analyst'],
  'playbook.run': ['administrator', 'lead', 'analyst'],
  'playbook.change': ['administrator', 'lead'],
  'message.download': ['administrator', 'lead', 'analyst', 'auditor'],
  'quarantine.see': ['administrator', 'lead', 'analyst', 'auditor'],
  'quarantine.release': ['administrator', 'lead', 'analyst'],
  'reply.write': ['administrator', 'lead', 'analyst'],
  // Saying of each sensitive place what happens to it.
  'reply.review': ['administrator', 'lead', 'analyst'],
  // A decision that is thought out but not taken, or a remark: it changes nothing.
  'suggestion.write': ['administrator', 'lead', 'analyst'],
  'reply.release': releaserRoles,
  // To find what one was asked to sign; that one was asked is looked at for each.
  'approval.sign': approverRoles,
  'xray.run': ['administrator', 'lead', 'analyst'],
  'house.see': ['administrator', 'lead', 'analyst', 'auditor'],
  'provider.change': ['administrator', 'lead'],
  // Teaching reads messages and keeps nothing; what is kept decides how all that comes is read.
  'reader.teach': ['administrator', 'lead', 'analyst'],
  'reader.change': ['administrator', 'lead'],
  'setting.change': ['administrator'],
  // Whoever sets a connector up says where a secret goes and what is asked in our name.
  'connector.change': ['administrator'],
  'connector.test': ['administrator', 'lead'],
  'context.import': ['administrator', 'lead'],
  // Whoever works alerts learns what a machine is for, and may write it down; it is in the ledger, and the sources stay as they are.
  'context.edit': ['administrator', 'lead', 'analyst'],
  'user.manage': ['administrator'],
  // Logs tell who did what when. Whoever searches them leaves a line in the ledger.
  'logs.search': ['administrator', 'lead', 'analyst', 'auditor'],
  'logs.see': ['administrator', 'lead', 'analyst', 'auditor'],
  'log-source.change': ['administrator', 'lead'],
  'ledger.see': ['administrator', 'lead', 'auditor'],
  // The one thing an auditor writes; whoever is audited does not write it.
  'audit.say': ['auditor'],
} as const satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof permissions

/**
 * What a key may do at most, whatever its scopes say: read, draft, and bring in what is known elsewhere. Whatever needs a person is
 * not here (to decide, review, release, approve, to ask people, to change who may what), and what is new is not until somebody adds it.
 */
export const forKeys = [
  'desk.see',
  'message.download',
  'quarantine.see',
  'house.see',
  'reply.write',
  'suggestion.write',
  'context.import',
  'logs.search',
  'logs.see',
  'ledger.see',
  'xray.run',
  // For a provider's own systems at its door; no account of the house has a role that may (decision 0020).
  'portal.see',
  'portal.ask',
] as const satisfies readonly Permission[]
export type Scope = (typeof forKeys)[number]

/** Roles that the account of a program can have. None of them may change who may what. */
export const serviceRoles = ['lead', 'analyst', 'auditor'] as const satisfies readonly Role[]

export function isScope(permission: string): permission is Scope {
  return (forKeys as readonly string[]).includes(permission)
}

/** What a key of a provider's own systems can be given: to read what was released, to ask. */
export const doorScopes = ['portal.see', 'portal.ask'] as const satisfies readonly Scope[]

/** The scopes that a key of an account with this role can have. */
export function scopesOf(role: Role): Scope[] {
  return forKeys.filter((scope) => may(role, scope))
}

/**
 * What a route asks of its caller. Besides the table: `public` (anybody), `one-time-link` (whoever holds a link's token,
 * checked by the route), `provider-key` (whoever holds a provider's intake key, checked by the route), `webhook` (whoever signs as a
 * provider does, checked by the route), `log-key` (whoever holds a
 * key of a log source, checked by http/log-posts.ts), `api-key` (any key of a program; it learns what it may do).
 */
export type Access = Permission | 'public' | 'one-time-link' | 'provider-key' | 'webhook' | 'log-key' | 'api-key'

/** True when the role has the permission. */
export function may(role: Role, permission: Permission): boolean {
  return (permissions[permission] as readonly Role[]).includes(role)
}

/** Everything a role may do, for the page to know which buttons to show. The server checks again. */
export function permissionsOf(role: Role): Permission[] {
  return (Object.keys(permissions) as Permission[]).filter((permission) => may(role, permission))
}
