import { isIP } from 'node:net'
import { sql } from 'kysely'
import { plainAddress } from '../kit/ip-ranges.ts'
import { Level } from '../model/question.ts'
import {
  type CveKnowledge,
  type FoundOnMachine,
  type ScannedMachine,
  VulnerabilitySeverity,
} from '../model/vulnerability.ts'
import { assetsCalled } from './context.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** Machines of the reports that may be one asset: a few programmes, a few names each. */
const machinesMax = 20
/** Findings of one machine that are read; the worst come first. */
const foundMax = 500

type MachineRow = {
  readonly id: number
  readonly source: string
  readonly scanner: string
  readonly key: string
  readonly names: readonly string[]
  readonly addresses: readonly string[]
  readonly scanned_at: Date
  readonly by_login: boolean | null
  readonly looked_for: 'vulnerabilities' | 'ports'
  readonly asset: string | null
  readonly exposed: boolean | null
  readonly criticality: number | null
}

const machineColumns = sql`
    select h.id, h.source, coalesce((select i.scanner from scan_import i where i.id = h.seen_import), '') as scanner, h.key, h.names,
      array(select host(one) from unnest(h.addresses) one) as addresses, h.scanned_at, h.by_login, h.looked_for, h.asset, h.exposed, h.criticality
    from scan_host h`

/**
 * The machines of the reports that are this asset, by its name (with or without its domain) or address, and by those that the asset list has for
 * it: a scanner may know the address alone. Those matched by name come first. "web-01.emea.example" is not "web-01.apac.example".
 */
export async function scannedMachines(db: Db, asset: string): Promise<ScannedMachine[]> {
  const listed = await assetsCalled(db, asset)
  const isAddress = isIP(asset) !== 0
  const names = [
    ...(isAddress ? [] : [hostName(asset)]),
    ...listed.flatMap(({ fact }) => [fact.name, ...fact.aliases].map(hostName)),
  ]
  const addresses = [...(isAddress ? [plainAddress(asset)] : []), ...listed.flatMap(({ fact }) => fact.addresses)]
  const wanted = [...new Set(names.flatMap((name) => [name, name.split('.')[0] ?? name]))].filter((name) => name !== '')
  const { rows } = await sql<MachineRow>`
    ${machineColumns}
    where h.names && ${wanted}::text[] or h.addresses && ${[...new Set(addresses)]}::inet[]
    order by h.scanned_at desc, h.id limit ${machinesMax * 5}`.execute(db)
  const machines = rows.flatMap((row): ScannedMachine[] => {
    const byName = names.some((name) => isNamed(row.names, name))
    const byAddress = row.addresses.some((address) => addresses.includes(address))
    // An address that the list knows says nothing about a machine that a scan calls by another name: it may have moved on.
    if (!byName && (!byAddress || (!isAddress && row.names.length > 0))) return []
    return [machineOf(row, byName ? 'name' : 'address')]
  })
  return [
    ...machines.filter(({ matchedBy }) => matchedBy === 'name'),
    ...machines.filter(({ matchedBy }) => matchedBy === 'address'),
  ].slice(0, machinesMax)
}

/** Machines of the reports by their numbers. */
export async function machinesById(db: Db, ids: readonly number[]): Promise<ScannedMachine[]> {
  const { rows } = await sql<MachineRow>`${machineColumns} where h.id = any(${[...ids]}::integer[])`.execute(db)
  return rows.map((row) => machineOf(row, 'name'))
}

/** "CORP\HOST$", "host." and "HOST.corp.example" as the reports' names are written. */
function hostName(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^[^\\]*\\/, '')
    .replace(/[.$]+$/, '')
}

/** `names` holds whole names and their first labels. A first label counts only where one side has no domain. */
function isNamed(names: readonly string[], wanted: string): boolean {
  if (names.includes(wanted)) return true
  const label = wanted.split('.')[0] ?? wanted
  return label !== wanted && names.includes(label) && !names.some((name) => name.startsWith(`${label}.`))
}

function machineOf(row: MachineRow, matchedBy: ScannedMachine['matchedBy']): ScannedMachine {
  return {
    id: row.id,
    source: row.source,
    scanner: row.scanner,
    key: row.key,
    names: row.names,
    addresses: row.addresses,
    scannedAt: iso(row.scanned_at),
    byLogin: row.by_login,
    lookedFor: row.looked_for,
    exposed: row.exposed,
    criticality: row.criticality === null ? null : (Level.options[row.criticality - 1] ?? null),
    asset: row.asset,
    matchedBy,
  }
}

type FoundRow = {
  readonly host_id: number
  readonly check_id: number
  readonly code: string
  readonly title: string
  readonly severity: number
  readonly score: number | null
  readonly cves: readonly string[]
  readonly fix: string | null
  readonly port: number
  readonly protocol: string
  readonly first_seen: Date
  readonly last_seen: Date
  readonly fixed_at: Date | null
  readonly reopened: number
}

