import { beforeAll, expect, test } from 'vitest'
import { insertPersonQuestion } from '../../src/db/person-questions.ts'
import { newSecret } from '../../src/kit/digest.ts'
import type { Role } from '../../src/model/user.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
let alertId: string
beforeAll(async () => {
  const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: fin-app02\nSource IP: 192.0.2.1\n'
  const key = await addProvider(desk)
  alertId = await alertOf(desk, await post(desk, key, { subject: '[NW-1] High: <b>Beaconing</b>', body }))
}, 600_000)

const as = (role: Role, providerId: string | null = null) => pageAs(role, { providerId })

test('an administrator makes a key on the page, a program uses it, and it is taken back', {
  timeout: 120_000,
}, async () => {
  const { page, context, problems } = await as('administrator')
  await page.goto(`${desk.origin}/settings/api-keys`)
  await page.getByText('No program has an account.').waitFor()
  await page.getByLabel('Which program').fill('CMDB sync')
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('button', { name: 'Make a key…' }).click()
  await page.getByLabel('What uses it').fill('nightly import')
  await page.getByLabel('See the queue and alerts').check()
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Make the key' }).click()
  const shown = await page.locator('.secret-shown pre').textContent()
  const key = /cfk_[\w-]{43}/.exec(shown ?? '')?.[0] ?? ''
  const look = async () =>
    (await fetch(`${desk.origin}/api/queue`, { headers: { authorization: `Bearer ${key}` } })).status
  expect(await look()).toBe(200)
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Take back the key nightly import' }).click()
  await page.getByText('Taken back', { exact: true }).waitFor()
  expect(await look()).toBe(401)
  expect(problems).toEqual([])
  await context.close()
})

test('a user becomes the analyst of a provider only with its name', { timeout: 120_000 }, async () => {
  const { user } = await signedIn(desk, 'auditor', 'Pat Quill')
  const { page, context } = await as('administrator')
  await page.goto(`${desk.origin}/settings/users`)
  await page.getByRole('combobox', { name: 'Role of Pat Quill' }).click()
  await page.getByRole('option', { name: 'Provider’s analyst' }).click()
  await page.getByRole('combobox', { name: 'Provider of Pat Quill' }).click()
  await page.getByRole('option', { name: 'Northwatch MDR' }).click()
  await expect
    .poll(async () =>
      database.db.selectFrom('app_user').select(['role', 'provider_id']).where('id', '=', user.id).executeTakeFirst(),
    )
    .toEqual({ role: 'provider-analyst', provider_id: 'northwatch' })
  await context.close()
})

test('a provider’s analyst comes to their tickets, and finds no way to anything else', {
  timeout: 120_000,
}, async () => {
  const { page, context, problems } = await as('provider-analyst', 'northwatch')
  await page.goto(desk.origin)
  await page.getByRole('heading', { name: 'Tickets of Northwatch MDR' }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect((await page.locator('nav.nav a').allTextContents()).map((text) => text.trim())).toEqual([
    ...['Counterfoil', 'Tickets', 'Settings'],
  ])
  await page.locator('td a').first().click()
  await page.getByText('No answer has left yet.').waitFor()
  // What they wrote is text, here as well.
  expect(await page.locator('h1 b').count()).toBe(0)
  expect(await seriousIn(page)).toEqual([])
  await page.goto(`${desk.origin}/alerts/${alertId}`)
  await page.getByText('Your role may not do this').waitFor()
  expect(problems).toEqual([])
  await context.close()
})

test('an asset owner answers what they were asked, in one go', { timeout: 120_000 }, async () => {
  const { page, context, problems, user } = await as('asset-owner')
  const lead = (await signedIn(desk, 'lead')).cookie
  await apiAs(desk, lead, 'PUT', '/api/assets/fin-app02', { source: 'cmdb', name: 'fin-app02', ownerEmail: user.email })
  await insertPersonQuestion(database.db, newSecret(), {
    ...{ alertId, runId: null, stepPath: null, findingId: null, email: user.email, name: null },
    ...{ what: 'A login at 03:12 on fin-app02', askedAt: new Date().toISOString() },
    expiresAt: new Date(Date.now() + 3600_000).toISOString(),
  })
  await page.goto(desk.origin)
  await page.getByText('A login at 03:12 on fin-app02').waitFor()
  await page.getByRole('cell', { name: 'fin-app02' }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('radio', { name: /Yes, that was me/ }).click()
  await page.getByRole('button', { name: 'Send my answer' }).click()
  await page.getByText('Nobody waits for an answer of yours.').waitFor()
  expect(problems).toEqual([])
  await context.close()
})
