import { z } from 'zod'
import { Outcome } from './triage.ts'

/** Longer nobody remembers why: half a year, then its owner looks again. The database checks it, too. */
export const expectationDaysMax = 180
/** How far a preview looks back. */
export const previewDays = 90
/** Rows of a preview; its counts are of all that it looked at. */
export const previewRowsMax = 100
export const conditionCharsMax = 2000
const dayMs = 86_400_000
/** Its owner looks at it again so long before it runs out; of one that is shorter than four weeks, in the last quarter of its time. */
const reviewDays = 7
/** So long after it ran out it still waits for a word; then silence has let it go. */
export const reviewWaitsDays = 30

/** From when on its review is due. */
export function reviewFrom({ fromAt, expiresAt }: Pick<Expectation, 'fromAt' | 'expiresAt'>): Date {
  const [from, end] = [Date.parse(fromAt), Date.parse(expiresAt)]
  return new Date(end - Math.min(reviewDays * dayMs, (end - from) / 4))
}

/** What may be expected: never an incident, never something to mend. */
export const ExpectedOutcome = Outcome.extract(['false-alarm-nothing', 'false-alarm-benign', 'tune'])
export type ExpectedOutcome = z.infer<typeof ExpectedOutcome>

const part = z.string().trim().min(1).max(300).nullable().default(null)

/** Which alerts it is about. All that is named must fit; the provider alone is too wide. `host` is also what the alert is about. */
export const ExpectationScope = z.object({
  provider: part,
  rule: part,
  host: part,
  account: part,
  /** CIDR; the alert's source or destination is in it. */
  range: part,
})
export type ExpectationScope = z.infer<typeof ExpectationScope>

export const ExpectationDraft = z.object({
  scope: ExpectationScope,
  /** CEL over `alert`, `answers` and `findings`, as in playbooks; empty: holds always. */
  condition: z.string().trim().max(conditionCharsMax).default(''),
  outcome: ExpectedOutcome,
  reason: z.string().trim().min(1).max(4000),
  days: z.int().min(1).max(expectationDaysMax),
  /** The alert whose decision it is made from. */
  alertId: z.uuid().nullable().default(null),
})
export type ExpectationDraft = z.infer<typeof ExpectationDraft>

/** What the condition says of an alert in scope. `unknown`: something it rests on was not looked at, which is neither yes nor no. */
export const MatchKind = z.enum(['holds', 'contradicted', 'unknown'])
export type MatchKind = z.infer<typeof MatchKind>

export const PreviewRow = z.object({
  alertId: z.uuid(),
  number: z.int(),
  title: z.string(),
  receivedAt: z.iso.datetime(),
  kind: MatchKind,
  why: z.string(),
  /** What a person decided; null while it is open. */
  outcome: Outcome.nullable(),
  /** It was an incident or trouble to mend, and would have been hidden. */
  hidden: z.boolean(),
})
export type PreviewRow = z.infer<typeof PreviewRow>

/** What it would have matched, before it counts. */
export const ExpectationPreview = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  inScope: z.int(),
  holds: z.int(),
  contradicted: z.int(),
  unknown: z.int(),
  /** Of those that hold: how people decided them. */
  agrees: z.int(),
  otherwise: z.int(),
  open: z.int(),
  /** Incidents and minor troubles among those that hold. More than none: it is refused. */
  hidden: z.int(),
  /** More alerts were in scope than are looked at: the oldest were left out. */
  cut: z.boolean(),
  /** The hidden ones first, then the newest. */
  rows: z.array(PreviewRow),
})
export type ExpectationPreview = z.infer<typeof ExpectationPreview>

export const Expectation = z.object({
  id: z.uuid(),
  number: z.int(),
  scope: ExpectationScope,
  condition: z.string(),
  outcome: ExpectedOutcome,
  reason: z.string(),
  owner: z.object({ id: z.uuid(), name: z.string() }),
  /** A match decides by itself, because its owner said so. */
  decides: z.boolean(),
  sourceAlert: z.object({ id: z.uuid(), number: z.int() }).nullable(),
  sample: z.boolean(),
  addedAt: z.iso.datetime(),
  fromAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  retired: z.object({ at: z.iso.datetime(), reason: z.string() }).nullable(),
  /** Alerts that it held for since it counts, those of them that it decided, and when the last one came. */
  hits: z.int(),
  decided: z.int(),
  lastHit: z.iso.datetime().nullable(),
  notHeld: z.int(),
  /** Alerts it held for that people decided as incident or minor trouble all the same: then it decides nothing any more. */
  against: z.int(),
  preview: ExpectationPreview,
})
export type Expectation = z.infer<typeof Expectation>
