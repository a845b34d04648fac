import type { Engine } from '../src/lake/engine/engine.ts'

/** An event for a test: columns of table `events`, and `fields`; what is left out is empty. `observables`: what is in no column. */
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
    "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'stored_events' AND default_kind = ''",
  )
  const lines = events.map(({ fields, observables = [], ...event }, line) =>
    JSON.stringify({
      received: event.time,
      load,
      line,
      raw: JSON.stringify({ ...event, fields, observables }),
      fields_kept: fields,
      observables_kept: observables,
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
