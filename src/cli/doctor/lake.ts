import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import path from 'node:path'
import type { Settings } from '../../config/config.ts'
import { openEngine } from '../../lake/engine/open-engine.ts'
import { storeFolderOf } from '../../lake/engine/store-folder.ts'
import { type SpoolNews, spoolNews } from '../../lake/load/spool-news.ts'
import { loadLogParsers } from '../../lake/parse/parser-files.ts'
import { listSources } from '../../lake/sources.ts'
import { statusOfSources } from '../../lake/status.ts'
import type { SourceStatus } from '../../model/lake.ts'
import { broken, type Check, duration, notApplicable, ok, warn } from './check.ts'

/** A server stores a line within two seconds; what waits this long waits for something. */
export const lineWaitMsMax = 5 * 60_000

/** Parsers of one's own, the engine, what waits, what is silent, and the room for lines. Starts no lake where there is none. */
export async function lookAtLake(settings: Settings, now: Date): Promise<readonly Check[]> {
  const { clickhouseUrl, config, dataFolder } = settings
  // A parser that is wrong stops the start; what it throws names file and line.
  await loadLogParsers(config.lake.parsers)
  const folder = path.join(dataFolder, 'lake')
  if (clickhouseUrl === null && !existsSync(storeFolderOf(folder)))
    return [notApplicable('log-lake', 'no log line was ever taken')]
  const log = { info: () => undefined, warn: () => undefined }
  const engine = openEngine({ folder, clickhouseUrl, log, memoryMaxMiB: config.lake.memoryMaxMiB })
  try {
    const sources = await statusOfSources(engine, await listSources(engine), now)
    const { bavail, bsize } = await statfs(existsSync(folder) ? folder : dataFolder)
    const freeMiB = Math.floor((bavail * bsize) / 1024 / 1024)
    return [
      judgeSources(sources),
      judgeWaitingLines(await spoolNews(folder), now),
      judgeRoom(freeMiB, config.lake.freeDiskMinMiB),
    ]
  } finally {
    await engine.close()
  }
}

export function judgeSources(sources: readonly SourceStatus[]): Check {
  const silent = sources.filter((one) => one.silent).map(({ source }) => source.id)
  if (silent.length > 0)
    return warn(
      'log-lake',
      `silent for longer than they may be: ${silent.join(', ')}`,
      'See to the sender, or change the alarm under Logs, Sources.',
    )
  const events = sources.reduce((sum, one) => sum + one.events, 0)
  return ok('log-lake', `the log engine answers: ${sources.length} sources, ${events.toLocaleString('en')} events`)
}

export function judgeWaitingLines({ oldest, failedSegments }: SpoolNews, now: Date): Check {
  if (failedSegments > 0)
    return warn(
      'log-spool',
      `${failedSegments} pieces were set aside: the engine refused them`,
      'They lie in lake/failed of the data folder as text: ingest them again, or remove them.',
    )
  const waitMs = oldest === null ? 0 : now.getTime() - Date.parse(oldest)
  if (waitMs > lineWaitMsMax)
    return warn(
      'log-spool',
      `lines have waited to be stored for ${duration(waitMs)}`,
      'Start the server; if one runs, look at its log for the log engine.',
    )
  return ok('log-spool', oldest === null ? 'no line waits to be stored' : 'lines are being stored')
}

function judgeRoom(freeMiB: number, keepFreeMiB: number): Check {
  const says = `${freeMiB.toLocaleString('en')} MiB are free; below ${keepFreeMiB.toLocaleString('en')} lines are refused`
  if (freeMiB > keepFreeMiB) return ok('log-room', says)
  return broken('log-room', says, 'Free some space, keep sources for fewer days, or lower lake.freeDiskMinMiB.')
}
