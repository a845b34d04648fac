import { z } from 'zod'

const when = z.iso.datetime()
const entityKinds = ['host', 'account', 'address', 'group', 'several', 'none'] as const

/** An event as a detection shows it: enough to judge by, with its id to open it by. */
export const DetectedEvent = z.object({
  id: z.string().describe('The event in the lake'),
  time: when.describe('When it happened, by the event'),
  source: z.string().describe('The log source it came from'),
  line: z.string().describe('The line as it came, cut where it is long'),
  attributes: z
    .record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]))
    .describe('What was read from it, by OCSF 1.8 path'),
})

/**
 * What our own rules saw, as a message: it is received like a provider's, read by providers/own-detections, and from then on an alert
 * like any other. docs/exchange/ has its description and JSON Schema.
 */
export const Detection = z.object({
  format: z.literal('counterfoil-detection').describe('What this message is'),
  version: z.literal(1).describe('Version of this format: a reader that knows a lower one refuses it'),
  id: z.string().describe('The alert: the same in all messages about one rule and one entity within an hour'),
  part: z.int().min(1).describe('1 opens the alert, each later one brings it up to date'),
  rule: z.object({
    id: z.string(),
    title: z.string(),
    level: z.enum(['informational', 'low', 'medium', 'high', 'critical']).nullable(),
    description: z.string(),
    tags: z.array(z.string()),
    falsePositives: z.array(z.string()),
    origin: z.string().describe('Name of the file the rule stands in'),
  }),
  entity: z
    .object({ kind: z.enum(entityKinds), value: z.string() })
    .describe('Whom it is about; "several" where a flood was put together, "none" where the events name nobody'),
  host: z.string().nullable(),
  account: z.string().nullable(),
  source: z.string().nullable().describe('Address it came from'),
  destination: z.string().nullable().describe('Address it went to'),
  count: z.int().min(1).describe('Events so far, all parts together; at least so many where `counted` says so'),
  counted: z.enum(['exactly', 'at-least']),
  first: when.describe('Time of the first event, by the event'),
  last: when,
  received: z.object({ from: when, to: when }).describe('The stretch of receipt that was looked at for this part'),
  events: z.array(DetectedEvent).describe('Some of them, oldest first'),
  says: z.string().describe('What a person reads first'),
})
export type Detection = z.infer<typeof Detection>
export type DetectedEvent = z.infer<typeof DetectedEvent>
export type EntityKind = (typeof entityKinds)[number]

/** The provider that own detections are of. It sends no mail and is answered none. */
export const ownDetectionsId = 'own-detections'

export function detectionSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(Detection, { target: 'draft-2020-12' }), title: 'Counterfoil detection, version 1' }
}
