import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Call } from '../../src/contract/api.ts'
import { seriousIn } from '../axe.ts'
import { openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, apiAs, type Desk, deskProvider, post, signedIn, startDesk, until } from '../desk.ts'
import { table } from './permission-table.ts'

let database: FreshDatabase
let desk: Desk
let lead: string
let pat: { cookie: string; token: string; user: { id: string } }
let houseAlert: string

beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  // Their mail is pinned to addresses that their analysts do not sit behind.
  await addProvider(desk, { ...deskProvider, sourceRanges: ['203.0.113.0/24'] })
  const others = await addProvider(desk, {
    ...deskProvider,
    ...{ id: 'southbay', name: 'Southbay SOC', addresses: ['soc@southbay.example'], domains: ['southbay.example'] },
  })
  lead = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
  pat = await signedIn(desk, 'provider-analyst', 'Pat of Northwatch', 'northwatch')
  const body = 'Ticket: SB-1\nRule: Beaconing\nSeverity: High\nHost: fin-app02\n'
  houseAlert = await alertOf(
    desk,
    await post(desk, others, { subject: '[SB-1] High: Beaconing', body, from: 'soc@southbay.example' }),
  )
}, 600_000)
afterAll(async () => {
  await desk.stop()
  await database.close()
})

async function call(method: string, url: string, cookie: string, body?: unknown) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, text: await response.text() }
}

test('what they ask becomes an alert of ours, and until an answer is released there is nothing to read', {
  timeout: 60_000,
}, async () => {
  const ask = (observable: string) =>
    call('POST', '/api/portal/requests', pat.cookie, { observable, why: 'Seen in a beacon' })
  expect((await ask('whoever')).status).toBe(400)
  expect((await ask('198.51.100.7\r\nHost: fin-app02')).status).toBe(400)
  const asked = await ask('198.51.100.7')
  expect(asked.status).toBe(200)
  const { ticket } = JSON.parse(asked.text) as { ticket: string }
  const alert = await until('the alert', () =>
    database.db
      .selectFrom('alert')
      .selectAll()
      .where('provider_id', '=', 'northwatch')
      .where('ticket', '=', ticket)
      .executeTakeFirst(),
  )
  expect(alert).toMatchObject({ rule: 'Enrichment request', state: 'open' })
  expect(JSON.stringify(alert.reading)).toContain('198.51.100.7')
  const list = await call('GET', '/api/portal/alerts', pat.cookie)
  expect(JSON.parse(list.text)).toMatchObject({ rows: [{ ticket, state: 'received', answeredAt: null }] })
  expect(JSON.parse((await call('GET', `/api/portal/alerts/${alert.id}`, pat.cookie)).text)).toMatchObject({
    replies: [],
  })
  const door = await apiAs(desk, lead, 'GET', '/api/providers/northwatch/door')
  expect(door['trail']).toMatchObject([
    { who: 'Pat of Northwatch', what: 'ticket', alert: { id: alert.id } },
    { who: 'Pat of Northwatch', what: 'asked', says: '198.51.100.7', alert: { id: alert.id } },
  ])
  const kinds = await database.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('subject', '=', 'provider:northwatch')
    .execute()
  expect(kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['door.asked', 'door.looked']))
  await apiAs(desk, lead, 'PUT', '/api/providers/northwatch/door', { ranges: [], requestsPerDay: 1, version: 0 })
  expect((await ask('198.51.100.8')).status).toBe(429)
})

test('every other call answers them alike, whether what it names is there or not, and holds nothing of the house', {
  timeout: 60_000,
}, async () => {
  const calls = (Object.keys(table) as Call[]).filter(
    (one) => /^[A-Z.]{7} [K.]$/.test(table[one]) && !table[one].includes('V'),
  )
  expect(calls.length).toBeGreaterThan(100)
  const answers = new Set<string>()
  for (const one of calls) {
    const [method = '', path = ''] = one.split(' ')
    for (const id of [houseAlert, crypto.randomUUID()]) {
      const url = path.replaceAll(/:[a-zA-Z]+/g, id)
      const got = await call(method, url, pat.cookie, method === 'GET' || method === 'DELETE' ? undefined : {})
      if (got.status === 429) throw new Error('the limit of the door ended the test')
      answers.add(`${got.status} ${got.text}`)
    }
  }
  expect([...answers]).toHaveLength(1)
  expect([...answers][0]).toMatch(/^403 .*role\.refused/)
  const theirs = ['GET /api/portal/alerts/ID', 'GET /api/portal/replies/ID/raw']
  for (const one of theirs) {
    const [method = '', path = ''] = one.split(' ')
    const [real, none] = [
      await call(method, path.replace('ID', houseAlert), pat.cookie),
      await call(method, path.replace('ID', crypto.randomUUID()), pat.cookie),
    ]
    expect(real).toEqual(none)
    expect(real.status).toBe(404)
  }
})

test('from an address that was not agreed their session is nobody’s, on every call; the page of the lead says who may come', {
  timeout: 120_000,
}, async () => {
  const browser = await startBrowser()
  try {
    const leader = await signedIn(desk, 'lead', 'Ida Holm')
    const { page, context, problems } = await openPage(browser)
    await context.addCookies([
      { name: 'counterfoil', value: leader.token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
    ])
    await page.goto(`${desk.origin}/settings/providers`)
    await page.getByRole('button', { name: 'Their analysts…' }).first().click()
    await page.getByText('asked about').waitFor()
    await page.getByLabel('They may come from').first().fill('192.0.2.0/24')
    await page.keyboard.press('Enter')
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Save' }).click()
    await until(
      'it to be saved',
      async () => (await apiAs(desk, lead, 'GET', '/api/providers/northwatch/door'))['version'] === 2,
    )
    expect(problems).toEqual([])
    await context.close()
    const [outside, nobody] = [
      await call('GET', '/api/portal/alerts', pat.cookie),
      await call('GET', '/api/portal/alerts', 'counterfoil=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
    ]
    expect(outside).toEqual(nobody)
    expect(outside.status).toBe(401)
    expect(await call('GET', '/api/tickets', pat.cookie)).toEqual(nobody)
    await apiAs(desk, lead, 'PUT', '/api/providers/northwatch/door', {
      ranges: ['127.0.0.0/8', '::1/128'],
      requestsPerDay: 50,
      version: 2,
    })
    const portal = await openPage(browser)
    await portal.context.addCookies([
      { name: 'counterfoil', value: pat.token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
    ])
    await portal.page.goto(`${desk.origin}/portal`)
    await portal.page.getByLabel('Address, name, hash…').fill('evil.example.com')
    await portal.page.getByLabel('Why you ask').fill('It beacons')
    await portal.page.keyboard.press('Enter')
    await portal.page.getByText('Asked as').waitFor()
    expect(await seriousIn(portal.page)).toEqual([])
  } finally {
    await browser.close()
  }
})
