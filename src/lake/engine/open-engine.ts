import path from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { clientOfSocket, clientOfUrl } from './clients.ts'
import type { Engine } from './engine.ts'
import { standEventsView } from './events-view.ts'
import { insertFileOf } from './insert-file.ts'
import { type EngineLog, keepEngine } from './keeper.ts'
import { migrateLake } from './migrate.ts'
import { makeStatements, type Reach, type Statements } from './statements.ts'

export type EngineOptions = {
  /** Where the embedded engine keeps everything; made when it is not there, 0700. */
  readonly folder: string
  /** A server or cluster instead: `https://user:password@host:8443/database`. */
  readonly clickhouseUrl: string | null
  readonly log: EngineLog
  /** What the embedded engine's process may use. */
  readonly memoryMaxMiB: number
  /** Off for throw-away lakes of tests only: a power cut loses what was loaded last. */
  readonly fsync?: boolean
  /** How long the living engine of another process may keep still before it is told as lake.occupied. */
  readonly answerMsMax?: number
}

/** One statement may take this much of the engine's memory: two loads and a page still fit beside it. */
const memoryShare = 0.6

/**
 * The engine of the lake. Nothing is started or connected before the first statement, which also brings the tables up to this version.
 * Statements throw Trouble: lake.unreachable (it does not answer, or went away while the statement ran: a SELECT may be repeated, an
 * INSERT with a deduplication token too), lake.occupied (another process has the folder and does not answer), lake.too-costly
 * (`details.reason`: time, memory, rows, complexity), lake.query (readOnly statements: it cannot be read), disk.full, house.busy.
 */
export function openEngine(options: EngineOptions): Engine {
  return options.clickhouseUrl === null ? embedded(options) : cluster(options.clickhouseUrl)
}

function embedded(options: EngineOptions): Engine {
  const keeper = keepEngine({ ...options, folder: path.resolve(options.folder) })
  let current: { readonly turn: number; readonly client: ClickHouseClient } | null = null
  const memoryBytesMax = Math.round(options.memoryMaxMiB * 1024 * 1024 * memoryShare)
  const reach: Omit<Reach, 'client'> = {
    memoryBytesMax,
    lost: keeper.forget,
    stuck: () => {
      keeper
        .suspect()
        .catch((error: unknown) => options.log.warn({ error: wordsOf(error) }, 'the log engine cannot be looked after'))
    },
  }
  const client = async (): Promise<ClickHouseClient> => {
    const { socket, turn } = await keeper.reach()
    if (current?.turn === turn) return current.client
    const last = current
    current = { turn, client: clientOfSocket(socket) }
    const { client } = current
    await last?.client.close()
    return client
  }
  return assemble('embedded', { ...reach, client }, async () => {
    await current?.client.close()
    await keeper.close()
  })
}

function cluster(url: string): Engine {
  let made: ClickHouseClient | null = null
  const client = async (): Promise<ClickHouseClient> => {
    made ??= clientOfUrl(url)
    return made
  }
  // Memory is the cluster's own to share out, by the profile of the user we are.
  const reach: Reach = { client, lost: async () => false, stuck: () => undefined, memoryBytesMax: null }
  return assemble('cluster', reach, async () => {
    await made?.close()
  })
}

/** Statements that first see to it that the tables are there, once; a failure of that is tried again by the next statement. */
function assemble(where: Engine['where'], reach: Reach, end: () => Promise<void>): Engine {
  const bare = makeStatements(reach)
  let migrated: Promise<void> | null = null
  let closed = false
  const ready = async (): Promise<ClickHouseClient> => {
    if (closed) throw new Trouble('lake.unreachable', { problem: 'it was closed' })
    migrated ??= migrateLake(bare, where)
      .then(() => standEventsView(bare))
      .catch((error: unknown) => {
        migrated = null
        throw error
      })
    await migrated
    return reach.client()
  }
  const statements: Statements = makeStatements({ ...reach, client: ready })
  return {
    where,
    rows: statements.rows,
    batches: statements.batches,
    command: statements.command,
    insertFile: insertFileOf(where, statements),
    close: async () => {
      closed = true
      await migrated?.catch(() => undefined)
      await end()
    },
  }
}
