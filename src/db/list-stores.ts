import { type RawBuilder, sql } from 'kysely'
import type { CalendarEntry } from '../model/calendar.ts'
import type { Asset, Lease, Network, Person } from '../model/context.ts'
import type { Changes, FactOf, ListNoun, Refusal } from '../model/list.ts'
import { settleAssets, settlePeople } from './entities.ts'
import { jsonb } from './jsonb.ts'
import { keysOf, namesOf } from './list-keys.ts'
import type { Db } from './open.ts'

/** Rows of each kind of change that are named. */
const namedMax = 20
/** Leases that ended before this are forgotten: a year and a month, past the 180 days that an expectation lives. */
const leaseDaysMax = 400

/** A row as it will be stored, and what to say when it cannot be. */
export type Found = {
  readonly row: number
  readonly key: string
  readonly column: string
  readonly value: string
  readonly record: object
}

/** How a kind of list is kept. */
export type ListStore<N extends ListNoun> = {
  readonly found: (source: string, row: number, fact: FactOf[N]) => Found
  /** Makes room for the list that comes: remembers what the source said, and takes it away. Gives the rows that there were. */
  readonly clear: (tx: Db, source: string, asOf: Date) => Promise<number>
  /** Stores a batch in one statement; gives back what was there already (the same key twice in a list, a range of another list). */
  readonly put: (tx: Db, batch: readonly Found[], source: string, asOf: Date) => Promise<Refusal[]>
  readonly changes: (tx: Db, source: string) => Promise<Changes>
  /** After the last row: indexes, statistics, which rows belong together. */
  readonly settle: (tx: Db) => Promise<void>
}

/** How lists of this kind are kept. */
export function storeOf<N extends ListNoun>(noun: N): ListStore<N> {
  return stores[noun]
}

const remembered = sql.table('before_import')

/** What the source says now, by key, name and a mark of its facts; so that the import can tell what it changed. */
async function remember(tx: Db, rows: RawBuilder<unknown>): Promise<void> {
  await sql`drop table if exists before_import`.execute(tx)
  await sql`create temporary table before_import on commit drop as ${rows}`.execute(tx)
}

/** Compares what was remembered with `now` (key, name, mark). */
async function compared(tx: Db, now: RawBuilder<unknown>): Promise<Changes> {
  await sql`analyze before_import`.execute(tx)
  const { rows } = await sql<{ what: 'added' | 'changed' | 'gone'; n: string; names: string[] }>`
    with both_ as (
      select coalesce(n.name, b.name) as name,
        case when b.key is null then 'added' when n.key is null then 'gone' when b.mark <> n.mark then 'changed' end as what
      from ${remembered} b full join (${now}) n on n.key = b.key
    )
    select what, count(*) as n, (array_agg(name order by name))[1:${sql.lit(namedMax)}] as names
    from both_ where what is not null group by what`.execute(tx)
  const count = (what: string) => Number(rows.find((row) => row.what === what)?.n ?? 0)
  const sample = rows.flatMap(({ what, names }) => names.map((name) => ({ what, name })))
  return { added: count('added'), changed: count('changed'), gone: count('gone'), sample }
}

/** Stores what is new under its key; the rest is told as a double. */
function putNew(statement: Statement, problem: string) {
  return async (tx: Db, batch: readonly Found[], source: string, asOf: Date): Promise<Refusal[]> => {
    if (batch.length === 0) return []
    const first = new Map(batch.toReversed().map((found) => [found.key, found]))
    const records = jsonb([...first.values()].reverse().map((found) => found.record))
    const { rows } = await statement(records, source, asOf).execute(tx)
    const taken = new Set(rows.map((row) => row.key))
    return batch.flatMap((found) => {
      const double = first.get(found.key) !== found
      if (taken.has(found.key) && !double) return []
      return [{ row: found.row, column: found.column, problem, value: found.value }]
    })
  }
}

type Statement = (records: string, source: string, asOf: Date) => RawBuilder<{ key: string }>

/**
 * GIN indexes keep new rows in a list that every look-up reads through until a vacuum comes by (9 ms a look-up among 100,000 fresh
 * assets), and without statistics a new list is read from end to end. So both are brought up to date with the import.
 */
async function freshen(tx: Db, table: string, ginIndexes: readonly string[]): Promise<void> {
  for (const index of ginIndexes) await sql`select gin_clean_pending_list(${index}::regclass)`.execute(tx)
  await sql`analyze ${sql.table(table)}`.execute(tx)
}

async function cleared(tx: Db, table: string, source: string): Promise<number> {
  const gone = await sql`delete from ${sql.table(table)} where source = ${source}`.execute(tx)
  return Number(gone.numAffectedRows ?? 0)
}

