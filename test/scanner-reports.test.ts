import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAsk } from '../src/connectors/ask.ts'
import { scannerReports } from '../src/connectors/scanner-reports/index.ts'
import { putCveFacts, putKev } from '../src/db/cves.ts'
import { takeScan } from '../src/db/scans.ts'
import { scanLookups } from '../src/main/scan-lookups.ts'
import type { Asked } from '../src/model/doors.ts'
import type { AnswerOf } from '../src/model/question.ts'
import type { ScanEvent, ScannedHost } from '../src/model/vulnerability.ts'
import { loadDecisionTable } from '../src/playbooks/decision-table.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const now = new Date('2026-03-01T12:00:00Z')
const clock = { now: () => now }
const noCvss = { v2: null, v3: null, v4: null, score: null, version: null }
const checks: Record<string, string> = { shell: 'CVE-2025-0001', old: 'CVE-2025-0002' }

type Scan = {
  readonly source?: string
  readonly on: string
  readonly host: string
  readonly has: readonly string[]
  readonly address?: string
  readonly lookedFor?: ScannedHost['lookedFor']
}

async function* eventsOf({ on, host, has, address, lookedFor }: Scan): AsyncGenerator<readonly ScanEvent[]> {
  yield [
    {
      kind: 'host',
      key: host,
      names: /[a-z]/.test(host) ? [host] : [],
      addresses: address === undefined ? [] : [address],
      os: null,
      scannedAt: `${on}T00:00:00.000Z`,
      byLogin: true,
      lookedFor: lookedFor ?? 'vulnerabilities',
    },
    ...has.map(
      (check): ScanEvent => ({
        kind: 'sighting',
        host,
        check,
        port: 443,
        protocol: 'tcp',
        state: 'open',
        firstSeen: null,
        lastSeen: null,
        fixedAt: null,
      }),
    ),
    ...Object.entries(checks).map(
      ([id, cve]): ScanEvent => ({
        kind: 'check',
        id,
        title: `Example ${id}`,
        severity: 'high',
        cves: [cve],
        fix: 'Upgrade',
        cvss: noCvss,
      }),
    ),
  ]
}

let house: FreshDatabase
const scan = (one: Scan) =>
  takeScan(
    house.db,
    {
      source: one.source ?? 'weekly',
      scanner: 'nessus',
      format: 'f',
      events: eventsOf(one),
      by: 'system',
      asOf: now,
      isWhole: false,
    },
    clock,
  )
async function asked(asset: string, cve?: string, at?: string): Promise<Asked['answered']> {
  const connector = scannerReports(scanLookups(house.db, await loadDecisionTable()))
  const ask = makeAsk({ connectors: [connector], clock, news: () => undefined })
  const [one] = await ask('vulnerabilities-of-asset', { asset, cve, at }, { signal: AbortSignal.timeout(5_000) })
  return (one as Asked).answered
}
async function found(asset: string, cve?: string, at?: string): Promise<AnswerOf<'vulnerabilities-of-asset'>> {
  const answered = await asked(asset, cve, at)
  if (answered.kind !== 'found') throw new Error(`${answered.kind}: ${JSON.stringify(answered)}`)
  return answered.answer as AnswerOf<'vulnerabilities-of-asset'>
}

beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())

describe('was it vulnerable, and when was it patched?', () => {
  test('before the first report nobody can say', async () => {
    expect(await asked('web-01', 'CVE-2025-0001')).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('import scan') as string,
    })
  })

  test('open: since when, by when, exploited since when, and what to do', async () => {
    await scan({ on: '2026-02-01', host: 'web-01.emea.example.com', address: '192.0.2.10', has: ['shell', 'old'] })
    await scan({ on: '2026-02-20', host: 'web-01.emea.example.com', address: '192.0.2.10', has: ['shell'] })
    await putKev(
      house.db,
      {
        version: 'v',
        releasedAt: '2026-02-01T00:00:00.000Z',
        entries: [{ cve: 'CVE-2025-0001', added: '2026-02-10', name: 'n', action: 'a', ransomware: false }],
      },
      'system',
      clock,
    )
    const answer = await found('WEB-01', 'cve-2025-0001')
    expect(answer).toMatchObject({
      vulnerable: true,
      kev: '2026-02-10',
      patchedAt: null,
      scannedBy: ['weekly'],
      scannedAt: '2026-02-20T00:00:00.000Z',
    })
    expect(answer.open).toMatchObject([
      // Exploited, the rest not known: 14 days from the catalogue's day are certain, three the earliest.
      {
        cve: 'CVE-2025-0001',
        since: '2026-02-01T00:00:00.000Z',
        fix: 'Upgrade',
        deadline: '2026-02-24',
        deadlineEarliest: '2026-02-04',
        deadlineUnknown: ['exposed', 'automatable', 'impact'],
      },
    ])
  })

  test('patched: not vulnerable now, but vulnerable to an alert of before', async () => {
    expect(await found('web-01.emea.example.com', 'CVE-2025-0002')).toMatchObject({
      vulnerable: false,
      open: [],
      patchedAt: '2026-02-20T00:00:00.000Z',
    })
    expect(await found('192.0.2.10', 'CVE-2025-0002', '2026-02-05T00:00:00Z')).toMatchObject({
      vulnerable: true,
      open: [],
      patchedAt: '2026-02-20T00:00:00.000Z',
    })
  })

  test('no CVE in the alert: what is open, and no word on whether it matters', async () => {
    expect(await found('web-01')).toMatchObject({ vulnerable: null, total: 1, open: [{ cve: 'CVE-2025-0001' }] })
  })

  test('what we said does not affect us is not vulnerable, and says so', async () => {
    await sql`insert into vulnerability_word (id, cve, host, status, reason, said_by, said_at)
      values (gen_random_uuid(), 'CVE-2025-0001', 'web-01.emea.example.com', 'not-affected', 'the module is off', 'user:1', now())`.execute(
      house.db,
    )
    expect(await found('web-01', 'CVE-2025-0001')).toMatchObject({
      vulnerable: false,
      open: [{ word: 'not-affected: the module is off' }],
    })
    await sql`update vulnerability_word set withdrawn_at = now(), withdrawn_by = 'user:1'`.execute(house.db)
    expect(await found('web-01', 'CVE-2025-0001')).toMatchObject({ vulnerable: true })
  })
})

