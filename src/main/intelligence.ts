import { environmentSecret, type Settings } from '../config/config.ts'
import { openFeed } from '../connectors/intelligence/feeds.ts'
import type { Database } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { intelligenceTasks, scheduleIntelligence } from '../playbooks/fetch-intelligence.ts'
import type { Log } from '../playbooks/house.ts'
import type { Tasks } from '../playbooks/worker.ts'

export type IntelligenceWork = {
  /** For the worker. */
  readonly tasks: Tasks
  /** Once at each start, when the worker works. */
  readonly schedule: () => Promise<void>
  readonly close: () => Promise<void>
}

/** The feeds of `intelligence.feeds`, ready to be fetched. Throws for a feed whose files or addresses cannot be read. */
export function openIntelligence(parts: {
  readonly db: Database['db']
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
}): IntelligenceWork {
  const { clock, settings } = parts
  const feeds = settings.config.intelligence.feeds.map((feed) => openFeed(feed, { clock, environmentSecret }))
  return {
    tasks: intelligenceTasks({ ...parts, feeds }),
    schedule: () => scheduleIntelligence({ ...parts, feeds }),
    close: async () => {
      for (const feed of feeds) await feed.close()
    },
  }
}
