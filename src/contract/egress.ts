import { z } from 'zod'
import { Egress, EgressKind, EgressState } from '../model/egress.ts'
import { Done, endpoint } from './endpoint.ts'

/** Rows of one page of what left. */
export const egressRowsMax = 100

export const EgressFilter = z.object({
  provider: z.string().max(64).optional(),
  state: EgressState.optional(),
  kind: EgressKind.optional(),
  q: z.string().max(200).optional(),
  /** Goes on after this row: "<released at> <id>". */
  before: z
    .string()
    .regex(/^\S{20,30} [0-9a-f-]{36}$/)
    .optional(),
})
export type EgressFilter = z.infer<typeof EgressFilter>

export const EgressEntry = Egress.extend({
  providerName: z.string(),
  releasedByName: z.string(),
  /** The place of the release in the ledger's tree; null for the moment until the tree has taken it. */
  ledgerIndex: z.int().nullable(),
})
export type EgressEntry = z.infer<typeof EgressEntry>

const id = z.object({ id: z.uuid() })

export const egressApi = {
  'GET /api/egress': endpoint({
    permission: 'house.see',
    says: 'What left: everything that was released towards providers, and what chats and tickets elsewhere were told, newest first',
    query: EgressFilter,
    answer: z.object({ rows: z.array(EgressEntry), next: z.string().nullable() }),
  }),
  'GET /api/egress/export': endpoint({
    permission: 'house.see',
    says: 'What left, as JSON lines; leaves a line in the ledger',
  }),
  'POST /api/packs/:id/:version/mail': endpoint({
    permission: 'reply.release',
    says: 'Let a released version of a pack leave by mail, after the hold',
    params: z.object({ id: z.string().max(64), version: z.coerce.number().int().min(1) }),
    answer: z.object({ egressId: z.uuid() }),
  }),
  'POST /api/egress/:id/withdraw': endpoint({
    permission: 'reply.release',
    says: 'Take the mail of a pack back while it is held',
    params: id,
    answer: Done,
  }),
  'POST /api/egress/:id/settle': endpoint({
    permission: 'reply.release',
    says: 'Say of an unconfirmed mail of a pack whether it arrived',
    params: id,
    body: z.object({ arrived: z.boolean(), reason: z.string().trim().min(1).max(2000) }),
    answer: Done,
  }),
} as const
