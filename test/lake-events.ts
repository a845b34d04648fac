import { plainAddress } from '../src/kit/ip-ranges.ts'
import type { Engine } from '../src/lake/engine/engine.ts'
import { lakeColumns } from '../src/model/lake.ts'

/** An event for a test: columns of table `events`, and `fields`; what is left out is empty. `observables` are made from the columns when left out. */
export type TestEvent = Readonly<
  Record<string, string | number | readonly string[] | Readonly<Record<string, string>>>
> & {
  readonly time: string
  readonly source: string
}

/** They are bound, and what is bound has to be shorter than a megabyte. */
const linesAtOnce = 500

let loads = 0

/** Puts events into `events` as a load would, without a parser: lines numbered in the order given, received when they happened. */
export async function addEvents(engine: Engine, events: readonly TestEvent[]): Promise<void> {
  loads += 1
  const load = loads
  const structure = await engine.rows<{ name: string; type: string }>(
    "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'stored_events'",
  )
  const lines = events.map(({ fields, ...event }, line) =>
    JSON.stringify({
      received: event.time,
      load,
      line,
      observables: observablesOf(event),
      raw: JSON.stringify({ ...event, fields }),
      fields_kept: fields,
      ...event,
    }),
  )
  const types = structure.map(({ name, type }) => `${name} ${type.replaceAll("'", "\\'")}`).join(', ')
  for (let at = 0; at < lines.length; at += linesAtOnce) {
    await engine.command(
      `INSERT INTO stored_events SELECT * FROM format(JSONEachRow, '${types}', {lines:String})`,
      { lines: lines.slice(at, at + linesAtOnce).join('\n') },
      { settings: { date_time_input_format: 'best_effort' } },
    )
  }
}

function observablesOf(event: TestEvent): string[] {
  const values = lakeColumns.flatMap((column) => ('observable' in column ? (event[column.column] ?? []) : []))
  return [...new Set(values.flat().map((value) => plainAddress(String(value).toLowerCase())))]
}
