import type { Role } from '../model/user.ts'

/**
 * Who may do what: one row for each permission, naming the roles that have it. Doors are shut by default: a role that is
 * not named does not get in, and a route that names no permission does not start (http/server.ts).
 */
export const permissions = {
  'self.manage': ['administrator', 'lead', 'analyst', 'approver', 'auditor'],
  'desk.see': ['administrator', 'lead', 'analyst', 'approver', 'auditor'],
  'alert.decide': ['administrator', 'lead', 'analyst'],
  // Who works it, when it is looked at again, what it is the same as: not what is said of it.
  'alert.arrange': ['administrator', 'lead', 'analyst'],
  'alert.ask': ['administrator', 'lead', 'analyst'],
  'playbook.run': ['administrator', 'lead', 'analyst'],
  'playbook.change': ['administrator', 'lead'],
  'message.download': ['administrator', 'lead', 'analyst', 'auditor'],
  'quarantine.see': ['administrator', 'lead', 'analyst', 'auditor'],
  'quarantine.release': ['administrator', 'lead', 'analyst'],
  'reply.write': ['administrator', 'lead', 'analyst'],
  'reply.release': ['administrator', 'lead', 'analyst', 'approver'],
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
} as const satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof permissions

/**
 * What a route asks of its caller. Besides the table: `public` (anybody), `one-time-link` (whoever holds a link's token,
 * checked by the route), `provider-key` (whoever holds a provider's intake key, checked by the route), `webhook` (whoever signs as a
 * provider does, checked by the route), `log-key` (whoever holds a
 * key of a log source, checked by http/log-posts.ts).
 */
export type Access = Permission | 'public' | 'one-time-link' | 'provider-key' | 'webhook' | 'log-key'

/** True when the role has the permission. */
export function may(role: Role, permission: Permission): boolean {
  return (permissions[permission] as readonly Role[]).includes(role)
}

/** Everything a role may do, for the page to know which buttons to show. The server checks again. */
export function permissionsOf(role: Role): Permission[] {
  return (Object.keys(permissions) as Permission[]).filter((permission) => may(role, permission))
}
