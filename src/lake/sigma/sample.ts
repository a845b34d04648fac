import type { LogEvent } from '../../model/lake.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { eventOf, eventSelect } from '../search/event-row.ts'
import { sqlTime } from './window.ts'

/** Where an event stands: enough to read it by the table's own order. */
export type EventKey = { readonly time: string; readonly source: string; readonly load: string; readonly line: number }

/** Events that are read at once; each may be a line of a megabyte. */
const eventsAtOnce = 500

/** The events of these keys. One that retention took meanwhile is left out. */
export async function eventsOf(
  engine: Engine,
  keys: readonly EventKey[],
  bounds: Bounds,
): Promise<readonly LogEvent[]> {
  const events: LogEvent[] = []
  for (let at = 0; at < keys.length; at += eventsAtOnce) {
    const some = keys.slice(at, at + eventsAtOnce)
    const rows = await engine.rows<unknown>(
      `SELECT ${eventSelect} FROM events
       WHERE source IN {sources:Array(String)} AND time IN {times:Array(DateTime64(3, 'UTC'))}
         AND (load, toUInt64(line)) IN (SELECT arrayJoin(arrayZip(arrayMap(load -> toUInt64(load), {loads:Array(String)}), {lines:Array(UInt64)})))`,
      {
        sources: [...new Set(some.map(({ source }) => source))],
        times: [...new Set(some.map(({ time }) => sqlTime(time)))],
        loads: some.map(({ load }) => load),
        lines: some.map(({ line }) => line),
      },
      bounds,
    )
    events.push(...rows.map((row) => eventOf(row)))
  }
  return events
}
