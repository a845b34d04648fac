import { z } from 'zod'

/** A provider has so long, unless another day is agreed: twice the week that a change of a rule usually takes. */
export const tuningDueDays = 14
/** Kept: no matching alert in so many days after it was due (metrics: tuning adherence). */
export const tuningKeptDays = 30

/** What the provider says of it, as a person wrote it down. */
export const TuningState = z.enum(['asked', 'acknowledged', 'accepted', 'refused', 'withdrawn'])
export type TuningState = z.infer<typeof TuningState>

/** What the stream says of it. `watching`: past due, nothing came, and the thirty days are not over. */
export const TuningMeasured = z.enum(['not-sent', 'waiting', 'watching', 'kept', 'lapsed', 'over'])
export type TuningMeasured = z.infer<typeof TuningMeasured>

export const TuningRequest = z.object({
  id: z.uuid(),
  number: z.int(),
  alert: z.object({ id: z.uuid(), number: z.int() }),
  providerId: z.string(),
  providerName: z.string(),
  rule: z.string(),
  entity: z.string().nullable(),
  reason: z.string(),
  byName: z.string(),
  state: TuningState,
  stateAt: z.iso.datetime().nullable(),
  note: z.string(),
  /** The first answer that asked for it, and the newest; null while none left. */
  asked: z.object({ at: z.iso.datetime(), to: z.array(z.string()), replyId: z.uuid() }).nullable(),
  askedAgainAt: z.iso.datetime().nullable(),
  dueAt: z.iso.datetime().nullable(),
  measured: TuningMeasured,
  /** Alerts of this rule (about this subject) since it was asked first, and since it was due; more than 1,000 are not counted. */
  since: z.int(),
  afterDue: z.int(),
  lastAt: z.iso.datetime().nullable(),
  /** A follow-up that waits to be released. */
  followUp: z.uuid().nullable(),
  /** What the provider's last words seem to say: a person confirms it. */
  proposed: z.object({ state: TuningState, quote: z.string(), at: z.iso.datetime() }).nullable(),
  sample: z.boolean(),
})
export type TuningRequest = z.infer<typeof TuningRequest>