describe('nothing is said only by who looked, late enough and lately', () => {
  test.each([
    ['a machine that no report has', 'db-77', 'CVE-2025-0001', 'never scanned'],
    ['the same first label in another domain', 'web-01.apac.example.com', 'CVE-2025-0001', 'never scanned'],
    ['no CVE', 'web-01', 'nonsense', 'is no CVE'],
    ['a CVE of a later year', 'web-01', 'CVE-2027-0001', 'did not exist then'],
    ['a new CVE that no report names', 'web-01', 'CVE-2026-0009', 'not known whether the scanner tests for it'],
  ])('%s', async (_name, asset, cve, why) => {
    const answered = await asked(asset, cve)
    expect(answered.kind).toBe(cve === 'nonsense' ? 'not-applicable' : 'not-collected')
    expect('why' in answered ? answered.why : '').toContain(why)
  })

  test('a CVE that was published after the last scan', async () => {
    const published = (at: string) =>
      (async function* () {
        yield {
          cve: 'CVE-2025-0005',
          title: null,
          publishedAt: at,
          cvss: noCvss,
          exploitation: null,
          automatable: null,
          impact: null,
          assessedAt: null,
        }
      })()
    await putCveFacts(house.db, published('2026-02-25T00:00:00.000Z'), 'system', clock)
    expect(await asked('web-01', 'CVE-2025-0005')).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('published after that') as string,
    })
    await putCveFacts(house.db, published('2025-06-01T00:00:00.000Z'), 'system', clock)
    expect(await asked('web-01', 'CVE-2025-0005')).toMatchObject({ kind: 'nothing' })
  })

  test('a scan that is too old, and a port scan, say nothing', async () => {
    await scan({ on: '2025-11-01', host: 'old-01', has: [] })
    await scan({ source: 'ports', on: '2026-02-28', host: 'port-01', has: [], lookedFor: 'ports' })
    expect(await asked('old-01', 'CVE-2025-0001')).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('120 days before: too old') as string,
    })
    expect(await asked('port-01', 'CVE-2025-0001')).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('only a port scan') as string,
    })
  })

  test('a machine that was scanned lately, by a scanner that names the CVE elsewhere', async () => {
    await scan({ on: '2026-02-28', host: 'clean-01', has: [] })
    expect(await asked('clean-01', 'CVE-2025-0001')).toEqual({
      kind: 'nothing',
      query: 'reports about clean-01 for CVE-2025-0001: last scanned 2026-02-28 by weekly',
    })
  })

  test('a scan that knows the address alone is found by the asset list, unless it calls the machine otherwise', async () => {
    await scan({ source: 'outside', on: '2026-02-28', host: '198.51.100.7', address: '198.51.100.7', has: ['shell'] })
    await scan({
      source: 'outside',
      on: '2026-02-28',
      host: 'other.example.com',
      address: '198.51.100.8',
      has: ['shell'],
    })
    await sql`insert into asset (id, name, entity, facts, names, addresses, source, as_of) values
      ('l/a', 'pay-01', 'pay-01', '{"id": "a", "name": "pay-01", "addresses": ["198.51.100.7", "198.51.100.8"]}', '{pay-01}', '{198.51.100.7,198.51.100.8}', 'l', now())`.execute(
      house.db,
    )
    const answered = await asked('pay-01', 'CVE-2025-0001')
    expect(answered).toMatchObject({ kind: 'found', answer: { vulnerable: true, total: 1 } })
    expect('warnings' in answered ? answered.warnings?.join(' ') : '').toContain('Matched by address')
  })
})
