import { z } from 'zod'
import { SensitiveClass } from './reply.ts'

/** What an agreement can let leave. A secret is never one: whoever reads the answer could use it. */
export const ShareableClass = SensitiveClass.exclude(['secret'])
export type ShareableClass = z.infer<typeof ShareableClass>

/** Alerts that a person of ours opens come from here. */
export const ownDeskId = 'own-desk'

/** A provider and how we know that it is them. */
export const Provider = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  name: z.string().min(1).max(200),
  /** Reader to try first ("red-canary"...), or "generic". */
  format: z.string(),
  /** Mail addresses that are theirs. */
  addresses: z.array(z.string()),
  /** Mail domains that are theirs (and their subdomains). */
  domains: z.array(z.string()),
  /** CIDR ranges their mail and posts come from; empty = not pinned. */
  sourceRanges: z.array(z.string()),
  /** ARC sealers we trust on the way (forwarders, our own gateway). */
  trustedSealers: z.array(z.string()),
  /** Where replies go if the mail itself names nothing better. */
  replyAddress: z.string().nullable(),
  /** true: replies are made and shown, but not sent, until a person switches it. */
  dryRun: z.boolean(),
  /** What the agreement lets leave. Classes of sensitive spans that may stay as they are. */
  mayShare: z.array(ShareableClass),
})
export type Provider = z.infer<typeof Provider>
