import { z } from 'zod'
import { Tlp } from './intelligence.ts'
import { MailRule } from './mail-key.ts'
import { SensitiveClass } from './reply.ts'

/** What an agreement can let leave. A secret is never one: whoever reads the answer could use it. */
export const ShareableClass = SensitiveClass.exclude(['secret'])
export type ShareableClass = z.infer<typeof ShareableClass>

/** What else the agreement says about what leaves. */
export const Sharing = z.object({
  /** Classes that never leave as they are, whatever reason somebody gives. */
  never: z.array(ShareableClass).max(ShareableClass.options.length),
  /** The strictest traffic light (TLP 2.0) of intelligence that may leave. */
  upToTlp: Tlp,
  /** Domains that recipients must be at; none: those of the provider. */
  recipientDomains: z.array(z.string().max(253)).max(50),
  /** Classes for which a second person releases too. */
  secondPerson: z.array(SensitiveClass).max(SensitiveClass.options.length),
})
export type Sharing = z.infer<typeof Sharing>

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
  /** Absent: what was agreed before there was more to say (triage/sharing.ts). */
  sharing: Sharing.optional(),
  /** How mails to it are signed and encrypted. Absent: not at all. */
  mail: MailRule.optional(),
})
export type Provider = z.infer<typeof Provider>

/** An agreement with every question answered. */
export type Agreement = {
  readonly mayShare: readonly ShareableClass[]
  readonly never: readonly ShareableClass[]
  readonly upToTlp: Tlp
  readonly recipientDomains: readonly string[]
  readonly secondPerson: readonly SensitiveClass[]
}

/** Whose words about employment or health leave, or where a secret was found, a second person looks (unless agreed otherwise). */
const secondPersonDefault: readonly SensitiveClass[] = ['hr', 'health', 'secret']

export function agreementOf(provider: Pick<Provider, 'mayShare' | 'sharing'>): Agreement {
  const { mayShare, sharing } = provider
  return {
    mayShare,
    never: sharing?.never ?? [],
    // Whatever an agreement shares: RED and AMBER+STRICT leave only where it says so.
    upToTlp: sharing?.upToTlp ?? 'AMBER',
    recipientDomains: sharing?.recipientDomains ?? [],
    secondPerson: sharing?.secondPerson ?? secondPersonDefault,
  }
}

/** True for an address that is the provider's, by its settings. */
export function isTheirs(address: string, provider: Provider): boolean {
  const mail = address.toLowerCase()
  const domain = mail.slice(mail.lastIndexOf('@') + 1)
  const known = [...provider.addresses, provider.replyAddress ?? ''].map((one) => one.toLowerCase())
  return (
    known.includes(mail) ||
    provider.domains.some((one) => domain === one.toLowerCase() || domain.endsWith(`.${one.toLowerCase()}`))
  )
}
