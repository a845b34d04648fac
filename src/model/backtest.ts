import { z } from 'zod'
import { Fidelity, Outcome, Risk } from './triage.ts'

/**
 * How one alert (or message) came out of a look back. `unknown`: nothing that was recorded comes out differently, but something was asked now
 * that nobody asked then, so nobody can tell. `not-concerned`: the candidate has no part in it, then or now.
 */
export const BacktestVerdict = z.enum(['same', 'different', 'unknown', 'not-concerned'])
export type BacktestVerdict = z.infer<typeof BacktestVerdict>

/** What a look at an alert comes to: the figures a person would have seen. */
export const BacktestResult = z.object({
  /** The playbook that ran or would run; null: none. */
  playbook: z.string().nullable(),
  fidelity: Fidelity,
  risk: z.object({ score: z.number(), level: Risk.shape.level }),
  proposal: Outcome.nullable(),
})
export type BacktestResult = z.infer<typeof BacktestResult>

/** One thing that comes out differently, in words. */
export const BacktestChange = z.object({ what: z.string(), was: z.string(), now: z.string() })
export type BacktestChange = z.infer<typeof BacktestChange>

export const BacktestRow = z.object({
  /** The alert; null for a message that became none. */
  alertId: z.uuid().nullable(),
  number: z.int().nullable(),
  messageId: z.string().nullable(),
  title: z.string(),
  receivedAt: z.iso.datetime(),
  verdict: BacktestVerdict,
  changes: z.array(BacktestChange),
  was: BacktestResult.nullable(),
  now: BacktestResult.nullable(),
  /** What a person decided; null while it is open. */
  decision: Outcome.nullable(),
  asked: z.int(),
  /** Questions that nobody asked then: "no recorded answer", which is not "nothing". */
  unrecorded: z.array(z.string()),
  /** What would have been done: mails to our own people, drafts, lists for people. Nothing of it is. */
  effects: z.array(z.string()),
})
export type BacktestRow = z.infer<typeof BacktestRow>

/** How proposals stand against the decisions of people. */
const Agreement = z.object({ agrees: z.int(), differs: z.int(), none: z.int() })

/** Every number is the length of a list that can be opened. */
export const BacktestSummary = z.object({
  looked: z.int(),
  same: z.int(),
  different: z.int(),
  unknown: z.int(),
  notConcerned: z.int(),
  /** Of all that it concerns: those in which something was asked that nobody asked then. */
  withUnrecorded: z.int(),
  /** Different ones by what changed. */
  byChange: z.record(z.string(), z.int()),
  /** Over those it concerns that a person decided. */
  decided: z.int(),
  was: Agreement,
  now: Agreement,
  from: z.iso.datetime(),
  to: z.iso.datetime(),
})
export type BacktestSummary = z.infer<typeof BacktestSummary>

export const BacktestState = z.enum(['queued', 'running', 'done', 'failed', 'cancelled'])
export type BacktestState = z.infer<typeof BacktestState>

export const Backtest = z.object({
  id: z.uuid(),
  kind: z.enum(['playbook', 'reader', 'expectation']),
  subject: z.string(),
  title: z.string(),
  days: z.int(),
  state: BacktestState,
  done: z.int(),
  total: z.int().nullable(),
  summary: BacktestSummary.nullable(),
  error: z.string(),
  askedBy: z.string(),
  askedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
})
export type Backtest = z.infer<typeof Backtest>
