import type { Split } from '../../model/log-parser.ts'
import type { Engine } from '../engine/engine.ts'
import { standEventsView } from '../engine/events-view.ts'
import { splitId } from '../parse/fields-again.ts'

export type KeepSplits = (splits: readonly Split[]) => Promise<void>

/** Keeps how lines are taken apart, before the first line is stored that is: their fields are read by it for as long as they are kept. */
export function makeKeepSplits(engine: Pick<Engine, 'rows' | 'command'>): KeepSplits {
  const known = new Set<string>()
  return async (splits) => {
    const fresh = new Map(splits.map((split) => [splitId(split), split] as const).filter(([id]) => !known.has(id)))
    if (fresh.size === 0) return
    for (const [id, split] of fresh)
      await engine.command('INSERT INTO splits (id, json) VALUES ({id:String}, {json:String})', {
        id,
        json: JSON.stringify(split),
      })
    await standEventsView(engine)
    for (const id of fresh.keys()) known.add(id)
  }
}
