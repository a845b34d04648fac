import { beforeAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, post } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
let alertId: string
const hostile = '<img src=x onerror="document.title=1"> \u202Eevil\u202C שלום'

beforeAll(async () => {
  const key = await addProvider(desk)
  const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\n'
  alertId = await alertOf(desk, await post(desk, key, { subject: '[NW-1] High: Beaconing', body }))
}, 600_000)

async function as(role: 'lead' | 'auditor', path: string) {
  const opened = await pageAs(role)
  await opened.page.goto(`${desk.origin}${path}`)
  return opened
}

test('a ticket is found, taken up, commented, its tasks ticked off and a file put beside it', {
  timeout: 120_000,
}, async () => {
  const { page, context, problems } = await as('lead', '/tickets')
  await page.getByRole('link', { name: 'Beaconing' }).waitFor()
  expect(await page.getByText('due in', { exact: false }).count()).toBeGreaterThan(0)
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'I take it up' }).click()
  await page.getByText('In progress', { exact: true }).waitFor()
  await page.getByLabel('Write a comment').fill(hostile)
  await page.keyboard.press('Control+Enter')
  await page.locator('.ticket-comments p').waitFor()
  expect(await page.locator('.ticket-comments p').textContent()).toBe(hostile.replaceAll(/[\u202A-\u202E]/g, '\uFFFD'))
  expect(await page.title()).not.toBe('1')
  await page.getByRole('textbox', { name: 'A new task' }).fill('Ask the owner')
  await page.keyboard.press('Enter')
  await page.getByRole('checkbox', { name: 'Ask the owner' }).click()
  await page.getByRole('checkbox', { name: /Ask the owner \(/ }).waitFor()
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'note.html', mimeType: 'text/html', buffer: Buffer.from('<script>') })
  const link = page.getByRole('link', { name: 'note.html' })
  await link.waitFor()
  const download = page.waitForEvent('download')
  await link.click()
  expect((await download).suggestedFilename()).toBe('note.html')
  await page.getByLabel('Other system').fill('Jira')
  await page.getByLabel('Its number there').fill('SEC-1')
  await page.keyboard.press('Enter')
  await page.getByText('SEC-1').waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
  await context.close()
})

test('by keys: C comments, A assigns, and the list finds it by its rule', { timeout: 120_000 }, async () => {
  const { page, context, problems } = await as('lead', `/alerts/${alertId}`)
  await page.getByRole('heading', { name: 'Evidence ladder' }).waitFor()
  await page.keyboard.press('t')
  await page.getByRole('heading', { name: 'Comments' }).waitFor()
  await page.keyboard.press('c')
  await page.locator('#ticket-comment:focus').waitFor()
  await page.keyboard.type('By keys alone.')
  await page.keyboard.press('Control+Enter')
  await page.locator('.ticket-comments p', { hasText: 'By keys alone.' }).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('a')
  await page.getByRole('button', { name: /\(me\)$/ }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('Enter')
  await page.getByRole('definition').getByText('The lead', { exact: true }).first().waitFor()
  const row = () => database.db.selectFrom('alert').select('assignee').where('id', '=', alertId).executeTakeFirst()
  await expect.poll(async () => (await row())?.assignee, { timeout: 15_000 }).not.toBe(null)
  await page.goto(`${desk.origin}/tickets?q=BEACON`)
  await page.getByRole('link', { name: 'Beaconing' }).waitFor()
  expect(problems).toEqual([])
  await context.close()
})

test('the matrix is changed on the grid and as YAML; what is wrong is named; an auditor only reads', {
  timeout: 120_000,
}, async () => {
  const { page, context } = await as('lead', '/settings/tickets')
  await page
    .getByRole('combobox', { name: 'Tasks of Provider alert' })
    .or(page.getByRole('textbox', { name: 'Tasks of Provider alert' }))
    .first()
    .fill('Look at the ladder')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('The rules for tickets are saved.').waitFor()
  const yaml = page.getByLabel('The rules as YAML')
  await expect.poll(() => yaml.inputValue(), { timeout: 15_000 }).toContain('Look at the ladder')
  await yaml.fill((await yaml.inputValue()).replace('critical: 15', 'critical: soon'))
  await page.getByRole('button', { name: 'Save the YAML' }).click()
  await page.getByText('ours.acknowledge.critical').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await context.close()
  const auditor = await as('auditor', `/alerts/${alertId}#ticket`)
  await auditor.page.getByRole('heading', { name: 'Comments' }).waitFor()
  expect(await auditor.page.getByRole('button', { name: 'Comment', exact: true }).count()).toBe(0)
  await auditor.context.close()
})
