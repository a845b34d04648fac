import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeAsk } from '../src/connectors/ask.ts'
import { scannerReports } from '../src/connectors/scanner-reports/index.ts'
import { VulnerabilityQuery } from '../src/contract/vulnerabilities.ts'
import { putKev, putVex } from '../src/db/cves.ts'
import { scannedMachines } from '../src/db/vulnerabilities.ts'
import { countOpen } from '../src/db/vulnerability-count.ts'
import { openPage } from '../src/db/vulnerability-front.ts'
import { findingsOf } from '../src/http/vulnerability-view.ts'
import { scanLookups } from '../src/main/scan-lookups.ts'
import type { Asked } from '../src/model/doors.ts'
import type { AnswerOf } from '../src/model/question.ts'
import { vendorRule } from '../src/model/vendor-word.ts'
import type { VexStatement } from '../src/model/vulnerability.ts'
import { loadDecisionTable } from '../src/playbooks/decision-table.ts'
import { importList } from '../src/playbooks/import-list.ts'
import { importScan } from '../src/playbooks/import-scan.ts'
import { sampleAlert, sampleFinding } from '../src/triage/evidence.sample.ts'
import { riskOf } from '../src/triage/risk.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const now = new Date('2026-03-01T12:00:00Z')
const clock = { now: () => now }
const cve = 'CVE-2025-0001'
const cpe = 'cpe:2.3:a:example:gateway:4.2:*:*:*:*:*:*:*'
const table = await loadDecisionTable()

let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
  const bytes = (text: string) => Readable.from([Buffer.from(text)])
  await importList(house.db, {
    noun: 'assets',
    by: 'system',
    clock,
    stream: bytes(
      `name,exposed,software\ngw-01.example.com,yes,${cpe}\ngw-02.example.com,yes,cpe:2.3:a:example:gateway:4.1:*:*:*:*:*:*:*\nbare.example.com,yes,\nquiet.example.com,no,${cpe}\n`,
    ),
  })
  const rows = ['gw-01', 'gw-02', 'bare'].map(
    (host) => `1,${cve},Critical,${host}.example.com,tcp,443,Example Gateway: code execution,s,2026-02-20T00:00:00Z`,
  )
  await importScan(house.db, {
    stream: bytes(
      `Plugin ID,CVE,Risk,Host,Protocol,Port,Name,Synopsis,Last Found\n${rows.join('\n')}\n2,,None,quiet.example.com,tcp,22,Banner,s,2026-02-20T00:00:00Z\n`,
    ),
    source: 'weekly',
    by: 'system',
    clock,
  })
  const entries = [{ cve, added: '2026-02-01', name: 'n', action: 'a', ransomware: false }]
  await putKev(house.db, { version: 'v', releasedAt: now.toISOString(), entries }, 'system', clock)
})
afterAll(() => house.close())
beforeEach(() => sql`truncate vex_statement`.execute(house.db))

type Said = Partial<VexStatement> & {
  readonly by?: string
  readonly category?: string
  readonly state?: string
  readonly at?: string
  readonly id?: string
}
async function vendorSays({
  by = 'Example PSIRT',
  category = 'vendor',
  state = 'final',
  at = '2026-02-10T00:00:00.000Z',
  id = 'EX-1',
  ...said
}: Said): Promise<void> {
  const statement = {
    cve,
    product: 'Example Gateway 4.2',
    cpe,
    purl: null,
    status: 'not-affected',
    justification: 'component_not_present',
    detail: 'It is not built in.',
    ...said,
  } as const
  await putVex(
    house.db,
    {
      id,
      version: '1',
      title: 't',
      publisher: by,
      publisherCategory: category,
      status: state,
      releasedAt: at,
      statements: [statement],
    },
    'system',
    clock,
  )
  await countOpen(house.db, table, clock)
}

async function asked(asset: string): Promise<Asked['answered']> {
  const ask = makeAsk({ connectors: [scannerReports(scanLookups(house.db, table))], clock, news: () => undefined })
  const [one] = await ask('vulnerabilities-of-asset', { asset, cve }, { signal: AbortSignal.timeout(5_000) })
  return (one as Asked).answered
}
async function answer(asset: string): Promise<AnswerOf<'vulnerabilities-of-asset'>> {
  const answered = await asked(asset)
  if (answered.kind !== 'found') throw new Error(JSON.stringify(answered))
  return answered.answer as AnswerOf<'vulnerabilities-of-asset'>
}
async function row() {
  const page = await openPage(house.db, VulnerabilityQuery.parse({ q: cve }), now)
  return page.rows[0]
}
async function onPage(host: string) {
  const { found } = await findingsOf(house.db, table, await scannedMachines(house.db, host), cve, now)
  return found
}
function vulnerablePart(said: AnswerOf<'vulnerabilities-of-asset'>) {
  const alert = sampleAlert()
  const finding = sampleFinding('vulnerabilities-of-asset', 'found', { connector: 'scanner-reports', answer: said })
  return riskOf(alert, [finding], now).parts.find(({ name }) => name.startsWith('Vulnerable'))
}

