import type { Socket } from 'node:net'
import { readRanges } from '../../kit/guard.ts'
import type { Row } from '../answer-rows.ts'
import { openLine, watchFlood } from '../reach.ts'
import { mariadb } from './mariadb.ts'
import { postgresql } from './postgresql.ts'
import type { SqlSettings } from './schema.ts'

/** Rows up to one more than may be given, so that it is known whether there are more. */
export type Bound = { readonly text: string; readonly values: readonly unknown[]; readonly rowsMax: number }

/** One connection inside a transaction that can only read. */
export type Database = {
  readonly read: (bound: Bound) => Promise<readonly Row[]>
  readonly end: () => Promise<void>
}

export type Connecting = { readonly socket: Socket; readonly settings: SqlSettings; readonly password: string }

const usualPort = { postgresql: 5432, mariadb: 3306 } as const

/**
 * A connection for one question: it costs some milliseconds, and none that lay idle, was cut by a firewall or has a setting of another
 * question is used. The signal destroys it; the server ends the statement itself by its own timeout.
 */
export async function withDatabase<T>(
  settings: SqlSettings,
  password: string,
  signal: AbortSignal,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { host, system, allowAddresses } = settings
  const port = settings.port || usualPort[system]
  const socket = await openLine({ host, port, allow: readRanges(allowAddresses) }, signal)
  watchFlood(socket)
  try {
    const open = system === 'postgresql' ? postgresql : mariadb
    const database = await open({ socket, settings, password })
    const done = await work(database)
    await database.end()
    return done
  } catch (error) {
    // Why a socket was broken (a flood, the time) says more than what the protocol made of it.
    throw signal.aborted ? (signal.reason as Error) : (socket.errored ?? error)
  } finally {
    socket.destroy()
  }
}
