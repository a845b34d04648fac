import { z } from 'zod'
import { AttachmentKind, attachmentBytesMax } from '../model/attachment.ts'
import { Tlp } from '../model/intelligence.ts'
import { ProtectionSeen } from '../model/mail-key.ts'
import { Reply, SensitiveSpan } from '../model/reply.ts'
import { ApprovalTalk } from './approvals.ts'
import { Done, endpoint } from './endpoint.ts'

/** A reply is a mail, not a report; twenty pages of text. */
export const replyCharactersMax = 50_000

/** A file of a draft, as it is shown beside it. */
const ReplyFileShown = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: AttachmentKind.or(z.literal('blocked')),
  sizeBytes: z.int(),
  /** Why it was not looked into, and what to do; null for one that was. */
  blocked: z.object({ why: z.string(), next: z.string() }).nullable(),
  stripped: z.array(z.string()),
  /** Places of it can be covered; of others only the file's name. */
  isPlain: z.boolean(),
  fromCase: z.boolean(),
  addedBy: z.string(),
  addedAt: z.iso.datetime(),
  nameSpans: z.array(SensitiveSpan),
  /** With the words around each: the file itself stands on no page. */
  spans: z.array(SensitiveSpan.extend({ before: z.string(), after: z.string() })),
})
export type ReplyFileShown = z.infer<typeof ReplyFileShown>

export const ReplyPage = z.object({
  reply: Reply,
  files: z.array(ReplyFileShown),
  /** Files of the case that can be taken along. */
  evidence: z.array(z.object({ id: z.uuid(), name: z.string(), sizeBytes: z.int() })),
  alert: z.object({ id: z.uuid(), number: z.int(), title: z.string(), ticket: z.string().nullable() }),
  provider: z.object({
    id: z.string(),
    name: z.string(),
    dryRun: z.boolean(),
    mayShare: z.array(z.string()),
    upToTlp: Tlp,
  }),
  /** Places that can never stay as they are, by id: why, and what to do instead. */
  blocked: z.record(z.string(), z.object({ why: z.string(), next: z.string() })),
  /** Why a second person would have to release it too, as it is reviewed now. */
  twoBecause: z.array(z.string()),
  /** A draft that one person released, and that waits for a second. */
  first: z
    .object({ byName: z.string(), at: z.iso.datetime(), because: z.array(z.string()), mine: z.boolean() })
    .nullable(),
  /** Who was asked to release it too, by mail and under My approvals; null where it waits for nobody, or nobody else may. */
  asked: z
    .object({ id: z.uuid(), names: z.array(z.string()), expiresAt: z.iso.datetime(), talk: ApprovalTalk })
    .nullable(),
  /** How long it would wait for a second person, as the house has it now. */
  secondHours: z.int(),
  /** How whoever looks would release it: by a signature, by a click, or by either. */
  signing: z.object({ passkeys: z.int(), clickIsEnough: z.boolean() }),
  /** Who signed exactly these bytes with a passkey, oldest first. */
  signatures: z.array(z.object({ part: z.enum(['first', 'second']), byName: z.string(), at: z.iso.datetime() })),
  /** The place of its release in the ledger's tree; null before, and for the moment until the tree has taken it. */
  ledgerIndex: z.int().nullable(),
  /** What earlier answers in this thread told already, newest first. */
  earlier: z.array(z.object({ replyId: z.uuid(), sentAt: z.iso.datetime(), text: z.string() })),
  /** Each recipient, and why it may receive this. */
  recipients: z.array(z.object({ address: z.string(), because: z.string() })),
  /** Through the provider's own API instead of by mail; null: by mail. */
  api: z
    .object({
      system: z.string(),
      title: z.string(),
      ticket: z.string(),
      /** In their words; "" says nothing of it. Null: nobody said what the decision is called there, and so it cannot be released. */
      words: z.object({ status: z.string(), verdict: z.string() }).nullable(),
      /** How far it has come, once it is released; `telling`: it was begun, and no answer came (yet). */
      requests: z.array(
        z.object({
          tells: z.array(z.string()),
          state: z.enum(['waits', 'telling', 'taken']),
          at: z.iso.datetime().nullable(),
        }),
      ),
    })
    .nullable(),
  /** Why it goes by mail although an API is set up. */
  byMailBecause: z.string().nullable(),
  /** Whether it leaves signed and encrypted: as things are, or as it was released. */
  protection: ProtectionSeen,
  holdSeconds: z.number(),
  releasedByName: z.string().nullable(),
  mayRelease: z.boolean(),
})
export type ReplyPage = z.infer<typeof ReplyPage>

export const ReplyPreview = z.object({
  text: z.string(),
  /** As it leaves: what stands in the draft's may be covered there. */
  subject: z.string(),
  /** The machine-readable part; null where none goes along. */
  machine: z.string().nullable(),
  /** The beginning of the bytes, where files make them long. */
  mime: z.string(),
  mimeCut: z.boolean(),
  sizeBytes: z.int(),
  sha256: z.string(),
  /** Where other bytes leave, because it is signed or encrypted: those, once they are fixed. What is shown is what their reader sees. */
  leaves: z.object({ sha256: z.string(), sizeBytes: z.int() }).nullable(),
  /** Spans nobody has looked at yet: what is shown there is what would leave if it were kept. */
  unreviewed: z.int(),
})
export type ReplyPreview = z.infer<typeof ReplyPreview>

