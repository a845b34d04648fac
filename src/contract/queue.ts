import { z } from 'zod'
import { atOnceMax, SnoozeFor, snoozeDaysMax } from '../model/queue.ts'
import { Done, endpoint } from './endpoint.ts'

/** Alerts as the person saw them: what changed since is answered by 409, with what the other did. */
const Seen = z.object({ id: z.uuid(), version: z.int() })
const alerts = z
  .array(Seen)
  .min(1)
  .max(atOnceMax)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'Name each alert once')

/** What is done to alerts of the queue. All of them or none: a refusal names each that stands against it. */
export const queueApi = {
  'GET /api/queue/people': endpoint({
    permission: 'desk.see',
    says: 'Whom an alert can be given to',
    answer: z.object({ people: z.array(z.object({ id: z.uuid(), name: z.string() })) }),
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
