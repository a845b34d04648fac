import { isIP } from 'node:net'
import pg from 'pg'
import type { Connecting, Database } from './database.ts'

/**
 * PostgreSQL. The query is a cursor's: the server takes one query with its values apart, no second statement and none that changes
 * anything, and gives as many rows as are fetched.
 */
export async function postgresql({ socket, settings, password }: Connecting): Promise<Database> {
  const { host, database, user, security, ca, timeoutMs } = settings
  const client = new pg.Client({
    // It is connected already; pg hears so in the next turn.
    stream: () => {
      socket.connect = () => {
        setImmediate(() => socket.emit('connect'))
        return socket
      }
      return socket
    },
    ...{ host, database, user, password },
    ssl:
      security === 'tls'
        ? {
            ...(ca.trim() === '' ? {} : { ca }),
            ...(isIP(host) === 0 ? { servername: host } : {}),
            minVersion: 'TLSv1.2',
          }
        : false,
    application_name: 'counterfoil',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  })
  client.on('error', () => socket.destroy())
  await client.connect()
  await client.query('begin transaction read only')
  await client.query(`set local statement_timeout = ${Math.trunc(timeoutMs)}`)
  await client.query('set local lock_timeout = 1000')
  let cursors = 0
  return {
    read: async ({ text, values, rowsMax }) => {
      cursors += 1
      await client.query({
        text: `declare answer_${cursors} no scroll cursor for ${text}`,
        values: [...values],
        queryMode: 'extended',
      } as pg.QueryConfig)
      const { rows } = await client.query<Record<string, unknown>>(
        `fetch forward ${Math.trunc(rowsMax) + 1} from answer_${cursors}`,
      )
      return rows
    },
    end: async () => {
      await client.query('rollback')
      await client.end()
    },
  }
}
