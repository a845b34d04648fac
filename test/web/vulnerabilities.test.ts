import { Readable } from 'node:stream'
import { beforeAll, describe, expect, test } from 'vitest'
import { putKev, putVex } from '../../src/db/cves.ts'
import { importList } from '../../src/playbooks/import-list.ts'
import { importScan } from '../../src/playbooks/import-scan.ts'
import { signedIn } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
let analyst: string
let auditor: string
let approver: string

const bytes = (text: string) => Readable.from([Buffer.from(text)])
const rows = Array.from(
  { length: 120 },
  (_, at) => `${at + 10},,Low,bulk-${at}.example.com,tcp,0,Example library ${at},s,2026-02-20T00:00:00Z`,
).join('\n')
const report = `Plugin ID,CVE,Risk,Host,Protocol,Port,Name,Synopsis,Last Found
1,CVE-2025-0001,Critical,web-01.example.com,tcp,443,Example server,s,2026-02-20T00:00:00Z
1,CVE-2025-0001,Critical,db-01.example.com,tcp,443,Example server,s,2026-02-20T00:00:00Z
2,CVE-2025-0002,High,web-01.example.com,tcp,443,Example parser,s,2026-02-20T00:00:00Z
3,,None,web-01.example.com,tcp,22,Banner,s,2026-02-20T00:00:00Z
${rows}
`

beforeAll(async () => {
  const { clock } = desk.running.house
  analyst = (await signedIn(desk, 'analyst', 'Bo Ek')).cookie
  auditor = (await signedIn(desk, 'auditor')).cookie
  approver = (await signedIn(desk, 'approver')).cookie
  const by = 'user:test'
  await importList(database.db, {
    noun: 'assets',
    by,
    clock,
    stream: bytes('name,criticality,exposed\nweb-01,critical,yes\ndb-01.example.com,low,no\n'),
  })
  const kev = {
    version: '2026.02.01',
    releasedAt: '2026-02-01T00:00:00.000Z',
    entries: [{ cve: 'CVE-2025-0001', added: '2026-02-01', name: 'Example', action: 'Update.', ransomware: true }],
  }
  await putKev(database.db, kev, by, clock)
  const statement = {
    cve: 'CVE-2025-0001',
    product: 'Example 1',
    cpe: null,
    purl: null,
    status: 'not-affected',
    justification: 'component_not_present',
    detail: 'It is not built in.',
  } as const
  await putVex(
    database.db,
    {
      id: 'EX-1',
      version: '1',
      title: 't',
      publisher: 'Example PSIRT',
      publisherCategory: 'vendor',
      status: 'final',
      releasedAt: '2026-02-01T00:00:00.000Z',
      statements: [statement],
    },
    by,
    clock,
  )
  await importScan(database.db, { stream: bytes(report), source: 'weekly', by, clock })
})

async function call(method: string, url: string, body?: unknown, cookie = analyst) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
type Listed = {
  rows: {
    title: string
    hosts: number
    exposedHosts: number
    criticality: string | null
    due: { certain: string; unknown: string[] } | null
  }[]
  next: string | null
}
const list = async (query: string) => (await call('GET', `/api/vulnerabilities?${query}`)).body as unknown as Listed
const titles = async (query: string) => (await list(query)).rows.map(({ title }) => title)

describe('the list', () => {
  test('what has a day comes first, every check once, a page after the other', async () => {
    const seen: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const page: Listed = await list(`after=${encodeURIComponent(after)}`)
      seen.push(...page.rows.map(({ title }) => title))
      after = page.next
    }
    expect([seen[0], seen.length, new Set(seen).size]).toEqual(['Example server', 122, 122])
  })

  test('a row says where, how critical, by when, and what is not known', async () => {
    expect((await list('q=CVE-2025-0001')).rows).toMatchObject([
      {
        title: 'Example server',
        hosts: 2,
        exposedHosts: 1,
        criticality: 'critical',
        due: { certain: '14 days', unknown: ['automatable', 'impact'] },
      },
    ])
  })

  test('filters narrow it; notes are shown only when asked for', async () => {
    expect(await titles('kev=yes')).toEqual(['Example server'])
    expect(await titles('severity=high')).toEqual(['Example server', 'Example parser'])
    expect(await titles('q=parser&exposed=yes')).toEqual(['Example parser'])
    expect(await titles('criticality=critical')).toEqual(['Example server', 'Example parser'])
    expect(await titles('due=overdue')).toEqual(['Example server', 'Example parser'])
    expect(await titles('q=banner')).toEqual([])
    expect(await titles('q=banner&severity=info')).toEqual(['Banner'])
  })

  test('sources say how old they are', async () => {
    expect((await call('GET', '/api/vulnerabilities/sources')).body).toMatchObject({
      scans: [{ source: 'weekly', scanner: 'nessus', reports: 1, scannedAt: '2026-02-20T00:00:00.000Z' }],
      feeds: [{ feed: 'csaf' }, { feed: 'kev', version: '2026.02.01' }],
    })
  })
})

