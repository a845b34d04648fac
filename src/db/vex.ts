import { sql } from 'kysely'
import type { Asset } from '../model/context.ts'
import type { Merged } from '../model/merged-facts.ts'
import {
  clears,
  type SoftwareOf,
  type Statement,
  statementsComparedMax,
  type VendorWord,
  vendorWord,
  wordOfAll,
} from '../model/vendor-word.ts'
import { VexStatus } from '../model/vulnerability.ts'
import { assetsCalled } from './context.ts'
import { mergedOf } from './entities.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** Findings that are compared with vendors' statements at a time: with them the statements about their CVEs are in memory. */
const batchFindings = 500

type Scanned = { readonly hostId: number; readonly title: string; readonly cves: readonly string[] }
/** A finding, and what vendors say of it; null: nothing. With a CVE, of that one alone; else it is cleared where each of its CVEs is. */
export type VendorSays = (found: Scanned, cve?: string | null) => VendorWord | null

/** What vendors say of these findings on these machines. */
export async function vendorsOn(db: Db, found: readonly Scanned[], now: Date): Promise<VendorSays> {
  const cves = [...new Set(found.flatMap((one) => one.cves))]
  const statements = await statementsAbout(db, cves)
  const software =
    statements.size === 0
      ? new Map<number, SoftwareOf>()
      : await softwareOfHosts(db, [...new Set(found.map(({ hostId }) => hostId))])
  return ({ hostId, title, cves: named }, cve = null) => {
    const on = software.get(hostId)
    if (on === undefined) return null
    return wordOfAll(
      (cve === null ? named : [cve]).map((one) => vendorWord(on, statements.get(one) ?? [], { title, now })),
    )
  }
}

/** What vendors say of a CVE on a machine on which no scanner found it; of several rows of the asset list, all their software counts. */
export async function vendorOnMachine(
  db: Db,
  asset: string,
  hostIds: readonly number[],
  cve: string,
  now: Date,
): Promise<VendorWord | null> {
  const statements = (await statementsAbout(db, [cve])).get(cve) ?? []
  if (statements.length === 0) return null
  const scanned = [...(await softwareOfHosts(db, hostIds)).values()]
  const named = scanned.length > 0 ? scanned : [await softwareNamed(db, asset)]
  const united: SoftwareOf = {
    software: named.flatMap(({ software }) => software),
    asOf: oldest(named.map(({ asOf }) => asOf)),
    isCertain: named.every(({ isCertain }) => isCertain),
  }
  return vendorWord(united, statements, { title: null, now })
}

/** Every statement about these CVEs, up to one more than are compared. A CVE without a statement is not in it. */
async function statementsAbout(db: Db, cves: readonly string[]): Promise<Map<string, Statement[]>> {
  if (cves.length === 0) return new Map()
  const { rows } = await sql<{
    cve: string
    publisher: string
    publisher_category: string | null
    document_status: string | null
    document: string
    released_at: Date
    product: string
    cpe: string | null
    purl: string | null
    status: string
    justification: string | null
    detail: string
  }>`
    select v.cve, v.publisher, v.publisher_category, v.document_status, v.document, v.released_at, v.product, v.cpe, v.purl, v.status, v.justification, v.detail
    from unnest(${[...cves]}::text[]) one (cve)
    cross join lateral (select * from vex_statement s where s.cve = one.cve order by s.id limit ${statementsComparedMax + 1}) v`.execute(
    db,
  )
  const statements = rows.map(
    (row): Statement => ({
      cve: row.cve,
      publisher: row.publisher,
      publisherCategory: row.publisher_category,
      documentStatus: row.document_status,
      document: row.document,
      releasedAt: iso(row.released_at),
      product: row.product,
      cpe: row.cpe,
      purl: row.purl,
      status: VexStatus.parse(row.status),
      justification: row.justification,
      detail: row.detail,
    }),
  )
  return Map.groupBy(statements, ({ cve }) => cve)
}

