import { beforeAll, expect, test } from 'vitest'
import type { Call } from '../../src/contract/api.ts'
import { seriousIn } from '../axe.ts'
import { startBrowser } from '../browser.ts'
import { addProvider, alertOf, apiAs, deskProvider, post, signedIn, until } from '../desk.ts'
import { deskHere, openWith } from '../desk-here.ts'
import { table } from './permission-table.ts'

const { database, desk } = await deskHere()
let lead: string
let pat: { cookie: string; token: string; user: { id: string } }
let houseAlert: string

beforeAll(async () => {
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
  // Many at once are counted one by one.
  const { before } = await database.db
    .selectFrom('provider_request')
    .select((eb) => eb.fn.countAll<string>().as('before'))
    .where('provider_id', '=', 'northwatch')
    .executeTakeFirstOrThrow()
  const two = { ranges: [], requestsPerDay: Number(before) + 2, version: 1 }
  await apiAs(desk, lead, 'PUT', '/api/providers/northwatch/door', two)
  const atOnce = await Promise.all(Array.from({ length: 8 }, (_, n) => ask(`198.51.100.${20 + n}`)))
  expect(atOnce.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 429, 429, 429, 429, 429, 429])
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
    const { page, context, problems } = await openWith(browser, desk, leader.token)
    await page.goto(`${desk.origin}/settings/providers`)
    await page.getByRole('button', { name: 'Their analysts…' }).first().click()
    await page.getByText('asked about').first().waitFor()
    await page.getByLabel('They may come from').first().fill('192.0.2.0/24')
    await page.keyboard.press('Enter')
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Save' }).click()
    await until(
      'it to be saved',
      async () => (await apiAs(desk, lead, 'GET', '/api/providers/northwatch/door'))['version'] === 3,
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
      version: 3,
    })
    const portal = await openWith(browser, desk, pat.token)
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