const id = z.object({ id: z.uuid() })
const version = z.int()
const FileAdded = z.object({ fileId: z.uuid(), version })

/** Which way somebody saw it go who releases it. */
const through = z
  .string()
  .max(500)
  .nullable()
  .optional()
  .describe(
    'The ticket of their API that it was seen to go to (system/ticket), null: by mail. Another way by now is a conflict',
  )

export const answerApi = {
  'POST /api/alerts/:id/reply': endpoint({
    permission: 'reply.write',
    says: 'Draft a reply now',
    params: id,
    answer: z.object({ replyId: z.uuid() }),
  }),
  'GET /api/replies/:id': endpoint({
    permission: 'desk.see',
    says: 'A reply under review',
    params: id,
    answer: ReplyPage,
  }),
  'GET /api/replies/:id/preview': endpoint({
    permission: 'desk.see',
    says: 'Exactly what leaves',
    params: id,
    answer: ReplyPreview,
  }),
  'POST /api/replies/:id/text': endpoint({
    permission: 'reply.write',
    says: 'Save the text of a draft; its spans are found anew',
    params: id,
    body: z.object({ text: z.string().min(1).max(replyCharactersMax), version }),
    answer: z.object({ version }),
  }),
  'POST /api/replies/:id/spans': endpoint({
    permission: 'reply.review',
    says: 'Say of a sensitive span what happens to it',
    params: id,
    body: z.object({
      spanId: z.string().max(100),
      verdict: z.enum(['redact', 'keep', 'pseudonym']).nullable(),
      keepReason: z.string().trim().max(500).nullable(),
      /** Say the same of every span with the same text and class. */
      alike: z.boolean(),
      version,
    }),
    answer: z.object({ version }),
  }),
  'POST /api/replies/:id/files': endpoint({
    permission: 'reply.write',
    says: `Put a file beside a draft, at most ${attachmentBytesMax / 1024 / 1024} MiB; it is looked into at once. The field "version" comes before the file`,
    params: id,
    form: 'multipart',
    answer: FileAdded,
  }),
  'POST /api/replies/:id/files/pick': endpoint({
    permission: 'reply.write',
    says: 'Take a file of the case along',
    params: id,
    body: z.object({ ticketFileId: z.uuid(), version }),
    answer: FileAdded,
  }),
  'POST /api/replies/:id/files/:file/take-out': endpoint({
    permission: 'reply.write',
    says: 'Take a file out of a draft',
    params: z.object({ id: z.uuid(), file: z.uuid() }),
    body: z.object({ version }),
    answer: z.object({ version }),
  }),
  'GET /api/replies/:id/files/:file': endpoint({
    permission: 'desk.see',
    says: 'A file as it was looked into, without what was stripped, as a download; it is never shown',
    params: z.object({ id: z.uuid(), file: z.uuid() }),
  }),
  'POST /api/replies/:id/release': endpoint({
    permission: 'reply.release',
    says: 'Let it leave, after the hold',
    params: id,
    body: z.object({
      version,
      through,
    }),
    answer: z.object({ done: z.literal(true), waitsForSecond: z.boolean() }),
  }),
  'POST /api/replies/:id/second': endpoint({
    permission: 'reply.release',
    says: 'The second person lets exactly these bytes leave, or refuses with the reason',
    params: id,
    body: z.object({ digest: z.string().length(64), yes: z.boolean(), why: z.string().trim().max(2000) }),
    answer: Done,
  }),
  'POST /api/replies/:id/statement': endpoint({
    permission: 'reply.release',
    says: 'What you would sign to release it where two must, and the options for your passkey: its challenge is the SHA-256 of the statement. `digest`: of the bytes that the first person released, null for a first release',
    params: id,
    body: z.object({ version, digest: z.string().length(64).nullable(), through }),
    answer: z.object({ statement: z.string(), options: z.looseObject({}) }),
  }),
  'POST /api/replies/:id/signature': endpoint({
    permission: 'reply.release',
    says: 'Release it by your passkey’s signature over the statement, once',
    params: id,
    body: z.object({ response: z.looseObject({}) }),
    answer: z.object({ done: z.literal(true), waitsForSecond: z.boolean() }),
  }),
  'POST /api/replies/:id/cancel': endpoint({
    permission: 'reply.release',
    says: 'Take it back while it is held',
    params: id,
    answer: Done,
  }),
  'POST /api/replies/:id/settle': endpoint({
    permission: 'reply.release',
    says: 'Say of an unconfirmed reply whether it arrived',
    params: id,
    body: z.object({ arrived: z.boolean(), reason: z.string().trim().min(1).max(2000) }),
    answer: Done,
  }),
} as const
