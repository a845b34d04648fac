import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { approvalPlaybook, fiveAnswers, mailedToken, type Signer, signer } from '../approval-desk.ts'
import { seriousIn } from '../axe.ts'
import { addAuthenticator, type Opened, openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, type Desk, post, sessionCookie, startDesk, until } from '../desk.ts'

let database: FreshDatabase
let desk: Desk
let folder: string
let browser: Browser
let dpo: Signer
let providerKey: string
beforeAll(async () => {
  browser = await startBrowser()
  folder = await approvalPlaybook(`${fiveAnswers}
from:
  - title: DPO
    people: [dpo@halden.example]
    deputies: [deputy@halden.example]
  - title: Business owner
    people: [owner@halden.example]`)
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url, config: { playbooks: [folder] } })
  dpo = await signer(desk, 'approver', 'Dora Data', 'dpo@halden.example')
  await signer(desk, 'approver', 'Dan Deputy', 'deputy@halden.example')
  await signer(desk, 'asset-owner', 'Olga Owner', 'owner@halden.example')
  await database.db.deleteFrom('passkey').execute()
  providerKey = await addProvider(desk)
}, 600_000)
afterAll(async () => {
  await desk.stop()
  await database.close()
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})

let asked = 0
async function token(): Promise<string> {
  asked += 1
  const body = `Ticket: NW-${asked}\nRule: Beaconing\nSeverity: Critical\nHost: fin-pay-0${asked}\nSource IP: 192.0.2.1\n`
  await post(desk, providerKey, { subject: `[NW-${asked}] Critical: Beaconing to a known control server`, body })
  return mailedToken(desk, dpo.email, asked)
}
const shots = process.env['APPROVE_SHOTS']
async function shoot({ page }: Opened, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: path.join(shots, `${name}.png`) })
}

test('on a phone: no passkey signs nothing; with one it is approved, and the receipt has the ledger number', {
  timeout: 180_000,
}, async () => {
  const opened = await openPage(browser, { viewport: { width: 390, height: 844 } })
  const { page, context, problems } = opened
  await addAuthenticator(page)
  const link = `${desk.origin}/approve/${await token()}`
  await page.goto(link)
  await page.getByRole('heading', { name: 'Take fin-pay-01 off the net' }).waitFor()
  // A link alone makes no passkey and signs nothing.
  await page.getByText('a link alone never makes one').waitFor()
  expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
  // Signed in, they register one (test/web/sign-in.test.ts shows that this takes password and code).
  await context.addCookies([sessionCookie(desk, dpo.token)])
  await page.goto(`${desk.origin}/settings/me`)
  await page.getByLabel('Name of the new one').fill('Phone')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await until('the passkey', async () => (await database.db.selectFrom('passkey').select('name').execute()).length > 0)
  await context.clearCookies()
  await page.goto(link)
  const approve = page.getByRole('button', { name: 'Approve' })
  await approve.waitFor()
  // Five answers and four buttons above the fold.
  for (const text of [
    'fin-pay-01 (payroll)',
    'It speaks to a known control server.',
    'Nobody can run payroll until it is back.',
    'It stays on the net and is watched.',
    'DPO: 0 of 1 signed',
  ])
    expect((await page.getByText(text).first().boundingBox())?.y ?? 9999, text).toBeLessThan(800)
  for (const name of ['Approve', 'Refuse…', 'Ask…', 'Not me…']) {
    const box = await page.getByRole('button', { name }).boundingBox()
    expect((box?.y ?? 9999) + (box?.height ?? 0), name).toBeLessThan(844)
  }
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'open')
  await approve.click()
  await page.getByText('Approved, signed').waitFor()
  await page.getByText(/^record \d+$/).waitFor()
  await page.getByText('DPO: 1 of 1 signed').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'receipt')
  const row = await database.db.selectFrom('approval_answer').select(['verdict', 'user_id']).executeTakeFirst()
  expect(row).toEqual({ verdict: 'approve', user_id: dpo.id })

  // A refusal asks for its reason before it asks for the passkey.
  await page.goto(`${desk.origin}/approve/${await token()}`)
  await page.getByRole('button', { name: 'Refuse…' }).click()
  expect(await page.getByRole('button', { name: 'Refuse with my passkey' }).isDisabled()).toBe(true)
  await page.getByRole('textbox').fill('Payroll runs tonight')
  await shoot(opened, 'refuse')
  await page.getByRole('button', { name: 'Refuse with my passkey' }).click()
  await page.getByText('It is refused.').waitFor()

  // Whoever is signed in at the desk finds it on the run, and opens their own page from there.
  await token()
  const run = await database.db
    .selectFrom('approval')
    .select('run_id')
    .where('state', '=', 'open')
    .orderBy('asked_at', 'desc')
    .executeTakeFirstOrThrow()
  await context.addCookies([sessionCookie(desk, dpo.token)])
  await page.goto(`${desk.origin}/runs/${run.run_id}`)
  await page.getByRole('button', { name: 'Look and sign' }).click()
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  await context.clearCookies()

  // A question, then "not me".
  await page.goto(`${desk.origin}/approve/${await token()}`)
  await page.getByRole('button', { name: 'Ask…' }).click()
  await page.getByRole('textbox').fill('For how long?')
  await page.getByRole('button', { name: 'Send the question' }).click()
  await page.getByText('Your question is with the security desk').waitFor()
  await page.getByRole('button', { name: 'Not me…' }).click()
  await page.getByRole('button', { name: 'Hand over to Dan Deputy' }).click()
  await page.getByText('You handed this over to a deputy').waitFor()
  await page.emulateMedia({ colorScheme: 'dark' })
  await shoot(opened, 'dark')
  expect(problems).toEqual([])
  await context.close()
})