test('one question from the door to the answer they read: asked, decided, drafted, reviewed, released; nothing of it at the door before it left', {
  timeout: 120_000,
}, async () => {
  const eastgate = {
    ...{ id: 'eastgate', name: 'Eastgate SOC', addresses: ['soc@eastgate.example'], domains: ['eastgate.example'] },
    replyAddress: 'soc@eastgate.example',
  }
  const key = await addProvider(desk, { ...deskProvider, ...eastgate })
  const pia = (await signedIn(desk, 'provider-analyst', 'Pia of Eastgate', 'eastgate')).cookie
  const sue = (await signedIn(desk, 'provider-analyst', 'Sue of Southbay', 'southbay')).cookie
  const ask = { observable: '198.51.100.77', why: 'It beacons to us.' }
  const { ticket } = JSON.parse((await call('POST', '/api/portal/requests', pia, ask)).text) as { ticket: string }
  const alertId = await until('the alert', async () => {
    const find = database.db
      .selectFrom('alert')
      .select('id')
      .where('ticket', '=', ticket)
      .where('filled_at', 'is not', null)
    return (await find.executeTakeFirst())?.id
  })
  const secretWords = /fin-app02|payroll|10\.0\.4\.7|false|decid|draft|Kari/i
  const reply = async () => {
    const shown = (await apiAs(desk, lead, 'GET', `/api/alerts/${alertId}`)) as unknown as { replies: { id: string }[] }
    return shown.replies[0]?.id
  }
  /** What the door tells now: two words and their own text, whatever we are at. */
  const nothingYet = async (): Promise<void> => {
    const list = await call('GET', '/api/portal/alerts', pia)
    expect(JSON.parse(list.text)).toMatchObject({ rows: [{ ticket, state: 'received', answeredAt: null }] })
    const one = await call('GET', `/api/portal/alerts/${alertId}`, pia)
    expect(JSON.parse(one.text)).toMatchObject({ replies: [] })
    expect(`${list.text}${one.text}`).not.toMatch(secretWords)
    const id = await reply()
    if (id !== undefined) expect((await call('GET', `/api/portal/replies/${id}/raw`, pia)).status).toBe(404)
  }
  await nothingYet()

  const { version: seen } = (await apiAs(desk, lead, 'GET', `/api/alerts/${alertId}`)) as unknown as { version: number }
  const decision = {
    outcome: 'false-alarm-benign',
    reason: 'It is ours.',
    cites: [],
    withoutEvidence: true,
    version: seen,
  }
  await apiAs(desk, lead, 'POST', `/api/alerts/${alertId}/decision`, decision)
  await nothingYet()
  const replyId = await until('the draft', reply)
  const saved = async () =>
    (await apiAs(desk, lead, 'GET', `/api/replies/${replyId}`)) as unknown as {
      reply: { version: number; state: string; spans: { id: string; verdict: string | null }[] }
    }
  const text = `It is the payroll server fin-app02.halden.example at 10.0.4.7, and known to us. Ticket ${ticket}.`
  await apiAs(desk, lead, 'POST', `/api/replies/${replyId}/text`, { text, version: (await saved()).reply.version })
  await nothingYet()
  const { reply: drafted } = await saved()
  expect(drafted.spans.length).toBeGreaterThan(1)
  const tooEarly = await call('POST', `/api/replies/${replyId}/release`, lead, { version: drafted.version })
  expect(tooEarly.status).toBe(409)
  for (const { id } of drafted.spans) {
    const { version } = (await saved()).reply
    const verdict = { spanId: id, verdict: 'redact', keepReason: null, alike: false, version }
    await apiAs(desk, lead, 'POST', `/api/replies/${replyId}/spans`, verdict)
  }
  await nothingYet()
  const sent = desk.mailServer.arrived.length
  await apiAs(desk, lead, 'POST', `/api/replies/${replyId}/release`, { version: (await saved()).reply.version })
  // Held: a person may still take it back, so that they do not have it yet.
  if ((await saved()).reply.state === 'held') await nothingYet()

  const read = await until('the answer at the door', async () => {
    const one = await call('GET', `/api/portal/alerts/${alertId}`, pia)
    const { replies } = JSON.parse(one.text) as { replies: { id: string; text: string; sha256: string }[] }
    return replies[0]
  })
  expect(read).toMatchObject({ id: replyId, text: expect.stringContaining('known to us') })
  expect(read.text).toContain('[redacted: ')
  expect(read.text).not.toMatch(/fin-app02|10\.0\.4\.7/)
  expect(desk.mailServer.arrived).toHaveLength(sent + 1)
  const list = await call('GET', '/api/portal/alerts', pia)
  expect(JSON.parse(list.text)).toMatchObject({ rows: [{ ticket, state: 'answered', answeredAt: expect.any(String) }] })
  const raw = await call('GET', `/api/portal/replies/${replyId}/raw`, pia)
  expect(raw.status).toBe(200)
  expect(raw.text).not.toMatch(/fin-app02|10\.0\.4\.7/)
  for (const url of [`/api/portal/alerts/${alertId}`, `/api/portal/replies/${replyId}/raw`])
    expect((await call('GET', url, sue)).status).toBe(404)
  const { rows } = await apiAs(desk, lead, 'GET', '/api/egress?provider=eastgate')
  expect(rows).toMatchObject([{ of: `reply:${replyId}`, state: 'left', sha256: read.sha256 }])

  // Asked by a program with the key of their door for messages, it is theirs to read in the same place.
  const byKey = {
    subject: '[EG-7] Medium: What is this host?',
    body: 'Ticket: EG-7\nRule: Question\nHost: ws-7\n',
    from: 'soc@eastgate.example',
  }
  const asked = await alertOf(desk, await post(desk, key, byKey))
  expect((await call('GET', `/api/portal/alerts/${asked}`, pia)).status).toBe(200)
  expect((await call('GET', `/api/portal/alerts/${asked}`, sue)).status).toBe(404)
})
