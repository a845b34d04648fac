import { z } from 'zod'
import { FindingKind } from '../model/finding.ts'
import { QuestionName } from '../model/question.ts'
import { Likeness, Outcome } from '../model/triage.ts'
import { endpoint } from './endpoint.ts'

/** One page of them: who needs more looks the rule up in the search. */
export const similarShownMax = 8

/** An earlier alert that was decided, why it is like this one, and how it was decided. */
export const SimilarAlert = z.object({
  id: z.uuid(),
  number: z.int(),
  receivedAt: z.iso.datetime(),
  decidedAt: z.iso.datetime(),
  entity: z.string().nullable(),
  /** What both have in common, the strongest first. */
  because: z.array(Likeness),
  outcome: Outcome,
  reason: z.string(),
  by: z.string(),
  withoutEvidence: z.boolean(),
  /** The evidence it rested on. */
  cited: z.array(z.object({ question: QuestionName, kind: FindingKind, title: z.string(), summary: z.string() })),
  /** What the provider was told; null where nothing left. */
  answered: z.object({ replyId: z.uuid(), at: z.iso.datetime(), text: z.string() }).nullable(),
  /** What people of ours answered when they were asked. */
  said: z.array(z.object({ by: z.string(), answer: z.string() })),
})
export type SimilarAlert = z.infer<typeof SimilarAlert>

export const similarApi = {
  'GET /api/alerts/:id/similar': endpoint({
    permission: 'desk.see',
    says: 'Earlier alerts like this one by rule, entity, question, account or rare observable, and how they were decided',
    params: z.object({ id: z.uuid() }),
    answer: z.object({
      rows: z.array(SimilarAlert),
      /** Observables that too many alerts name to tell anything. */
      tooCommon: z.array(z.string()),
    }),
  }),
} as const
