import { z } from 'zod'

export const Mailbox = z.object({ name: z.string(), address: z.string() })
export type Mailbox = z.infer<typeof Mailbox>

/** A readable part of a mail: text as it is, HTML turned into text (never rendered), JSON as it came. Offsets in spans point into `text`. */
export const TextPart = z.object({
  /** "subject" for the subject line, else the MIME path ("1", "1.2"), or "attachment:1.3" for a text attachment. */
  path: z.string(),
  /** Media type it had in the mail, e.g. "text/html". */
  type: z.string(),
  text: z.string(),
})
export type TextPart = z.infer<typeof TextPart>

export const Attachment = z.object({
  path: z.string(),
  filename: z.string(),
  type: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
})
export type Attachment = z.infer<typeof Attachment>

/** What kind of automatic mail it is by its own headers, before anybody reads the text. `none` = a person or a plain system mail. */
export const AutoKind = z.enum(['none', 'bounce', 'auto-reply', 'list'])
export type AutoKind = z.infer<typeof AutoKind>

/** A delivery status notification (RFC 3464), one row for each recipient. */
export const DeliveryStatus = z.object({
  /** Message-ID of the mail it is about, without angle brackets, where it says so. */
  about: z.string().nullable(),
  recipients: z.array(
    z.object({ address: z.string(), action: z.string(), status: z.string(), diagnostic: z.string() }),
  ),
})
export type DeliveryStatus = z.infer<typeof DeliveryStatus>

/** A mail, parsed. Message-IDs come without angle brackets. Never throws away the bytes: those stay with the Message. */
export const Letter = z.object({
  messageId: z.string().nullable(),
  inReplyTo: z.string().nullable(),
  references: z.array(z.string()),
  from: Mailbox.nullable(),
  replyTo: z.array(Mailbox),
  to: z.array(Mailbox),
  cc: z.array(Mailbox),
  subject: z.string(),
  date: z.iso.datetime().nullable(),
  /** In order, names lower-case, values unfolded and decoded; only the first 200. */
  headers: z.array(z.object({ name: z.string(), value: z.string() })),
  /** Always begins with the subject as part "subject". */
  parts: z.array(TextPart),
  attachments: z.array(Attachment),
  auto: AutoKind,
  deliveryStatus: DeliveryStatus.nullable(),
  /** What was odd about it, in words ("two Subject headers", "HTML cut at 2 MB"). */
  warnings: z.array(z.string()),
})
export type Letter = z.infer<typeof Letter>
