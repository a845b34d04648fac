import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'
import pg from 'pg'
import { z } from 'zod'
import { sha256Hex } from '../kit/digest.ts'
import { isTrouble, Trouble } from '../kit/errors.ts'
import { tablesOf } from './backup.ts'
import { copyText, End, FolderPath, Manifest, type TableOf, tableEntry } from './backup-format.ts'
import { copyIn } from './copy.ts'
import { followReply } from './egress.ts'
import { migrate } from './migrate.ts'
import { asTrouble, type Db } from './open.ts'
import { type Entry, readTar } from './tar.ts'

export type RestoredFile = { readonly path: string; readonly bytes: Uint8Array }
export type Restored = {
  readonly madeAt: string
  readonly tables: readonly { readonly table: string; readonly rows: number }[]
  readonly files: readonly RestoredFile[]
}

/** Files of a data folder are settings and keys; more than this in memory is no data folder of ours. */
const filesBytesMax = 64 * 1024 * 1024

/**
 * Fills an empty database from an archive, all of it or nothing: rows go into the tables of the version that wrote them, are
 * compared with the digests at the archive's end, and are then brought up to this version. The files are handed back, for the
 * caller to put in place. Throws Trouble('place.occupied' | 'archive.invalid').
 */
export async function restoreInto(url: string, compressed: Readable): Promise<Restored> {
  const client = new pg.Client({ connectionString: url, application_name: 'counterfoil-restore' })
  client.on('error', () => undefined)
  await client.connect().catch((error: unknown) => {
    throw asTrouble(error)
  })
  try {
    await refuseOccupied(client)
    try {
      return await fill(client, url, entriesOf(compressed))
    } catch (error) {
      // It was empty before, so it is emptied again: a second try with another archive must not find it occupied.
      await client.query('rollback')
      await client.query(
        'drop schema if exists graphile_worker cascade; drop schema public cascade; create schema public',
      )
      throw invalidOr(error)
    }
  } finally {
    compressed.destroy()
    await client.end()
  }
}

async function refuseOccupied(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') limit 1`,
  )
  if (rows[0] !== undefined)
    throw new Trouble('place.occupied', { database: 'holds tables already', table: rows[0].name })
}

async function* entriesOf(compressed: Readable): AsyncGenerator<Entry> {
  const plain = createZstdDecompress()
  // A failure of either end destroys the other, and shows to whoever reads.
  pipeline(compressed, plain, () => undefined)
  yield* readTar(plain)
}

/** zlib says in its own words what a damaged file is; to us it is a damaged archive. */
function invalidOr(error: unknown): unknown {
  const known = asTrouble(error)
  if (isTrouble(known)) return known
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // Class 22 and 23 of PostgreSQL: rows that are none, or that break a rule of their table.
  const refused = /^2[23]...$/.test(code) || code.startsWith('ZSTD') || code.startsWith('Z_')
  const ofArchive = refused || error instanceof z.ZodError || error instanceof SyntaxError
  return ofArchive ? new Trouble('archive.invalid', { problem: code || (error as Error).message }, error) : error
}

async function fill(client: pg.Client, url: string, entries: AsyncGenerator<Entry>): Promise<Restored> {
  const archive = new Lookahead(entries)
  const manifest = Manifest.parse(JSON.parse(await archive.textOf('manifest.json')))
  await refuseNewer(manifest)
  await migrate(url, { through: manifest.migrations.at(-1)?.name ?? '' })
  const files = await takeFiles(archive)
  await client.query('begin')
  await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0')
  const known = new Map((await tablesOf(client)).map((table) => [`${table.schema}.${table.name}`, table]))
  const filled: End['tables'] = []
  for (const table of manifest.tables) {
    refuseUnknown(table, known.get(`${table.schema}.${table.name}`))
    await emptySeeds(client, table)
    const digest = createHash('sha256')
    const rows = await copyIn(client, copyText(table, 'from stdin'), piecesOf(archive, table, digest))
    filled.push({ schema: table.schema, name: table.name, rows, sha256: digest.digest('hex') })
  }
  const end = End.parse(JSON.parse(await archive.textOf('end.json')))
  compare(end, filled, files)
  for (const { schema, name, next, isCalled } of end.sequences) {
    await client.query('select setval(to_regclass($1), $2::bigint, $3)', [`"${schema}"."${name}"`, next, isCalled])
  }
  await client.query('commit')
  await migrate(url)
  await client.query('analyze')
  return {
    madeAt: manifest.madeAt,
    files,
    tables: filled.map(({ schema, name, rows }) => ({ table: `${schema}.${name}`, rows })),
  }
}

