import { createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Connecting, Database } from './database.ts'

/** MariaDB and MySQL. Statements are prepared on the server, so that a value never becomes a piece of the text. */
export async function mariadb({ socket, settings, password }: Connecting): Promise<Database> {
  const { host, database, user, security, ca, timeoutMs } = settings
  const connection = await createConnection({
    stream: () => socket,
    ...{ host, database, user, password },
    // Left to itself the library compares no name with the certificate.
    ...(security === 'tls'
      ? {
          ssl: {
            ...(ca.trim() === '' ? {} : { ca }),
            rejectUnauthorized: true,
            verifyIdentity: true,
            minVersion: 'TLSv1.2',
          },
        }
      : {}),
    connectTimeout: timeoutMs,
    multipleStatements: false,
    // No file of ours is sent to a server that asks for one.
    flags: ['-LOCAL_FILES'],
    disableEval: true,
    supportBigNumbers: true,
    timezone: 'Z',
    connectAttributes: { program_name: 'counterfoil' },
  })
  connection.on('error', () => socket.destroy())
  const [[told]] = await connection.query<(RowDataPacket & { version: string })[]>('select version() as version')
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1_000))
  const limit = String(told?.version).includes('MariaDB')
    ? `max_statement_time = ${seconds}`
    : `max_execution_time = ${Math.trunc(timeoutMs)}`
  await connection.query(`set session ${limit}`)
  await connection.query("set session time_zone = '+00:00'")
  await connection.query('start transaction read only')
  return {
    read: async ({ text, values, rowsMax }) => {
      await connection.query(`set session sql_select_limit = ${Math.trunc(rowsMax) + 1}`)
      const [rows] = await connection.execute<RowDataPacket[]>(
        text,
        values.map((value) => (value === undefined ? null : (value as string | null))),
      )
      // A statement that gives no rows gives a header in their place.
      return (Array.isArray(rows) ? rows : []).slice(0, rowsMax + 1)
    },
    end: async () => {
      await connection.query('rollback')
      await connection.end()
    },
  }
}
