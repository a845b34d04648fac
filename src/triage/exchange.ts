import { z } from 'zod'
import { ObservableType } from '../model/observable.ts'
import { Outcome } from '../model/triage.ts'

/** OCSF 1.8.0 incident_finding.verdict_id, one for each of our outcomes and back. */
export const verdicts = {
  incident: { id: 2, name: 'True Positive' },
  'minor-trouble': { id: 8, name: 'Security Risk' },
  'false-alarm-nothing': { id: 1, name: 'False Positive' },
  'false-alarm-benign': { id: 5, name: 'Benign' },
  tune: { id: 3, name: 'Disregard' },
} as const satisfies Record<Outcome, { id: number; name: string }>

const when = z.iso.datetime()

/**
 * The machine-readable part of an answer, as it is attached to the mail ("counterfoil.json"). docs/exchange/ has its
 * description and JSON Schema. It says nothing that the readable text does not say, but the observables, which are
 * the provider's own.
 */
export const Exchange = z.object({
  format: z.literal('counterfoil-answer').describe('What this file is'),
  version: z.literal(1).describe('Version of this format: a reader that knows a lower one refuses it'),
  reference: z.string().describe('Our short number of the alert, to be quoted in questions'),
  messageId: z
    .string()
    .describe('Message-ID of the mail this came with, without angle brackets: the same again is the same answer'),
  inReplyTo: z.string().nullable().describe("Message-ID of the provider's mail that is answered"),
  ticket: z.string().nullable().describe("The provider's ticket, as it stood in its mail"),
  rule: z.string().nullable().describe("The provider's rule, as it stood in its mail"),
  outcome: Outcome.describe('Our decision'),
  outcomeWords: z.string().describe("The decision in the provider's own vocabulary"),
  verdict_id: z.int().describe('OCSF 1.8.0 incident_finding.verdict_id'),
  verdict: z.string().describe('OCSF 1.8.0 incident_finding.verdict'),
  request: z.enum(['investigate', 'none', 'close', 'tune']).describe('What we ask of the provider'),
  reason: z.string().nullable().describe('Why, as in the readable text; null where the text was rewritten'),
  observables: z
    .array(z.object({ type: ObservableType, value: z.string() }))
    .describe("Observables of the provider's alert that this answers"),
  alertReceivedAt: when.describe("When the provider's mail reached us"),
  decidedAt: when.describe('When a person decided'),
})
export type Exchange = z.infer<typeof Exchange>

export function exchangeSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(Exchange, { target: 'draft-2020-12' })
  return { ...schema, title: 'Counterfoil answer, version 1' }
}
