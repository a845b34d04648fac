import type { Clock } from '../../kit/clock.ts'
import type { Engine } from '../engine/engine.ts'
import type { SourceReading } from '../parse/load-sql.ts'
import { listSources, sourceOfBatch } from '../sources.ts'

/** What was said of a source counts after so long at the latest. */
const knownMs = 5_000

/** How sources are read. One that nobody has named so far is kept with defaults, so that it is on the list. */
export function makeSourceReadings(
  engine: Engine,
  clock: Clock,
): (ids: readonly string[]) => Promise<readonly SourceReading[]> {
  let readAt = -Infinity
  const known = new Map<string, SourceReading>()
  return async (ids) => {
    if (performance.now() - readAt > knownMs) {
      const sources = await listSources(engine)
      known.clear()
      for (const { id, parser, timeZone } of sources) known.set(id, { id, parser, timeZone })
      readAt = performance.now()
    }
    const readings: SourceReading[] = []
    for (const id of ids) {
      const { parser, timeZone } = known.get(id) ?? (await sourceOfBatch(engine, id, clock))
      known.set(id, { id, parser, timeZone })
      if (parser !== null || timeZone !== 'UTC') readings.push({ id, parser, timeZone })
    }
    return readings
  }
}
