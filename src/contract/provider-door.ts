import { z } from 'zod'
import { ApiKeyRow, keyDaysMax } from './access.ts'
import { Done, endpoint } from './endpoint.ts'
import { doorScopes } from './permissions.ts'

const range = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], 'an address, or a range such as 192.0.2.0/24')
const provider = z.object({ id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/) })
const oneLine = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]+$/u, 'one line')

/** A provider has a case system, an enrichment bot, and a second key of each while it is changed; ten are room for it. */
export const doorKeysLivingMax = 10

/** A key of a provider's own systems. Without addresses there is none: they stand in for the second factor (decision 0020). */
const NewDoorKey = z.object({
  name: z.string().trim().min(1, 'Say which system of theirs uses it').max(100),
  scopes: z.array(z.enum(doorScopes)).min(1, 'Choose what it may do').max(doorScopes.length),
  days: z.int().min(1).max(keyDaysMax).default(90).describe('Days until it expires'),
  allowFrom: z
    .array(range)
    .min(1, 'Say from which addresses their system comes: without them there is no key')
    .max(50)
    .describe('Addresses and ranges it may be used from; at least one'),
})

/** The door for a provider's own analysts, and for their systems. */
export const doorApi = {
  'GET /api/providers/:id/door': endpoint({
    permission: 'house.see',
    says: 'From where the analysts of a provider may come, how often, and who of them looked at what',
    params: provider,
    answer: z.object({
      ranges: z.array(z.string()),
      requestsPerDay: z.int(),
      version: z.int(),
      keys: z.array(ApiKeyRow),
      trail: z.array(
        z.object({
          at: z.iso.datetime(),
          who: z.string(),
          /** The first characters of the key, where it was a system of theirs and not a person. */
          key: z.string().nullable(),
          what: z.string(),
          alert: z.object({ id: z.uuid(), number: z.int() }).nullable(),
          says: z.string(),
          address: z.string(),
        }),
      ),
    }),
  }),
  'PUT /api/providers/:id/door': endpoint({
    permission: 'provider.change',
    says: 'From where the analysts of a provider may come (none named: everywhere), and how many requests they have a day',
    params: provider,
    body: z.object({
      ranges: z.array(range).max(100),
      requestsPerDay: z.int().min(0).max(1000),
      version: z.int().nonnegative(),
    }),
    answer: z.object({ version: z.int() }),
  }),
  'POST /api/providers/:id/door/keys': endpoint({
    permission: 'provider.change',
    says: 'Make a key for a system of the provider, for reading released answers and for asking; it is told this once',
    params: provider,
    body: NewDoorKey,
    answer: z.object({ id: z.uuid(), key: z.string(), prefix: z.string(), expiresAt: z.iso.datetime() }),
  }),
  'POST /api/providers/:id/door/keys/:key/revoke': endpoint({
    permission: 'provider.change',
    says: 'Take a key of the provider’s systems back; it stops working at once',
    params: provider.extend({ key: z.uuid() }),
    answer: Done,
  }),
  'POST /api/portal/requests': endpoint({
    permission: 'portal.ask',
    says: 'Ask what is known about an address, name, hash or the like; the answer is a reply that people here review and release',
    body: z.object({ observable: oneLine(300), why: oneLine(1_000) }),
    answer: z.object({ ticket: z.string() }),
  }),
} as const
