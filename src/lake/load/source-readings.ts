import type { Clock } from '../../kit/clock.ts'
import { LogSource } from '../../model/lake.ts'
import type { Engine } from '../engine/engine.ts'
import type { SourceReading } from '../parse/load-sql.ts'

/** What was said of a source counts after so long at the latest. */
const knownMs = 5_000

/** How sources are read: those whose parser or time zone was named. */
export function makeSourceReadings(
  engine: Engine,
  clock: Clock,
): (ids: readonly string[]) => Promise<readonly SourceReading[]> {
  let readAt = -Infinity
  let known = new Map<string, SourceReading>()
  return async (ids) => {
    const now = clock.now().getTime()
    if (Math.abs(now - readAt) > knownMs) {
      const rows = await engine.rows<{ json: string }>('SELECT json FROM sources FINAL WHERE gone = 0')
      const sources = rows.map(({ json }) => LogSource.parse(JSON.parse(json)))
      known = new Map(sources.map(({ id, parser, timeZone }) => [id, { id, parser, timeZone }]))
      readAt = now
    }
    return ids.flatMap((id) => known.get(id) ?? [])
  }
}
