import { type ColumnKind, type LakeColumn, type LogEvent, lakeColumns } from '../../model/lake.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { eventOf } from '../search/event-row.ts'
import { sqlTime } from './window.ts'

/** Where an event stands: enough to read it by the table's own order. */
export type EventKey = { readonly time: string; readonly source: string; readonly load: string; readonly line: number }

/** Events that are read at once: with what is left of the longest lines 50 MB. */
const eventsAtOnce = 500
/**
 * What an example of a hit shows of a line, of a value, and of a list. Two hundred lines of a megabyte, which anybody can send, were more
 * than one result may have: then no rule ran any more (seen).
 */
const lineBytesShown = 16_384
const valueBytesShown = 4_096
const valuesShown = 50

const texts: readonly ColumnKind[] = ['host', 'account', 'path', 'hash', 'url', 'word', 'text']

function shown({ column, kind, many }: LakeColumn): string {
  if (many === true)
    return `arrayMap(one -> substring(one, 1, ${valueBytesShown}), arraySlice(${column}, 1, ${valuesShown})) AS ${column}`
  return texts.includes(kind) ? `substring(${column}, 1, ${valueBytesShown}) AS ${column}` : column
}

const sampleSelect = [
  'toString(load) AS load_id',
  'line',
  ...(lakeColumns as readonly LakeColumn[]).map(shown),
  // The fields of a long line are long, and stand in it.
  `mapFilter((name, value) -> length(raw) <= ${lineBytesShown}, fields) AS fields`,
  `arraySlice(observables, 1, ${valuesShown}) AS observables`,
  `substring(raw, 1, ${lineBytesShown}) AS raw`,
].join(', ')

/** The events of these keys, long lines cut: the whole line is in the lake. One that retention took meanwhile is left out. */
export async function eventsOf(
  engine: Engine,
  keys: readonly EventKey[],
  bounds: Bounds,
): Promise<readonly LogEvent[]> {
  const events: LogEvent[] = []
  for (let at = 0; at < keys.length; at += eventsAtOnce) {
    const some = keys.slice(at, at + eventsAtOnce)
    const rows = await engine.rows<unknown>(
      `SELECT ${sampleSelect} FROM events
       WHERE source IN {sources:Array(String)} AND time IN {times:Array(DateTime64(3, 'UTC'))}
         AND (load, toUInt64(line)) IN (SELECT arrayJoin(arrayZip(arrayMap(load -> toUInt64(load), {loads:Array(String)}), {lines:Array(UInt64)})))`,
      {
        sources: [...new Set(some.map(({ source }) => source))],
        times: [...new Set(some.map(({ time }) => sqlTime(time)))],
        loads: some.map(({ load }) => load),
        lines: some.map(({ line }) => line),
      },
      // What is chosen by is the column, not what is shown of it.
      { ...bounds, settings: { ...bounds.settings, prefer_column_name_to_alias: 1 } },
    )
    events.push(...rows.map((row) => eventOf(row)))
  }
  return events
}
