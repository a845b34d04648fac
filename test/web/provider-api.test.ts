import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { providerApi } from '../../src/providers/apis.ts'
import { seriousIn } from '../axe.ts'
import { openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, apiAs, type Desk, post, signedIn, startDesk, until } from '../desk.ts'
import { type ApiStandIn, apiSecret, settingsFor, shortLinkOf, startProviderApi } from '../provider-apis.ts'
import { replyPage, reviewAll } from '../release-desk.ts'

let database: FreshDatabase
let desk: Desk
let browser: Browser
let world: ApiStandIn
/** Of the provider whose alerts come in. */
let providerKey: string
beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  browser = await startBrowser()
  world = await startProviderApi('sentinelone-threats')
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
  await world?.stop()
})

/** An alert with this number of theirs comes in and is decided: its drafted answer, every place of it reviewed. */
async function reviewedDraft(cookie: string, number: string): Promise<{ id: string; replyId: string }> {
  const body = `Ticket: ${number}\nRule: Odd sign-in\nSeverity: High\nHost: ws-9\n`
  const id = await alertOf(desk, await post(desk, providerKey, { subject: `[${number}] High: Odd sign-in`, body }))
  const { version } = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { version: number }
  const said = { outcome: 'false-alarm-benign', reason: 'A planned test.', cites: [], withoutEvidence: true, version }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/decision`, said)
  const replyId = await until('the draft', async () => {
    const shown = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { replies: { id: string }[] }
    return shown.replies[0]?.id
  })
  await reviewAll(desk, cookie, replyId)
  return { id, replyId }
}

test('an administrator sets a provider’s API up, an answer goes through it into their ticket, and both pages say how far it is', {
  timeout: 180_000,
}, async () => {
  providerKey = await addProvider(desk)
  const { token, cookie } = await signedIn(desk, 'administrator')
  const { page, context, problems } = await openPage(browser)
  await context.addCookies([
    { name: 'counterfoil', value: token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
  ])
  await page.goto(`${desk.origin}/settings/elsewhere`)
  await page.getByRole('button', { name: 'Add a system' }).first().click()
  const dialog = page.getByRole('dialog')
  const choose = async (label: string, option: RegExp) => {
    await dialog.getByRole('combobox', { name: label, exact: true }).click()
    await page.getByRole('option', { name: option }).click()
  }
  await choose('Kind', /own API/)
  await choose('Their API', /SentinelOne/)
  await choose('Provider', /Northwatch/)
  const fill = async (label: string, value: string) => dialog.getByLabel(label, { exact: false }).first().fill(value)
  await fill('Name', 'Their console')
  await fill('Short name', 'console')
  await fill('Address', world.url)
  await fill('Key', apiSecret)
  await choose('Released answers to this provider go', /through this API/)
  // The suggestion is shown, and can be changed.
  const verdict = dialog.getByLabel('False alarm: benign trigger: verdict').first()
  expect(await verdict.inputValue()).toBe('false_positive')
  await verdict.fill('suspicious')
  await page.keyboard.press('Tab')
  await dialog.getByText('Addresses of your own network').click()
  await dialog.getByLabel('http:// is meant').check()
  await dialog.getByLabel('Internal addresses it may be at').first().fill('127.0.0.1')
  await page.keyboard.press('Enter')
  await dialog.getByLabel('Switched on').check()
  expect(await seriousIn(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Save' }).click()
  const card = page.getByRole('region', { name: 'Their console' })
  await card.getByText('answers that a person released, instead of by mail').waitFor()
  await card.getByText('resolved, suspicious').first().waitFor()
  await card.getByRole('button', { name: 'Test' }).click()
  await card.getByText('it lets us read').waitFor()
  expect(await seriousIn(page)).toEqual([])

  const ticket = [...world.tickets.keys()][0] ?? ''
  const { id, replyId } = await reviewedDraft(cookie, ticket)
  expect(await replyPage(desk, cookie, replyId)).toMatchObject({
    api: { ticket, words: { status: 'resolved', verdict: 'suspicious' }, requests: [] },
  })
  await page.goto(`${desk.origin}/replies/${replyId}`)
  await page.getByText('verdict “suspicious”, and this text as a comment').waitFor()
  await page.getByText('takes no files, nor the machine-readable part').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: /^Release to / }).click()
  await page.getByRole('heading', { name: 'Sent, once' }).waitFor({ timeout: 20_000 })
  await page.getByText('Their console took verdict, status, comment').waitFor()
  await page.getByText('Taken').nth(2).waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect(desk.mailServer.arrived).toHaveLength(0)
  const there = world.tickets.get(ticket)
  expect(there).toMatchObject({ status: 'resolved', verdict: 'suspicious' })
  expect(there?.comments).toHaveLength(1)
  expect(there?.comments[0]?.text).not.toContain('ws-9')

  if (there !== undefined) there.verdict = 'undecided'
  await apiAs(desk, cookie, 'POST', `/api/tickets/${id}/elsewhere`, { system: 'console' })
  await page.goto(`${desk.origin}/alerts/${id}#ticket`)
  await page.getByText('Their verdict “undecided”', { exact: false }).waitFor({ timeout: 30_000 })
  expect(await seriousIn(page)).toEqual([])
  await page.goto(`${desk.origin}/ledger/left`)
  await page.getByText(`console/${ticket}`, { exact: false }).first().waitFor()
  expect(problems).toEqual([])
  await context.close()
})

