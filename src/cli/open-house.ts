import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readSettings, type Settings } from '../config/config.ts'
import { startPostgres } from '../db/launcher.ts'
import { leave } from '../db/leave.ts'
import { migrate } from '../db/migrate.ts'
import { type Database, openDatabase } from '../db/open.ts'
import { Trouble } from '../kit/errors.ts'

export { leave }

export type OpenHouse = {
  readonly settings: Settings
  readonly database: Database
  readonly close: () => Promise<void>
}

/** Where the embedded PostgreSQL of a data folder lives. */
export function postgresFolder(dataFolder: string): string {
  return path.join(dataFolder, 'postgres')
}

/** Where it really lives: elsewhere, where PostgreSQL could not have reached it in a closed folder of root. */
export function clusterFolder(dataFolder: string): string {
  const named = path.join(postgresFolder(dataFolder), 'MOVED')
  return existsSync(named) ? readFileSync(named, 'utf8').trim() : postgresFolder(dataFolder)
}

/** True when there is an embedded cluster in this data folder, running or not. */
export function hasCluster(dataFolder: string): boolean {
  return (
    existsSync(path.join(postgresFolder(dataFolder), 'passwords.json')) ||
    existsSync(path.join(postgresFolder(dataFolder), 'MOVED'))
  )
}

/** Talk goes to stderr: stdout is for data. */
const log = {
  info: () => undefined,
  warn: (details: object, text: string) =>
    void process.stderr.write(`counterfoil: ${text} ${JSON.stringify(details)}\n`),
}

/**
 * The database for a command: the one of DATABASE_URL, or the embedded one of the data folder, shared with a server that
 * runs on it. `create` makes and migrates what is not there; without it an installation that is not there is said, not made.
 */
export async function openHouse(
  options: { readonly create?: boolean; readonly settings?: Settings } = {},
): Promise<OpenHouse> {
  const settings = options.settings ?? readSettings()
  const create = options.create ?? false
  if (settings.databaseUrl !== null) {
    if (create) await migrate(settings.databaseUrl)
    const database = await openDatabase(settings.databaseUrl, { poolMax: 4 })
    return { settings, database, close: database.close }
  }
  if (!create && !hasCluster(settings.dataFolder)) {
    throw new Trouble('house.missing', { dataFolder: settings.dataFolder })
  }
  const postgres = await startPostgres({ folder: postgresFolder(settings.dataFolder), log })
  try {
    if (create) await migrate(postgres.url)
    const database = await openDatabase(postgres.url, { poolMax: 4 })
    const close = async (): Promise<void> => {
      await database.close()
      await leave(postgres)
    }
    return { settings, database, close }
  } catch (error) {
    await leave(postgres)
    throw error
  }
}
