import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type RawBuilder, sql } from 'kysely'
import type {
  AssetPage,
  AssetQuery,
  AssetRow,
  LeaseRow,
  NetworkRow,
  PastAlertRow,
  PersonPage,
  PersonRow,
} from '../contract/context.ts'
import { type Asset, Network, type Person } from '../model/context.ts'
import { conflictsIn, type Merged, manualSource } from '../model/merged-facts.ts'
import { Outcome } from '../model/triage.ts'
import { absencesAt } from './calendar.ts'
import { type LeaseStored, leaseOf } from './context.ts'
import { editsOf } from './context-edit.ts'
import { mergedOf, precedenceOf } from './entities.ts'
import { iso } from './jsonb.ts'
import { loginOf, notesEver } from './notes.ts'
import type { Db } from './open.ts'

/** Rows of one page of a list: what a person scrolls through before narrowing it. */
const pageRows = 100
/** Leases and alerts of one asset that its page shows, the newest first. */
const leasesShown = 200
const alertsShown = 50
/** Networks on the page; organisations with more look by address. */
const networksShown = 2_000
const sitesShown = 500
const assetsOfPersonShown = 100
const sourcesShown = 100
/** Networks up to so many are counted for the assets in them. */
const countedMax = 200

/** A page of assets by entity. A filter matches what any source says of an asset. */
export async function assetPage(
  db: Db,
  query: AssetQuery,
): Promise<{ rows: AssetRow[]; next: string | null; sources: string[] }> {
  const wanted = [
    sql`entity > ${query.after}`,
    ...(query.q === '' ? [] : [textOf(query.q)]),
    ...(query.source === '' ? [] : [sql`source = ${query.source}`]),
    ...(query.criticality === '' ? [] : [sql`facts->>'criticality' = ${query.criticality}`]),
    ...(query.site === '' ? [] : [sql`facts->>'site' = ${query.site}`]),
  ]
  const [entities, sources] = await Promise.all([pageOf(db, 'asset', wanted), assetSources(db)])
  const found = await mergedOf(db, 'assets', entities.slice(0, pageRows))
  const rows = found.map((merged) => ({ ...heads(merged), asset: merged.fact, conflicts: conflictsIn(merged).length }))
  return { rows, next: nextOf(entities), sources }
}

async function pageOf(db: Db, table: 'asset' | 'person', wanted: readonly RawBuilder<unknown>[]): Promise<string[]> {
  const { rows } = await sql<{ entity: string }>`
    select distinct entity from ${sql.table(table)} where ${sql.join(wanted, sql` and `)}
    order by entity limit ${pageRows + 1}`.execute(db)
  return rows.map((row) => row.entity)
}

function nextOf(entities: readonly string[]): string | null {
  return entities.length > pageRows ? (entities[pageRows - 1] ?? null) : null
}

/** An address or a range is looked for among the addresses, anything else in all that a source says. */
function textOf(q: string): RawBuilder<unknown> {
  if (isIP(q) !== 0 && !q.includes('%')) return sql`addresses @> array[${ipaddr.process(q).toString()}::inet]`
  if (ipaddr.isValidCIDR(q)) return sql`exists (select 1 from unnest(addresses) one where one <<= ${q}::inet)`
  return sql`position(lower(${q}) in lower(facts::text)) > 0`
}

/** Sources of assets and people. Each was imported once, or put over the interface; by hand where anybody changed anything. */
async function assetSources(db: Db): Promise<string[]> {
  const { rows } = await sql<{ source: string }>`
    select distinct source from import_batch where noun in ('assets', 'people') and rows_taken > 0
    union select ${manualSource} where exists (select 1 from context_edit)
    order by source limit ${sourcesShown}`.execute(db)
  return rows.map((row) => row.source)
}

/** The sources whose order can be set. */
export async function precedencePage(db: Db): Promise<{ precedence: string[]; sources: string[] }> {
  const [precedence, sources] = await Promise.all([precedenceOf(db), assetSources(db)])
  return { precedence: [...precedence], sources: sources.filter((source) => source !== manualSource) }
}

