import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import {
  type ScanCheck,
  type ScanEvent,
  type ScannedHost,
  type Scanner,
  type Sighting,
  VulnerabilitySeverity,
} from '../model/vulnerability.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import { importTurn } from './one-at-a-time.ts'
import { type Db, transaction } from './open.ts'

/** Rows in one statement: from some thousand on a row costs no less, and what waits stays under a few MB. */
const batchRows = 5_000
/** Refused rows that are named; the rest is counted. */
const refusedKeptMax = 1_000
/** An import is one transaction; the closing pass over 10,000,000 rows takes minutes, not the minute that any other statement has. */
const statementMs = 30 * 60_000

export type ScanTaken = {
  readonly importId: number
  readonly source: string
  readonly format: string
  readonly scanner: Scanner
  /** Rows, elements or results of the report that say that something was found. */
  readonly rows: number
  readonly hosts: number
  readonly checks: number
  /** Findings that were not known before, and those that this report no longer has. */
  readonly opened: number
  readonly closed: number
  readonly refusedRows: number
  readonly refused: readonly { readonly at: string; readonly problem: string }[]
  readonly scannedFrom: string | null
  readonly scannedTo: string | null
  /** Hosts for which neither the report nor the caller says when they were scanned: the time of the import counts. */
  readonly untimedHosts: number
}

type ScanImport = {
  readonly source: string
  readonly scanner: Scanner
  readonly format: string
  readonly events: AsyncIterable<readonly ScanEvent[]>
  readonly by: string
  /** When it was scanned, where the report does not say. */
  readonly asOf: Date
  /** The report has every machine of its source: what is in none of its rows is closed too. */
  readonly isWhole: boolean
  readonly onProgress?: (rows: number) => void
}

/**
 * Takes a scanner's report in one transaction. Findings that it has are open; findings of the machines that it has, seen by an earlier scan of
 * the same source and not by this one, are closed, unless this scan saw less: when rows of it could not be read, when it is older than
 * what is known, or when it had not signed in and an earlier one had. Importing it again changes nothing. Memory does not grow with it.
 */
