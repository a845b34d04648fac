import { z } from 'zod'
import { atOnceMax, decideAtOnceMax } from '../model/at-once.ts'
import { FindingKind } from '../model/finding.ts'
import { SnoozeFor, snoozeDaysMax } from '../model/queue.ts'
import { Outcome } from '../model/triage.ts'
import { QueueScope } from './desk.ts'
import { Done, endpoint } from './endpoint.ts'

/** A tab that holds more is told of by this many of its alerts: twenty thousand that need somebody is no queue any more. */
export const lookedAtMax = 10_000
/** Of the history, the newest that match: counting each value of a million takes seconds. */
export const historyLookedAtMax = 500

export const FacetValue = z.object({ value: z.string(), label: z.string(), n: z.int() })
export type FacetValue = z.infer<typeof FacetValue>

export const Facets = z.object({
  /** By field; the most frequent values first, `(none)` where the field is empty. */
  facets: z.record(z.string(), z.array(FacetValue)),
  /** Alerts that were looked at. `whole` is false where there are more. */
  lookedAt: z.int(),
  whole: z.boolean(),
})
export type Facets = z.infer<typeof Facets>

export const Group = z.object({
  rule: z.string().nullable(),
  entity: z.string().nullable(),
  n: z.int(),
  level: z.string().nullable(),
  priority: z.int(),
  newestAt: z.iso.datetime(),
  oldestAt: z.iso.datetime(),
})
export type Group = z.infer<typeof Group>

/** What a view keeps: the address of the queue, without the place in it. */
export const ViewSearch = z
  .record(z.string().regex(/^[a-z]{1,16}$/), z.string().max(1000))
  .refine((search) => Object.keys(search).length <= 20, 'A view has at most 20 parts')
export type ViewSearch = z.infer<typeof ViewSearch>

export const QueueView = z.object({
  id: z.uuid(),
  name: z.string(),
  search: ViewSearch,
  version: z.int(),
  savedBy: z.string(),
  savedAt: z.iso.datetime(),
})
export type QueueView = z.infer<typeof QueueView>

/** Alerts as the person saw them: what changed since is answered by 409, with what the other did. */
const Seen = z.object({ id: z.uuid(), version: z.int() })
const alerts = z
  .array(Seen)
  .min(1)
  .max(atOnceMax)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'Name each alert once')

/** What a decision over several alerts would do to one of them. */
export const WouldDecide = z.object({
  id: z.uuid(),
  number: z.int(),
  title: z.string(),
  entity: z.string().nullable(),
  outcome: Outcome,
  proposed: Outcome.nullable(),
  /** The evidence that speaks for this outcome, which would be cited. */
  cites: z.array(z.object({ id: z.uuid(), kind: FindingKind, says: z.string() })),
  /** What the proposal says, to begin a reason with; empty where there is none. */
  because: z.string(),
  /** Why it cannot be decided; null when it can. */
  problem: z.string().nullable(),
})
export type WouldDecide = z.infer<typeof WouldDecide>

const decideItems = z
  .array(Seen.extend({ outcome: Outcome.nullable().default(null).describe('Where it differs from the others') }))
  .min(1)
  .max(decideAtOnceMax)

const viewId = z.object({ id: z.uuid() })

/** What is done to alerts of the queue. All of them or none: a refusal names each that stands against it. */
export const queueApi = {
  'GET /api/queue/facets': endpoint({
    permission: 'desk.see',
    says: 'Values of the queue to filter by, with how many each has',
    query: QueueScope,
    answer: Facets,
  }),
  'GET /api/queue/groups': endpoint({
    permission: 'desk.see',
    says: 'The queue by rule and what it is about',
    query: QueueScope,
    answer: z.object({ groups: z.array(Group), lookedAt: z.int(), whole: z.boolean() }),
  }),
  'GET /api/queue/views': endpoint({
    permission: 'desk.see',
    says: 'Views of the queue that somebody saved for everybody',
    answer: z.object({ views: z.array(QueueView) }),
  }),
  'PUT /api/queue/views/:id': endpoint({
    permission: 'alert.arrange',
    says: 'Save a view of the queue',
    params: viewId,
    body: z.object({
      name: z.string().trim().min(1, 'Give it a name').max(80),
      search: ViewSearch,
      version: z.int().min(0).describe('0 for a new one'),
    }),
    answer: z.object({ version: z.int() }),
  }),
  'DELETE /api/queue/views/:id': endpoint({
    permission: 'alert.arrange',
    says: 'Remove a view of the queue',
    params: viewId,
    answer: Done,
  }),
  'GET /api/queue/people': endpoint({
    permission: 'desk.see',
    says: 'Whom an alert can be given to',
    answer: z.object({ people: z.array(z.object({ id: z.uuid(), name: z.string() })) }),
  }),
  'POST /api/queue/decide/preview': endpoint({
    permission: 'alert.decide',
    says: 'What deciding these alerts would do: the evidence each would cite, and what stands against it',
    body: z.object({ outcome: Outcome, alerts: decideItems }),
    answer: z.object({ alerts: z.array(WouldDecide) }),
  }),
  'POST /api/queue/decide': endpoint({
    permission: 'alert.decide',
    says: 'Decide several alerts with one reason; each is a decision of its own',
    body: z.object({
      outcome: Outcome,
      reason: z.string().trim().min(1, 'Say why, in a sentence').max(4000),
      alerts: z
        .array(
          Seen.extend({
            outcome: Outcome.nullable().default(null).describe('Where it differs from the others'),
            reason: z.string().trim().max(4000).nullable().default(null).describe('Where it differs from the others'),
            cites: z.array(z.uuid()).max(50),
          }),
        )
        .min(1)
        .max(decideAtOnceMax)
        .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'Name each alert once'),
      withoutEvidence: z.boolean().describe('Those that cite nothing are decided all the same, for the reason given'),
    }),
    answer: z.object({
      batchId: z.uuid(),
      decisions: z.array(z.object({ alertId: z.uuid(), decisionId: z.uuid(), version: z.int() })),
    }),
  }),
  'POST /api/queue/decide/undo': endpoint({
    permission: 'alert.decide',
    says: 'Take everything back that was decided at once and still stands',
    body: z.object({ batchId: z.uuid() }),
    answer: z.object({ undone: z.int() }),
  }),
  'POST /api/queue/assign': endpoint({
    permission: 'alert.arrange',
    says: 'Give alerts to a person, or to nobody',
    body: z.object({ alerts, assignee: z.uuid().nullable() }),
    answer: Done,
  }),
  'POST /api/queue/snooze': endpoint({
    permission: 'alert.arrange',
    says: 'Put alerts to sleep until a time, until evidence comes in, or until the provider writes',
    body: z.object({
      alerts,
      for: SnoozeFor,
      until: z.iso.datetime().nullable().describe(`Only with "time"; within the next ${snoozeDaysMax} days`),
    }),
    answer: Done,
  }),
  'POST /api/queue/wake': endpoint({
    permission: 'alert.arrange',
    says: 'Wake alerts that sleep',
    body: z.object({ alerts }),
    answer: Done,
  }),
  'POST /api/queue/merge': endpoint({
    permission: 'alert.arrange',
    says: 'Work open alerts in the place of another open one; nothing of them is lost',
    body: z.object({ alerts, into: Seen }),
    answer: Done,
  }),
  'POST /api/queue/unmerge': endpoint({
    permission: 'alert.arrange',
    says: 'Take alerts out of what they were merged into, as they were',
    body: z.object({ alerts }),
    answer: Done,
  }),
} as const
