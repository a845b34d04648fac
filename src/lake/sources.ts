import type { Clock } from '../kit/clock.ts'
import { LogSource } from '../model/lake.ts'
import type { Engine } from './engine/engine.ts'

/** More would be a house with more log sources than machines; a sender that invents names must not fill the list. */
export const sourcesMax = 2_000

type Row = { readonly json: string }

/** All sources, by name. */
export async function listSources(engine: Engine): Promise<readonly LogSource[]> {
  const rows = await engine.rows<Row>('SELECT json FROM sources FINAL WHERE gone = 0 ORDER BY id')
  return rows.map(sourceOf)
}

/** One source; null when nobody has ever named it. */
export async function getSource(engine: Engine, id: string): Promise<LogSource | null> {
  const [row] = await engine.rows<Row>('SELECT json FROM sources FINAL WHERE id = {id:String} AND gone = 0', { id })
  return row === undefined ? null : sourceOf(row)
}

/** Keeps a source as it is said now; what was said before is replaced. */
export async function saveSource(engine: Engine, source: LogSource, clock: Clock): Promise<void> {
  await say(engine, LogSource.parse(source), 0, clock)
}

/** Takes a source off the list. Its events stay until their time is over or somebody removes them. */
export async function forgetSource(engine: Engine, source: LogSource, clock: Clock): Promise<void> {
  await say(engine, source, 1, clock)
}

/** The source of a batch that came in: as it is kept, or with defaults when this is its first. */
export async function sourceOfBatch(engine: Engine, id: string, clock: Clock): Promise<LogSource> {
  const known = await getSource(engine, id)
  if (known !== null) return known
  const fresh = LogSource.parse({ id })
  await saveSource(engine, fresh, clock)
  return fresh
}

async function say(engine: Engine, source: LogSource, gone: 0 | 1, clock: Clock): Promise<void> {
  // Later than what was said before, also when the clock was set back since: the last word counts.
  await engine.command(
    `INSERT INTO sources (id, json, gone, said)
     SELECT {id:String}, {json:String}, {gone:UInt8},
       greatest({now:DateTime64(3, 'UTC')}, (SELECT max(said) FROM sources WHERE id = {id:String}) + INTERVAL 1 MILLISECOND)`,
    { id: source.id, json: JSON.stringify(source), gone, now: clock.now() },
  )
}

function sourceOf(row: Row): LogSource {
  return LogSource.parse(JSON.parse(row.json))
}
