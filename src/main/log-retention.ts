import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Engine } from '../lake/engine/engine.ts'
import { removeSetAside } from '../lake/load/set-aside.ts'
import { applyRetention } from '../lake/retention.ts'
import { listSources } from '../lake/sources.ts'
import { append } from '../ledger/append.ts'
import type { Log } from '../playbooks/house.ts'

/** A source's days are whole days; an hour late is nobody's loss, and a look costs the engine milliseconds. */
const everyMs = 3_600_000
/** Not in the first minute: the desk and the doors come first. */
const firstMs = 60_000

/**
 * Removes, once an hour, what sources keep no longer, and says so in the ledger: what was deleted, of which source, and by which of its
 * settings. An engine that is away is asked again the next hour. Safe with several nodes: what is gone is removed once.
 */
export function keepRetention(parts: {
  readonly db: Db
  readonly engine: Engine
  /** Where nothing was ever kept there is nothing to remove, and no engine is started for it. */
  readonly hasBegun: () => boolean
  /** Where segments lie that the engine refused. */
  readonly failedFolder: string
  readonly clock: Clock
  readonly log: Log
  readonly everyMs?: number
  readonly firstMs?: number
}): { readonly close: () => Promise<void> } {
  const { db, engine, clock, log } = parts
  let running: Promise<void> | null = null
  const look = async (): Promise<void> => {
    if (!parts.hasBegun()) return
    const sources = await listSources(engine)
    const removed = [
      ...(await applyRetention(engine, sources, clock.now())),
      ...(await removeSetAside(parts.failedFolder, sources, clock.now())),
    ]
    for (const gone of removed) {
      const { source, ...body } = gone
      await append(db, { kind: 'logs.removed', actor: 'system', subject: `log-source:${source}`, body }, clock)
      log.info(gone, 'logs were removed that their source keeps no longer')
    }
  }
  const start = (): void => {
    running ??= look()
      .catch((error: unknown) =>
        log.warn({ error: wordsOf(error) }, 'what is to be removed of the logs could not be; it is tried again'),
      )
      .finally(() => {
        running = null
      })
  }
  const every = setInterval(start, parts.everyMs ?? everyMs)
  const first = setTimeout(start, parts.firstMs ?? firstMs)
  every.unref()
  first.unref()
  return {
    close: async () => {
      clearInterval(every)
      clearTimeout(first)
      await running
    },
  }
}
