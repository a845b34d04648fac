import { z } from 'zod'
import { FindingKind } from './finding.ts'
import { Level, QuestionName, Rung } from './question.ts'

/** One rung of the ladder. `supplier` says who filled it: the provider's message, our own questions, or nobody. */
export const LadderRung = z.object({
  rung: Rung,
  state: FindingKind,
  supplier: z.enum(['provider', 'us', 'nobody']),
  delivered: z.boolean(),
  says: z.string(),
  findingIds: z.array(z.string()),
})
export type LadderRung = z.infer<typeof LadderRung>

/** Delivered: rungs that came in the provider's message. Attained: rungs after our questions. Both of the applicable ones. */
export const Fidelity = z.object({ delivered: z.int(), attained: z.int(), applicable: z.int() })
export type Fidelity = z.infer<typeof Fidelity>

/** Risk, always as its parts. `weight` multiplies; `known` false means it could not be told and counts as 1, and says so. */
export const Risk = z.object({
  score: z.number().min(0).max(100),
  level: z.enum(['low', 'medium', 'high', 'critical']),
  parts: z.array(
    z.object({ name: z.string(), value: z.string(), weight: z.number(), known: z.boolean(), because: z.string() }),
  ),
})
export type Risk = z.infer<typeof Risk>

/** The four outcomes of triage; false alarm is split in two. */
export const Outcome = z.enum(['incident', 'minor-trouble', 'false-alarm-nothing', 'false-alarm-benign', 'tune'])
export type Outcome = z.infer<typeof Outcome>

export const outcomeTitles: Record<Outcome, string> = {
  incident: 'Incident',
  'minor-trouble': 'Minor trouble',
  'false-alarm-nothing': 'False alarm: nothing happened',
  'false-alarm-benign': 'False alarm: benign trigger',
  tune: 'Tune the rule',
}

/** What the house would do, and why. Never decides by itself. */
export const Proposal = z.object({
  outcome: Outcome.nullable(),
  confidence: z.enum(['low', 'medium', 'high']),
  supports: z.array(z.object({ findingId: z.string().nullable(), says: z.string() })),
  contradicts: z.array(z.object({ findingId: z.string().nullable(), says: z.string() })),
  missing: z.array(z.string()),
  sentence: z.string(),
})
export type Proposal = z.infer<typeof Proposal>

export const Judgement = z.object({
  ladder: z.array(LadderRung),
  fidelity: Fidelity,
  risk: Risk,
  proposal: Proposal,
  sentence: z.string(),
})
export type Judgement = z.infer<typeof Judgement>

/** An earlier alert about the same question (same rule, same entity), and what was decided. `outcome` null: it is still open. */
export const PastAlert = z.object({
  alertId: z.uuid(),
  number: z.int(),
  receivedAt: z.iso.datetime(),
  outcome: Outcome.nullable(),
  reason: z.string(),
  by: z.string(),
  decidedAt: z.iso.datetime().nullable(),
})
export type PastAlert = z.infer<typeof PastAlert>

/** An open question, and the answers to it that would make the house propose something else. */
export const TurningPoint = z.object({
  question: QuestionName,
  title: z.string(),
  rung: Rung,
  turns: z.array(z.object({ when: z.string(), outcome: Outcome.nullable() })),
})
export type TurningPoint = z.infer<typeof TurningPoint>

/** A person's decision. Cites evidence rows, or says why there are none. */
export const Decision = z.object({
  id: z.uuid(),
  alertId: z.uuid(),
  outcome: Outcome,
  reason: z.string().min(1).max(4000),
  cites: z.array(z.uuid()),
  withoutEvidence: z.boolean(),
  by: z.string(),
  at: z.iso.datetime(),
  undoneAt: z.iso.datetime().nullable(),
})
export type Decision = z.infer<typeof Decision>

/** Whether a part of a profile is known: what became of the questions about it; "not-asked" where nobody asked. */
const Known = z.object({ state: z.enum([...FindingKind.options, 'not-asked']), why: z.string(), by: z.string() })

/**
 * Everything the evidence says about one end of an alert: whose it is, how much it matters, what is open on it, what is known of it.
 * A part that could not be told says so; it is never empty.
 */
export const RiskProfile = z.object({
  /** The names it has in this alert: an address, a host, or both where they are one asset. */
  values: z.array(z.string()),
  ends: z.array(z.enum(['source', 'destination', 'host'])),
  asset: Known.extend({
    name: z.string().nullable(),
    role: z.string().nullable(),
    owner: z.string().nullable(),
    criticality: Level.nullable(),
    sensitivity: Level.nullable(),
    regulatory: z.array(z.string()),
    exposed: z.boolean().nullable(),
    asOf: z.string().nullable(),
  }),
  network: Known.extend({ ours: z.boolean().nullable(), name: z.string().nullable() }),
  vulnerabilities: Known.extend({
    vulnerable: z.boolean().nullable(),
    open: z.array(z.object({ cve: z.string(), severity: z.string().nullable() })),
  }),
  intelligence: Known.extend({ verdict: z.string().nullable(), note: z.string().nullable() }),
})
export type RiskProfile = z.infer<typeof RiskProfile>

/** What an earlier alert has in common with this one. */
export const Likeness = z.object({
  kind: z.enum(['rule', 'entity', 'question', 'account', 'observable']),
  value: z.string(),
})
export type Likeness = z.infer<typeof Likeness>