test('an investigation of Expel that people know by a short link is looked up by the running program, and answered as what it is there', {
  timeout: 120_000,
}, async () => {
  const { token, cookie } = await signedIn(desk, 'administrator')
  await apiAs(desk, cookie, 'DELETE', '/api/elsewhere/console')
  const expel = await startProviderApi('expel-investigations')
  try {
    const { providers } = (await apiAs(desk, cookie, 'GET', '/api/elsewhere')) as unknown as {
      providers: { id: string }[]
    }
    const settings = settingsFor(expel, 'expel-investigations', {
      ...{ providers: [providers[0]?.id], fields: [], answers: 'api' },
      verdictOut: providerApi('expel-investigations')?.usual,
    })
    const system = { kind: 'provider-api', title: 'Workbench', settings, secret: apiSecret, enabled: true, version: 0 }
    await apiAs(desk, cookie, 'PUT', '/api/elsewhere/workbench', system)
    const [number = ''] = expel.tickets.keys()
    const shown = shortLinkOf(number)
    const { replyId } = await reviewedDraft(cookie, shown)
    await until('the look-up', async () => (await replyPage(desk, cookie, replyId)).api !== null, 30_000)
    const { page, context, problems } = await openPage(browser)
    await context.addCookies([
      { name: 'counterfoil', value: token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
    ])
    await page.goto(`${desk.origin}/replies/${replyId}`)
    await page.getByText(`Ticket ${shown}, there ${number}, status “CLOSED”`).waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: /^Release to / }).click()
    await page.getByText('Workbench took status, verdict, comment').waitFor({ timeout: 20_000 })
    expect(expel.tickets.get(number)).toMatchObject({ status: 'CLOSED', verdict: 'BENIGN' })
    expect(problems).toEqual([])
    await context.close()
  } finally {
    await expel.stop()
  }
})

test('the key comes back on no route, and another role changes nothing', async () => {
  const { cookie } = await signedIn(desk, 'lead')
  const shown = await apiAs(desk, cookie, 'GET', '/api/elsewhere')
  expect(JSON.stringify(shown)).toContain('sentinelone-threats')
  expect(JSON.stringify(shown)).not.toContain(apiSecret)
  const draft = {
    kind: 'provider-api',
    title: 'X',
    settings: { baseUrl: 'https://x.example.com' },
    enabled: false,
    version: 0,
  }
  await expect(apiAs(desk, cookie, 'PUT', '/api/elsewhere/x', draft)).rejects.toThrow('said 403')
})
