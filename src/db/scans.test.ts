import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import type { ScanEvent } from '../model/vulnerability.ts'
import { type ScanTaken, takeScan } from './scans.ts'

let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())
beforeEach(() =>
  sql`truncate scan_import, scan_host, scan_check, scan_finding, scan_open restart identity`.execute(house.db),
)

const now = new Date('2026-03-01T00:00:00Z')
const clock = { now: () => now }
type Report = {
  readonly at: string
  /** Host -> checks. */
  readonly hosts: Readonly<Record<string, readonly string[]>>
  readonly byLogin?: boolean
  readonly refused?: number
  readonly isWhole?: boolean
  readonly fixed?: readonly string[]
}

function events({ at, hosts, byLogin, refused = 0, fixed = [] }: Report): ScanEvent[] {
  const scannedAt = `${at}T00:00:00.000Z`
  return [
    ...Object.entries(hosts).flatMap(([key, checks]): ScanEvent[] => [
      {
        kind: 'host',
        key,
        names: [`${key}.example.com`],
        addresses: ['192.0.2.1'],
        os: null,
        scannedAt,
        byLogin: byLogin ?? null,
        lookedFor: 'vulnerabilities',
      },
      ...checks.map((check): ScanEvent => {
        const state = fixed.includes(check) ? 'fixed' : 'open'
        return {
          kind: 'sighting',
          host: key,
          check,
          port: 443,
          protocol: 'tcp',
          state,
          firstSeen: null,
          lastSeen: null,
          fixedAt: null,
        }
      }),
    ]),
    ...Array.from(
      { length: refused },
      (): ScanEvent => ({ kind: 'refused', at: 'row 9', problem: 'it names no host' }),
    ),
    // Definitions at the end, as Qualys and Rapid7 write them.
    {
      kind: 'check',
      id: 'a',
      title: 'A',
      severity: 'high',
      cves: ['CVE-2026-0001'],
      fix: 'Upgrade',
      cvss: { v2: null, v3: null, v4: null, score: 7, version: null },
    },
  ]
}

function take(report: Report, source = 'weekly'): Promise<ScanTaken> {
  async function* all(): AsyncGenerator<readonly ScanEvent[]> {
    yield events(report)
  }
  const scan = {
    source,
    scanner: 'nessus',
    format: 'nessus-xml',
    events: all(),
    by: 'system',
    asOf: now,
    isWhole: report.isWhole ?? false,
  } as const
  return takeScan(house.db, scan, clock)
}

/** "host check: open | fixed DATE", sorted. */
async function state(): Promise<string[]> {
  const { rows } = await sql<{ key: string; code: string; fixed: string | null; first: string; reopened: number }>`
    select key, code, to_char(fixed_at at time zone 'UTC', 'MM-DD') as fixed, to_char(first_seen at time zone 'UTC', 'MM-DD') as first, reopened
    from scan_finding f join scan_host h on h.id = f.host_id join scan_check c on c.id = f.check_id order by 1, 2`.execute(
    house.db,
  )
  return rows.map(
    (row) =>
      `${row.key} ${row.code} since ${row.first}: ${row.fixed === null ? 'open' : `fixed ${row.fixed}`}${row.reopened > 0 ? ', reopened' : ''}`,
  )
}

test('a later scan closes what it no longer finds on a machine that it scanned, and leaves the other machines alone', async () => {
  expect(await take({ at: '2026-01-01', hosts: { web: ['a', 'b'], db: ['a'] } })).toMatchObject({
    rows: 3,
    hosts: 2,
    opened: 3,
    closed: 0,
  })
  expect(await take({ at: '2026-01-08', hosts: { web: ['b'] } })).toMatchObject({ rows: 1, opened: 0, closed: 1 })
  expect(await state()).toEqual(['db a since 01-01: open', 'web a since 01-01: fixed 01-08', 'web b since 01-01: open'])
})

test('the same report again changes nothing, an older one that comes late neither', async () => {
  const first: Report = { at: '2026-01-01', hosts: { web: ['a', 'b'] } }
  await take(first)
  await take({ at: '2026-01-08', hosts: { web: ['b', 'c'] } })
  const before = await state()
  expect(await take({ at: '2026-01-08', hosts: { web: ['b', 'c'] } })).toMatchObject({ opened: 0, closed: 0 })
  expect(await state()).toEqual(before)
  expect(await take(first)).toMatchObject({ opened: 0, closed: 0 })
  expect(await state()).toEqual(before)
})

