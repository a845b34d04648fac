import { z } from 'zod'
import { LogEvent, LogSource, LogWindow, SourceId, SourceStatus } from '../model/lake.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()

/** As lake/search reads them: a list of 200 hashes has 13,000. */
export const queryCharsMax = 16_000
/** Sources one search may name; who has more searches all. */
const sourcesMax = 100
/** Events in one answer: five screens. More come by `after`. */
export const eventsMax = 200
/** Lines shown before and after one; more than a person reads to see what led to it. */
export const contextLinesMax = 100

/** What is looked for: the words of the search syntax (docs/lake-search.md), a time from (inclusive) to (exclusive), and sources; none: all. */
export const LogAsk = z
  .object({
    q: z.string().max(queryCharsMax).default(''),
    from: when,
    to: when,
    sources: z.array(SourceId).max(sourcesMax).default([]),
  })
  .refine((ask) => Date.parse(ask.from) < Date.parse(ask.to), {
    path: ['from'],
    message: 'The time begins after it ends',
  })
export type LogAsk = z.infer<typeof LogAsk>

/** What an answer took of the engine. */
export const LogCost = z.object({
  ms: z.number(),
  /** null: the engine did not say. */
  rowsRead: z.number().nullable(),
  bytesRead: z.number().nullable(),
})
export type LogCost = z.infer<typeof LogCost>

/** `cut`: the line or a field is longer than a page shows; all of it comes as a download. */
export const LogEventRow = LogEvent.extend({ cut: z.boolean() })
export type LogEventRow = z.infer<typeof LogEventRow>

export const LogSearchPage = z.object({
  events: z.array(LogEventRow),
  /** For the next page, newest first; null: these were the last. */
  next: z.string().nullable(),
  /** What kept the answer from being whole ("source x was still loading"). Empty: it is whole. */
  warnings: z.array(z.string()),
  cost: LogCost,
})
export type LogSearchPage = z.infer<typeof LogSearchPage>

export const LogHistogram = z.object({
  from: when,
  /** Length of a slot. */
  stepMs: z.int().positive(),
  /** Events of each slot, oldest first. */
  slots: z.array(z.int()),
  cost: LogCost,
})
export type LogHistogram = z.infer<typeof LogHistogram>

export const LogFacet = z.object({
  /** OCSF path. */
  field: z.string(),
  values: z.array(z.object({ value: z.string(), n: z.int() })),
})
export type LogFacet = z.infer<typeof LogFacet>

/** `of`: how many of the events found the counts are of; with `sampled` the counts are of the newest of them only. */
export const LogFacets = z.object({
  facets: z.array(LogFacet),
  of: z.int(),
  sampled: z.boolean(),
  cost: LogCost,
})
export type LogFacets = z.infer<typeof LogFacets>

export const LogContext = z.object({ before: z.array(LogEventRow), event: LogEventRow, after: z.array(LogEventRow) })
export type LogContext = z.infer<typeof LogContext>

export const HuntHit = z.object({
  indicator: z.string(),
  type: z.string(),
  count: z.int(),
  first: when,
  last: when,
  sources: z.array(z.object({ source: z.string(), count: z.int() })),
  /** Machines it was seen on; null: it is too frequent to be looked up one by one. */
  hosts: z.array(z.string()).nullable(),
})
export type HuntHit = z.infer<typeof HuntHit>

/** A rule of our own and how it did when it last looked. `notRun`: why it could not look (a source that is not there). */
export const DetectionRow = z.object({
  id: z.string(),
  title: z.string(),
  level: z.string().nullable(),
  notRun: z.string().nullable(),
  hits: z.number(),
  lookedAt: when,
  lastHitAt: when.nullable(),
})
export type DetectionRow = z.infer<typeof DetectionRow>

export const DetectionsPage = z.object({
  /** null: the rules have never looked. */
  looked: z.object({ until: when, at: when.nullable(), says: z.string() }).nullable(),
  everyMinutes: z.number(),
  rules: z.array(DetectionRow),
})
export type DetectionsPage = z.infer<typeof DetectionsPage>

/** `indicators = hitsInAll + misses`; what could not be read as an indicator is in `unread`, with its line. */
export const HuntResult = z.object({
  window: LogWindow.nullable().describe('null: everything that is kept'),
  indicators: z.int(),
  hits: z.array(HuntHit),
  hitsInAll: z.int().describe('More than `hits` holds when the answer was cut'),
  misses: z.int(),
  unread: z.array(z.object({ line: z.int(), text: z.string(), why: z.string() })),
  unreadInAll: z.int(),
  /** What stands in the way of calling a miss "not there" (sources with gaps in that time...). */
  warnings: z.array(z.string()),
  ms: z.number(),
})
export type HuntResult = z.infer<typeof HuntResult>