export async function takeScan(db: Db, scan: ScanImport, clock: Clock): Promise<ScanTaken> {
  return transaction(db, async (tx) => {
    await importTurn(tx, `scan ${scan.source}`)
    await sql`select set_config('statement_timeout', ${String(statementMs)}, true)`.execute(tx)
    const row = await tx
      .insertInto('scan_import')
      .values({
        source: scan.source,
        scanner: scan.scanner,
        format: scan.format,
        done_by: scan.by,
        done_at: clock.now(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const intake = new Intake(tx, scan, row.id)
    for await (const events of scan.events) {
      for (const event of events) intake.take(event)
      if (intake.isFull) await intake.flush()
      scan.onProgress?.(intake.rows)
    }
    await intake.flush()
    const closed = intake.refusedRows > 0 ? 0 : await close(tx, scan, row.id)
    const taken = { ...(await totals(tx, row.id)), ...intake.result(), closed }
    await settle(tx)
    await record(tx, taken, scan.by, clock)
    return taken
  })
}

/** What waits for the next statement. */
class Intake {
  rows = 0
  refusedRows = 0
  #opened = 0
  readonly #checkIds = new Map<string, number>()
  readonly #tx: Db
  readonly #scan: ScanImport
  readonly #id: number
  readonly #refused: { at: string; problem: string }[] = []
  #hosts = new Map<string, ScannedHost>()
  #checks = new Map<string, ScanCheck>()
  #sightings: Sighting[] = []
  #untimedHosts = 0

  constructor(tx: Db, scan: ScanImport, id: number) {
    this.#tx = tx
    this.#scan = scan
    this.#id = id
  }

  get isFull(): boolean {
    return this.#sightings.length + this.#checks.size + this.#hosts.size >= batchRows
  }

  take(event: ScanEvent): void {
    if (event.kind === 'sighting') {
      this.rows += 1
      this.#sightings.push(event)
    } else if (event.kind === 'host') {
      this.#hosts.set(event.key, together(this.#hosts.get(event.key), event))
    } else if (event.kind === 'check') {
      const before = this.#checks.get(event.id)
      this.#checks.set(
        event.id,
        before === undefined ? event : { ...event, cves: [...new Set([...before.cves, ...event.cves])] },
      )
    } else {
      this.refusedRows += 1
      if (this.#refused.length < refusedKeptMax) this.#refused.push({ at: event.at, problem: event.problem })
    }
  }

  async flush(): Promise<void> {
    await this.#putChecks()
    const hostIds = await this.#putHosts()
    for (let from = 0; from < this.#sightings.length; from += batchRows) {
      await this.#putSightings(this.#sightings.slice(from, from + batchRows), hostIds)
    }
    this.#sightings = []
  }

  result(): Pick<ScanTaken, 'rows' | 'opened' | 'refusedRows' | 'refused' | 'untimedHosts' | 'checks'> {
    return {
      rows: this.rows,
      opened: this.#opened,
      refusedRows: this.refusedRows,
      refused: this.#refused,
      untimedHosts: this.#untimedHosts,
      checks: this.#checkIds.size,
    }
  }

  /** Checks that were told, and an empty one for each that is only named so far: its definition may stand at the end of the report. */
  async #putChecks(): Promise<void> {
    const told = [...this.#checks.values()]
    this.#checks = new Map()
    const rows = told.length === 0 ? [] : (await upsertChecks(this.#tx, this.#scan.scanner, this.#id, told)).rows
    for (const { code, id } of rows) this.#checkIds.set(code, id)
    const bare = [...new Set(this.#sightings.map(({ check }) => check))].filter(
      (check) => !this.#checkIds.has(plainText(check)),
    )
    if (bare.length === 0) return
    const made = await nameChecks(this.#tx, this.#scan.scanner, this.#id, bare)
    for (const { code, id } of made.rows) this.#checkIds.set(code, id)
  }

  async #putHosts(): Promise<Map<string, number>> {
    const hosts = [...this.#hosts.values()]
    this.#hosts = new Map()
    this.#untimedHosts += hosts.filter(({ scannedAt }) => scannedAt === null).length
    const ids = new Map<string, number>()
    const put = hosts.length === 0 ? [] : (await upsertHosts(this.#tx, this.#scan, this.#id, hosts)).rows
    for (const { key, id } of put) ids.set(key, id)
    const missing = [...new Set(this.#sightings.map(({ host }) => plainText(host)))].filter((key) => !ids.has(key))
    if (missing.length === 0) return ids
    const { rows } = await sql<{ key: string; id: number }>`
      select key, id from scan_host where source = ${this.#scan.source} and key = any(${missing}::text[])`.execute(
      this.#tx,
    )
    for (const { key, id } of rows) ids.set(key, id)
    return ids
  }

  async #putSightings(sightings: readonly Sighting[], hostIds: ReadonlyMap<string, number>): Promise<void> {
    const known = sightings.flatMap((one) => {
      const [host, check] = [hostIds.get(plainText(one.host)), this.#checkIds.get(plainText(one.check))]
      return host === undefined || check === undefined ? [] : [{ ...one, host, check }]
    })
    if (known.length === 0) return
    const { rows } = await sql<{ opened: number }>`
      with done as (
        insert into scan_finding as f (host_id, check_id, port, protocol, first_seen, last_seen, fixed_at, by_login, import)
        select s.host_id, s.check_id, s.port, s.protocol,
          min(coalesce(s.first_seen, s.last_seen, h.seen_at)), max(coalesce(s.last_seen, h.seen_at)),
          case when bool_or(s.is_open) then null else max(coalesce(s.fixed_at, s.last_seen, h.seen_at)) end,
          coalesce(bool_or(h.by_login), false), ${this.#id}::integer
        from unnest(
          ${known.map(({ host }) => host)}::integer[], ${known.map(({ check }) => check)}::integer[],
          ${known.map(({ port }) => port)}::integer[], ${known.map(({ protocol }) => protocol)}::text[],
          ${known.map(({ state }) => state === 'open')}::boolean[], ${known.map(({ firstSeen }) => firstSeen)}::timestamptz[],
          ${known.map(({ lastSeen }) => lastSeen)}::timestamptz[], ${known.map(({ fixedAt }) => fixedAt)}::timestamptz[]
        ) as s (host_id, check_id, port, protocol, is_open, first_seen, last_seen, fixed_at)
        join scan_host h on h.id = s.host_id
        group by 1, 2, 3, 4
        order by 1, 2, 3, 4
        on conflict (host_id, check_id, port, protocol) do update set
          first_seen = least(f.first_seen, excluded.first_seen),
          last_seen = greatest(f.last_seen, excluded.last_seen),
          fixed_at = case
            when excluded.fixed_at is null then case when excluded.last_seen > f.fixed_at then null else f.fixed_at end
            when f.fixed_at is null and f.last_seen > excluded.fixed_at then null
            else coalesce(f.fixed_at, excluded.fixed_at) end,
          reopened = f.reopened + case when excluded.fixed_at is null and excluded.last_seen > f.fixed_at then 1 else 0 end,
          by_login = case when excluded.last_seen >= f.last_seen then excluded.by_login else f.by_login end,
          import = excluded.import
        returning xmax = 0 and fixed_at is null as opened
      )
      select count(*) filter (where opened)::integer as opened from done`.execute(this.#tx)
    this.#opened += rows[0]?.opened ?? 0
  }
}

/** What a report says of a host in several places. */
function together(before: ScannedHost | undefined, next: ScannedHost): ScannedHost {
  if (before === undefined) return next
  const later = before.scannedAt !== null && (next.scannedAt === null || before.scannedAt > next.scannedAt)
  return {
    ...next,
    names: [...new Set([...before.names, ...next.names])],
    addresses: [...new Set([...before.addresses, ...next.addresses])],
    os: next.os ?? before.os,
    scannedAt: later ? before.scannedAt : next.scannedAt,
    byLogin: next.byLogin ?? before.byLogin,
  }
}

/** Lists go as one text each, since PostgreSQL unnests a list of lists to its last element. */
const joined = (words: readonly string[]): string => words.map(plainText).join('\n')

function upsertChecks(tx: Db, scanner: Scanner, importId: number, checks: readonly ScanCheck[]) {
  const of = (pick: (check: ScanCheck) => string | null) =>
    checks.map((check) => (pick(check) === null ? null : plainText(pick(check) ?? '')))
  return sql<{ code: string; id: number }>`
    insert into scan_check as c (scanner, code, title, severity, cves, cvss_v2, cvss_v3, cvss_v4, score, score_version, fix, import)
    select ${scanner}, r.code, r.title, r.severity, coalesce(string_to_array(nullif(r.cves, ''), E'\n'), '{}'),
      r.v2, r.v3, r.v4, r.score, r.version, r.fix, ${importId}::integer
    from unnest(
      ${of(({ id }) => id)}::text[], ${of(({ title }) => title)}::text[],
      ${checks.map(({ severity }) => VulnerabilitySeverity.options.indexOf(severity))}::smallint[],
      ${checks.map(({ cves }) => joined(cves))}::text[],
      ${of(({ cvss }) => cvss.v2)}::text[], ${of(({ cvss }) => cvss.v3)}::text[], ${of(({ cvss }) => cvss.v4)}::text[],
      ${checks.map(({ cvss }) => cvss.score)}::real[], ${of(({ cvss }) => cvss.version)}::text[], ${of(({ fix }) => fix)}::text[]
    ) as r (code, title, severity, cves, v2, v3, v4, score, version, fix)
    order by r.code
    on conflict (scanner, code) do update set
      title = excluded.title, severity = excluded.severity, cvss_v2 = excluded.cvss_v2, cvss_v3 = excluded.cvss_v3,
      cvss_v4 = excluded.cvss_v4, score = excluded.score, score_version = excluded.score_version, fix = excluded.fix,
      -- A report may tell a check several times, with a CVE each (a row for each CVE); the next report says it anew.
      cves = case when c.import = excluded.import
        then (select array_agg(distinct one) from unnest(c.cves || excluded.cves) one) else excluded.cves end,
      import = excluded.import
    returning code, id`.execute(tx)
}

function nameChecks(tx: Db, scanner: Scanner, importId: number, checks: readonly string[]) {
  return sql<{ code: string; id: number }>`
    insert into scan_check as c (scanner, code, title, import)
    select ${scanner}, one, one, ${importId}::integer from unnest(${checks.map(plainText)}::text[]) one order by one
    on conflict (scanner, code) do update set scanner = excluded.scanner returning code, id`.execute(tx)
}

/** Whole names and their first labels: "web-01.emea.example" is looked for by either. */
function withLabels(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => [name, name.split('.')[0] ?? name]))].filter((name) => name !== '')
}

function upsertHosts(tx: Db, scan: ScanImport, importId: number, hosts: readonly ScannedHost[]) {
  return sql<{ key: string; id: number }>`
    insert into scan_host as h (source, key, names, addresses, os, first_scanned_at, scanned_at, seen_import, seen_at, by_login, looked_for)
    select ${scan.source}, r.key, coalesce(string_to_array(nullif(r.names, ''), E'\n'), '{}'),
      coalesce(string_to_array(nullif(r.addresses, ''), E'\n'), '{}')::inet[], r.os, r.at, r.at, ${importId}::integer, r.at, r.by_login, r.looked_for
    from unnest(
      ${hosts.map(({ key }) => plainText(key))}::text[], ${hosts.map(({ names }) => joined(withLabels(names)))}::text[],
      ${hosts.map(({ addresses }) => joined(addresses))}::text[], ${hosts.map(({ os }) => (os === null ? null : plainText(os)))}::text[],
      ${hosts.map(({ scannedAt }) => scannedAt ?? iso(scan.asOf))}::timestamptz[],
      ${hosts.map(({ byLogin }) => byLogin)}::boolean[], ${hosts.map(({ lookedFor }) => lookedFor)}::text[]
    ) as r (key, names, addresses, os, at, by_login, looked_for)
    order by r.key
    on conflict (source, key) do update set
      -- Within one report what is said adds up; a newer one replaces it, an older one that comes late changes nothing but the first time.
      names = case when h.seen_import = excluded.seen_import then (select array_agg(distinct one) from unnest(h.names || excluded.names) one)
        when excluded.scanned_at >= h.scanned_at then excluded.names else h.names end,
      addresses = case when h.seen_import = excluded.seen_import then (select array_agg(distinct one) from unnest(h.addresses || excluded.addresses) one)
        when excluded.scanned_at >= h.scanned_at then excluded.addresses else h.addresses end,
      os = case when excluded.scanned_at >= h.scanned_at then coalesce(excluded.os, h.os) else h.os end,
      first_scanned_at = least(h.first_scanned_at, excluded.first_scanned_at),
      scanned_at = greatest(h.scanned_at, excluded.scanned_at),
      seen_at = case when h.seen_import = excluded.seen_import then greatest(h.seen_at, excluded.seen_at) else excluded.seen_at end,
      by_login = case when excluded.scanned_at >= h.scanned_at then coalesce(excluded.by_login, h.by_login) else h.by_login end,
      looked_for = case when excluded.scanned_at >= h.scanned_at then excluded.looked_for else h.looked_for end,
      seen_import = excluded.seen_import
    returning key, id`.execute(tx)
}

/** Closes what this report no longer has. The first scan that did not see it is when it was fixed at the latest. */
async function close(tx: Db, scan: ScanImport, importId: number): Promise<number> {
  const gone = await sql`
    update scan_finding f set fixed_at = h.seen_at
    from scan_host h
    where h.source = ${scan.source} and h.seen_import = ${importId} and h.seen_at >= h.scanned_at
      and f.host_id = h.id and f.fixed_at is null and f.import <> ${importId} and f.last_seen < h.seen_at
      and not (f.by_login and h.by_login is false)`.execute(tx)
  if (!scan.isWhole) return Number(gone.numAffectedRows ?? 0)
  const absent = await sql`
    update scan_finding f set fixed_at = greatest(s.at, f.last_seen)
    from scan_host h, (select max(seen_at) as at from scan_host where source = ${scan.source} and seen_import = ${importId}) s
    where h.source = ${scan.source} and h.seen_import <> ${importId} and h.scanned_at < s.at and f.host_id = h.id and f.fixed_at is null`.execute(
    tx,
  )
  return Number(gone.numAffectedRows ?? 0) + Number(absent.numAffectedRows ?? 0)
}

async function totals(tx: Db, importId: number) {
  const { rows } = await sql<{
    source: string
    scanner: Scanner
    format: string
    hosts: string
    from_at: Date | null
    to_at: Date | null
  }>`
    select i.source, i.scanner, i.format, count(h.id) as hosts, min(h.seen_at) as from_at, max(h.seen_at) as to_at
    from scan_import i left join scan_host h on h.seen_import = i.id where i.id = ${importId} group by i.id`.execute(tx)
  const [row] = rows as [(typeof rows)[number]]
  const { source, scanner, format } = row
  return {
    importId,
    source,
    scanner,
    format,
    hosts: Number(row.hosts),
    scannedFrom: isoOrNull(row.from_at),
    scannedTo: isoOrNull(row.to_at),
  }
}

/** GIN indexes keep new rows in a list that every look-up reads through, and without statistics a new table is read from end to end. */
async function settle(tx: Db): Promise<void> {
  for (const index of ['scan_host_names', 'scan_host_addresses', 'scan_check_cves']) {
    await sql`select gin_clean_pending_list(${index}::regclass)`.execute(tx)
  }
  for (const table of ['scan_host', 'scan_check', 'scan_finding']) await sql`analyze ${sql.table(table)}`.execute(tx)
}

async function record(tx: Db, taken: ScanTaken, by: string, clock: Clock): Promise<void> {
  const { importId, source, format, rows, hosts, opened, closed, refusedRows, scannedFrom, scannedTo } = taken
  await tx
    .updateTable('scan_import')
    .set({
      hosts,
      rows_in: rows,
      rows_refused: refusedRows,
      opened,
      closed,
      scanned_from: scannedFrom,
      scanned_to: scannedTo,
    })
    .where('id', '=', importId)
    .execute()
  const body = { import: importId, format, rows, hosts, opened, closed, refused: refusedRows, scannedFrom, scannedTo }
  await append(tx, { kind: 'import.done', actor: by, subject: `scan:${source}`, body }, clock)
}
