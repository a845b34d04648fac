import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startPostgres } from '../../src/db/launcher.ts'
import { migrate } from '../../src/db/migrate.ts'
import { type Database, openDatabase } from '../../src/db/open.ts'

const silent = { info: () => undefined, warn: () => undefined }

/** Work on an embedded PostgreSQL of its own with fsync on, as an installation has it; it is gone afterwards. */
export async function onEmbedded<T>(work: (db: Database['db']) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-bench-'))
  const postgres = await startPostgres({ folder: path.join(folder, 'postgres'), log: silent })
  try {
    await migrate(postgres.url)
    const database = await openDatabase(postgres.url, { poolMax: 4 })
    try {
      return await work(database.db)
    } finally {
      await database.close()
    }
  } finally {
    await postgres.stop()
    rmSync(folder, { recursive: true })
  }
}
