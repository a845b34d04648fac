import { z } from 'zod'

/** What a person may do. The table that maps roles to permissions is contract/permissions.ts. */
export const Role = z.enum([
  'administrator',
  'lead',
  'analyst',
  'approver',
  'auditor',
  'asset-owner',
  'provider-analyst',
])
export type Role = z.infer<typeof Role>

export const User = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: Role,
  createdAt: z.iso.datetime(),
  disabled: z.boolean(),
  /** A program has no sign-in, only keys. */
  kind: z.enum(['person', 'service']),
  /** The provider whose analyst this is, and whose own tickets alone they see; null for everybody else. */
  providerId: z.string().nullable(),
})
export type User = z.infer<typeof User>
