import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import type { Asset, Network, Person } from '../model/context.ts'
import type { FactOf, ImportResult, ListNoun, Mapping, Refusal, RowRead } from '../model/list.ts'
import { iso, jsonb } from './jsonb.ts'
import { type Db, transaction } from './open.ts'

/** Rows in one insert: 79,000 rows/s were measured from a thousand on, and a batch stays under a few MB. */
const batchRows = 1_000
/** Refused cells that are kept with the import; the rest is only counted. A list that is this wrong needs another mapping. */
const refusedKeptMax = 1_000

type Found = {
  readonly row: number
  readonly key: string
  readonly column: string
  readonly value: string
  readonly record: object
}

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
 * Takes a list in one transaction: the source's old rows go, the good rows come, the bad ones are listed. When not one row was good
 * (or on a dry run) everything stays as it was. Rows flow through in batches, so memory does not grow with the list.
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
  await sql`select pg_advisory_xact_lock(hashtext(${`import ${list.noun}`}))`.execute(tx)
  const old = sql.table(tables[list.noun])
  const replaced = await sql`delete from ${old} where source = ${list.source}`.execute(tx)
  const refused: Refusal[] = []
  const count = { in: 0, taken: 0, refused: 0 }
  const refuse = (problems: readonly Refusal[]) => {
    count.refused += 1
    refused.push(...problems.slice(0, Math.max(0, refusedKeptMax - refused.length)))
  }
  let batch: Found[] = []
  const flush = async () => {
    const doubles = await insert(tx, list, batch)
    for (const double of doubles) refuse([double])
    count.taken += batch.length - doubles.length
    batch = []
    list.onProgress?.(count.in)
  }
  for await (const read of list.rows) {
    count.in += 1
    if ('problems' in read) refuse(read.problems)
    else batch.push(prepared(list, read.row, read.fact))
    if (batch.length >= batchRows) await flush()
  }
  await flush()
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
    replaced: Number(replaced.numAffectedRows ?? 0),
    dryRun: list.dryRun,
  }
  if (list.dryRun || count.taken === 0) throw new Leave(result)
  await settle(tx, list.noun)
  await record(tx, result, list.by, clock)
  return result
}

/** Inserts a batch in one statement; gives back what was there already (the same key twice in a list, a range of another list). */
async function insert<N extends ListNoun>(tx: Db, list: ListImport<N>, batch: readonly Found[]): Promise<Refusal[]> {
  if (batch.length === 0) return []
  const first = new Map(batch.toReversed().map((found) => [found.key, found]))
  const records = jsonb([...first.values()].reverse().map((found) => found.record))
  const { rows } = await statements[list.noun](records, list.source, list.asOf).execute(tx)
  const taken = new Set(rows.map((row) => row.key))
  return batch.flatMap((found) => {
    const double = first.get(found.key) !== found
    if (taken.has(found.key) && !double) return []
    const problem = list.noun === 'networks' ? 'this range is in a list already' : 'the same id stands in a row above'
    return [{ row: found.row, column: found.column, problem, value: found.value }]
  })
}

/**
 * GIN indexes keep new rows in a list that every look-up reads through until a vacuum comes by (9 ms a look-up among 100,000 fresh
 * assets), and without statistics a new list is read from end to end. So both are brought up to date with the import.
 */
async function settle(tx: Db, noun: ListNoun): Promise<void> {
  for (const index of ginIndexes[noun]) await sql`select gin_clean_pending_list(${index}::regclass)`.execute(tx)
  await sql`analyze ${sql.table(tables[noun])}`.execute(tx)
}

const ginIndexes = { assets: ['asset_names', 'asset_addresses'], people: ['person_keys'], networks: [] } as const
const tables = { assets: 'asset', people: 'person', networks: 'network' } as const

const statements = {
  assets: (records: string, source: string, asOf: Date) => sql<{ key: string }>`
    insert into asset (id, name, facts, names, addresses, source, as_of)
    select r.id, r.name, r.facts, r.names, r.addresses, ${source}, ${asOf}
    from jsonb_to_recordset(${records}::jsonb) as r (id text, name text, facts jsonb, names text[], addresses inet[])
    on conflict (id) do nothing returning id as key`,
  people: (records: string, source: string, asOf: Date) => sql<{ key: string }>`
    insert into person (id, name, facts, keys, source, as_of)
    select r.id, r.name, r.facts, r.keys, ${source}, ${asOf}
    from jsonb_to_recordset(${records}::jsonb) as r (id text, name text, facts jsonb, keys text[])
    on conflict (id) do nothing returning id as key`,
  networks: (records: string, source: string, asOf: Date) => sql<{ key: string }>`
    with r as (select * from jsonb_to_recordset(${records}::jsonb) as r (key text, cidr cidr, facts jsonb)),
    taken as (
      insert into network (cidr, facts, source, as_of) select cidr, facts, ${source}, ${asOf} from r
      on conflict (cidr) do nothing returning cidr
    )
    select r.key from r join taken using (cidr)`,
}

/** Ids are unique within their source; the rows of two sources live side by side. */
function prepared<N extends ListNoun>(list: ListImport<N>, row: number, fact: FactOf[N]): Found {
  if (list.noun === 'networks') {
    const network = fact as Network
    return {
      row,
      key: network.cidr,
      column: 'cidr',
      value: network.cidr,
      record: { key: network.cidr, cidr: network.cidr, facts: network },
    }
  }
  const { id, name } = fact as Asset | Person
  const key = `${list.source}/${id}`
  const record =
    list.noun === 'assets'
      ? { id: key, name, facts: fact, names: namesOf(fact as Asset), addresses: (fact as Asset).addresses }
      : { id: key, name, facts: fact, keys: keysOf(fact as Person) }
  return { row, key, column: 'id', value: id, record }
}

/** Lower-case name and aliases, and their first labels. */
function namesOf(asset: Asset): string[] {
  const names = [asset.name, ...asset.aliases].map((name) => name.toLowerCase())
  return [...new Set([...names, ...names.map((name) => name.split('.')[0] ?? name)])].filter((name) => name !== '')
}

/** Lower-case mail address, accounts and name; mail and accounts also without their domain. */
function keysOf(person: Person): string[] {
  const accounts = [person.email ?? '', ...person.accounts].map((key) => key.toLowerCase())
  const users = accounts.map((key) => key.replace(/^.*\\/, '').replace(/@.*$/, ''))
  return [...new Set([...accounts, ...users, person.name.toLowerCase()])].filter((key) => key !== '')
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
    })
    .execute()
  const { batchId, source, asOf, rowsIn, taken, refusedRows, replaced } = result
  const body = { batch: batchId, source, asOf, rowsIn, taken, refused: refusedRows, replaced }
  await append(tx, { kind: 'import.done', actor: by, subject: `list:${result.noun}`, body }, clock)
}

/** The lists we have: kind, source, rows, and when they were true; for the settings page. */
export async function listSources(db: Db): Promise<{ noun: ListNoun; source: string; rows: number; asOf: string }[]> {
  const { rows } = await sql<{ noun: ListNoun; source: string; rows: string; as_of: Date }>`
    select 'assets' as noun, source, count(*) as rows, max(as_of) as as_of from asset group by source
    union all select 'people', source, count(*), max(as_of) from person group by source
    union all select 'networks', source, count(*), max(as_of) from network group by source
    order by 1, 2`.execute(db)
  return rows.map((row) => ({ noun: row.noun, source: row.source, rows: Number(row.rows), asOf: iso(row.as_of) }))
}
