import type { Kysely } from 'kysely'
import type { Settings } from '../config/config.ts'
import type { Tables } from '../db/tables.ts'
import { detectionTasks, scheduleDetections } from '../hunts/run-detections.ts'
import type { Clock } from '../kit/clock.ts'
import type { Lake } from '../lake/open.ts'
import { loadRules, ownRules } from '../lake/sigma/load.ts'
import type { Receive } from '../model/message.ts'
import type { Log } from '../playbooks/house.ts'
import type { Tasks } from '../playbooks/worker.ts'

export type Detections = {
  /** For the worker. */
  readonly tasks: Tasks
  /** Once at each start, when the worker works. */
  readonly schedule: () => Promise<void>
}

/**
 * The rules that come along and those that `lake.detections` names, ready to run. Rules that cannot be read or compiled are logged by
 * name and the others run; throws Trouble('file.unreadable') for a path that is not there.
 */
export async function openDetections(parts: {
  readonly lake: Pick<Lake, 'engine' | 'hasBegun' | 'news'>
  readonly db: Kysely<Tables>
  readonly clock: Clock
  readonly log: Log
  readonly receive: Receive
  readonly settings: Settings
}): Promise<Detections> {
  const { lake, db, clock, log, receive } = parts
  const { detections, detectEveryMinutes, placeholders } = parts.settings.config.lake
  const { rules, failed } = await loadRules([ownRules, ...detections], { placeholders })
  if (failed.length > 0)
    log.warn({ rules: failed.slice(0, 20), count: failed.length }, 'detection rules could not be read')
  const oldestWaiting = async (): Promise<Date | null> => {
    const { oldest } = await lake.news()
    return oldest === null ? null : new Date(oldest)
  }
  const { engine, hasBegun } = lake
  return {
    tasks: detectionTasks({
      db,
      clock,
      log,
      engine,
      hasBegun,
      oldestWaiting,
      rules,
      receive,
      everyMinutes: detectEveryMinutes,
    }),
    schedule: () => scheduleDetections(db, clock),
  }
}