function heads({ entity, source, asOf, sources }: Merged<unknown>) {
  return { entity, source, asOf, sources: [...sources] }
}

function factsOf(merged: Merged<unknown>) {
  return merged.facts.map((fact) => ({ ...fact, says: [...fact.says] }))
}

/** Everything about one asset; null where nobody describes it. */
export async function assetDetail(db: Db, entity: string): Promise<AssetPage | null> {
  const [merged] = await mergedOf(db, 'assets', [entity])
  if (merged === undefined) return null
  const names = [...new Set([merged.fact.name.toLowerCase(), ...merged.fact.aliases, entity])]
  const noteNames = [...new Set([...names, ...merged.fact.addresses.map((address) => address.toLowerCase())])]
  const [notes, precedence, leases, edits, alerts] = await Promise.all([
    notesEver(db, noteNames),
    precedenceOf(db),
    leasesOf(db, names),
    editsOf(db, 'assets', names),
    alertsAbout(db, [...names, ...merged.fact.addresses]),
  ])
  return {
    ...heads(merged),
    ...{ asset: merged.fact, facts: factsOf(merged), precedence: [...precedence], leases, edits, alerts },
    ...{ noteNames, notes },
  }
}

/** Leases to a machine of one of these names, with or without its domain, the newest first. */
async function leasesOf(db: Db, names: readonly string[]): Promise<LeaseRow[]> {
  const labels = [...new Set(names.map((name) => name.split('.')[0] ?? name))]
  const { rows } = await sql<LeaseStored>`
    select address::text, from_at, to_at, source, kind, host, account, mac from address_lease
    where host is not null and split_part(lower(host), '.', 1) = any(${labels}::text[])
      and (host not like '%.%' or lower(host) = any(${[...names]}::text[]))
    order by from_at desc limit ${leasesShown}`.execute(db)
  return rows.map((row) => ({ ...leaseOf(row).fact, source: row.source }))
}

/** Alerts in whose messages one of these names or addresses stands, the newest first. */
async function alertsAbout(db: Db, values: readonly string[]): Promise<PastAlertRow[]> {
  const { rows } = await sql<{ id: string; number: number; title: string; received_at: Date; outcome: string | null }>`
    select id, number, title, received_at, outcome from alert
    where id in (select alert_id from sighting where value = any(${[...values]}::text[]))
    order by received_at desc limit ${alertsShown}`.execute(db)
  return rows.map(({ id, number, title, received_at, outcome }) => {
    return {
      id,
      number,
      title,
      receivedAt: iso(received_at),
      outcome: outcome === null ? null : Outcome.parse(outcome),
    }
  })
}

/** A page of people by entity. */
export async function peoplePage(
  db: Db,
  query: { readonly q: string; readonly after: string },
  now: Date,
): Promise<{ rows: PersonRow[]; next: string | null }> {
  const text = query.q === '' ? [] : [sql`position(lower(${query.q}) in lower(facts::text)) > 0`]
  const entities = await pageOf(db, 'person', [sql`entity > ${query.after}`, ...text])
  const found = await mergedOf(db, 'people', entities.slice(0, pageRows))
  const away = await absencesAt(
    db,
    found.flatMap(({ fact }) => keysOfPerson(fact)),
    iso(now),
  )
  const rows = found.map((merged) => {
    const keys = keysOfPerson(merged.fact)
    const absence = away.find(({ fact }) => keys.includes(fact.person?.toLowerCase() ?? ''))?.fact
    return {
      ...heads(merged),
      ...{ person: merged.fact, conflicts: conflictsIn(merged).length },
      away: absence === undefined ? null : { to: absence.to, deputy: absence.deputy },
    }
  })
  return { rows, next: nextOf(entities) }
}

function keysOfPerson({ name, email, accounts }: Person): string[] {
  return [name, email ?? '', ...accounts].filter((key) => key !== '').map((key) => key.toLowerCase())
}

