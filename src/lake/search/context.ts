import type { LogEvent } from '../../model/lake.ts'
import type { Engine } from '../engine/engine.ts'
import { Binder } from './binder.ts'
import { eventOf, eventSelect } from './event-row.ts'
import { searchBounds } from './look.ts'
import { pageRawBytesMax } from './search.ts'

export type LinesAround = {
  readonly before: readonly LogEvent[]
  readonly event: LogEvent
  readonly after: readonly LogEvent[]
}

/** Lines on each side; more is a search of that source and time. */
export const contextLinesMax = 100
/** How far from a line its neighbours are looked for, by the time of receipt; the next step only where the one before found too few. */
const reachesMs = [60_000, 3_600_000, 86_400_000] as const

const eventId = /^(\d{1,20})-(\d{1,10})$/

/** The event of this id ("<load>-<line>"); null: there is none (any more). */
export async function eventById(engine: Engine, id: string, signal?: AbortSignal): Promise<LogEvent | null> {
  const match = eventId.exec(id)
  if (match === null) return null
  const [row] = await engine.rows<unknown>(
    `SELECT ${eventSelect} FROM events WHERE load = {load:UInt64} AND line = {line:UInt64} LIMIT 1`,
    { load: match[1] ?? '', line: match[2] ?? '' },
    searchBounds(signal),
  )
  return row === undefined ? null : eventOf(row)
}

/** The line byte for byte, also where it is no UTF-8; null: there is none (any more). */
export async function rawOf(engine: Engine, id: string, signal?: AbortSignal): Promise<Uint8Array | null> {
  const match = eventId.exec(id)
  if (match === null) return null
  const [row] = await engine.rows<{ bytes: string }>(
    'SELECT base64Encode(raw) AS bytes FROM stored_events WHERE load = {load:UInt64} AND line = {line:UInt64} LIMIT 1',
    { load: match[1] ?? '', line: match[2] ?? '' },
    searchBounds(signal),
  )
  return row === undefined ? null : Buffer.from(row.bytes, 'base64')
}

/** The lines of the same source before and after an event, in the order they came; null: there is no such event (any more). */
export async function linesAround(
  engine: Engine,
  id: string,
  lines: number,
  signal?: AbortSignal,
): Promise<LinesAround | null> {
  const event = await eventById(engine, id, signal)
  if (event === null) return null
  const count = Math.max(1, Math.min(lines, contextLinesMax))
  const [before, after] = await Promise.all([
    neighbours(engine, event, 'before', count, signal),
    neighbours(engine, event, 'after', count, signal),
  ])
  return { before: before.toReversed(), event, after }
}

async function neighbours(
  engine: Engine,
  event: LogEvent,
  side: 'before' | 'after',
  count: number,
  signal: AbortSignal | undefined,
): Promise<readonly LogEvent[]> {
  const [load = '', line = ''] = event.id.split('-')
  const received = Date.parse(event.received)
  const order = side === 'before' ? 'DESC' : 'ASC'
  let found: readonly LogEvent[] = []
  for (const reachMs of reachesMs) {
    const binder = new Binder()
    const edge = (offset: number) => binder.bind(new Date(received + offset), "DateTime64(3, 'UTC')")
    // The nearest lines that fit: a hundred of a megabyte, with their fields, would be more than a page or this process should hold.
    const rows = await engine.rows<unknown>(
      `SELECT ${eventSelect} FROM (
         SELECT *, sum(length(raw)) OVER (ORDER BY load ${order}, line ${order} ROWS UNBOUNDED PRECEDING) AS bytes_so_far FROM (
           SELECT * FROM events WHERE source = ${binder.bind(event.source, 'String')}
           AND received BETWEEN ${edge(-reachMs)} AND ${edge(reachMs)}
           AND (load, line) ${side === 'before' ? '<' : '>'} (${binder.bind(load, 'UInt64')}, ${binder.bind(line, 'UInt64')})
           ORDER BY load ${order}, line ${order} LIMIT ${binder.bind(count, 'UInt64')}))
       WHERE bytes_so_far <= ${binder.bind(pageRawBytesMax, 'UInt64')} OR bytes_so_far = length(raw)
       ORDER BY load ${order}, line ${order}`,
      binder.params,
      searchBounds(signal),
    )
    found = rows.map((row) => eventOf(row))
    if (found.length >= count) break
  }
  return found
}
