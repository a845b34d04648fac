import type { Clock } from '../kit/clock.ts'
import { LogSource } from '../model/lake.ts'
import type { Engine } from './engine/engine.ts'

type Row = { readonly json: string }

/** All sources, by name. */
export async function listSources(engine: Engine): Promise<readonly LogSource[]> {
  const rows = await engine.rows<Row>('SELECT json FROM sources FINAL ORDER BY id')
  return rows.map(sourceOf)
}

/** One source; null when nobody has ever named it. */
export async function getSource(engine: Engine, id: string): Promise<LogSource | null> {
  const [row] = await engine.rows<Row>('SELECT json FROM sources FINAL WHERE id = {id:String}', { id })
  return row === undefined ? null : sourceOf(row)
}

/** Keeps a source as it is said now; what was said before is replaced. */
export async function saveSource(engine: Engine, source: LogSource, clock: Clock): Promise<void> {
  const said = LogSource.parse(source)
  // Later than what was said before, also when the clock was set back since: the last word counts.
  await engine.command(
    `INSERT INTO sources (id, json, said)
     SELECT {id:String}, {json:String},
       greatest({now:DateTime64(3, 'UTC')}, (SELECT max(said) FROM sources WHERE id = {id:String}) + INTERVAL 1 MILLISECOND)`,
    { id: said.id, json: JSON.stringify(said), now: clock.now() },
  )
}

/** The source of a batch that came in: as it is kept, or with defaults when this is its first. */
export async function sourceOfBatch(engine: Engine, id: string, clock: Clock): Promise<LogSource> {
  const known = await getSource(engine, id)
  if (known !== null) return known
  const fresh = LogSource.parse({ id })
  await saveSource(engine, fresh, clock)
  return fresh
}

function sourceOf(row: Row): LogSource {
  return LogSource.parse(JSON.parse(row.json))
}
