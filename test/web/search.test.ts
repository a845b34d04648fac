import { beforeAll, describe, expect, test } from 'vitest'
import { may } from '../../src/contract/permissions.ts'
import type { SearchGroup } from '../../src/contract/search.ts'
import { sha256Hex } from '../../src/kit/digest.ts'
import { Role } from '../../src/model/user.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
let alertId: string

beforeAll(async () => {
  const key = await addProvider(desk)
  const body =
    'Ticket: NW-77\nRule: Beaconing\nSeverity: High\nHost: ws-17.halden.example\nUser: HALDEN\\jdoe\nDestination IP: 203.0.113.77\n\nSeen by our زميل in Halden <script>alert(1)</script>.\n'
  alertId = await alertOf(desk, await post(desk, key, { subject: '[NW-77] High: Beaconing <img src=x>', body }))
  await database.db
    .insertInto('message')
    .values({
      ...{
        id: sha256Hex('quarantinesearch'),
        bytes: Buffer.from('quarantinesearch'),
        form: 'mail',
        channel: 'smtp',
        origin: 'test',
      },
      ...{ received_at: new Date(), subject: 'quarantinesearch', state: 'quarantined' },
    })
    .execute()
  const lead = await signedIn(desk, 'lead')
  const asset = {
    name: 'ws-17.halden.example',
    aliases: [],
    addresses: [],
    role: 'Payroll search',
    owner: 'M. Weiss',
    source: 'test',
  }
  await database.db
    .insertInto('asset')
    .values({
      id: 'test:ws-17',
      name: asset.name,
      facts: JSON.stringify(asset),
      names: ['ws-17.halden.example', 'ws-17'],
      source: 'test',
      as_of: new Date(),
      entity: 'ws-17.halden.example',
    })
    .execute()
  expect(lead.cookie).not.toBe('')
}, 600_000)

async function kindsFor(role: Role, q: string): Promise<string[]> {
  const { cookie } = await signedIn(desk, role)
  const { groups } = (await apiAs(desk, cookie, 'GET', `/api/search?q=${encodeURIComponent(q)}`)) as unknown as {
    groups: SearchGroup[]
  }
  return groups.flatMap((group) => group.hits.map((hit) => `${group.kind}:${hit.href}`))
}

test('each role finds what it may see, and of the rest not even that it is there', async () => {
  for (const role of Role.options.filter((one) => may(one, 'desk.see'))) {
    const found = await kindsFor(role, 'ws-17.halden')
    expect(found, role).toContain(`alert:/alerts/${alertId}`)
    expect(found.includes('asset:/context/assets/ws-17.halden.example'), role).toBe(role !== 'approver')
    expect(await kindsFor(role, 'quarantinesearch'), role).toEqual(role === 'approver' ? [] : ['message:/quarantine'])
    expect(
      (await kindsFor(role, 'northwatch')).some((one) => one.startsWith('provider:')),
      role,
    ).toBe(role !== 'approver')
  }
})

test('an address is found however it is written: the alert, its mail and the observable', async () => {
  const found = await kindsFor('analyst', '203[.]0[.]113[.]77')
  expect(found.map((one) => one.split(':')[0])).toEqual(['alert', 'message', 'observable'])
})

test('hostile words are answered, never with a fault of ours', async () => {
  const { cookie } = await signedIn(desk, 'analyst')
  for (const q of [
    "' or 1=1 --",
    '\\',
    '"',
    ':*&|!()',
    'rule:',
    'before:yesterday x',
    '\u0000',
    '%00',
    '漏'.repeat(400),
    'a '.repeat(249),
    '\u202E\u200F',
  ]) {
    const response = await fetch(`${desk.origin}/api/search?q=${encodeURIComponent(q)}`, { headers: { cookie } })
    expect(response.status, JSON.stringify(q)).toBe(200)
  }
  const long = await fetch(`${desk.origin}/api/search?q=${'a'.repeat(501)}`, { headers: { cookie } })
  expect(long.status).toBe(400)
})

describe('in the browser', { timeout: 120_000 }, () => {
  test('Ctrl-K, some letters, Enter: the alert is open; Ctrl-K and its keys are actions', async () => {
    const { page, context, problems } = await pageAs('analyst')
    await page.goto(`${desk.origin}/queue`)
    await page.getByRole('heading', { name: 'Queue' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Find anything' }).waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.keyboard.type('nw-77')
    await page.getByRole('group', { name: 'Alerts' }).getByRole('option').first().waitFor()
    expect(await page.getByRole('group', { name: 'Alerts' }).getByRole('option').first().innerHTML()).toContain(
      '&lt;img src=x&gt;',
    )
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/alerts/${alertId}`)
    await page.getByRole('radio', { name: /Minor trouble/ }).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('minor trou')
    await page
      .getByRole('group', { name: 'On this page' })
      .getByRole('option', { name: /Minor trouble/ })
      .waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByRole('radio', { name: /Minor trouble/ }).isChecked()).toBe(true)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('go to ledger')
    await page.getByText('All results for “go to ledger”').waitFor()
    // An analyst does not see the ledger, so that there is no way to it.
    expect(await page.getByRole('group', { name: 'Go to' }).count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.getByRole('combobox', { name: 'Find anything' }).waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    expect(await page.locator('.key-sheet h2').first().textContent()).toContain('Alert')
    expect(problems).toEqual([])
    await context.close()
  })

  test('the page of results: kinds as facets, words in the address, J and Enter', async () => {
    const { page, context, problems } = await pageAs('lead', { colorScheme: 'dark' })
    await page.goto(`${desk.origin}/search`)
    await page.getByText('Fields of an alert').waitFor()
    await page.getByLabel('What to look for').fill('halden')
    await page.waitForURL('**/search?q=halden')
    await page.getByRole('link', { name: /^Assets 1/ }).click()
    await page.waitForURL('**/search?q=halden&kind=asset')
    expect(await seriousIn(page)).toEqual([])
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/context/assets/ws-17.halden.example')
    await page.goto(`${desk.origin}/search?q=nothing-of-the-kind`)
    await page.getByText('Nothing holds all of').waitFor()
    await page.goto(`${desk.origin}/search?q=${encodeURIComponent('زميل')}`)
    await page.getByRole('heading', { name: /Messages/ }).waitFor()
    expect(problems).toEqual([])
    await context.close()
  })
})