/** What alerts call a person; the name only where nothing else is known. */
function noteNamesOf({ name, email, accounts }: Person): string[] {
  const called = [...accounts.map(loginOf), ...accounts, ...(email === null ? [] : [email])].map((key) =>
    key.toLowerCase(),
  )
  return called.length === 0 ? [name.toLowerCase()] : [...new Set(called)]
}

/** Everything about one person; null where nobody describes them. */
export async function personDetail(db: Db, entity: string, now: Date): Promise<PersonPage | null> {
  const [merged] = await mergedOf(db, 'people', [entity])
  if (merged === undefined) return null
  const noteNames = noteNamesOf(merged.fact)
  const [notes, precedence, edits, assets, absences] = await Promise.all([
    notesEver(db, [...keysOfPerson(merged.fact), ...noteNames]),
    precedenceOf(db),
    editsOf(db, 'people', [entity]),
    assetsOfPerson(db, merged.fact),
    absencesAt(db, keysOfPerson(merged.fact), iso(now)),
  ])
  return {
    ...heads(merged),
    ...{ person: merged.fact, facts: factsOf(merged), precedence: [...precedence], edits, assets },
    absences: absences.map(({ fact }) => fact),
    ...{ noteNames, notes },
  }
}

/** Assets of which any source says that this person answers for them. */
async function assetsOfPerson(db: Db, { name, email }: Person): Promise<PersonPage['assets']> {
  const { rows } = await sql<{ entity: string }>`
    select distinct entity from asset
    where lower(facts->>'ownerEmail') = ${email ?? ''} or (facts->>'owner' = ${name} and facts->>'ownerEmail' is null)
    order by entity limit ${assetsOfPersonShown}`.execute(db)
  const found = await mergedOf<'assets'>(
    db,
    'assets',
    rows.map((row) => row.entity),
  )
  return found
    .filter(({ fact }) => owns(fact, name, email))
    .map(({ entity, fact }) => ({ entity, name: fact.name, role: fact.role }))
}

/** What another source says of the owner may be overruled. */
function owns(asset: Asset, name: string, email: string | null): boolean {
  return asset.ownerEmail === null ? asset.owner === name : asset.ownerEmail.toLowerCase() === email
}

/** Our ranges, and the sites that assets and ranges name. Assets are counted where the ranges are few. */
export async function networksPage(db: Db): Promise<{
  networks: NetworkRow[]
  sites: { site: string; assets: number; networks: number }[]
  more: boolean
}> {
  const [ranges, sites] = await Promise.all([
    sql<{ facts: unknown; source: string; as_of: Date; n: string }>`
      select facts, source, as_of, count(*) over () as n from network order by cidr limit ${networksShown}`.execute(db),
    sql<{ site: string; assets: number; networks: number }>`
      select site, sum(assets)::int as assets, sum(networks)::int as networks from (
        select facts->>'site' as site, count(distinct entity) as assets, 0 as networks from asset group by 1
        union all select facts->>'site', 0, count(*) from network group by 1
      ) named where site is not null group by site order by site limit ${sitesShown}`.execute(db),
  ])
  const total = Number(ranges.rows[0]?.n ?? 0)
  const counts = total > countedMax ? null : await countsOf(db)
  const networks = ranges.rows.map(({ facts, source, as_of }) => {
    const network = Network.parse(facts)
    return { network, source, asOf: iso(as_of), assets: counts === null ? null : (counts.get(network.cidr) ?? 0) }
  })
  return { networks, sites: sites.rows, more: total > networksShown }
}

/** How many assets have an address in each range, by the smallest range that holds it. */
async function countsOf(db: Db): Promise<Map<string, number>> {
  const { rows } = await sql<{ cidr: string; n: string }>`
    select smallest.cidr::text as cidr, count(distinct entity) as n
    from asset cross join lateral unnest(addresses) as one (address)
    cross join lateral (select cidr from network where cidr >>= one.address order by masklen(cidr) desc limit 1) smallest
    group by 1`.execute(db)
  return new Map(rows.map((row) => [row.cidr, Number(row.n)]))
}
