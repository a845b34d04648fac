import { z } from 'zod'
import { allowForm, caForm, limitForms } from '../reach.ts'

/** A server, or IANA's bootstrap registry that names the server for each domain and range (RFC 9224). */
const baseForm = z.url({ protocol: /^https?$/ }).max(500)

export const RdapSettings = z.strictObject({
  bootstrap: baseForm
    .default('https://data.iana.org/rdap/')
    .meta({ title: 'Bootstrap registry' })
    .describe(
      'Where dns.json, ipv4.json and ipv6.json of IANA are; they name the server for each top-level domain and range',
    ),
  server: z
    .union([baseForm, z.literal('')])
    .default('')
    .meta({ title: 'One server for everything' })
    .describe('An RDAP server or mirror of your own that is asked instead; empty: the server that the registry names'),
  ca: caForm,
  allowAddresses: allowForm,
  ...limitForms({ timeoutMs: 8_000, concurrency: 2, perMinute: 60 }),
})
export type RdapSettings = z.infer<typeof RdapSettings>

/** RFC 9224: a list of services, each the names or ranges it is for, and the addresses of its servers. */
export const Bootstrap = z.object({
  publication: z.string().max(100).optional(),
  services: z.array(z.tuple([z.array(z.string()), z.array(z.string())])).max(5_000),
})

const text = z.string().max(2_000)
/** jCard (RFC 7095): lists of [property, parameters, type, value]. */
const Entity = z.object({
  handle: text.optional(),
  roles: z.array(text).max(20).default([]),
  vcardArray: z.tuple([z.literal('vcard'), z.array(z.array(z.unknown())).max(100)]).optional(),
  get entities() {
    return z.array(Entity).max(50).default([])
  },
})
export type Entity = z.infer<typeof Entity>
const events = z
  .array(z.object({ eventAction: text, eventDate: text }))
  .max(100)
  .default([])

/** What we read of a domain (RFC 9083, 5.3). */
export const RdapDomain = z.object({
  objectClassName: z.literal('domain'),
  ldhName: text.optional(),
  events,
  status: z.array(text).max(50).default([]),
  nameservers: z
    .array(z.object({ ldhName: text.optional() }))
    .max(50)
    .default([]),
  entities: z.array(Entity).max(50).default([]),
})
export type RdapDomain = z.infer<typeof RdapDomain>

/** What we read of a network (RFC 9083, 5.4), with the CIDR extension that every regional registry has. */
export const RdapNetwork = z.object({
  objectClassName: z.literal('ip network'),
  handle: text.optional(),
  startAddress: text.optional(),
  endAddress: text.optional(),
  name: text.optional(),
  country: text.optional(),
  cidr0_cidrs: z
    .array(z.object({ v4prefix: text.optional(), v6prefix: text.optional(), length: z.int() }))
    .max(100)
    .default([]),
  events,
  entities: z.array(Entity).max(50).default([]),
})
export type RdapNetwork = z.infer<typeof RdapNetwork>
