import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import type { FactOf, ImportResult, ListNoun, Mapping, Refusal, RowRead } from '../model/list.ts'
import { iso, jsonb } from './jsonb.ts'
import { type Found, storeOf } from './list-stores.ts'
import { importTurn } from './one-at-a-time.ts'
import { type Db, transaction } from './open.ts'

/** Rows in one insert: 79,000 rows/s were measured from a thousand on, and a batch stays under a few MB. */
const batchRows = 1_000
/** Refused cells that are kept with the import; the rest is only counted. A list that is this wrong needs another mapping. */
const refusedKeptMax = 1_000

type ListImport<N extends ListNoun> = {
  readonly noun: N
  /** Name of the list; importing the same source again replaces its rows. */
  readonly source: string
  readonly mapping: Mapping
  readonly rows: AsyncIterable<RowRead<FactOf[N]>>
  readonly by: string
  readonly asOf: Date
  readonly dryRun: boolean
  readonly onProgress?: (rowsRead: number) => void
}

/** Ends the transaction of an import of which nothing shall stay, and carries its result out. */
class Leave extends Error {
  readonly result: ImportResult
  constructor(result: ImportResult) {
    super('nothing of this import stays')
    this.result = result
  }
}

/**
 * Takes a list in one transaction: the source's old rows go (leases and past entries of a calendar stay), the good rows come, the bad
 * ones are listed, and what is new, changed and gone is told. When not one row was good (or on a dry run) everything stays as it was.
 * Rows flow through in batches, so memory does not grow with the list.
 */
export async function replaceList<N extends ListNoun>(
  db: Db,
  list: ListImport<N>,
  clock: Clock,
): Promise<ImportResult> {
  try {
    return await transaction(db, (tx) => replaceInside(tx, list, clock))
  } catch (error) {
    if (error instanceof Leave) return error.result
    throw error
  }
}

async function replaceInside<N extends ListNoun>(tx: Db, list: ListImport<N>, clock: Clock): Promise<ImportResult> {
  // Two imports of one kind at once would refuse each other's rows as doubles.
  await importTurn(tx, `import ${list.noun}`)
  const store = storeOf(list.noun)
  const replaced = await store.clear(tx, list.source, list.asOf)
  const refused: Refusal[] = []
  const count = { in: 0, taken: 0, refused: 0 }
  const refuse = (problems: readonly Refusal[]) => {
    count.refused += 1
    refused.push(...problems.slice(0, Math.max(0, refusedKeptMax - refused.length)))
  }
  let batch: Found[] = []
  const flush = async () => {
    const doubles = await store.put(tx, batch, list.source, list.asOf)
    for (const double of doubles) refuse([double])
    count.taken += batch.length - doubles.length
    batch = []
    list.onProgress?.(count.in)
  }
  for await (const read of list.rows) {
    count.in += 1
    if ('problems' in read) refuse(read.problems)
    else batch.push(store.found(list.source, read.row, read.fact))
    if (batch.length >= batchRows) await flush()
  }
  await flush()
  const changes = await store.changes(tx, list.source)
  const result: ImportResult = {
    batchId: randomUUID(),
    noun: list.noun,
    source: list.source,
    asOf: iso(list.asOf),
    mapping: list.mapping,
    rowsIn: count.in,
    taken: count.taken,
    refusedRows: count.refused,
    refused,
    replaced,
    changes,
    dryRun: list.dryRun,
  }
  if (list.dryRun || count.taken === 0) throw new Leave(result)
  await store.settle(tx)
  await record(tx, result, list.by, clock)
  return result
}

async function record(tx: Db, result: ImportResult, by: string, clock: Clock): Promise<void> {
  await tx
    .insertInto('import_batch')
    .values({
      id: result.batchId,
      noun: result.noun,
      source: result.source,
      mapping: jsonb(result.mapping),
      rows_in: result.rowsIn,
      rows_taken: result.taken,
      rows_refused: jsonb({ rows: result.refusedRows, cells: result.refused }),
      done_by: by,
      done_at: clock.now(),
      added: result.changes.added,
      changed: result.changes.changed,
      gone: result.changes.gone,
    })
    .execute()
  const { batchId, source, asOf, rowsIn, taken, refusedRows, replaced } = result
  const { added, changed, gone } = result.changes
  const body = { batch: batchId, source, asOf, rowsIn, taken, refused: refusedRows, replaced, added, changed, gone }
  await append(tx, { kind: 'import.done', actor: by, subject: `list:${result.noun}`, body }, clock)
}

/** The lists we have: kind, source, rows, and when they were true; for the settings page. */
export async function listSources(db: Db): Promise<{ noun: ListNoun; source: string; rows: number; asOf: string }[]> {
  const { rows } = await sql<{ noun: ListNoun; source: string; rows: string; as_of: Date }>`
    select 'assets' as noun, source, count(*) as rows, max(as_of) as as_of from asset group by source
    union all select 'people', source, count(*), max(as_of) from person group by source
    union all select 'networks', source, count(*), max(as_of) from network group by source
    union all select 'leases', source, count(*), max(from_at) from address_lease group by source
    union all select 'calendar', source, count(*), max(to_at) from calendar_entry group by source
    order by 1, 2`.execute(db)
  return rows.map((row) => ({ noun: row.noun, source: row.source, rows: Number(row.rows), asOf: iso(row.as_of) }))
}
