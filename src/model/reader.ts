import { z } from 'zod'
import { Severity } from './alert.ts'

/** What a described reader can find in a message. */
export const ReadField = z.enum([
  'title',
  'summary',
  'ticket',
  'rule',
  'severity',
  'status',
  'host',
  'account',
  'source',
  'destination',
  'occurred',
  'raised',
  'portal',
])
export type ReadField = z.infer<typeof ReadField>

/** A text of the message itself that an anchor holds on to; longer ones are sentences, which change. */
const words = z.string().min(1).max(120)
/** RE2's syntax (no look-around, no back-references); its first group is what is taken, or the whole match. */
const regex = z.string().min(1).max(300)
/** "incident.id", "hosts.0", "entities.*.name" (the first that has one), "entities.type=host.name". */
const jsonPath = z.string().min(1).max(300)

/** Which part of the value is meant: what stands after these words, up to those, or what the pattern takes. */
const cut = { after: words.optional(), until: words.optional(), take: regex.optional() }

/** Anchors of one field are tried in their order. */
const anchorsMax = 8
/** The tenth line of the same name in one mail is a list, and no field. */
const nthMax = 9

/** A value of JSON, by its path. */
export const JsonAnchor = z.union([jsonPath, z.strictObject({ json: jsonPath, ...cut })])
export type JsonAnchor = z.infer<typeof JsonAnchor>

/**
 * Where a value stands. `label`: beside or below a name ("Ticket Number: 4711", a table's cell under or next to it; `nth` counts from
 * 0 where the name comes more than once). `json`: a value of the JSON in the message. `below`: the line after the one that says just
 * this. `in`: a stretch of the subject, or of the first line of the text in which `after` stands.
 */
export const Anchor = z.union([
  z.strictObject({ label: words, nth: z.int().min(0).max(nthMax).optional(), ...cut }),
  z.strictObject({ json: jsonPath, ...cut }),
  z.strictObject({ below: words, ...cut }),
  z
    .strictObject({ in: z.enum(['subject', 'body']), ...cut })
    .refine((one) => one.in === 'subject' || one.after !== undefined || one.take !== undefined, {
      error: 'in the text, `after` or `take` says which line is meant',
    }),
])
export type Anchor = z.infer<typeof Anchor>

const many = <T extends z.ZodType>(one: T) => z.union([one, z.array(one).min(1).max(anchorsMax)])

/** JSON of one known shape: where it may stand, which members show that it is this one, and what they mean. */
export const JsonShape = z.strictObject({
  /** Paths of the thing in a posted JSON; '' is the whole. Of a list the first that has the members. */
  at: z.array(z.string().max(300)).min(1).max(anchorsMax).default(['']),
  has: z.array(jsonPath).min(1).max(anchorsMax),
  fields: z.partialRecord(ReadField, many(JsonAnchor)),
})
export type JsonShape = z.infer<typeof JsonShape>

/**
 * One format of a provider, as data: how its messages are known, and where the fields stand. Those that come along are written in
 * src/providers; those that a person taught are kept in the database, and are YAML on the way in and out.
 */
export const ReaderDescription = z.strictObject({
  reader: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes'),
  title: z.string().min(1).max(200),
  /** Mail addresses and domains (with those below them) that it comes from. */
  from: z.array(z.string().min(3).max(253)).max(20).default([]),
  /** How sure the sender alone makes: a ticket system carries the mail of many. */
  senderSure: z.number().min(0).max(1).default(0.9),
  /** Whose posts it reads, where there is no sender: the id of a provider of this house. */
  provider: z.string().max(63).optional(),
  /** Words that only its messages say; one of them shows it where another sender carries them on. */
  says: z.array(words).max(20).default([]),
  /** A message in which one of these is not found is not read by it, but by whoever reads it without it. */
  needs: z.array(ReadField).max(13).default([]),
  fields: z.partialRecord(ReadField, many(Anchor)).default({}),
  shapes: z.array(JsonShape).max(10).default([]),
  /** Their words for how bad it is, where ours would be read wrongly. */
  severities: z.record(z.string().max(40), Severity).default({}),
  /** Their status words that say that it is over: the message is an update, not an alert. */
  closed: z.array(z.string().max(80)).max(40).default([]),
})
export type ReaderDescription = z.infer<typeof ReaderDescription>
export type ReaderDraft = z.input<typeof ReaderDescription>