const twice = 'the same id stands in a row above'
const marked = (table: string, source: string) =>
  sql`select id as key, name, md5(facts::text) as mark from ${sql.table(table)} where source = ${source}`

const assets: ListStore<'assets'> = {
  found: (source, row, fact: Asset) => {
    const record = {
      id: `${source}/${fact.id}`,
      name: fact.name,
      facts: fact,
      names: namesOf(fact),
      addresses: fact.addresses,
    }
    return { row, key: record.id, column: 'id', value: fact.id, record }
  },
  clear: async (tx, source) => {
    await remember(
      tx,
      sql`select id as key, name, md5(facts::text) as mark, addresses, as_of, entity from asset where source = ${source}`,
    )
    return cleared(tx, 'asset', source)
  },
  put: putNew(
    (records, source, asOf) => sql`
      insert into asset (id, name, facts, names, addresses, source, as_of, entity)
      select r.id, r.name, r.facts, r.names, r.addresses, ${source}, ${asOf}, rtrim(lower(r.name), '.')
      from jsonb_to_recordset(${records}::jsonb) as r (id text, name text, facts jsonb, names text[], addresses inet[])
      on conflict (id) do nothing returning id as key`,
    twice,
  ),
  changes: async (tx, source) => {
    const changes = await compared(tx, marked('asset', source))
    await keepOldAddresses(tx, source)
    return changes
  },
  settle: async (tx) => {
    await settleAssets(tx)
    await freshen(tx, 'asset', ['asset_names', 'asset_addresses'])
  },
}

/**
 * An address that the list no longer gives to an asset was that asset's from the last list to this one: kept as a lease, so that an alert
 * of last month finds who had it last month.
 */
async function keepOldAddresses(tx: Db, source: string): Promise<void> {
  await sql`
    insert into address_lease (address, from_at, to_at, source, kind, host)
    select old.address, b.as_of, now.as_of, ${source}, 'static', b.name
    from ${remembered} b
    cross join lateral unnest(b.addresses) as old (address)
    cross join (select max(as_of) as as_of from asset where source = ${source}) now
    left join asset a on a.id = b.key
    where b.as_of < now.as_of and (a.id is null or not (a.addresses @> array[old.address]))
    on conflict do nothing`.execute(tx)
}

const people: ListStore<'people'> = {
  found: (source, row, fact: Person) => {
    const record = { id: `${source}/${fact.id}`, name: fact.name, facts: fact, keys: keysOf(fact) }
    return { row, key: record.id, column: 'id', value: fact.id, record }
  },
  clear: async (tx, source) => {
    await remember(tx, marked('person', source))
    return cleared(tx, 'person', source)
  },
  put: putNew(
    (records, source, asOf) => sql`
      insert into person (id, name, facts, keys, source, as_of, entity)
      select r.id, r.name, r.facts, r.keys, ${source}, ${asOf}, lower(r.id)
      from jsonb_to_recordset(${records}::jsonb) as r (id text, name text, facts jsonb, keys text[])
      on conflict (id) do nothing returning id as key`,
    twice,
  ),
  changes: (tx, source) => compared(tx, marked('person', source)),
  settle: async (tx) => {
    await settlePeople(tx)
    await freshen(tx, 'person', ['person_keys'])
  },
}

const ranges = (source: string) =>
  sql`select cidr::text as key, cidr::text || ' ' || (facts->>'name') as name, md5(facts::text) as mark from network where source = ${source}`

const networks: ListStore<'networks'> = {
  found: (_source, row, fact: Network) => {
    const record = { key: fact.cidr, cidr: fact.cidr, facts: fact }
    return { row, key: fact.cidr, column: 'cidr', value: fact.cidr, record }
  },
  clear: async (tx, source) => {
    await remember(tx, ranges(source))
    return cleared(tx, 'network', source)
  },
  put: putNew(
    (records, source, asOf) => sql`
      with r as (select * from jsonb_to_recordset(${records}::jsonb) as r (key text, cidr cidr, facts jsonb)),
      taken as (
        insert into network (cidr, facts, source, as_of) select cidr, facts, ${source}, ${asOf} from r
        on conflict (cidr) do nothing returning cidr
      )
      select r.key from r join taken using (cidr)`,
    'this range is in a list already',
  ),
  changes: (tx, source) => compared(tx, ranges(source)),
  settle: (tx) => freshen(tx, 'network', []),
}

