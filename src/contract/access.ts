import { z } from 'zod'
import { Role } from '../model/user.ts'
import { Done, endpoint } from './endpoint.ts'
import { forKeys, serviceRoles } from './permissions.ts'

/** A key that is forgotten about should not work for years. */
export const keyDaysMax = 366
/** Programs have a key each, and a second one while it is changed. */
export const keysOfAccountLivingMax = 20
const when = z.iso.datetime()

export const Scope = z.enum(forKeys)
export const ServiceRole = z.enum(serviceRoles)

export const ApiKeyRow = z.object({
  id: z.uuid(),
  name: z.string(),
  /** The first characters, to recognise it by. */
  prefix: z.string(),
  scopes: z.array(z.string()),
  allowFrom: z.array(z.string()),
  madeAt: when,
  expiresAt: when,
  revokedAt: when.nullable(),
  lastUsedAt: when.nullable(),
  lastUsedFrom: z.string().nullable(),
})
export type ApiKeyRow = z.infer<typeof ApiKeyRow>

export const ServiceAccountRow = z.object({
  id: z.uuid(),
  name: z.string(),
  role: Role,
  disabled: z.boolean(),
  createdAt: when,
  /** What a key of it can be given. */
  scopes: z.array(Scope),
  keys: z.array(ApiKeyRow),
})
export type ServiceAccountRow = z.infer<typeof ServiceAccountRow>

export const NewApiKey = z.object({
  name: z.string().trim().min(1, 'Say what uses it').max(100),
  scopes: z.array(Scope).min(1, 'Choose what it may do').max(forKeys.length),
  days: z.int().min(1).max(keyDaysMax).default(90).describe('Days until it expires'),
  allowFrom: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
    .max(50)
    .default([])
    .describe('Addresses and ranges it may be used from; none: from anywhere'),
})

const id = z.object({ id: z.uuid() })

export const accessApi = {
  'GET /api/service-accounts': endpoint({
    permission: 'user.manage',
    says: 'Accounts of programs, and their keys',
    answer: z.object({ accounts: z.array(ServiceAccountRow) }),
  }),
  'POST /api/service-accounts': endpoint({
    permission: 'user.manage',
    says: 'Make an account for a program; it cannot sign in',
    body: z.object({ name: z.string().trim().min(1, 'Say which program').max(100), role: ServiceRole }),
    answer: z.object({ id: z.uuid() }),
  }),
  'POST /api/service-accounts/:id/keys': endpoint({
    permission: 'user.manage',
    says: 'Make a key of such an account; it is told this once',
    params: id,
    body: NewApiKey,
    answer: z.object({ id: z.uuid(), key: z.string(), prefix: z.string(), expiresAt: when }),
  }),
  'POST /api/api-keys/:id/revoke': endpoint({
    permission: 'user.manage',
    says: 'Take a key back; it stops working at once',
    params: id,
    answer: Done,
  }),
  'GET /api/key': endpoint({
    permission: 'api-key',
    says: 'What the key of this request is and may do',
    answer: z.object({
      account: z.string(),
      role: Role,
      name: z.string(),
      scopes: z.array(Scope),
      expiresAt: when,
    }),
  }),
} as const
