import { z } from 'zod'
import { ExpectationPreview } from './expectation.ts'
import { LogWindow } from './lake.ts'

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

/** A condition is CEL as in playbooks and expectations; a filter is a Sigma filter of one document. */
export const TuningChangeKind = z.enum(['condition', 'sigma-filter'])
export type TuningChangeKind = z.infer<typeof TuningChangeKind>

/** As long as the answer that carries it leaves room for; a filter of SigmaHQ has 1 KB. */
export const changeCharsMax = 20_000
export const TuningChange = z.object({ kind: TuningChangeKind, text: z.string().trim().min(1).max(changeCharsMax) })
export type TuningChange = z.infer<typeof TuningChange>

const CouldNotLook = z.object({ kind: z.literal('could-not-look'), why: z.string() })

/** What a filter leaves out of our own logs; `logs`: how far those of its source reach. */
const Looked = z.object({
  kind: z.literal('looked'),
  events: z.int(),
  first: z.iso.datetime().nullable(),
  last: z.iso.datetime().nullable(),
  logs: LogWindow,
})

/** The same with its events one by one, oldest first: when, and whom they name (in lower case). */
export type LeftOut =
  | z.infer<typeof CouldNotLook>
  | (z.infer<typeof Looked> & {
      readonly shown: readonly { readonly time: string; readonly names: readonly string[] }[]
    })

/** What a change would have done to the last 90 days; `logs` null: it was not held against logs. */
export const TuningTrial = z.object({
  preview: ExpectationPreview,
  logs: z.discriminatedUnion('kind', [CouldNotLook, Looked]).nullable(),
})
export type TuningTrial = z.infer<typeof TuningTrial>

/** A change as it was proposed, with what it would have done then. */
export const ProposedChange = TuningChange.extend({
  trial: z.object({ preview: ExpectationPreview.omit({ rows: true }), logs: TuningTrial.shape.logs }),
  by: z.string(),
  at: z.iso.datetime(),
})
export type ProposedChange = z.infer<typeof ProposedChange>

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
  /** What we propose, with its back-test; null: nothing but the asking. */
  change: ProposedChange.nullable(),
  sample: z.boolean(),
})
export type TuningRequest = z.infer<typeof TuningRequest>