/** What waits between the doors and the engine. */
export const LakeBacklog = z.object({
  segments: z.int(),
  bytes: z.number(),
  oldest: when.nullable(),
  /** What even the bare lines of could not be loaded: kept as it came, for a person to look at. */
  failedSegments: z.int(),
  failedBytes: z.number(),
})
export type LakeBacklog = z.infer<typeof LakeBacklog>

export const LakePage = z.object({
  where: z.enum(['embedded', 'cluster']),
  sources: z.array(SourceStatus),
  backlog: LakeBacklog,
  parsers: z.array(z.object({ id: z.string(), title: z.string() })),
  /** Free on the disk that holds the lake, and what must stay free; null on a cluster. */
  disk: z.object({ freeBytes: z.number(), keepFreeBytes: z.number() }).nullable(),
  doors: z.array(z.string()),
})
export type LakePage = z.infer<typeof LakePage>

/** What a person may change of a source: everything but its keys, which are made and taken back one by one. */
export const LogSourceChange = LogSource.omit({ id: true, keys: true })
export type LogSourceChange = z.infer<typeof LogSourceChange>

const sourceId = z.object({ id: SourceId })
/** "<load>-<line>", see LogEvent. */
const eventId = z.object({ id: z.string().regex(/^\d{1,20}-\d{1,10}$/, 'This is no id of an event') })

export const logsApi = {
  'POST /api/lake/search': endpoint({
    permission: 'logs.search',
    says: 'Events of the log lake, newest first. Each search is put into the ledger, its further pages are not',
    body: LogAsk.and(
      z.object({
        limit: z.int().min(1).max(eventsMax).default(100),
        after: z.string().max(200).nullable().default(null),
      }),
    ),
    answer: LogSearchPage,
  }),
  'POST /api/lake/histogram': endpoint({
    permission: 'logs.search',
    says: 'How many events when',
    body: LogAsk,
    answer: LogHistogram,
  }),
  'POST /api/lake/facets': endpoint({
    permission: 'logs.search',
    says: 'The most frequent values of what was found',
    body: LogAsk,
    answer: LogFacets,
  }),
  'GET /api/lake/events/:id/context': endpoint({
    permission: 'logs.search',
    says: 'The lines of the same source before and after an event',
    params: eventId,
    query: z.object({ lines: z.coerce.number().int().min(1).max(contextLinesMax).default(10) }),
    answer: LogContext,
  }),
  'GET /api/lake/events/:id/raw': endpoint({
    permission: 'logs.search',
    says: 'The line as it came, byte for byte, as a download',
    params: eventId,
  }),
  'POST /api/lake/hunt': endpoint({
    permission: 'logs.search',
    says: 'Looks for a list of indicators in everything; the hunt is put into the ledger',
    form: 'multipart',
    answer: HuntResult,
  }),
  'GET /api/lake/sources': endpoint({
    permission: 'logs.see',
    says: 'Where logs come from, how each is doing and what it costs',
    answer: LakePage,
  }),
  'GET /api/lake/detections': endpoint({
    permission: 'logs.see',
    says: 'Rules of our own over the logs, and how each did when it last looked',
    answer: DetectionsPage,
  }),
  'PUT /api/lake/sources/:id': endpoint({
    permission: 'log-source.change',
    says: 'Add or change a source of logs',
    params: sourceId,
    body: z.object({
      source: LogSourceChange,
      /** The source as it was seen; null adds one. Another one in the meantime: 409. */
      seen: LogSourceChange.nullable(),
    }),
    answer: Done,
  }),
  'POST /api/lake/sources/:id/keys': endpoint({
    permission: 'log-source.change',
    says: 'A new key that sends lines of this source over HTTP; shown once',
    params: sourceId,
    body: z.object({ name: z.string().trim().min(1, 'Name it, so that you know which one to take back').max(100) }),
    answer: z.object({ key: z.string() }),
  }),
  'POST /api/lake/sources/:id/keys/revoke': endpoint({
    permission: 'log-source.change',
    says: 'Take a key back; it stops within seconds',
    params: sourceId,
    body: z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/) }),
    answer: Done,
  }),
} as const
