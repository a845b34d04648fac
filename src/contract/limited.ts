import { z } from 'zod'
import { Severity } from '../model/alert.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()

/** A ticket as its own provider sent it, and whether an answer to it has left. */
export const PortalAlertRow = z.object({
  id: z.uuid(),
  ticket: z.string().nullable(),
  rule: z.string().nullable(),
  title: z.string(),
  severity: Severity,
  occurredAt: when.nullable(),
  receivedAt: when,
  state: z.enum(['received', 'answered']),
  answeredAt: when.nullable(),
})
export type PortalAlertRow = z.infer<typeof PortalAlertRow>

export const PortalReplyRow = z.object({ id: z.uuid(), sentAt: when, sha256: z.string() })
export type PortalReplyRow = z.infer<typeof PortalReplyRow>

export const OwnedAssetRow = z.object({
  entity: z.string(),
  name: z.string(),
  role: z.string().nullable(),
  criticality: z.string().nullable(),
})
export type OwnedAssetRow = z.infer<typeof OwnedAssetRow>

/** That there is an alert, not what it says. */
export const OwnedAlertRow = z.object({
  number: z.int(),
  severity: Severity,
  receivedAt: when,
  state: z.enum(['looked-at', 'done']),
  assets: z.array(z.string()),
})
export type OwnedAlertRow = z.infer<typeof OwnedAlertRow>

export const PersonAnswer = z.enum(['yes', 'no', 'unsure', 'not-me'])
export const OwnedQuestionRow = z.object({
  id: z.string(),
  what: z.string(),
  askedAt: when,
  expiresAt: when,
  state: z.enum(['open', 'answered', 'expired']),
  answer: PersonAnswer.nullable(),
  answeredAt: when.nullable(),
})
export type OwnedQuestionRow = z.infer<typeof OwnedQuestionRow>

const id = z.object({ id: z.uuid() })

/** Pages of those who are not of the desk. */
export const limitedApi = {
  'GET /api/portal/alerts': endpoint({
    permission: 'portal.see',
    says: 'My provider’s own tickets, and whether an answer has left',
    query: z.object({ q: z.string().max(200).default('') }),
    answer: z.object({ provider: z.string(), rows: z.array(PortalAlertRow) }),
  }),
  'GET /api/portal/alerts/:id': endpoint({
    permission: 'portal.see',
    says: 'One of them, with the answers as they left',
    params: id,
    answer: z.object({
      alert: PortalAlertRow,
      replies: z.array(PortalReplyRow.extend({ subject: z.string(), text: z.string() })),
    }),
  }),
  'GET /api/portal/replies/:id/raw': endpoint({
    permission: 'portal.see',
    says: 'An answer as the bytes that left, as a download',
    params: id,
  }),
  'GET /api/owned': endpoint({
    permission: 'owned.see',
    says: 'My assets, what I was asked about them, and alerts that name them',
    answer: z.object({
      assets: z.array(OwnedAssetRow),
      questions: z.array(OwnedQuestionRow),
      alerts: z.array(OwnedAlertRow),
    }),
  }),
  'POST /api/owned/questions/:id': endpoint({
    permission: 'owned.answer',
    says: 'Answer what I was asked, once',
    params: z.object({ id: z.string().regex(/^[0-9a-f]{32}$/) }),
    body: z.object({ answer: PersonAnswer, comment: z.string().trim().max(2000).default('') }),
    answer: Done,
  }),
} as const
