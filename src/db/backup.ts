import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import pg from 'pg'
import type { Clock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { backupFormat, copyText, type End, type Manifest, type TableOf, tableEntry } from './backup-format.ts'
import { copyOut } from './copy.ts'
import { asTrouble } from './open.ts'
import { entryBytesMax, tarEnd, tarEntry } from './tar.ts'

export type BackedUp = {
  readonly tables: number
  readonly rows: number
  readonly files: number
  readonly bytes: number
}

/** Files of the data folder that go along: path in the archive, and where they are. */
export type FolderFile = { readonly path: string; readonly file: string }

type Needs = { readonly url: string; readonly files: readonly FolderFile[]; readonly clock: Clock }

/**
 * Writes the whole database, as it was at one moment, and these files into one archive. Works beside a running server, which
 * goes on writing. No PostgreSQL program is needed; memory stays flat. `write` resolves when there is room again.
 */
export async function backUp(
  needs: Needs,
  write: (piece: Uint8Array) => Promise<void>,
  onBytes: (bytes: number) => void,
): Promise<BackedUp> {
  const client = new pg.Client({ connectionString: needs.url, application_name: 'counterfoil-backup' })
  // A connection that breaks shows in the query that runs on it.
  client.on('error', () => undefined)
  const totals = { tables: 0, rows: 0, files: needs.files.length, bytes: 0 }
  try {
    await client.connect()
    await client.query('begin isolation level repeatable read, read only')
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0')
    const pieces = archive(client, needs, totals, onBytes)
    // Level 3 with a checksum: three times smaller, and no slower than the disk.
    const compress = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
    })
    await pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 1 }), compress, async (compressed) => {
      for await (const piece of compressed as AsyncIterable<Uint8Array>) {
        totals.bytes += piece.length
        await write(piece)
      }
    })
    return totals
  } catch (error) {
    throw asTrouble(error)
  } finally {
    await client.end()
  }
}

async function* archive(
  client: pg.Client,
  { files, clock }: Needs,
  totals: { tables: number; rows: number },
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const at = clock.now()
  const json = (name: string, value: Manifest | End): Buffer =>
    tarEntry({ name, bytes: Buffer.from(JSON.stringify(value, null, 1)) }, at)
  const tables = await tablesOf(client)
  const { rows: migrations } = await client.query<Manifest['migrations'][number]>(
    'select name, sha256 from migration order by name',
  )
  const { rows: version } = await client.query<{ server_version: string }>('show server_version')
  yield json('manifest.json', {
    format: backupFormat,
    madeAt: at.toISOString(),
    postgres: version[0]?.server_version ?? '',
    migrations,
    tables,
  })
  const end: End = { tables: [], sequences: await sequencesOf(client), files: [] }
  for (const { path, file } of files) {
    const bytes = await readFile(file)
    end.files.push({ path, sha256: sha256Hex(bytes) })
    yield tarEntry({ name: `folder/${path}`, bytes }, at)
  }
  let bytesRead = 0
  for (const table of tables) {
    const digest = createHash('sha256')
    let piece = 0
    const copying = copyOut(client, copyText(table, 'to stdout'))
    let next = await copying.next()
    for (; next.done !== true; next = await copying.next()) {
      digest.update(next.value)
      bytesRead += next.value.length
      onBytes(bytesRead)
      for (let from = 0; from < next.value.length; from += entryBytesMax) {
        yield tarEntry({ name: tableEntry(table, piece++), bytes: next.value.subarray(from, from + entryBytesMax) }, at)
      }
    }
    end.tables.push({ schema: table.schema, name: table.name, rows: next.value, sha256: digest.digest('hex') })
    totals.rows += next.value
    totals.tables++
  }
  yield json('end.json', end)
  yield tarEnd
}

/** What knows how far a database is migrated is not restored but made anew, and so are counts of rows that are restored. */
const bookkeeping = new Set(['public.migration', 'graphile_worker.migrations', 'public.tally'])

/** Every table of ours and of the job queue, with the columns that can be written, what is referred to first. */
export async function tablesOf(client: pg.Client): Promise<TableOf[]> {
  const { rows } = await client.query<{
    oid: string
    schema: string
    name: string
    columns: string[]
    refers: string[]
  }>(`
    select c.oid::text, n.nspname as schema, c.relname as name,
           array(select a.attname::text from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
           array(select k.confrelid::text from pg_constraint k
                 where k.contype = 'f' and k.conrelid = c.oid and k.confrelid <> c.oid) as refers
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('public', 'graphile_worker') order by n.nspname desc, c.relname`)
  const ordered: typeof rows = []
  const wanted = rows.filter(({ schema, name }) => !bookkeeping.has(`${schema}.${name}`))
  const done = new Set<string>()
  while (ordered.length < wanted.length) {
    const ready = wanted.filter((table) => !done.has(table.oid) && table.refers.every((oid) => done.has(oid)))
    if (ready.length === 0)
      throw new Error('tables refer to each other in a circle; a backup of them cannot be filled in order')
    for (const table of ready) done.add(table.oid)
    ordered.push(...ready)
  }
  return ordered.map(({ schema, name, columns }) => ({ schema, name, columns }))
}

async function sequencesOf(client: pg.Client): Promise<End['sequences']> {
  const { rows } = await client.query<{ schema: string; name: string }>(`
    select schemaname as schema, sequencename as name from pg_sequences where schemaname in ('public', 'graphile_worker') order by 1, 2`)
  const sequences: End['sequences'] = []
  for (const { schema, name } of rows) {
    const { rows: at } = await client.query<{ next: string; isCalled: boolean }>(
      `select last_value::text as next, is_called as "isCalled" from "${schema}"."${name}"`,
    )
    sequences.push({ schema, name, next: at[0]?.next ?? '1', isCalled: at[0]?.isCalled ?? false })
  }
  return sequences
}
