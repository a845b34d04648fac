import { z } from 'zod'
import { endpoint } from './endpoint.ts'

const range = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], 'an address, or a range such as 192.0.2.0/24')
const provider = z.object({ id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/) })
const oneLine = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]+$/u, 'one line')

/** The door for a provider's own analysts. */
export const doorApi = {
  'GET /api/providers/:id/door': endpoint({
    permission: 'house.see',
    says: 'From where the analysts of a provider may come, how often, and who of them looked at what',
    params: provider,
    answer: z.object({
      ranges: z.array(z.string()),
      requestsPerDay: z.int(),
      version: z.int(),
      trail: z.array(
        z.object({
          at: z.iso.datetime(),
          who: z.string(),
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
  'POST /api/portal/requests': endpoint({
    permission: 'portal.see',
    says: 'Ask what is known about an address, name, hash or the like; the answer is a reply that people here review and release',
    body: z.object({ observable: oneLine(300), why: oneLine(1_000) }),
    answer: z.object({ ticket: z.string() }),
  }),
} as const
