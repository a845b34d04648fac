import { Trouble } from '../../kit/errors.ts'
import type { LogEvent } from '../../model/lake.ts'
import type { Engine } from '../engine/engine.ts'
import { keptSplits } from '../engine/events-view.ts'
import { eventsSql } from '../parse/fields-again.ts'
import { Binder } from './binder.ts'
import { eventOf, eventSelect } from './event-row.ts'
import {
  type Look,
  piecesOf,
  type ReadLook,
  readLook,
  searchBounds,
  tableFor,
  vendorFieldsOf,
  whereOf,
} from './look.ts'

export type SearchAsk = Look & {
  /** At most `searchEventsMax`. */
  readonly limit: number
  /** `next` of the page before; null: the newest. */
  readonly after?: string | null
}

export type SearchPage = {
  /** Newest first. */
  readonly events: readonly LogEvent[]
  /** Where the next page begins; null: that was all. */
  readonly next: string | null
  /** Names that are no column: looked for among the vendors' fields. */
  readonly vendorFields: readonly string[]
  readonly ms: number
}

/** More than a person reads; a program that wants all of them takes page by page. */
export const searchEventsMax = 1_000
/** Bytes of raw lines on a page: sixteen pages of 1,000 lines of 500 bytes. A page ends before its limit where lines are longer than that. */
export const pageRawBytesMax = 8 * 1024 * 1024

/** Where an event stands in the order of a search: newest first, and within a millisecond the last that came. */
type Place = { readonly time: string; readonly load_id: string; readonly line: number }
type Key = Place & { readonly source: string; readonly rawBytes: number; readonly split: string }

/**
 * Events, newest first. A page begins behind the last event of the one before, by (time, load, line), which never changes: lines that
 * come meanwhile make no event come twice or be passed over. Throws Trouble('lake.query') for a query or `after` that cannot be read,
 * and what the engine throws.
 */
export async function search(engine: Engine, ask: SearchAsk, signal?: AbortSignal): Promise<SearchPage> {
  const began = performance.now()
  const look = readLook(ask)
  const after = ask.after === undefined || ask.after === null ? null : placeOf(ask.after)
  const limit = Math.max(1, Math.min(ask.limit, searchEventsMax))
  const asked = await tableFor(engine, look)
  const keys: Key[] = []
  for (const piece of piecesOf(after === null ? look : { ...look, to: endOf(look, after) })) {
    if (keys.length > limit) break
    keys.push(...(await keysIn(engine, look, piece, { asked, after, limit: limit + 1 - keys.length, signal })))
  }
  const shown = keys.slice(0, fitting(keys.slice(0, limit)))
  const last = shown.at(-1)
  return {
    events: await eventsOf(engine, shown, signal),
    next: last !== undefined && keys.length > shown.length ? nameOf(last) : null,
    vendorFields: vendorFieldsOf(look.expression),
    ms: performance.now() - began,
  }
}

/** How many of these keys go onto one page: at least one, else a long line would end the search. */
function fitting(keys: readonly Key[]): number {
  let bytes = 0
  const over = keys.findIndex((key) => {
    bytes += key.rawBytes
    return bytes > pageRawBytesMax
  })
  return over === -1 ? keys.length : Math.max(1, over)
}

async function keysIn(
  engine: Engine,
  look: ReadLook,
  piece: { from: Date; to: Date },
  options: {
    asked: Awaited<ReturnType<typeof tableFor>>
    after: Place | null
    limit: number
    signal: AbortSignal | undefined
  },
): Promise<readonly Key[]> {
  const binder = new Binder()
  const conditions = [whereOf(look, binder, piece)]
  const { after } = options
  if (after !== null) {
    const time = binder.bind(new Date(after.time), "DateTime64(3, 'UTC')")
    conditions.push(
      `(time, load, line) < (${time}, ${binder.bind(after.load_id, 'UInt64')}, ${binder.bind(after.line, 'UInt64')})`,
    )
  }
  return await engine.rows<Key>(
    `SELECT source, time, toString(load) AS load_id, line, length(raw) AS rawBytes, split FROM ${options.asked.table}
     WHERE ${conditions.join(' AND ')} ORDER BY time DESC, load DESC, line DESC LIMIT ${binder.bind(options.limit, 'UInt64')}`,
    binder.params,
    { ...searchBounds(options.signal), settings: options.asked.settings },
  )
}

/** The events of these keys, in their order. Two steps, because the keys are small and the events are not. */
async function eventsOf(engine: Engine, keys: readonly Key[], signal: AbortSignal | undefined): Promise<LogEvent[]> {
  if (keys.length === 0) return []
  const binder = new Binder()
  const times = [...new Set(keys.map((key) => key.time.replace('T', ' ').replace('Z', '')))]
  const sources = [...new Set(keys.map((key) => key.source))]
  const pairs = `SELECT arrayJoin(arrayZip(arrayMap(one -> toUInt64(one), ${binder.bind(
    keys.map((key) => key.load_id),
    'Array(String)',
  )}), ${binder.bind(
    keys.map((key) => key.line),
    'Array(UInt64)',
  )}))`
  // Only the splits of these lines: the view of all would be planned for longer than these few lines are read.
  const own = new Set(keys.map((key) => key.split))
  const splits = new Map([...(await keptSplits(engine))].filter(([id]) => own.has(id)))
  const rows = await engine.rows<unknown>(
    `SELECT ${eventSelect} FROM (${eventsSql(splits)}) WHERE source IN ${binder.bind(sources, 'Array(String)')}
     AND time IN ${binder.bind(times, "Array(DateTime64(3, 'UTC'))")} AND (load, toUInt64(line)) IN (${pairs})`,
    binder.params,
    searchBounds(signal),
  )
  const found = new Map(rows.map((row) => eventOf(row)).map((event) => [event.id, event]))
  // A line may go by retention between the two statements.
  return keys.flatMap((key) => found.get(`${key.load_id}-${key.line}`) ?? [])
}

/** A place as the text that a page hands on: "<milliseconds>-<load>-<line>". */
function nameOf(place: Place): string {
  return `${Date.parse(place.time)}-${place.load_id}-${place.line}`
}

function placeOf(text: string): Place {
  const match = /^(\d{1,15})-(\d{1,20})-(\d{1,10})$/.exec(text)
  if (match === null) throw new Trouble('lake.query', { problem: 'This is no place in a search: begin again' })
  const [, time = '0', load_id = '0', line = '0'] = match
  return { time: new Date(Number(time)).toISOString(), load_id, line: Number(line) }
}

/** Nothing newer than the place is asked for again. */
function endOf(look: ReadLook, after: Place): Date {
  return new Date(Math.min(look.to.getTime(), Math.max(Date.parse(after.time) + 1, look.from.getTime())))
}
