import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Signer, signer } from '../approval-desk.ts'
import { seriousIn } from '../axe.ts'
import { type Opened, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { apiAs, type Desk, signedIn, startDesk } from '../desk.ts'
import { openWith } from '../desk-here.ts'
import { SoftPasskey } from '../soft-passkey.ts'

let database: FreshDatabase
let desk: Desk
let browser: Browser
let dora: Signer
beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  browser = await startBrowser()
  dora = await signer(desk, 'approver', 'Dora Data', 'dora@halden.example')
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
})

const at = (token: string, width = 1440): Promise<Opened> =>
  openWith(browser, desk, token, { viewport: { width, height: 900 } })

test('who is HR, legal or data protection is said on the page, and what could not be signed stands there and on the playbook', {
  timeout: 120_000,
}, async () => {
  const administrator = await signedIn(desk, 'administrator', 'Ada Admin')
  // She stands in for owners whom nobody knows, so she signs, too.
  await new SoftPasskey().register(database.db, administrator.user.id)
  const opened = await at(administrator.token)
  const { page } = opened
  await page.goto(`${desk.origin}/settings/sign-off`)
  const chains = page.getByRole('region', { name: 'Chains of signatures' })
  await chains.getByText('Data is leaving, Data protection', { exact: true }).waitFor()
  expect(await chains.getByText(/nobody holds the office Data protection officer/).count()).toBeGreaterThan(0)
  expect(await seriousIn(page)).toEqual([])
  await page.goto(`${desk.origin}/settings/playbooks`)
  const missing = page.getByRole('list', { name: 'Sign-off' }).first()
  await missing
    .getByText(/nobody holds the office/)
    .first()
    .waitFor()
  expect(await seriousIn(page)).toEqual([])

  await missing.getByRole('link', { name: 'Who signs for what' }).first().click()
  for (const office of ['Data protection officer', 'HR', 'Legal']) {
    await page.getByRole('combobox', { name: `Signs for ${office}` }).fill(dora.email)
    await page.keyboard.press('Enter')
  }
  // One person in two offices of one chain is said while it is written.
  const same = page.getByRole('status', { name: 'One person in two offices' })
  await same
    .getByText(/“Data is leaving” asks Data protection officer and Legal, and dora@halden.example would/)
    .waitFor()
  await page.getByLabel('One more office').fill('Works council')
  await page.getByLabel('Its id in playbooks').fill('works-council')
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.getByText('office:works-council').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved: the next time something is asked').waitFor()
  await chains.getByText('A suspicious sign-in, HR and Data protection').waitFor()
  expect(await chains.getByText(/and one person counts once/).count()).toBe(2)
  expect(await chains.getByText('Cannot be signed').count()).toBe(0)
  expect(await seriousIn(page)).toEqual([])
  const { offices } = (await apiAs(desk, administrator.cookie, 'GET', '/api/offices')) as unknown as {
    offices: Record<string, { people: string[] }>
  }
  expect(offices['dpo']?.people).toEqual([dora.email])
  expect(Object.keys(offices)).toContain('works-council')
  expect(opened.problems).toEqual([])
  await opened.context.close()

  // An auditor reads it, on a phone; only an administrator changes it.
  const auditor = await at((await signedIn(desk, 'auditor', 'Aud Itor')).token, 390)
  await auditor.page.emulateMedia({ colorScheme: 'dark' })
  await auditor.page.goto(`${desk.origin}/settings/sign-off`)
  await auditor.page.getByText('An administrator changes it.').waitFor()
  expect(await auditor.page.getByRole('button', { name: 'Save' }).count()).toBe(0)
  expect(await auditor.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  expect(await seriousIn(auditor.page)).toEqual([])
  expect(auditor.problems).toEqual([])
  await auditor.context.close()
})