test('what the vendor clears for certain is not vulnerable, sets no date, and the scanner row stays with the reason, source and age', async () => {
  expect(await answer('gw-01.example.com')).toMatchObject({ vulnerable: true })
  expect(await row()).toMatchObject({ hosts: 3, clearedHosts: 0 })
  await vendorSays({})
  const said = await answer('gw-01.example.com')
  expect(said).toMatchObject({ vulnerable: false, open: [{ cve }] })
  expect(said.open[0]?.deadline).toBeUndefined()
  expect(said.restsOn).toContain(
    'The scanner has it open. Example PSIRT says that Example Gateway 4.2 is not affected (component not present; It is not built in); EX-1, 19 days old.',
  )
  expect(said.restsOn).toContain(vendorRule)
  expect(vulnerablePart(said)).toMatchObject({ value: 'no', weight: 0.5, because: said.restsOn })
  expect(await onPage('gw-01.example.com')).toMatchObject([
    { due: null, vendor: { applies: true, status: 'not-affected' } },
  ])
  // The other two machines keep their date.
  expect(await row()).toMatchObject({ hosts: 3, clearedHosts: 1, due: { certainBy: '2026-03-06' } })
  expect(await answer('gw-02.example.com')).toMatchObject({ vulnerable: true })
})

test('a row of which every machine is cleared stays in the list, without a date', async () => {
  await vendorSays({})
  await sql`update scan_finding set fixed_at = now() where host_id in (select id from scan_host where not names @> '{gw-01}')`.execute(
    house.db,
  )
  await countOpen(house.db, table, clock)
  expect(await row()).toMatchObject({ hosts: 1, clearedHosts: 1, due: { certainBy: null } })
  await sql`update scan_finding set fixed_at = null`.execute(house.db)
})

test.each<[string, Said]>([
  [
    'is of another product version range',
    { cpe: 'cpe:2.3:a:example:gateway:*:*:*:*:*:*:*:*', product: 'Example Gateway all versions' },
  ],
  ['names the product in words only', { cpe: null }],
  ['is not by the vendor', { category: 'coordinator' }],
  ['is a draft', { state: 'draft' }],
  ['gives no reason', { justification: null, detail: '' }],
  ['is dated in the future', { at: '2026-04-01T00:00:00.000Z' }],
])('a statement that %s may apply, and lowers nothing', async (_why, said) => {
  await vendorSays(said)
  const told = await answer('gw-01.example.com')
  expect(told).toMatchObject({ vulnerable: true, restsOn: expect.stringContaining('It may apply:') as string })
  expect(vulnerablePart(told)).toMatchObject({ value: 'yes', weight: 2 })
  expect((await onPage('gw-01.example.com'))[0]).toMatchObject({
    due: { certainBy: '2026-03-06' },
    vendor: { applies: false },
  })
  expect(await row()).toMatchObject({ clearedHosts: 0 })
})

test('a statement about another version says nothing of this machine', async () => {
  await vendorSays({ cpe: 'cpe:2.3:a:example:gateway:5.0:*:*:*:*:*:*:*', product: 'Example Gateway 5.0' })
  expect(await answer('gw-01.example.com')).not.toHaveProperty('restsOn')
})

test('under investigation is told as unknown', async () => {
  await vendorSays({ status: 'under-investigation', justification: null })
  expect(await answer('gw-01.example.com')).toMatchObject({
    vulnerable: true,
    restsOn: expect.stringContaining('so this is unknown') as string,
  })
  // A scanner looked and did not find it, and the vendor does not know: nobody knows.
  expect(await asked('quiet.example.com')).toMatchObject({
    kind: 'not-collected',
    why: expect.stringContaining('this is unknown') as string,
  })
})

test('of two publishers the more cautious counts; of one its newest document', async () => {
  await vendorSays({})
  await vendorSays({ by: 'Other PSIRT', id: 'OT-1', status: 'affected', justification: null })
  expect(await answer('gw-01.example.com')).toMatchObject({ vulnerable: true })
  await vendorSays({ by: 'Other PSIRT', id: 'OT-2', status: 'fixed', at: '2026-02-20T00:00:00.000Z' })
  expect(await answer('gw-01.example.com')).toMatchObject({ vulnerable: false })
})

test('where no scanner found it, a vendor may still say that exactly this version is affected, or is not', async () => {
  await vendorSays({ status: 'affected', justification: null, detail: 'Update to 4.3.' })
  expect(await answer('quiet.example.com')).toMatchObject({
    vulnerable: true,
    restsOn: expect.stringContaining('Update to 4.3') as string,
  })
  await vendorSays({ at: '2026-02-11T00:00:00.000Z' })
  expect(await answer('quiet.example.com')).toMatchObject({ vulnerable: false })
})
