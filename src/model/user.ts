import { z } from 'zod'

/** What a person may do. The table that maps roles to permissions is contract/permissions.ts. */
export const Role = z.enum(['administrator', 'lead', 'analyst', 'approver', 'auditor'])
export type Role = z.infer<typeof Role>

export const User = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: Role,
  createdAt: z.iso.datetime(),
  disabled: z.boolean(),
})
export type User = z.infer<typeof User>
