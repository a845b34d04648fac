import path from 'node:path'
import type { Settings } from '../config/config.ts'
import type { Db } from '../db/open.ts'
import type { LogsFront } from '../http/logs-front.ts'
import type { Clock } from '../kit/clock.ts'
import { isTrouble, wordsOf } from '../kit/errors.ts'
import { failedFolderOf } from '../lake/load/spool-news.ts'
import { type Lake, openLake } from '../lake/open.ts'
import { loadLogParsers, loadSignatures } from '../lake/parse/parser-files.ts'
import type { Log } from '../playbooks/house.ts'
import { keepRetention } from './log-retention.ts'
import { logsAway, logsFront } from './logs-front.ts'

export type HouseLake = {
  /** null: there is none to put lines into or to ask, and `front` says why. */
  readonly lake: Lake | null
  readonly front: LogsFront
  readonly close: () => Promise<void>
}

/** Where a house keeps its logs. */
export const lakeFolderOf = (settings: Settings): string => path.join(settings.dataFolder, 'lake')

/**
 * The house's lake. One that cannot be opened (another process keeps it, its folder cannot be written) is said where somebody asks for
 * logs, and the desk starts without it: alerts do not wait for logs. A parser that is wrong is a wrong setting, and stops the start:
 * Trouble('input.invalid').
 */
export async function openHouseLake(parts: {
  readonly db: Db
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
}): Promise<HouseLake> {
  const { db, settings, clock, log } = parts
  const { config, clickhouseUrl } = settings
  const [parsers, signatures] = await Promise.all([loadLogParsers(config.lake.parsers), loadSignatures()])
  const folder = lakeFolderOf(settings)
  try {
    const lake = await openLake({ folder, clickhouseUrl, config: config.lake, parsers, signatures, clock, log })
    const retention = keepRetention({
      ...{ db, engine: lake.engine, hasBegun: lake.hasBegun, clock, log },
      failedFolder: failedFolderOf(folder),
    })
    const close = async (): Promise<void> => {
      await retention.close()
      await lake.close()
    }
    return { lake, front: logsFront({ lake, folder, parsers, clock, settings }), close }
  } catch (error) {
    if (isTrouble(error, 'input.invalid')) throw error
    log.warn({ error: wordsOf(error) }, 'the log lake could not be opened; everything else goes on without it')
    return { lake: null, front: logsAway(error), close: async () => undefined }
  }
}
