import { z } from 'zod'
import { MailProtection } from './mail-key.ts'

/**
 * released: a person let it leave; it waits for its hold to end. leaving: it is being handed over. left: their server took it.
 * unconfirmed: nobody can know. refused: it did not leave, or came back. withdrawn: taken back in time. dry-run: the provider is not live.
 */
export const EgressState = z.enum(['released', 'leaving', 'left', 'unconfirmed', 'refused', 'withdrawn', 'dry-run'])
export type EgressState = z.infer<typeof EgressState>

/** `chat` and `ticket` leave by agreement: who set the place up said what may go there, and no person releases each. */
export const EgressKind = z.enum(['reply', 'pack', 'chat', 'ticket'])
export type EgressKind = z.infer<typeof EgressKind>

export const EgressChannel = z.enum(['mail', 'slack', 'teams', 'jira', 'servicenow', 'webhook', 'provider-api'])
export type EgressChannel = z.infer<typeof EgressChannel>

/** Bytes that a person let leave towards a provider. All but `state`, `holdUntil`, `leftAt` and `receipt` stay as they were released. */
export const Egress = z.object({
  id: z.uuid(),
  kind: EgressKind,
  /** What it is: "reply:<id>", "pack:<id>/<version>", "alert:<id>" that was told elsewhere, or "chat:<channel>". */
  of: z.string(),
  providerId: z.string(),
  channel: EgressChannel,
  recipients: z.array(z.string()),
  subject: z.string(),
  messageId: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
  releasedBy: z.string(),
  releasedAt: z.iso.datetime(),
  /** Why it may leave, as it was at the release. */
  rule: z.string(),
  holdUntil: z.iso.datetime(),
  state: EgressState,
  leftAt: z.iso.datetime().nullable(),
  receipt: z.string().nullable(),
  /** Where it left signed or encrypted: by which keys, and the digest of what was released in the clear, which is what its reader sees. */
  clearSha256: z.string().nullable(),
  protection: MailProtection.nullable(),
})
export type Egress = z.infer<typeof Egress>