/** The software of scanned machines, as the asset list has it under their names. Who is not in the list, or without software, is not in it. */
async function softwareOfHosts(db: Db, hostIds: readonly number[]): Promise<Map<number, SoftwareOf>> {
  const { rows } = await sql<{ id: number; entity: string; named: boolean }>`
    select h.id, a.entity, a.named
    from scan_host h cross join lateral (
      select a.entity, true as named from asset a
      where a.names && h.names and (lower(a.name) = any(h.names) or position('.' in a.name) = 0
        or not exists (select from unnest(h.names) one where position('.' in one) > 0))
      union
      select a.entity, false from asset a where h.names = '{}' and a.addresses && h.addresses
    ) a
    where h.id = any(${[...hostIds]}::integer[])`.execute(db)
  const merged = await mergedOf(db, 'assets', [...new Set(rows.map(({ entity }) => entity))])
  const byEntity = new Map(merged.map((one) => [one.entity, one]))
  const found = new Map<number, SoftwareOf>()
  for (const [id, all] of Map.groupBy(rows, (row) => row.id)) {
    const assets = all.flatMap(({ entity }) => byEntity.get(entity) ?? [])
    const software = softwareOf(assets)
    if (software.software.length > 0)
      found.set(id, { ...software, isCertain: software.isCertain && all.every(({ named }) => named) })
  }
  return found
}

async function softwareNamed(db: Db, asset: string): Promise<SoftwareOf> {
  return softwareOf(await assetsCalled(db, asset))
}

/** Several assets that one machine may be are all looked at, and nothing about them is certain. */
function softwareOf(assets: readonly Merged<Asset>[]): SoftwareOf {
  const dates = assets.flatMap(
    ({ facts }) => facts.find(({ field }) => field === 'software')?.says.map(({ asOf }) => asOf) ?? [],
  )
  return {
    software: [...new Set(assets.flatMap(({ fact }) => fact.software))],
    // What several sources say is united, so the list is as old as the oldest of them.
    asOf: oldest(dates),
    isCertain: assets.length === 1,
  }
}

/** A list of which a part is of no known age has none. */
function oldest(dates: readonly (string | null)[]): string | null {
  const known = dates.flatMap((one) => one ?? [])
  return known.length < dates.length ? null : (known.toSorted()[0] ?? null)
}

/** Keeps which open findings vendors' statements clear for certain. Only checks of which each CVE has such a statement are looked at. */
export async function clearByVendors(tx: Db, now: Date): Promise<void> {
  await sql`delete from vex_cleared`.execute(tx)
  const { rows: lowering } = await sql<{ cve: string }>`
    select distinct cve from vex_statement
    where status in ('not-affected', 'fixed') and publisher_category = 'vendor' and document_status = 'final'`.execute(
    tx,
  )
  if (lowering.length === 0) return
  let after = { hostId: 0, checkId: 0 }
  for (;;) {
    const { rows } = await sql<{ host_id: number; check_id: number; title: string; cves: string[] }>`
      select distinct f.host_id, f.check_id, c.title, c.cves from scan_finding f join scan_check c on c.id = f.check_id
      where f.fixed_at is null and c.cves <> '{}' and c.cves <@ ${lowering.map(({ cve }) => cve)}::text[]
        and (f.host_id, f.check_id) > (${after.hostId}::integer, ${after.checkId}::integer)
      order by f.host_id, f.check_id limit ${batchFindings}`.execute(tx)
    const last = rows.at(-1)
    if (last === undefined) return
    const found = rows.map(({ host_id, ...row }) => ({ hostId: host_id, checkId: row.check_id, ...row }))
    const says = await vendorsOn(tx, found, now)
    const cleared = found.filter((one) => clears(says(one)))
    await sql`
      insert into vex_cleared select * from unnest(
        ${cleared.map(({ hostId }) => hostId)}::integer[], ${cleared.map(({ checkId }) => checkId)}::integer[])`.execute(
      tx,
    )
    after = { hostId: last.host_id, checkId: last.check_id }
  }
}
