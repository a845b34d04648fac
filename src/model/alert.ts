import { z } from 'zod'
import { MessageKind } from './message.ts'
import { Sighting, Span } from './observable.ts'
import { Rung } from './question.ts'

/** Severity in five words; `unknown` is a value. OCSF severity_id: 1 informational .. 5 critical, 0 unknown. */
export const Severity = z.enum(['unknown', 'informational', 'low', 'medium', 'high', 'critical'])
export type Severity = z.infer<typeof Severity>

/** A field and the place it was read from (null where it was worked out, not read). */
export const Field = z.object({ value: z.string(), span: Span.nullable() })
export type Field = z.infer<typeof Field>

/**
 * What a reader got out of one message. Every field with its span; null is "it does not say".
 * Two readings can be one alert: same provider and ticket, or a reply in its thread.
 */
export const Reading = z.object({
  /** Id of the reader, e.g. "red-canary" or "generic". */
  reader: z.string(),
  kind: MessageKind,
  /** Why it is of this kind, in one sentence. */
  because: z.string(),
  ticket: Field.nullable(),
  rule: Field.nullable(),
  severity: Severity,
  severityText: Field.nullable(),
  /** Their status or verdict word, as they wrote it. */
  status: Field.nullable(),
  title: z.string(),
  summary: z.string(),
  /** When it happened, by the alert (ISO 8601, UTC). */
  occurredAt: z.iso.datetime().nullable(),
  /** When the provider made the alert. */
  raisedAt: z.iso.datetime().nullable(),
  source: Field.nullable(),
  destination: Field.nullable(),
  host: Field.nullable(),
  account: Field.nullable(),
  /** What it is about: host, else account, else destination, else source. Lower-case. */
  entity: z.string().nullable(),
  portalUrl: Field.nullable(),
  /** What they ask us, in their words, if they ask. */
  question: Field.nullable(),
  /** Everything else that looked like name and value. */
  fields: z.array(z.object({ name: z.string(), value: z.string(), span: Span.nullable() })),
  observables: z.array(Sighting),
  /** Rungs of the ladder that came with the message, each with the place that shows it. */
  delivered: z.array(z.object({ rung: Rung, because: z.string(), span: Span.nullable() })),
})
export type Reading = z.infer<typeof Reading>

/** open: somebody must decide. decided: a decision stands. closed: decided, answered, done. */
export const AlertState = z.enum(['open', 'decided', 'closed'])
export type AlertState = z.infer<typeof AlertState>

/** An alert as the desk shows it. `number` is short and for people: "A-17". */
export const Alert = z.object({
  id: z.uuid(),
  number: z.int(),
  providerId: z.string(),
  providerName: z.string(),
  state: AlertState,
  kind: z.enum(['alert', 'unread']),
  ticket: z.string().nullable(),
  rule: z.string().nullable(),
  severity: Severity,
  title: z.string(),
  entity: z.string().nullable(),
  host: z.string().nullable(),
  account: z.string().nullable(),
  source: z.string().nullable(),
  destination: z.string().nullable(),
  occurredAt: z.iso.datetime().nullable(),
  receivedAt: z.iso.datetime(),
  /** Messages that belong to it, oldest first. */
  messageIds: z.array(z.string()),
  /** The reading of the first message, brought up to date by later ones. */
  reading: Reading,
  sample: z.boolean(),
})
export type Alert = z.infer<typeof Alert>
