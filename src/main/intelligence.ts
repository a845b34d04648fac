import { environmentSecret, type Settings } from '../config/config.ts'
import { openFeed } from '../connectors/intelligence/feeds.ts'
import type { Database } from '../db/open.ts'
import { huntTasks, scheduleHunt } from '../hunts/hunt-intelligence.ts'
import type { Clock } from '../kit/clock.ts'
import type { Lake } from '../lake/open.ts'
import type { Receive } from '../model/message.ts'
import { intelligenceTasks, scheduleIntelligence } from '../playbooks/fetch-intelligence.ts'
import type { Log } from '../playbooks/house.ts'
import { knowObservable } from '../playbooks/know-observable.ts'
import type { Tasks } from '../playbooks/worker.ts'

export type IntelligenceWork = {
  /** For the worker. */
  readonly tasks: Tasks
  /** Once at each start, when the worker works. */
  readonly schedule: () => Promise<void>
  readonly close: () => Promise<void>
}

/** The feeds of `intelligence.feeds`, ready to be fetched, and the hunt for what is new in them. Throws for a feed whose files or addresses cannot be read. */
export function openIntelligence(parts: {
  readonly db: Database['db']
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  readonly receive: Receive
  /** null: it could not be opened, and nothing is hunted. */
  readonly lake: Pick<Lake, 'engine' | 'hasBegun'> | null
}): IntelligenceWork {
  const { db, clock, log, settings, receive, lake } = parts
  const { feeds: wanted, huntEveryMinutes: everyMinutes } = settings.config.intelligence
  const feeds = wanted.map((feed) => openFeed(feed, { clock, environmentSecret }))
  const know = async (type: string, value: string) =>
    (await knowObservable(db, type, value, clock.now()))?.reputation ?? null
  const hunting =
    lake === null
      ? {}
      : huntTasks({ db, clock, log, receive, everyMinutes, know, engine: lake.engine, hasBegun: lake.hasBegun })
  return {
    tasks: { ...intelligenceTasks({ db, clock, log, feeds }), ...hunting },
    schedule: async () => {
      await scheduleIntelligence({ db, clock, log, feeds })
      if (lake !== null) await scheduleHunt({ db, clock })
    },
    close: async () => {
      for (const feed of feeds) await feed.close()
    },
  }
}