test('what comes back is open again, and known since it was first seen', async () => {
  await take({ at: '2026-01-01', hosts: { web: ['a'] } })
  await take({ at: '2026-01-08', hosts: { web: [] } })
  expect(await state()).toEqual(['web a since 01-01: fixed 01-08'])
  await take({ at: '2026-01-15', hosts: { web: ['a'] } })
  expect(await state()).toEqual(['web a since 01-01: open, reopened'])
})

test('a scan that saw less closes nothing: rows that could not be read, or no sign-in where there was one', async () => {
  await take({ at: '2026-01-01', hosts: { web: ['a', 'b'] }, byLogin: true })
  expect(await take({ at: '2026-01-08', hosts: { web: ['a'] }, byLogin: true, refused: 1 })).toMatchObject({
    closed: 0,
    refusedRows: 1,
  })
  expect(await take({ at: '2026-01-15', hosts: { web: ['a'] }, byLogin: false })).toMatchObject({ closed: 0 })
  expect(await take({ at: '2026-01-22', hosts: { web: ['a'] }, byLogin: true })).toMatchObject({ closed: 1 })
  expect(await state()).toEqual(['web a since 01-01: open', 'web b since 01-01: fixed 01-22'])
})

test('programmes do not close what others found; a whole report closes the machines that it has no more', async () => {
  await take({ at: '2026-01-01', hosts: { web: ['a'], db: ['a'] } })
  await take({ at: '2026-01-08', hosts: { web: [] } }, 'other')
  expect(await state()).toHaveLength(2)
  expect((await state()).every((line) => line.endsWith('open'))).toBe(true)
  expect(await take({ at: '2026-01-08', hosts: { web: ['a'] }, isWhole: true })).toMatchObject({ closed: 1 })
  expect(await state()).toContain('db a since 01-01: fixed 01-08')
})

test('what the scanner itself calls fixed is fixed', async () => {
  await take({ at: '2026-01-01', hosts: { web: ['a', 'b'] } })
  await take({ at: '2026-01-08', hosts: { web: ['a', 'b'] }, fixed: ['b'] })
  expect(await state()).toEqual(['web a since 01-01: open', 'web b since 01-01: fixed 01-08'])
})

test('a report that breaks in the middle leaves everything as it was', async () => {
  await take({ at: '2026-01-01', hosts: { web: ['a'] } })
  const before = await state()
  async function* broken(): AsyncGenerator<readonly ScanEvent[]> {
    yield events({ at: '2026-01-08', hosts: { web: [] } })
    throw new Error('the file ends here')
  }
  const scan = {
    source: 'weekly',
    scanner: 'nessus',
    format: 'nessus-xml',
    events: broken(),
    by: 'system',
    asOf: now,
    isWhole: true,
  } as const
  await expect(takeScan(house.db, scan, clock)).rejects.toThrow('the file ends here')
  expect(await state()).toEqual(before)
})

test('checks told a CVE at a time have all of them, and the next report says them anew', async () => {
  const check = (cves: string[]): ScanEvent => ({
    kind: 'check',
    id: 'x',
    title: 'X',
    severity: 'low',
    cves,
    fix: null,
    cvss: { v2: null, v3: null, v4: null, score: null, version: null },
  })
  const takeChecks = (...pieces: ScanEvent[][]) => {
    async function* all(): AsyncGenerator<readonly ScanEvent[]> {
      yield* pieces
    }
    return takeScan(
      house.db,
      { source: 's', scanner: 'nessus', format: 'f', events: all(), by: 'system', asOf: now, isWhole: false },
      clock,
    )
  }
  const cves = async () =>
    (await sql<{ cves: string[] }>`select cves from scan_check where code = 'x'`.execute(house.db)).rows[0]?.cves.sort()
  await takeChecks([check(['CVE-2026-0001'])], [check(['CVE-2026-0002'])])
  expect(await cves()).toEqual(['CVE-2026-0001', 'CVE-2026-0002'])
  await takeChecks([check(['CVE-2026-0003'])])
  expect(await cves()).toEqual(['CVE-2026-0003'])
})

test('hostile letters in names do not break the import', async () => {
  await take({ at: '2026-01-01', hosts: { 'we\u0000b\ud800': ['a\u0000'] } })
  expect(await state()).toHaveLength(1)
})
