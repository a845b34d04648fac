import { z } from 'zod'
import { Outcome } from '../model/triage.ts'
import { Done, endpoint } from './endpoint.ts'

/** As long as the reason of a decision may be. */
const suggestionCharsMax = 4000
const citesMax = 50
const when = z.iso.datetime()

export const SuggestionRow = z.object({
  id: z.uuid(),
  kind: z.enum(['decision', 'remark']),
  outcome: Outcome.nullable(),
  text: z.string(),
  cites: z.array(z.uuid()),
  byName: z.string(),
  /** A program made it, with a key. */
  byProgram: z.boolean(),
  madeAt: when,
  closedAt: when.nullable(),
  closedAs: z.enum(['taken', 'dismissed']).nullable(),
})
export type SuggestionRow = z.infer<typeof SuggestionRow>

const id = z.object({ id: z.uuid() })

/** Decisions that were thought out but not taken, and remarks. They change nothing; a person takes one up or puts it away. */
export const suggestionsApi = {
  'GET /api/alerts/:id/suggestions': endpoint({
    permission: 'desk.see',
    says: 'What was suggested about an alert',
    params: id,
    answer: z.object({ suggestions: z.array(SuggestionRow) }),
  }),
  'POST /api/alerts/:id/suggestions': endpoint({
    permission: 'suggestion.write',
    says: 'Suggest a decision, or make a remark; it decides nothing',
    params: id,
    body: z.object({
      outcome: Outcome.nullable().describe('The decision that is suggested; null: a remark'),
      text: z.string().trim().min(1, 'Say why').max(suggestionCharsMax),
      cites: z.array(z.uuid()).max(citesMax).default([]).describe('Findings of this alert that it rests on'),
    }),
    answer: z.object({ id: z.uuid() }),
  }),
  'POST /api/suggestions/:id/close': endpoint({
    permission: 'alert.decide',
    says: 'Take a suggestion up, or put it away',
    params: id,
    body: z.object({ as: z.enum(['taken', 'dismissed']) }),
    answer: Done,
  }),
} as const
