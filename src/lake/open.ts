import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import type { LakeConfig } from '../config/config.ts'
import type { Clock } from '../kit/clock.ts'
import type { TakeChunk, TakeLogs } from '../model/lake.ts'
import type { FilePositions } from '../model/log-file.ts'
import type { LogParser } from '../model/log-parser.ts'
import type { Signature } from '../parsers/log/signature.ts'
import type { Engine } from './engine/engine.ts'
import { openEngine } from './engine/open-engine.ts'
import { storeFolderOf } from './engine/store-folder.ts'
import { openFilePositions } from './load/file-positions.ts'
import { makeKeepSplits } from './load/kept-splits.ts'
import { Loader, type LoaderNews } from './load/loader.ts'
import { makeSourceReadings } from './load/source-readings.ts'
import { Spool, type SpoolLog } from './load/spool.ts'
import { failedFolderOf, type SpoolNews, spoolFolderOf, spoolNews } from './load/spool-news.ts'
import { loadSql } from './parse/load-sql.ts'

const mebibyte = 1024 * 1024
/** One source that floods leaves half of the spool to the others. */
const sourceShareMaxDefault = 0.5

export type LakeNews = SpoolNews &
  LoaderNews & {
    /** Age of the oldest line that the engine does not have yet, in milliseconds; 0 when it has all. */
    readonly lagMs: number
  }

export type Lake = {
  readonly engine: Engine
  /** False: nothing was ever kept here, and no engine (300 MB of memory) need be started to know that. */
  readonly hasBegun: () => boolean
  readonly take: TakeLogs
  readonly takeChunk: TakeChunk
  /** Positions in files that logs are read from. */
  readonly positions: FilePositions
  /** Resolves when everything that was taken before this call can be searched, or was set aside. */
  readonly settle: () => Promise<void>
  readonly news: () => Promise<LakeNews>
  /** Waits for loads that are under way. What the engine does not have yet stays in the spool, for the next who opens it. */
  readonly close: () => Promise<void>
}

export type LakeOptions = {
  /** Where engine, spool and positions lie. */
  readonly folder: string
  readonly clickhouseUrl: string | null
  readonly config: LakeConfig
  readonly parsers: readonly LogParser[]
  readonly signatures?: readonly Signature[]
  readonly clock: Clock
  readonly log: SpoolLog
  /** Share of the spool that one source may fill; 1 where there is only one. */
  readonly sourceShareMax?: number
  /** Smaller than what is configured, for one who can wait: a file does not go away. */
  readonly spoolBytesMax?: number
}

/** The lake with its way in: lines are spooled, given to the engine, and found there. Throws Trouble('lake.occupied' | 'lake.full'). */
export async function openLake(options: LakeOptions): Promise<Lake> {
  const { folder, config, parsers, clock, log } = options
  const statements = loadSql(parsers, options.signatures)
  const engine = openEngine({
    folder,
    clickhouseUrl: options.clickhouseUrl,
    log,
    memoryMaxMiB: config.memoryMaxMiB,
  })
  try {
    const spool = await Spool.open(spoolFolderOf(folder), {
      clock,
      log,
      limits: {
        spoolBytesMax: Math.min(options.spoolBytesMax ?? Infinity, config.spoolMaxMiB * mebibyte),
        sourceShareMax: options.sourceShareMax ?? sourceShareMaxDefault,
        freeDiskMinBytes: config.freeDiskMinMiB * mebibyte,
      },
    })
    const positions = await openFilePositions(path.join(folder, 'positions'))
    const loader = new Loader({
      ...{ spool, clock, log, failedFolder: failedFolderOf(folder) },
      tools: {
        engine,
        loadSql: statements,
        statements: await digestOf(statements, parsers),
        keepSplits: makeKeepSplits(engine),
        sourcesOf: makeSourceReadings(engine, clock),
      },
    })
    return {
      engine,
      hasBegun: () => options.clickhouseUrl !== null || existsSync(storeFolderOf(folder)),
      positions,
      take: (batch) => spool.take(batch),
      takeChunk: (chunk) => spool.takeChunk(chunk),
      settle: () => loader.settle(),
      news: async () => {
        const waiting = await spoolNews(folder)
        const lagMs = waiting.oldest === null ? 0 : Math.max(0, clock.now().getTime() - Date.parse(waiting.oldest))
        return { ...waiting, ...loader.news, lagMs }
      },
      close: async () => {
        await loader.stop()
        await spool.close()
        await engine.close()
      },
    }
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** Names the way lines are read: of the same text only when every statement is. */
async function digestOf(statements: ReturnType<typeof loadSql>, parsers: readonly LogParser[]): Promise<string> {
  const hash = createHash('sha256').update(statements.recognise({ stage: 's', recognised: 'r' }))
  for (const id of ['', ...parsers.map((parser) => parser.id)]) {
    hash.update(statements.insert(id, 'r'))
    // 64 parsers in one go were a fifth of a second in which a server answers nobody.
    await breathe()
  }
  return hash.digest('hex')
}
