import { z } from 'zod'
import { Reply } from '../model/reply.ts'
import { Done, endpoint } from './endpoint.ts'

/** A reply is a mail, not a report; twenty pages of text. */
export const replyCharactersMax = 50_000

export const ReplyPage = z.object({
  reply: Reply,
  alert: z.object({ id: z.uuid(), number: z.int(), title: z.string(), ticket: z.string().nullable() }),
  provider: z.object({ id: z.string(), name: z.string(), dryRun: z.boolean(), mayShare: z.array(z.string()) }),
  /** Each recipient, and why it may receive this. */
  recipients: z.array(z.object({ address: z.string(), because: z.string() })),
  holdSeconds: z.number(),
  releasedByName: z.string().nullable(),
  mayRelease: z.boolean(),
})
export type ReplyPage = z.infer<typeof ReplyPage>

export const ReplyPreview = z.object({
  text: z.string(),
  mime: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  /** Spans nobody has looked at yet: what is shown there is what would leave if it were kept. */
  unreviewed: z.int(),
})
export type ReplyPreview = z.infer<typeof ReplyPreview>

const id = z.object({ id: z.uuid() })
const version = z.int()

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
  'POST /api/replies/:id/release': endpoint({
    permission: 'reply.release',
    says: 'Let it leave, after the hold',
    params: id,
    body: z.object({ version }),
    answer: Done,
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
