import { statfs } from 'node:fs/promises'
import type { Settings } from '../config/config.ts'
import type { HuntHit, LogCost, LogEventRow } from '../contract/logs.ts'
import type { LogsFront } from '../http/logs-front.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import type { Engine } from '../lake/engine/engine.ts'
import { type Hit, hunt } from '../lake/hunt/hunt.ts'
import { readIndicators } from '../lake/hunt/read-indicators.ts'
import type { Lake } from '../lake/open.ts'
import { linesAround, rawOf } from '../lake/search/context.ts'
import { facets } from '../lake/search/facets.ts'
import { histogram } from '../lake/search/histogram.ts'
import { search } from '../lake/search/search.ts'
import { getSource, listSources, saveSource } from '../lake/sources.ts'
import { statusOfSources } from '../lake/status.ts'
import type { LogEvent } from '../model/lake.ts'
import type { LogParser } from '../model/log-parser.ts'

/** Of a line on a page; nobody reads more there, and 200 lines of 1 MiB would be 200 MiB. All of it comes as a download. */
const rawCharsMax = 16_384
const fieldCharsMax = 4_096
/** The longest event we know, a Windows event of a directory change, has 120. */
const fieldsMax = 400

/** Hits that a page gets, the latest first; 10,000 are 3 MB. `counterfoil lake hunt` writes all of them. */
const hitsMax = 10_000

/** The lake's functions in the front's words. */
export function logsFront(parts: {
  readonly lake: Lake
  /** Where the lake lies on disk. */
  readonly folder: string
  readonly parsers: readonly LogParser[]
  readonly clock: Clock
  readonly settings: Settings
}): LogsFront {
  const { lake, clock, settings } = parts
  const { engine } = lake
  const named = parts.parsers
    .map(({ id, title }) => ({ id, title }))
    .toSorted((a, b) => a.title.localeCompare(b.title, 'en'))
  return {
    search: async ({ q, ...ask }, signal) => {
      const meter = metered(engine)
      const page = await search(meter.engine, { query: q, ...ask }, signal)
      return {
        events: page.events.map(shown),
        next: page.next,
        warnings: page.vendorFields.map(
          (name) => `"${name}" is no field of ours; it was looked for among the names that vendors give.`,
        ),
        cost: meter.cost(page.ms),
      }
    },
    histogram: async ({ q, ...ask }, signal) => {
      const meter = metered(engine)
      const { ms, slots, ...rest } = await histogram(meter.engine, { query: q, ...ask }, signal)
      return { ...rest, slots: [...slots], cost: meter.cost(ms) }
    },
    facets: async ({ q, ...ask }, signal) => {
      const meter = metered(engine)
      const { ms, of, sampled, facets: found } = await facets(meter.engine, { query: q, ...ask }, signal)
      return {
        facets: found.map(({ field, values }) => ({ field, values: [...values] })),
        of,
        sampled,
        cost: meter.cost(ms),
      }
    },
    context: async (id, lines, signal) => {
      const around = await linesAround(engine, id, lines, signal)
      if (around === null) return null
      return { before: around.before.map(shown), event: shown(around.event), after: around.after.map(shown) }
    },
    raw: (id, signal) => rawOf(engine, id, signal),
    hunt: async (list, window, signal) => {
      const { indicators, notRead, notReadInAll } = await readIndicators(list)
      const { hits, ...rest } = await hunt(engine, { indicators, window, now: clock.now() }, signal)
      return {
        ...rest,
        hits: hits.slice(0, hitsMax).map(huntHit),
        hitsInAll: hits.length,
        warnings: rest.warnings.map(sentence),
        unread: [...notRead],
        unreadInAll: notReadInAll,
      }
    },
    parsers: () => named,
    page: async () => {
      const [news, sources] = await Promise.all([lake.news(), listSources(engine)])
      return {
        where: engine.where,
        sources: [...(await statusOfSources(engine, sources, clock.now()))],
        backlog: {
          segments: news.segments,
          bytes: news.bytes,
          oldest: news.oldest,
          failedSegments: news.failedSegments,
          failedBytes: news.failedBytes,
        },
        parsers: named,
        disk: await diskOf(parts.folder, settings),
        doors: doorsOf(settings),
      }
    },
    source: (id) => getSource(engine, id),
    saveSource: (source) => saveSource(engine, source, clock),
  }
}

function huntHit({ indicator, type, count, first, last, sources, hosts }: Hit): HuntHit {
  return { indicator, type, count, first, last, sources: [...sources], hosts: hosts === null ? null : [...hosts] }
}

/** The engine, and what all statements sent through it have read. */
function metered(engine: Engine): { readonly engine: Engine; readonly cost: (ms: number) => LogCost } {
  let read: { rows: number; bytes: number } | null = null
  const onRead = ({ rows, bytes }: { readonly rows: number; readonly bytes: number }): void => {
    read = { rows: (read?.rows ?? 0) + rows, bytes: (read?.bytes ?? 0) + bytes }
  }
  return {
    engine: { ...engine, rows: (sql, params, bounds) => engine.rows(sql, params, { ...bounds, onRead }) },
    cost: (ms) => ({ ms, rowsRead: read?.rows ?? null, bytesRead: read?.bytes ?? null }),
  }
}

/** A sentence begins with a capital letter and ends with a full stop. */
function sentence(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`
}

/** An event as a page shows it: what is too long for it is cut, and says so. */
function shown(event: LogEvent): LogEventRow {
  const fields = Object.entries(event.fields)
  const cut =
    event.raw.length > rawCharsMax ||
    event.message.length > fieldCharsMax ||
    fields.length > fieldsMax ||
    fields.some(([, value]) => value.length > fieldCharsMax)
  if (!cut) return { ...event, cut }
  return {
    ...event,
    raw: event.raw.slice(0, rawCharsMax),
    message: event.message.slice(0, fieldCharsMax),
    fields: Object.fromEntries(
      fields.slice(0, fieldsMax).map(([name, value]) => [name, value.slice(0, fieldCharsMax)]),
    ),
    cut,
  }
}

async function diskOf(
  folder: string,
  settings: Settings,
): Promise<{ freeBytes: number; keepFreeBytes: number } | null> {
  if (settings.clickhouseUrl !== null) return null
  const { bavail, bsize } = await statfs(folder)
  return { freeBytes: bavail * bsize, keepFreeBytes: settings.config.lake.freeDiskMinMiB * 1024 * 1024 }
}

/** Every way in that is open, in words. */
function doorsOf({ config }: Settings): string[] {
  const { syslog, files } = config.lake
  const at = (name: string, port: number | undefined): string[] =>
    port === undefined ? [] : [`syslog ${name} on ${syslog?.host ?? ''}:${port}`]
  return [
    ...at('UDP', syslog?.udp),
    ...at('TCP', syslog?.tcp),
    ...at('TLS', syslog?.tls?.port),
    ...files.map((file) => `files ${file.path} as ${file.source}`),
    'HTTP /api/logs/<source> and Splunk HEC /services/collector',
  ]
}

/**
 * The lake's front while there is no lake (another process has it, the engine does not start): every question is answered by why, so
 * that "could not look" never reads as "nothing there", and the rest of the desk works.
 */
export function logsAway(why: unknown): LogsFront {
  const away = (): never => {
    if (why instanceof Trouble) throw why
    throw new Trouble('lake.unreachable', { problem: wordsOf(why) }, why)
  }
  const later = async (): Promise<never> => away()
  return {
    search: later,
    histogram: later,
    facets: later,
    context: later,
    raw: later,
    hunt: later,
    parsers: away,
    page: later,
    source: later,
    saveSource: later,
  }
}