/** What was found on these machines, open first, then the worst; of one CVE, or of all. */
export async function foundOnMachines(
  db: Db,
  hostIds: readonly number[],
  cve: string | null,
): Promise<FoundOnMachine[]> {
  const { rows } = await sql<FoundRow>`
    select f.host_id, f.check_id, c.code, c.title, c.severity, c.score, c.cves, c.fix, f.port, f.protocol, f.first_seen, f.last_seen, f.fixed_at, f.reopened
    from scan_finding f join scan_check c on c.id = f.check_id
    where f.host_id = any(${[...hostIds]}::integer[]) and (${cve}::text is null or c.cves @> array[${cve}::text])
    order by f.fixed_at is not null, c.severity desc, c.score desc nulls last, f.first_seen, f.check_id limit ${foundMax}`.execute(
    db,
  )
  return rows.map((row) => ({
    hostId: row.host_id,
    checkId: row.check_id,
    check: row.code,
    title: row.title,
    severity: VulnerabilitySeverity.options[row.severity] ?? 'info',
    score: row.score,
    cves: row.cves,
    fix: row.fix,
    port: row.port,
    protocol: row.protocol,
    firstSeen: iso(row.first_seen),
    lastSeen: iso(row.last_seen),
    fixedAt: isoOrNull(row.fixed_at),
    reopened: row.reopened,
  }))
}

type CveRow = {
  readonly id: string
  readonly title: string | null
  readonly published_at: Date | null
  readonly score: number | null
  readonly score_version: string | null
  readonly cvss: string | null
  readonly kev_added: string | null
  readonly kev_name: string | null
  readonly kev_action: string | null
  readonly kev_ransomware: boolean | null
  readonly epss: number | null
  readonly epss_percentile: number | null
  readonly ssvc_exploitation: string | null
  readonly ssvc_automatable: string | null
  readonly ssvc_impact: string | null
}

/** What is known about these CVEs. What nobody imported anything about is not in it. */
export async function cveKnowledge(db: Db, cves: readonly string[]): Promise<ReadonlyMap<string, CveKnowledge>> {
  const { rows } = await sql<CveRow>`
    select id, title, published_at, score, score_version, coalesce(cvss_v4, cvss_v3, cvss_v2) as cvss, kev_added::text, kev_name, kev_action, kev_ransomware,
      epss, epss_percentile, ssvc_exploitation, ssvc_automatable, ssvc_impact
    from cve where id = any(${[...new Set(cves)]}::text[])`.execute(db)
  return new Map(
    rows.map((row): [string, CveKnowledge] => [
      row.id,
      {
        cve: row.id,
        title: row.title ?? row.kev_name,
        publishedAt: isoOrNull(row.published_at),
        cvss: row.cvss,
        score: row.score,
        scoreVersion: row.score_version,
        kevAdded: row.kev_added,
        kevAction: row.kev_action,
        kevRansomware: row.kev_ransomware,
        epss: row.epss,
        epssPercentile: row.epss_percentile,
        exploitation: row.ssvc_exploitation,
        automatable: row.ssvc_automatable === null ? null : row.ssvc_automatable === 'yes',
        impact: row.ssvc_impact === 'partial' || row.ssvc_impact === 'total' ? row.ssvc_impact : null,
      },
    ]),
  )
}

/** Does any report of these scanners name this CVE on any machine? Then they test for it. */
export async function isTestedFor(db: Db, scanners: readonly string[], cve: string): Promise<boolean> {
  const { rows } = await sql`
    select from scan_check where cves @> array[${cve}::text] and scanner = any(${[...scanners]}::text[]) limit 1`.execute(
    db,
  )
  return rows.length > 0
}

/** When a report was last imported, and the newest scan in any (ISO 8601); null: never. */
export async function lastScan(db: Db): Promise<{ readonly importedAt: string; readonly scannedAt: string } | null> {
  const { rows } = await sql<{ imported: Date | null; scanned: Date | null }>`
    select max(done_at) as imported, max(scanned_to) as scanned from scan_import`.execute(db)
  const row = rows[0]
  return row?.imported == null ? null : { importedAt: iso(row.imported), scannedAt: iso(row.scanned ?? row.imported) }
}

/** Our own words about a CVE that hold at this moment, on these machines or everywhere. */
export async function wordsAbout(
  db: Db,
  cves: readonly string[],
  at: Date,
): Promise<
  {
    cve: string
    host: string | null
    status: string
    justification: string | null
    reason: string
    by: string
    at: string
  }[]
> {
  const rows = await db
    .selectFrom('vulnerability_word')
    .select(['cve', 'host', 'status', 'justification', 'reason', 'said_by', 'said_at'])
    .where('cve', 'in', cves.length === 0 ? [''] : [...cves])
    .where('withdrawn_at', 'is', null)
    .where((eb) => eb.or([eb('until_at', 'is', null), eb('until_at', '>', at)]))
    .orderBy('said_at', 'desc')
    .execute()
  return rows.map(({ said_by, said_at, ...row }) => ({ ...row, by: said_by, at: iso(said_at) }))
}
