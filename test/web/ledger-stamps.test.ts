import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LedgerStamps } from '../../src/contract/audit.ts'
import { stampOnce } from '../../src/ledger/stamper.ts'
import { authorityCertificates } from '../../src/main/stamps.ts'
import { openTimestamps } from '../../src/outbox/timestamp/index.ts'
import { seriousIn } from '../axe.ts'
import { type Opened, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { apiAs, type Desk, signedIn, startDesk, until } from '../desk.ts'
import { openWith } from '../desk-here.ts'
import { startTimeAuthority, type TimeAuthority } from '../time-authority.ts'

let authority: TimeAuthority
let database: FreshDatabase
let desk: Desk
let browser: Browser
let ahead = 0
beforeAll(async () => {
  ;[authority, database, browser] = await Promise.all([startTimeAuthority(), freshDatabase(), startBrowser()])
  const timestamps = { url: authority.url, caFile: authority.caFile, everyHours: 1, allowAddresses: ['127.0.0.1'] }
  const clock = { now: () => new Date(Date.now() + ahead) }
  desk = await startDesk({ databaseUrl: database.url, clock, config: { timestamps } })
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
  await authority?.stop()
})

const shots = process.env['STAMP_SHOTS']
async function shoot({ page }: Opened, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: path.join(shots, `${name}.png`) })
}

test('the auditor sees who stamped the ledger and when, and what an authority that is away said, while the ledger goes on', async () => {
  const auditor = await signedIn(desk, 'auditor', 'Aud Berge')
  const stamps = async () => (await apiAs(desk, auditor.cookie, 'GET', '/api/audit/stamps')) as unknown as LedgerStamps
  // By itself the house looks every ten seconds whether a stamp is due; from the second one on it looks when the test does.
  const { timestamps } = desk.settings.config
  if (timestamps === undefined) throw new Error('no authority is set')
  const { key, house } = desk.running
  const asking = openTimestamps(timestamps, house.clock)
  const trusted = authorityCertificates(timestamps.caFile)
  const look = async () => {
    await stampOnce({ db: database.db, clock: house.clock, key, everyMs: 3_600_000, ask: asking.ask, trusted })
    return stamps()
  }
  await until('the first time stamp', async () => (await stamps()).count === 1, 60_000)
  const opened = await openWith(browser, desk, auditor.token)
  const { page, context, problems } = opened
  await page.goto(`${desk.origin}/ledger/audit`)
  await page.getByText('by CN=Time stamps good').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'stamped')

  authority.setFault('error')
  const administrator = (await signedIn(desk, 'administrator')).cookie
  const { settings } = (await apiAs(desk, administrator, 'GET', '/api/settings')) as unknown as { settings: object }
  await apiAs(desk, administrator, 'PUT', '/api/settings', settings)
  ahead = 3_600_000 + 1000
  await until('the trouble', async () => (await look()).waiting?.says.includes('status 500'), 60_000)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.goto(`${desk.origin}/ledger/audit`)
  await page.getByText('status 500').waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'trouble-phone-dark')
  // Nothing waits for it.
  await desk.running.settleLedger()
  expect(problems).toEqual([])
  await context.close()

  authority.setFault('none')
  ahead += 3_600_000
  await until('the second time stamp', async () => (await look()).count === 2, 60_000)
  expect((await stamps()).waiting).toBe(null)
  await asking.close()
}, 240_000)
