import { z } from 'zod'
import { Done, endpoint } from './endpoint.ts'

/** What the first hour comes to, in the order in which it pays. */
export const FirstStep = z.enum(['ours', 'provider', 'door', 'assets', 'people', 'passkey', 'second', 'decide'])
export type FirstStep = z.infer<typeof FirstStep>

export const FirstRun = z.object({
  steps: z.array(
    z.object({
      step: FirstStep,
      /** Read from the house as it is, never from what somebody ticked. */
      state: z.enum(['done', 'open', 'skipped']),
      /** What it was read from: "2 domains, no network". */
      says: z.string(),
    }),
  ),
  sample: z.object({ messages: z.int(), waiting: z.int(), alerts: z.int(), providers: z.int() }),
})
export type FirstRun = z.infer<typeof FirstRun>

/** Where a made-up alert has come to: each station with when it was reached, or null. */
export const TestTrace = z.object({
  alertId: z.uuid().nullable(),
  stations: z.array(z.object({ title: z.string(), at: z.iso.datetime().nullable(), says: z.string() })),
})
export type TestTrace = z.infer<typeof TestTrace>

const digest = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/) })

export const firstRunApi = {
  'GET /api/first-run': endpoint({
    permission: 'setting.change',
    says: 'What the first hour still needs, read from the house, and how much sample data there is',
    answer: FirstRun,
  }),
  'PUT /api/first-run/skipped': endpoint({
    permission: 'setting.change',
    says: 'Steps that this house does without',
    body: z.object({ steps: z.array(FirstStep).max(20) }),
    answer: Done,
  }),
  'POST /api/sample': endpoint({
    permission: 'setting.change',
    says: 'Bring the sample data in: made-up mail of made-up providers, marked as such everywhere',
    answer: z.object({ messages: z.int() }),
  }),
  'DELETE /api/sample': endpoint({
    permission: 'setting.change',
    says: 'Take all sample data away; the ledger keeps that it was there',
    answer: z.object({ removed: z.record(z.string(), z.int()) }),
  }),
  'POST /api/first-run/test-alert': endpoint({
    permission: 'setting.change',
    says: 'Send a made-up alert in, to see what becomes of it; it is sample data',
    answer: z.object({ messageId: z.string() }),
  }),
  'GET /api/first-run/test-alert/:id': endpoint({
    permission: 'setting.change',
    says: 'How far the made-up alert has come',
    params: digest,
    answer: TestTrace,
  }),
} as const
