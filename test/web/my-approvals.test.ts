import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { approvalPlaybook, fiveAnswers, mailedToken, type Signer, signAs, signer } from '../approval-desk.ts'
import { seriousIn } from '../axe.ts'
import { startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, apiAs, type Desk, post, startDesk, until } from '../desk.ts'
import { openWith } from '../desk-here.ts'

let database: FreshDatabase
let desk: Desk
let folder: string
let browser: Browser
let dora: Signer
let olga: Signer
let key: string
beforeAll(async () => {
  browser = await startBrowser()
  folder = await approvalPlaybook(`${fiveAnswers}
from:
  - title: DPO
    people: [dora@halden.example]
  - title: Business owner
    people: [olga@halden.example]`)
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url, config: { playbooks: [folder] } })
  dora = await signer(desk, 'approver', 'Dora Data', 'dora@halden.example')
  olga = await signer(desk, 'asset-owner', 'Olga Owner', 'olga@halden.example')
  key = await addProvider(desk)
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

const at = (who: Signer, width: number) => openWith(browser, desk, who.token, { viewport: { width, height: 900 } })
let asked = 0
async function ask(): Promise<string> {
  asked += 1
  const body = `Ticket: NW-${asked}\nRule: Beaconing\nSeverity: Critical\nHost: pay-${asked}\nSource IP: 192.0.2.1\n`
  await post(desk, key, { subject: `[NW-${asked}] Critical: Beaconing`, body })
  return mailedToken(desk, dora.email, asked)
}
const shots = process.env['APPROVE_SHOTS']
type Opened = Awaited<ReturnType<typeof at>>
async function shoot({ page }: Opened, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: path.join(shots, `${name}.png`) })
}

test('what waits for me and what I signed stand on one page, by keys from the queue to the signature', {
  timeout: 180_000,
}, async () => {
  const opened = await at(dora, 1440)
  const { page } = opened
  await page.goto(`${desk.origin}/queue`)
  await page.getByRole('heading', { name: 'Queue' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await page.getByText('Nothing waits for your signature.').waitFor()
  await page.getByText('Each signature stands here with its place in the ledger.').waitFor()
  const away = page.getByRole('region', { name: 'When I am away' })
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  await away.getByLabel('First day').fill(day(20))
  await away.getByLabel('Last day').fill(day(10))
  await away.getByRole('button', { name: 'I am away then' }).click()
  await away.getByText('It ends before it begins').first().waitFor()
  await away.getByLabel('Last day').fill(day(30))
  await away.getByRole('button', { name: 'I am away then' }).click()
  await away.getByText(/^Away from/).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await away.getByRole('button', { name: 'I am here' }).click()
  await away.getByLabel('First day').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'mine-empty')

  const token = await ask()
  await ask()
  await page.goto(`${desk.origin}/queue`)
  await page.getByRole('link', { name: '2 approvals wait for you' }).click()
  const first = page.getByRole('region', { name: 'Take pay-1 off the net' })
  await first.getByText('DPO: 0 of 1 signed.').waitFor()
  await first.getByText('It stays on the net and is watched.').waitFor()
  // Somebody else's signature in between: the page shows what is, not what was.
  expect(await signAs(desk, token, dora.key)).toBe(200)
  await page.reload()
  await page.getByText('I approved as DPO').waitFor()
  await page.getByText('Waits for others').waitFor()
  expect(await first.count()).toBe(0)
  await page.getByText(/ledger record \d+/).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'mine-desk')

  // J to the one that waits, Enter to its page: there the passkey signs.
  await page.keyboard.press('j')
  await page.locator('button.approval-open:focus').waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Take pay-2 off the net' }).waitFor()
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  expect(opened.problems).toEqual([])
  await opened.context.close()
})

test('an owner who never sees the desk finds theirs from "Mine", on a phone, and nobody else’s', {
  timeout: 180_000,
}, async () => {
  const before = await at(olga, 390)
  await before.page.goto(`${desk.origin}/approvals`)
  // The second place of the chain whose first one is signed; the other chain is not at hers yet.
  await before.page.getByRole('region', { name: 'Take pay-1 off the net' }).waitFor()
  expect(await before.page.getByRole('button', { name: 'Look and sign' }).count()).toBe(1)
  const wide = await before.page.evaluate('document.documentElement.scrollWidth')
  expect(wide).toBeLessThanOrEqual(390)
  expect(await seriousIn(before.page)).toEqual([])
  await before.page.emulateMedia({ colorScheme: 'dark' })
  await shoot(before, 'mine-phone-dark')
  await before.page.emulateMedia({ colorScheme: 'light' })
  await before.page.goto(`${desk.origin}/mine`)
  await before.page.getByRole('link', { name: '1 approval waits for you' }).click()
  await before.page.getByRole('heading', { name: 'My approvals' }).waitFor()
  await shoot(before, 'mine-phone')
  await before.context.close()

  const mailed = await mailedToken(desk, olga.email)
  expect(await signAs(desk, mailed, olga.key, { verdict: 'refuse', reason: 'Payroll runs tonight' })).toBe(200)
  const mine = await until('the receipt', async () => {
    const shown = (await apiAs(desk, olga.cookie, 'GET', '/api/approvals')) as unknown as {
      approvals: unknown[]
      moreSigned: boolean
      signed: { approval: { state: string }; mine: { ledgerIndex: number | null } }[]
    }
    return shown.signed[0]?.mine.ledgerIndex == null ? null : shown
  })
  expect(mine).toMatchObject({
    approvals: [],
    moreSigned: false,
    signed: [
      {
        approval: { state: 'refused' },
        mine: { verdict: 'refuse', reason: 'Payroll runs tonight', place: 'Business owner' },
      },
    ],
  })
})
