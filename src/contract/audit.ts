import { z } from 'zod'
import { FindingKind } from '../model/finding.ts'
import { Channel } from '../model/message.ts'
import { ReplyState } from '../model/reply.ts'
import { Outcome } from '../model/triage.ts'
import { Done, endpoint } from './endpoint.ts'
import { RecordWords } from './record.ts'

const when = z.iso.datetime()

/** More than an auditor reads in a week, and what a bundle holds in memory. */
const auditSampleMax = 200

/** How a sample is drawn: the same four give the same alerts, here and for whoever computes it again (docs/audit-room.md). */
export const AuditDraw = z
  .object({
    seed: z.string().trim().min(1).max(200),
    from: when,
    to: when,
    n: z.coerce.number().int().min(1).max(auditSampleMax),
  })
  .refine((draw) => draw.from < draw.to, { path: ['to'], message: 'The end lies after the beginning' })
export type AuditDraw = z.infer<typeof AuditDraw>

/** What an auditor concludes: the decision follows from what it cites; what it cites does not support it; something else to say. */
export const Conclusion = z.enum(['agree', 'not-supported', 'remark'])
export type Conclusion = z.infer<typeof Conclusion>

const Remark = z.object({ conclusion: Conclusion, remark: z.string(), byName: z.string(), at: when })

export const AuditRow = z.object({
  id: z.uuid(),
  number: z.int(),
  title: z.string(),
  receivedAt: when,
  outcome: Outcome.nullable(),
  decidedBy: z.string().nullable(),
  cites: z.int(),
  /** SHA-256 of the seed, a line feed and the id, in hex: the sample is the n smallest. */
  key: z.string(),
  /** The newest word of an auditor on it. */
  said: Remark.nullable(),
})
export type AuditRow = z.infer<typeof AuditRow>

export const AuditSample = z.object({
  /** Alerts of the period that are no sample data: what was drawn from. */
  population: z.int(),
  rows: z.array(AuditRow),
  /** Reason quality: of the decisions that were concluded on (agree or not supported), the share that is supported. */
  quality: z.object({
    supported: z.int(),
    of: z.int(),
    remarks: z.int(),
    interval: z.object({ from: z.number(), to: z.number() }).nullable(),
  }),
})
export type AuditSample = z.infer<typeof AuditSample>

/** One record of the ledger about the alert, and how it hangs in the signed tree. */
const Leaf = RecordWords.extend({
  /** null: no place in the signed tree yet. */
  index: z.int().nullable(),
  hash: z.string().nullable(),
  proof: z.array(z.string()),
})

export const AuditChain = z.object({
  alert: z.object({
    id: z.uuid(),
    number: z.int(),
    title: z.string(),
    ticket: z.string().nullable(),
    sample: z.boolean(),
  }),
  messages: z.array(
    z.object({
      id: z.string(),
      receivedAt: when,
      sizeBytes: z.int(),
      channel: Channel,
      accepted: z.boolean().nullable(),
      reasons: z.array(z.string()),
      reader: z.string().nullable(),
    }),
  ),
  findings: z.array(
    z.object({
      id: z.uuid(),
      question: z.string(),
      /** The question as a person puts it. */
      title: z.string(),
      connector: z.string(),
      kind: FindingKind,
      cited: z.boolean(),
      askedAt: when,
    }),
  ),
  decision: z
    .object({
      id: z.uuid(),
      outcome: Outcome,
      reason: z.string(),
      byName: z.string(),
      at: when,
      withoutEvidence: z.boolean(),
    })
    .nullable(),
  replies: z.array(
    z.object({
      id: z.uuid(),
      state: ReplyState,
      digest: z.string().nullable(),
      receipt: z.string().nullable(),
      sentAt: when.nullable(),
    }),
  ),
  leaves: z.array(Leaf),
  checkpoint: z.string().nullable(),
  said: z.array(Remark),
})
export type AuditChain = z.infer<typeof AuditChain>

const id = z.object({ id: z.uuid() })

/** How the ledger is time-stamped (RFC 3161). */
export const LedgerStamps = z.object({
  /** The authority that is asked; null: none is set. */
  authority: z.string().nullable(),
  everyHours: z.number().nullable(),
  count: z.int(),
  /** Newest first. */
  newest: z.array(z.object({ size: z.int(), at: when, authority: z.string() })),
  /** What is asked for and did not come yet; `says`: what went wrong the last time. */
  waiting: z.object({ since: when, tries: z.int(), says: z.string(), nextAt: when }).nullable(),
})
export type LedgerStamps = z.infer<typeof LedgerStamps>

export const auditApi = {
  'GET /api/audit/sample': endpoint({
    permission: 'ledger.see',
    says: 'The random sample of these four, and what was concluded of it',
    query: AuditDraw,
    answer: AuditSample,
  }),
  'POST /api/audit/sample': endpoint({
    permission: 'ledger.see',
    says: 'Draw a sample; that it was drawn, and how, is on the ledger',
    body: AuditDraw,
    answer: Done,
  }),
  'GET /api/audit/bundle': endpoint({
    permission: 'ledger.see',
    says: 'All records about the alerts of a sample with their proofs, for `counterfoil audit verify`, as a download',
    query: AuditDraw,
  }),
  'GET /api/audit/alerts/:id': endpoint({
    permission: 'ledger.see',
    says: 'The chain of an alert: bytes, authentication, reading, findings, decision, reply, records with inclusion proofs',
    params: id,
    answer: AuditChain,
  }),
  'GET /api/audit/stamps': endpoint({
    permission: 'ledger.see',
    says: 'The newest time stamps of the ledger by an authority outside, and what waits for one',
    answer: LedgerStamps,
  }),
  'POST /api/audit/alerts/:id/remarks': endpoint({
    permission: 'audit.say',
    says: 'What an auditor concludes of a sampled alert',
    params: id,
    body: z
      .object({ draw: AuditDraw, conclusion: Conclusion, remark: z.string().trim().max(4000).default('') })
      .refine((body) => body.conclusion === 'agree' || body.remark !== '', {
        path: ['remark'],
        message: 'Say what you found',
      }),
    answer: Done,
  }),
} as const
