import { z } from 'zod'
import {
  Expectation,
  ExpectationDraft,
  ExpectationPreview,
  ExpectedOutcome,
  expectationDaysMax,
  MatchKind,
} from '../model/expectation.ts'
import { Note, NoteDraft } from '../model/note.ts'
import { Outcome } from '../model/triage.ts'
import { TuningChange, TuningRequest, TuningState, TuningTrial } from '../model/tuning.ts'
import { Done, endpoint } from './endpoint.ts'

const id = z.object({ id: z.uuid() })
const when = z.iso.datetime()

/** An expectation that an alert was held against. */
export const MatchOfAlert = z.object({
  expectationId: z.uuid(),
  number: z.int(),
  kind: MatchKind,
  why: z.string(),
  outcome: ExpectedOutcome,
  reason: z.string(),
  ownerName: z.string(),
  decides: z.boolean(),
  decided: z.boolean(),
  /** Why it did not decide by itself, where its owner lets it; empty otherwise. */
  held: z.string(),
  expiresAt: z.iso.datetime(),
  hits: z.int(),
})
export type MatchOfAlert = z.infer<typeof MatchOfAlert>

/** An alert that an expectation was held against; `why` says why it did not hold, or did not decide. */
const HitOfExpectation = z.object({
  alertId: z.uuid(),
  number: z.int(),
  title: z.string(),
  receivedAt: z.iso.datetime(),
  outcome: Outcome.nullable(),
  kind: MatchKind,
  why: z.string(),
  decided: z.boolean(),
})
export type HitOfExpectation = z.infer<typeof HitOfExpectation>

/** The same question before: what was decided, by whom, and what the provider was told; `answered` null: nothing left. */
const AnsweredBefore = z.object({
  alertId: z.uuid(),
  number: z.int(),
  outcome: Outcome,
  reason: z.string(),
  byName: z.string(),
  at: when,
  answered: z.object({ replyId: z.uuid(), at: when, text: z.string() }).nullable(),
})
export type AnsweredBefore = z.infer<typeof AnsweredBefore>

/** The answer that is remembered, as its reply would read; of an expectation, or of the alert with this number. */
const DraftedAnswer = z.object({
  outcome: Outcome,
  reason: z.string(),
  cites: z.array(z.uuid()),
  text: z.string(),
  at: when,
  expectation: z.int().nullable(),
  fromNumber: z.int().nullable(),
})
export type DraftedAnswer = z.infer<typeof DraftedAnswer>

/** Inbound alerts whose question we had answered within 90 days before, of all inbound ones; 95 % interval by Wilson. */
const RepeatRate = z.object({
  providerId: z.string(),
  n: z.int(),
  repeated: z.int(),
  interval: z.object({ from: z.number(), to: z.number() }).nullable(),
})
export type RepeatRate = z.infer<typeof RepeatRate>

const RepeatRow = z.object({
  alertId: z.uuid(),
  number: z.int(),
  receivedAt: when,
  rule: z.string(),
  entity: z.string(),
  before: z.object({ alertId: z.uuid(), number: z.int(), answeredAt: when }),
})
export type RepeatRow = z.infer<typeof RepeatRow>

