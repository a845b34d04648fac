import { beforeAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, post } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
let alertId: string
beforeAll(async () => {
  const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\n'
  alertId = await alertOf(desk, await post(desk, await addProvider(desk), { subject: '[NW-1] High: Beaconing', body }))
}, 600_000)

async function as(role: 'lead' | 'auditor') {
  const opened = await pageAs(role)
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

test('a playbook is tried for an alert before it is run: the run is shown, and nothing of it stays at the alert', {
  timeout: 120_000,
}, async () => {
  const { page, context, problems } = await pageAs('lead')
  await page.goto(`${desk.origin}/alerts/${alertId}`)
  await page.getByRole('button', { name: 'Run playbook…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Run a playbook' })
  await dialog.getByRole('combobox', { name: 'Playbook' }).fill('Malware on')
  await page.getByRole('option', { name: 'Malware on a machine' }).click()
  await dialog.getByRole('button', { name: 'Try it first' }).click()
  await page.waitForURL(/\/runs\//)
  await page.getByText('Tried out by hand').first().waitFor()
  const runs = await database.db
    .selectFrom('run')
    .select('dry_run')
    .where('playbook_id', '=', 'malware-on-host')
    .execute()
  expect(runs).toEqual([{ dry_run: true }])
  expect(problems).toEqual([])
  await context.close()
})

test('an auditor reads playbooks and starts nothing', { timeout: 120_000 }, async () => {
  const { page, context } = await as('auditor')
  expect(await page.getByRole('button', { name: 'Try it on the last 30 days' }).count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Bring one in (CACAO, YAML)' }).count()).toBe(0)
  await context.close()
})
