import { z } from 'zod'
import { lakeColumns, ocsfClasses } from './lake.ts'

/**
 * A log parser is data: one YAML file in content/parsers (or a folder of the customer's own) that says how its lines are recognised,
 * taken apart and named, with samples that are its test. The lake compiles it to SQL, so that the engine reads lines at its own speed.
 * Regular expressions are RE2's (linear in time): no look-around, no back-references.
 */

const regex = z.string().min(1).max(2_000)
const paths = lakeColumns.map((column) => column.ocsf) as [string, ...string[]]
const classIds = Object.keys(ocsfClasses).map(Number)
const ClassUid = z
  .int()
  .refine((uid) => classIds.includes(uid), 'The lake has no OCSF class of this number: docs/log-parsers.md lists them')

/**
 * How lines are taken apart into fields (name -> text).
 * `json`: an object; nested objects named in `spread` lose their prefix ("Event.EventData"), others are reached by dotted paths.
 * `kv`: key=value pairs. `csv`: columns by position (names given, or the source's header line where `header` is true).
 * `cef`, `leef`: ArcSight's and QRadar's formats, header fields under their own names ("deviceVendor", "signatureId"...).
 * `xml`: a Windows event as XML. `regex`: named groups of the first pattern that matches.
 */
export const Split = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('json'),
    spread: z.array(z.string()).default([]),
    /** Dotted paths of nested values that `map` and `fields` need. */
    paths: z.array(z.string()).default([]),
  }),
  z.object({
    kind: z.literal('kv'),
    pair: z.string().max(3).default('='),
    between: z.string().max(3).default(' '),
    quote: z.string().max(1).default('"'),
  }),
  z.object({
    kind: z.literal('csv'),
    delimiter: z.string().max(1).default(','),
    names: z.array(z.string()).default([]),
    header: z.boolean().default(false),
    /** Other column lists, chosen by the value of a column ("3": "THREAT"): PAN-OS, filterlog. */
    by: z
      .object({ column: z.int().min(0), names: z.record(z.string(), z.array(z.string())) })
      .nullable()
      .default(null),
  }),
  z.object({ kind: z.literal('cef') }),
  z.object({ kind: z.literal('leef') }),
  z.object({ kind: z.literal('xml') }),
  z.object({ kind: z.literal('regex'), patterns: z.array(regex).min(1).max(60) }),
])
export type Split = z.infer<typeof Split>

/**
 * Where a column's value comes from: the first of `from` that is not empty (or all of them, joined), of it what `take` takes, put through
 * `values` (a table); nothing left: `otherwise`.
 */
export const Mapping = z.union([
  z.string(),
  z.array(z.string()),
  z.object({
    from: z.union([z.string(), z.array(z.string())]).default([]),
    /** All of `from` that are not empty, with this between them ("" for a host and a path), instead of the first. */
    join: z.string().max(10).optional(),
    /** All of `from` as numbers, added (milliseconds of hours, of minutes and of seconds). */
    sum: z.literal(true).optional(),
    /** Value as it stands (lower-case) -> value of the column. What is not listed stays as it is. */
    values: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    /** What a value that is not empty and not listed in `values` becomes, where it should not stay as it is. */
    unlisted: z.union([z.string(), z.number()]).optional(),
    otherwise: z.union([z.string(), z.number()]).optional(),
    /** Takes the first group of this pattern out of the value. */
    take: regex.optional(),
    /** Number times this ("1000": seconds to milliseconds). */
    times: z.number().optional(),
  }),
])
export type Mapping = z.infer<typeof Mapping>

export const LogParser = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  title: z.string(),
  /** Another parser of the same folder: what this one does not say of `derive`, `time`, `class` and `map` is as there (Windows events as XML and as JSON). */
  like: z.string().optional(),
  vendor: z.string(),
  product: z.string(),
  /** Lower is tried first. Generic formats (cef, kv, json) stand at 900 and above. */
  order: z.int().min(0).max(999).default(500),
  /** A line is this parser's when one of these matches: in the message after the syslog header (`body`), or the syslog app name and the body. */
  identify: z
    .array(z.strictObject({ app: regex.optional(), body: regex.optional() }))
    .min(1)
    .max(60),
  split: Split,
  /**
   * Fields made of other fields, in this order (a later one may use an earlier one): a part of one, a table of one, several in one. They
   * are for `time`, `class` and `map` and are not stored; one with the name of a field of the line stands in its place there.
   */
  derive: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,40}$/), Mapping).default({}),
  /** The event's time: fields joined by a space, in this format; where it is missing the syslog header's, else the time of receipt. */
  time: z
    .strictObject({
      from: z.array(z.string()).min(1),
      format: z.enum(['best-effort', 'epoch-s', 'epoch-ms', 'epoch-us', 'epoch-ns']).default('best-effort'),
      /** Field that holds the offset ("+0200"), where the time itself has none. */
      zone: z.string().optional(),
    })
    .nullable()
    .default(null),
  /** OCSF class: one, or by the value of a field. */
  class: z.union([
    ClassUid,
    z.strictObject({ by: z.string(), values: z.record(z.string(), ClassUid), otherwise: ClassUid }),
  ]),
  /** OCSF path -> where it comes from. Fields are named as `split` names them; "@host", "@app", "@pid", "@body", "@peer" are the syslog header's. */
  map: z.partialRecord(z.enum(paths), Mapping),
  /** Lines made up by us, with what must come of them: a path of `map`, "time", "class_uid", or "fields.<name>". */
  samples: z
    .array(
      z.strictObject({
        line: z.string(),
        /** The header line of the stream that this line is of (CSV, Zeek). */
        header: z.string().default(''),
        expect: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
      }),
    )
    .min(1),
})
export type LogParser = z.infer<typeof LogParser>
