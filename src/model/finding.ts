import { z } from 'zod'
import { aroundSteps } from './around.ts'
import { QuestionName } from './question.ts'

/** The five kinds of answer. "Could not look" never reads as "nothing there". */
export const FindingKind = z.enum(['found', 'nothing', 'not-collected', 'failed', 'not-applicable'])
export type FindingKind = z.infer<typeof FindingKind>

/** The time that was looked at (ISO 8601), where a source was asked about a time. */
export type Window = { readonly from: string; readonly to: string }

export const AroundMinutes = z.literal(aroundSteps)
export type AroundMinutes = z.infer<typeof AroundMinutes>

/** What a connector says. `answer` is of the question's own schema. */
export type Answered =
  | {
      readonly kind: 'found'
      readonly answer: unknown
      readonly query: string
      readonly warnings?: readonly string[]
      readonly window?: Window
    }
  | { readonly kind: 'nothing'; readonly query: string; readonly window?: Window }
  | { readonly kind: 'not-collected'; readonly why: string; readonly query: string; readonly window?: Window }
  | { readonly kind: 'failed'; readonly why: string; readonly query: string; readonly window?: Window }
  | { readonly kind: 'not-applicable'; readonly why: string }

/** An answer kept as evidence. */
export const Finding = z.object({
  id: z.uuid(),
  alertId: z.uuid(),
  question: QuestionName,
  ask: z.record(z.string(), z.unknown()),
  connector: z.string(),
  kind: FindingKind,
  answer: z.unknown().nullable(),
  /** Why, for failed, not-collected and not-applicable; else empty. */
  why: z.string(),
  /** What was asked of the source, in its own words, so that a person can ask again. */
  query: z.string(),
  windowFrom: z.iso.datetime().nullable(),
  windowTo: z.iso.datetime().nullable(),
  /** Somebody chose so many minutes before and after the alert; null: the time that its source usually looks at. */
  aroundMinutes: z.int().nullable(),
  costMs: z.number(),
  askedAt: z.iso.datetime(),
})
export type Finding = z.infer<typeof Finding>