/** Leases add up: the next export has only the newest. One that is there already learns how it ended. */
const leases: ListStore<'leases'> = {
  found: (source, row, fact: Lease) => {
    return { row, key: `${fact.address} ${fact.from} ${source}`, column: 'address', value: fact.address, record: fact }
  },
  clear: async (tx, source, asOf) => {
    const before = new Date(asOf.getTime() - leaseDaysMax * 86_400_000)
    await sql`delete from address_lease where source = ${source} and to_at < ${before}`.execute(tx)
    await sql`drop table if exists lease_change`.execute(tx)
    await sql`create temporary table lease_change (what text not null, name text not null) on commit drop`.execute(tx)
    return 0
  },
  put: async (tx, batch, source) => {
    if (batch.length === 0) return []
    const last = new Map(batch.map((found) => [found.key, found.record]))
    await sql`
      with taken as (
        insert into address_lease (address, from_at, to_at, source, kind, host, account, mac)
        select r.address, r."from", r."to", ${source}, r.kind, r.host, r.account, r.mac
        from jsonb_to_recordset(${jsonb([...last.values()])}::jsonb)
          as r (address inet, "from" timestamptz, "to" timestamptz, kind text, host text, account text, mac text)
        on conflict (address, from_at, source) do update
          set to_at = excluded.to_at, host = excluded.host, account = excluded.account, mac = excluded.mac, kind = excluded.kind
          where (address_lease.to_at, address_lease.host, address_lease.account, address_lease.mac)
            is distinct from (excluded.to_at, excluded.host, excluded.account, excluded.mac)
        returning address, host, account, mac, xmax = 0 as fresh
      )
      insert into lease_change
      select case when fresh then 'added' else 'changed' end, concat_ws(' ', host(address), coalesce(taken.host, account, mac)) from taken`.execute(
      tx,
    )
    return []
  },
  changes: async (tx) => {
    const { rows } = await sql<{ what: 'added' | 'changed'; n: string; names: string[] }>`
      select what, count(*) as n, (array_agg(name order by name))[1:${sql.lit(namedMax)}] as names
      from lease_change group by what`.execute(tx)
    const count = (what: string) => Number(rows.find((row) => row.what === what)?.n ?? 0)
    const sample = rows.flatMap(({ what, names }) => names.map((name) => ({ what, name })))
    return { added: count('added'), changed: count('changed'), gone: 0, sample }
  },
  settle: (tx) => freshen(tx, 'address_lease', []),
}

const planned = (source: string) =>
  sql`select id as key, facts->>'title' as name, md5(facts::text) as mark from calendar_entry where source = ${source}`

/** A calendar's next export has only what is still to come: what ended stays, for the alerts of then. */
const calendar: ListStore<'calendar'> = {
  found: (source, row, fact: CalendarEntry) => {
    const record = calendarRecord(`${source}/${fact.id}`, fact)
    return { row, key: record.id, column: 'id', value: fact.id, record }
  },
  clear: async (tx, source, asOf) => {
    await remember(tx, sql`${planned(source)} and to_at >= ${asOf}`)
    const gone = await sql`delete from calendar_entry where source = ${source} and to_at >= ${asOf}`.execute(tx)
    return Number(gone.numAffectedRows ?? 0)
  },
  put: putNew(calendarStatement, twice),
  changes: (tx, source) =>
    compared(
      tx,
      sql`${planned(source)} and (xmin = pg_current_xact_id()::xid or id in (select key from ${remembered}))`,
    ),
  settle: (tx) => freshen(tx, 'calendar_entry', []),
}

/** An entry of the calendar as its table holds it. */
export function calendarRecord(id: string, fact: CalendarEntry) {
  const names = fact.assets.map((name) => name.toLowerCase().replace(/\.$/, ''))
  return { id, from_at: fact.from, to_at: fact.to, facts: fact, names, targets: fact.networks, origins: fact.origins }
}

/** Inserts entries, or takes them anew under their id. */
export function calendarStatement(records: string, source: string): RawBuilder<{ key: string }> {
  return sql`
    insert into calendar_entry (id, source, from_at, to_at, facts, names, targets, origins)
    select r.id, ${source}, r.from_at, r.to_at, r.facts, r.names, r.targets, r.origins
    from jsonb_to_recordset(${records}::jsonb)
      as r (id text, from_at timestamptz, to_at timestamptz, facts jsonb, names text[], targets inet[], origins inet[])
    on conflict (id) do update set from_at = excluded.from_at, to_at = excluded.to_at, facts = excluded.facts,
      names = excluded.names, targets = excluded.targets, origins = excluded.origins
    returning id as key`
}

const stores: { readonly [N in ListNoun]: ListStore<N> } = { assets, people, networks, leases, calendar }
