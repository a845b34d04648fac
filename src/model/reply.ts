import { z } from 'zod'
import { Tlp } from './intelligence.ts'

/** Why a span is sensitive. */
export const SensitiveClass = z.enum([
  'person',
  'account',
  'host',
  'internal-address',
  'internal-url',
  'secret',
  'personal',
  'hr',
  'health',
  'path',
  /** Marked so that it may not be passed on (TLP). */
  'intelligence',
  /** In an attached file, and read by no detector: a person looks at it. */
  'picture',
])
export type SensitiveClass = z.infer<typeof SensitiveClass>

/** A sensitive place in a draft, and what a person says of it. Offsets in UTF-16 code units of the draft's text. */
export const SensitiveSpan = z.object({
  id: z.string(),
  start: z.int(),
  end: z.int(),
  text: z.string(),
  class: SensitiveClass,
  reason: z.string(),
  confidence: z.number().min(0).max(1),
  /** null: not reviewed yet; the reply cannot be released. */
  verdict: z.enum(['redact', 'keep', 'pseudonym']).nullable(),
  /** Stands in its place when it is a pseudonym, e.g. "USER-7". */
  pseudonym: z.string().nullable(),
  keepReason: z.string().nullable(),
  /** Of intelligence: how its source marked it. */
  tlp: z.union([Tlp, z.literal('unread')]).optional(),
})
export type SensitiveSpan = z.infer<typeof SensitiveSpan>

/**
 * draft: being written and reviewed. held: released by a person, waits for its hold to end (can be cancelled).
 * sending: a worker has it. sent: the mail server took it. unconfirmed: nobody can know whether it was taken; a person settles it.
 * failed: refused for good. dry-run: released, but the provider is not switched live. cancelled: taken back in time.
 */
export const ReplyState = z.enum(['draft', 'held', 'sending', 'sent', 'unconfirmed', 'failed', 'dry-run', 'cancelled'])
export type ReplyState = z.infer<typeof ReplyState>

export const Reply = z.object({
  id: z.uuid(),
  alertId: z.uuid(),
  state: ReplyState,
  text: z.string(),
  spans: z.array(SensitiveSpan),
  to: z.array(z.string()),
  subject: z.string(),
  /** Without angle brackets; ours, deterministic. */
  messageId: z.string(),
  inReplyTo: z.string().nullable(),
  references: z.array(z.string()),
  /** SHA-256 of the exact bytes that leave; set at release. */
  digest: z.string().nullable(),
  releasedBy: z.string().nullable(),
  releasedAt: z.iso.datetime().nullable(),
  holdUntil: z.iso.datetime().nullable(),
  sentAt: z.iso.datetime().nullable(),
  /** What the mail server said. */
  receipt: z.string().nullable(),
  version: z.int(),
})
export type Reply = z.infer<typeof Reply>