/** An archive can be brought forward, never back: each of its migrations must be one of ours, word for word. */
async function refuseNewer(manifest: Manifest): Promise<void> {
  const folder = path.join(import.meta.dirname, 'migrations')
  const ours = new Set((await readdir(folder)).filter((name) => name.endsWith('.sql')))
  for (const { name, sha256 } of manifest.migrations) {
    if (!ours.has(name))
      throw new Trouble('archive.invalid', {
        migration: name,
        problem: 'it was made by a newer version; install that one',
      })
    if (sha256Hex(await readFile(path.join(folder, name))) !== sha256) {
      throw new Trouble('archive.invalid', {
        migration: name,
        problem: 'it was made by a version that is not of this line',
      })
    }
  }
}

function refuseUnknown(table: TableOf, known: TableOf | undefined): void {
  const missing = table.columns.filter((column) => !known?.columns.includes(column))
  if (known === undefined || missing.length > 0) {
    throw new Trouble('archive.invalid', {
      table: `${table.schema}.${table.name}`,
      problem: `this version has no ${missing.join(', ') || 'such table'}`,
    })
  }
}

/** Rows that migrations put there themselves give way to those of the archive. Empty tables are left alone: some forbid any delete. */
async function emptySeeds(client: pg.Client, { schema, name }: TableOf): Promise<void> {
  const { rowCount } = await client.query(`select 1 from "${schema}"."${name}" limit 1`)
  if (rowCount !== 0) await client.query(`delete from "${schema}"."${name}"`)
}

async function takeFiles(archive: Lookahead): Promise<RestoredFile[]> {
  const files: RestoredFile[] = []
  let total = 0
  for (let entry = await archive.peek(); entry?.name.startsWith('folder/'); entry = await archive.peek()) {
    total += entry.bytes.length
    if (total > filesBytesMax) throw new Trouble('archive.invalid', { problem: 'it holds too many files' })
    files.push({ path: FolderPath.parse(entry.name.slice('folder/'.length)), bytes: entry.bytes })
    archive.drop()
  }
  return files
}

async function* piecesOf(
  archive: Lookahead,
  table: TableOf,
  digest: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for (let piece = 0; (await archive.peek())?.name === tableEntry(table, piece); piece++) {
    const { bytes } = (await archive.peek()) as Entry
    archive.drop()
    digest.update(bytes)
    yield bytes
  }
}

function compare(end: End, filled: End['tables'], files: readonly RestoredFile[]): void {
  const said = JSON.stringify(end.tables.map(({ schema, name, rows, sha256 }) => [schema, name, rows, sha256]))
  const found = JSON.stringify(filled.map(({ schema, name, rows, sha256 }) => [schema, name, rows, sha256]))
  const filesSaid = JSON.stringify(end.files.map((file) => [file.path, file.sha256]))
  const filesFound = JSON.stringify(files.map((file) => [file.path, sha256Hex(file.bytes)]))
  if (said !== found || filesSaid !== filesFound)
    throw new Trouble('archive.invalid', { problem: 'its contents do not give the digests at its end' })
}

/** Entries in their order, with the next one in view. */
class Lookahead {
  readonly #entries: AsyncGenerator<Entry>
  #next: Entry | null | undefined

  constructor(entries: AsyncGenerator<Entry>) {
    this.#entries = entries
  }

  async peek(): Promise<Entry | null> {
    if (this.#next === undefined) {
      const next = await this.#entries.next()
      this.#next = next.done ? null : next.value
    }
    return this.#next
  }

  drop(): void {
    this.#next = undefined
  }

  async textOf(name: string): Promise<string> {
    const entry = await this.peek()
    if (entry?.name !== name)
      throw new Trouble('archive.invalid', { problem: `${name} was expected, ${entry?.name ?? 'nothing'} found` })
    this.drop()
    return Buffer.from(entry.bytes).toString('utf8')
  }
}

/**
 * Replies that were held or being sent when the backup was made may have left since: `unconfirmed`, for a person to settle, so
 * that none is sent twice. Answers their ids.
 */
export async function unconfirmReplies(tx: Db): Promise<string[]> {
  const replies = await tx
    .updateTable('reply')
    .set({ state: 'unconfirmed', receipt: 'restored from a backup: it may have left after the backup was made' })
    .where('state', 'in', ['held', 'sending'])
    .returning('id')
    .execute()
  for (const { id } of replies) await followReply(tx, id, { state: 'unconfirmed' })
  return replies.map(({ id }) => id)
}