describe('a CVE, a machine', () => {
  test('a CVE: what is known, on which machines, what vendors say', async () => {
    const { body } = await call('GET', '/api/vulnerabilities/cves/CVE-2025-0001')
    expect(body).toMatchObject({
      known: { kevAdded: '2026-02-01', kevRansomware: true, epss: null },
      vex: [{ product: 'Example 1', status: 'not-affected', justification: 'component_not_present' }],
      words: [],
    })
    expect((body['found'] as { host: string }[]).map(({ host }) => host).sort()).toEqual([
      'db-01.example.com',
      'web-01.example.com',
    ])
    expect((await call('GET', '/api/vulnerabilities/cves/nonsense')).status).toBe(400)
    expect((await call('GET', '/api/vulnerabilities/cves/CVE-1999-9999')).body).toMatchObject({
      known: null,
      found: [],
    })
  })

  test('a machine by its short name; one that was never scanned has none', async () => {
    const { body } = await call('GET', '/api/vulnerabilities/machines/WEB-01')
    expect(body).toMatchObject({ machines: [{ source: 'weekly', matchedBy: 'name' }] })
    expect((body['found'] as unknown[]).length).toBe(3)
    expect((await call('GET', '/api/vulnerabilities/machines/web-99')).body).toMatchObject({ machines: [], found: [] })
  })
})

describe('our own word', () => {
  const word = { cve: 'CVE-2025-0002', host: null, status: 'not-affected', reason: 'The module is off.' }

  test('takes a CVE off the list, and taking it back puts it there again; both stand in the ledger', async () => {
    const { status, body } = await call('POST', '/api/vulnerabilities/words', word)
    expect(status).toBe(200)
    expect(await titles('severity=high')).toEqual(['Example server'])
    expect((await call('GET', '/api/vulnerabilities/cves/CVE-2025-0002')).body).toMatchObject({
      words: [{ reason: 'The module is off.', by: 'Bo Ek' }],
    })
    expect((await call('DELETE', `/api/vulnerabilities/words/${String(body['id'])}`)).status).toBe(200)
    expect((await call('DELETE', `/api/vulnerabilities/words/${String(body['id'])}`)).status).toBe(404)
    expect(await titles('severity=high')).toEqual(['Example server', 'Example parser'])
    const lines = await database.db
      .selectFrom('ledger_entry')
      .select('kind')
      .where('subject', '=', 'cve:CVE-2025-0002')
      .execute()
    expect(lines.map(({ kind }) => kind).sort()).toEqual(['vulnerability.said', 'vulnerability.withdrawn'])
  })

  test('a risk is accepted until a day that is still to come; an auditor looks, an approver does not', async () => {
    expect((await call('POST', '/api/vulnerabilities/words', { ...word, status: 'accepted' })).status).toBe(400)
    expect(
      (
        await call('POST', '/api/vulnerabilities/words', {
          ...word,
          status: 'accepted',
          until: '2020-01-01T00:00:00.000Z',
        })
      ).status,
    ).toBe(400)
    expect((await call('POST', '/api/vulnerabilities/words', word, auditor)).status).toBe(403)
    expect((await call('GET', '/api/vulnerabilities', undefined, auditor)).status).toBe(200)
    expect((await call('GET', '/api/vulnerabilities', undefined, approver)).status).toBe(403)
    expect((await call('GET', '/api/vulnerabilities', undefined, '')).status).toBe(401)
  })
})

test('a new asset list counts anew by when it has to be gone', async () => {
  const { clock } = desk.running.house
  const assets = 'name,criticality,exposed\nweb-01,low,no\ndb-01.example.com,low,no\n'
  await importList(database.db, { noun: 'assets', by: 'user:test', clock, stream: bytes(assets) })
  expect((await list('q=CVE-2025-0001')).rows).toMatchObject([{ exposedHosts: 0, criticality: 'low' }])
})