export const memoryApi = {
  'GET /api/alerts/:id/memory': endpoint({
    permission: 'desk.see',
    says: 'What is remembered that fits this alert',
    params: id,
    answer: z.object({
      matches: z.array(MatchOfAlert),
      before: AnsweredBefore.nullable(),
      drafted: DraftedAnswer.nullable(),
      /** Tuning requests that were to end alerts like this one. */
      tuning: z.array(TuningRequest),
      /** What people of ours say of its machine, account and addresses. */
      notes: z.array(Note),
    }),
  }),
  'POST /api/notes': endpoint({
    permission: 'note.write',
    says: 'Write down what everybody should know of a machine, a person or an address',
    body: NoteDraft,
    answer: z.object({ id: z.uuid() }),
  }),
  'POST /api/notes/:id/remove': endpoint({
    permission: 'note.write',
    says: 'Take a note away',
    params: id,
    body: z.object({ alertId: z.uuid().nullable().default(null) }),
    answer: Done,
  }),
  'GET /api/tuning': endpoint({
    permission: 'desk.see',
    says: 'What providers were asked to tune, and what the stream says of it; those that lapsed first',
    answer: z.object({ rows: z.array(TuningRequest) }),
  }),
  'POST /api/tuning/:id/state': endpoint({
    permission: 'tuning.write',
    says: 'Write down what the provider says of a request, and when it is due',
    params: id,
    body: z.object({
      state: TuningState,
      note: z.string().trim().max(1000).default(''),
      dueAt: when.nullable().default(null),
    }),
    answer: Done,
  }),
  'GET /api/tuning/:id/preview': endpoint({
    permission: 'desk.see',
    says: 'What would not have come in the last 90 days had it been kept, and the harm among it',
    params: id,
    answer: ExpectationPreview,
  }),
  'POST /api/tuning/:id/try': endpoint({
    permission: 'tuning.write',
    says: 'What a proposed change would have done to the last 90 days, and the harm among it; keeps nothing',
    params: id,
    body: TuningChange,
    answer: TuningTrial,
  }),
  'POST /api/tuning/:id/change': endpoint({
    permission: 'tuning.write',
    says: 'Propose a change: it stands with its back-test in the answer, for a person to review and release; refused where it would have hidden harm',
    params: id,
    body: TuningChange,
    answer: z.object({ replyId: z.uuid() }),
  }),
  'GET /api/repeats': endpoint({
    permission: 'desk.see',
    says: 'How often each provider asked what we had answered, over the last 90 days; sample data is left out',
    answer: z.object({ rates: z.array(RepeatRate), from: when, to: when }),
  }),
  'GET /api/repeats/:provider': endpoint({
    permission: 'desk.see',
    says: 'The list behind the rate of a provider: each alert with the one that answered it',
    params: z.object({ provider: z.string().max(100) }),
    answer: z.object({ rows: z.array(RepeatRow), from: when, to: when }),
  }),
  'GET /api/expectations': endpoint({
    permission: 'desk.see',
    says: 'Expectations: those that stand, the one that runs out first on top, then those that are over',
    answer: z.object({ rows: z.array(Expectation), now: z.iso.datetime() }),
  }),
  'GET /api/expectations/due': endpoint({
    permission: 'expectation.write',
    says: 'Expectations of mine whose review is due, or that ran out in the last 30 days; leads and administrators also see those of nobody',
    answer: z.object({ rows: z.array(Expectation), now: z.iso.datetime() }),
  }),
  'GET /api/expectations/:id/preview': endpoint({
    permission: 'desk.see',
    says: 'What an expectation would have matched in the last 90 days, as of now',
    params: id,
    answer: ExpectationPreview,
  }),
  'POST /api/expectations/:id/change': endpoint({
    permission: 'expectation.write',
    says: 'Another condition or reason for the same scope: the one that stood is retired, and a new one begins, which only proposes',
    params: id,
    body: ExpectationDraft.pick({ condition: true, reason: true, days: true }),
    answer: z.object({ id: z.uuid(), number: z.int() }),
  }),
  'GET /api/expectations/:id/alerts': endpoint({
    permission: 'desk.see',
    says: 'The newest alerts that an expectation was held against',
    params: id,
    answer: z.object({ rows: z.array(HitOfExpectation) }),
  }),
  'POST /api/expectations/preview': endpoint({
    permission: 'expectation.write',
    says: 'What an expectation would have matched in the last 90 days, and the harm it would have hidden; keeps nothing',
    body: ExpectationDraft,
    answer: ExpectationPreview,
  }),
  'POST /api/expectations': endpoint({
    permission: 'expectation.write',
    says: 'Remember an answer; refused where it would have hidden an incident or minor trouble',
    body: ExpectationDraft,
    answer: z.object({ id: z.uuid(), number: z.int() }),
  }),
  'POST /api/expectations/:id/retire': endpoint({
    permission: 'expectation.write',
    says: 'Take an expectation out of use',
    params: id,
    body: z.object({ reason: z.string().trim().min(1).max(1000) }),
    answer: Done,
  }),
  'POST /api/expectations/:id/renew': endpoint({
    permission: 'expectation.write',
    says: 'Begin its time anew, after a new preview',
    params: id,
    body: z.object({ days: z.int().min(1).max(expectationDaysMax) }),
    answer: Done,
  }),
  'POST /api/expectations/:id/decides': endpoint({
    permission: 'expectation.decide',
    says: 'Let it decide by itself (its owner alone), or stop that',
    params: id,
    body: z.object({ decides: z.boolean() }),
    answer: Done,
  }),
} as const
