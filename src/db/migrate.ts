import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { runMigrations } from 'graphile-worker'
import pg from 'pg'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { quietLogger } from './graphile-log.ts'
import { asTrouble } from './open.ts'

const folder = path.join(import.meta.dirname, 'migrations')
/** Any fixed number: whoever holds this advisory lock migrates, the others wait and find nothing to do. */
const migrateLock = 7_261_533_410_021

export type Migrated = { readonly applied: readonly string[] }

/**
 * Brings the database up to this version: our SQL files in the order of their names, each in one transaction, each recorded
 * with its digest; then graphile-worker's own. Safe to run from several processes at once.
 * With `through` it stops after that file, so that a restore can bring rows of an older version into their own tables.
 * Throws Trouble('state.conflict') when a file that was applied has changed since: migrations only go forward.
 */
export async function migrate(url: string, options: { readonly through?: string } = {}): Promise<Migrated> {
  const client = new pg.Client({ connectionString: url, application_name: 'counterfoil-migrate' })
  const applied: string[] = []
  try {
    await client.connect()
  } catch (error) {
    throw asTrouble(error)
  }
  try {
    await client.query('select pg_advisory_lock($1)', [migrateLock])
    await client.query(
      'create table if not exists migration (name text primary key, sha256 text not null, applied_at timestamptz not null default now())',
    )
    const before = new Map(
      (await client.query<{ name: string; sha256: string }>('select name, sha256 from migration')).rows.map((row) => [
        row.name,
        row.sha256,
      ]),
    )
    const { through } = options
    const files = (await readdir(folder))
      .filter((name) => name.endsWith('.sql') && (through === undefined || name <= through))
      .sort()
    if (files.length === 0) throw new Trouble('internal', { folder, problem: 'no migration was found' })
    for (const name of files) {
      const text = await readFile(path.join(folder, name), 'utf8')
      const digest = sha256Hex(text)
      const known = before.get(name)
      if (known === digest) continue
      if (known !== undefined)
        throw new Trouble('state.conflict', {
          migration: name,
          problem: 'this migration was applied in another wording',
        })
      await applyOne(client, name, text, digest)
      applied.push(name)
    }
    await runMigrations({ connectionString: url, logger: quietLogger, maxPoolSize: 2 })
  } catch (error) {
    throw asTrouble(error)
  } finally {
    await client.end()
  }
  return { applied }
}

async function applyOne(client: pg.Client, name: string, text: string, digest: string): Promise<void> {
  await client.query('begin')
  try {
    await client.query(text)
    await client.query('insert into migration (name, sha256) values ($1, $2)', [name, digest])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}
