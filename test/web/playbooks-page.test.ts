import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, type Desk, post, signedIn, startDesk } from '../desk.ts'

let database: FreshDatabase
let desk: Desk
let browser: Browser
beforeAll(async () => {
  browser = await startBrowser()
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\n'
  await alertOf(desk, await post(desk, await addProvider(desk), { subject: '[NW-1] High: Beaconing', body }))
}, 600_000)
afterAll(async () => {
  await desk.stop()
  await database.close()
  await browser.close()
})

async function as(role: 'lead' | 'auditor') {
  const { token } = await signedIn(desk, role)
  const opened = await openPage(browser)
  await opened.context.addCookies([
    { name: 'counterfoil', value: token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
  ])
  await opened.page.goto(`${desk.origin}/settings/playbooks`)
  await opened.page.getByRole('heading', { name: 'Malware on a machine', exact: true }).waitFor()
  return opened
}

test('a playbook is read step by step, brought in, and tried on the past: each number opens its list', {
  timeout: 120_000,
}, async () => {
  const { page, context, problems } = await as('lead')
  const card = page.locator('section.card', {
    has: page.getByRole('heading', { name: 'Malware on a machine', exact: true }),
  })
  await card.getByRole('button', { name: 'Show its steps' }).click()
  await card.locator('ol > li').first().waitFor()
  expect(await card.locator('ol > li').count()).toBeGreaterThan(3)
  await card.getByRole('button', { name: 'Try it on the last 30 days' }).click()
  const look = page.locator('section.card', { hasText: 'on the last 30 days' }).first()
  await look.getByText('1 alert:').waitFor()
  await look.getByRole('button', { name: /^1 / }).click()
  await look.getByRole('link', { name: /A-1 / }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  const buffer = Buffer.from('playbook: 1\nid: nonsense\n')
  await page.locator('input[type=file]').setInputFiles({ name: 'bad.yaml', mimeType: 'text/yaml', buffer })
  await page.getByText('This input is not valid').waitFor()
  expect(problems.filter((problem) => !problem.includes('400'))).toEqual([])
  await context.close()
})

test('an auditor reads playbooks and starts nothing', { timeout: 120_000 }, async () => {
  const { page, context } = await as('auditor')
  expect(await page.getByRole('button', { name: 'Try it on the last 30 days' }).count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Bring one in (CACAO, YAML)' }).count()).toBe(0)
  await context.close()
})
