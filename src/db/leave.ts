import pg from 'pg'
import type { Postgres } from './launcher.ts'

/** Stops what this command started, unless a server came to share it in the meantime. */
export async function leave(postgres: Postgres): Promise<void> {
  if (!postgres.owner) return
  if (!(await isShared(postgres.adminUrl))) await postgres.stop()
}

async function isShared(adminUrl: string): Promise<boolean> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5000 })
  await admin.connect()
  try {
    const others = await admin.query(
      "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    )
    return others.rowCount !== 0
  } finally {
    await admin.end()
  }
}
