import { beforeAll, describe, expect, test } from 'vitest'
import type { Call } from '../../src/contract/api.ts'
import { seriousIn } from '../axe.ts'
import { startBrowser } from '../browser.ts'
import { addProvider, alertOf, deskProvider, post, signedIn, until } from '../desk.ts'
import { deskHere, openWith } from '../desk-here.ts'
import { table } from './permission-table.ts'

/** Systems of a provider at its door: a question of a machine to its released answer, and what an attacker tries with a key. */
const { database, desk } = await deskHere({ config: { http: { trustedProxies: ['127.0.0.1', '::1'] } } })
let lead: { cookie: string; token: string }
let othersAlert: string
const theirs = '192.0.2.10'

beforeAll(async () => {
  // A proxy says from where each call comes, so that each test has addresses of its own.
  await addProvider(desk)
  const southbay = {
    ...{ id: 'southbay', name: 'Southbay SOC', addresses: ['soc@southbay.example'], domains: ['southbay.example'] },
  }
  const others = await addProvider(desk, { ...deskProvider, ...southbay })
  lead = await signedIn(desk, 'lead', 'Kari Dahl')
  const body = 'Ticket: SB-1\nRule: Beaconing\nSeverity: High\nHost: fin-app02\n'
  othersAlert = await alertOf(
    desk,
    await post(desk, others, { subject: '[SB-1] High: Beaconing', body, from: 'soc@southbay.example' }),
  )
}, 600_000)

type Said = { readonly status: number; readonly text: string; readonly body: Record<string, unknown> }

async function say(method: string, url: string, headers: Record<string, string>, body?: unknown): Promise<Said> {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    text,
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
  }
}
const asPerson = (cookie: string, method: string, url: string, body?: unknown) =>
  say(method, url, { cookie, origin: desk.origin }, body)
const asLead = (method: string, url: string, body?: unknown) => asPerson(lead.cookie, method, url, body)
const byKey = (key: string, method: string, url: string, body?: unknown, from = theirs) =>
  say(method, url, { authorization: `Bearer ${key}`, 'x-forwarded-for': from }, body)

const wanted = { name: 'case system', scopes: ['portal.see', 'portal.ask'], allowFrom: [theirs] }
async function newKey(
  more: object = {},
  provider = 'northwatch',
): Promise<{ id: string; key: string; prefix: string }> {
  const made = await asLead('POST', `/api/providers/${provider}/door/keys`, { ...wanted, ...more })
  expect(made.text).toContain('cfk_')
  return made.body as { id: string; key: string; prefix: string }
}
const doorOf = async (provider = 'northwatch') =>
  (await asLead('GET', `/api/providers/${provider}/door`)).body as {
    version: number
    keys: { id: string; lastUsedFrom: string | null; revokedAt: string | null }[]
    trail: { who: string; key: string | null; what: string; address: string }[]
  }

test('a question of their machine is answered: asked with a key, decided and released by people, read with the key once it left', {
  timeout: 120_000,
}, async () => {
  const { id: keyId, key, prefix } = await newKey()
  expect((await byKey(key, 'GET', '/api/key')).body).toMatchObject({
    ...{ account: 'Systems of Northwatch MDR', role: 'provider-analyst', name: 'case system' },
    scopes: ['portal.see', 'portal.ask'],
  })
  const asked = await byKey(key, 'POST', '/api/portal/requests', { observable: '198.51.100.77', why: 'Our case 4711.' })
  expect(asked.status).toBe(200)
  const ticket = String(asked.body['ticket'])
  const alertId = await until('the alert', async () => {
    const find = database.db
      .selectFrom('alert')
      .select('id')
      .where('ticket', '=', ticket)
      .where('filled_at', 'is not', null)
    return (await find.executeTakeFirst())?.id
  })
  const version = async () => Number((await asLead('GET', `/api/alerts/${alertId}`)).body['version'])
  const replyOf = async () =>
    ((await asLead('GET', `/api/alerts/${alertId}`)).body['replies'] as { id: string }[])[0]?.id
  const one = () => byKey(key, 'GET', `/api/portal/alerts/${alertId}`)
  /** Two words and their own text, whatever we are at. */
  const nothingYet = async () => {
    expect((await byKey(key, 'GET', `/api/portal/alerts?q=${ticket}`)).body).toMatchObject({
      rows: [{ id: alertId, ticket, state: 'received', answeredAt: null }],
    })
    const shown = await one()
    expect(shown.body).toMatchObject({ replies: [] })
    expect(shown.text).not.toMatch(/ws-77|benign|draft|decid|Kari/i)
    const id = await replyOf()
    if (id !== undefined) {
      const [draft, none] = [
        await byKey(key, 'GET', `/api/portal/replies/${id}/raw`),
        await byKey(key, 'GET', `/api/portal/replies/${crypto.randomUUID()}/raw`),
      ]
      expect(draft).toEqual(none)
      expect(draft.status).toBe(404)
    }
  }
  await nothingYet()
  const decision = { outcome: 'false-alarm-benign', reason: 'It is ours.', cites: [], withoutEvidence: true }
  await asLead('POST', `/api/alerts/${alertId}/decision`, { ...decision, version: await version() })
  const replyId = await until('the draft', replyOf)
  type Draft = { version: number; spans: { id: string }[] }
  const draft = async () => (await asLead('GET', `/api/replies/${replyId}`)).body['reply'] as Draft
  const text = `It is the test machine ws-77.halden.example, and known to us. Ticket ${ticket}.`
  await asLead('POST', `/api/replies/${replyId}/text`, { text, version: (await draft()).version })
  await nothingYet()
  for (const { id } of (await draft()).spans) {
    const verdict = { spanId: id, verdict: 'redact', keepReason: null, alike: false, version: (await draft()).version }
    await asLead('POST', `/api/replies/${replyId}/spans`, verdict)
  }
  await nothingYet()
  expect((await asLead('POST', `/api/replies/${replyId}/release`, { version: (await draft()).version })).status).toBe(
    200,
  )
  const read = await until('the answer at the door', async () => {
    const { replies } = (await one()).body as { replies: { id: string; text: string }[] }
    return replies[0]
  })
  expect(read.text).toContain('known to us')
  expect(read.text).not.toContain('ws-77')
  const raw = await byKey(key, 'GET', `/api/portal/replies/${replyId}/raw`)
  expect(raw.status).toBe(200)
  expect(raw.text).not.toContain('ws-77')

  // Another provider's key, from where it may be used, meets what is not there.
  const southbay = await newKey({ allowFrom: ['198.51.100.0/24'] }, 'southbay')
  for (const url of [`/api/portal/alerts/${alertId}`, `/api/portal/replies/${replyId}/raw`]) {
    const [real, none] = [
      await byKey(southbay.key, 'GET', url, undefined, '198.51.100.9'),
      await byKey(southbay.key, 'GET', url.replace(/[0-9a-f-]{36}/, crypto.randomUUID()), undefined, '198.51.100.9'),
    ]
    expect(real).toEqual(none)
    expect(real.status).toBe(404)
  }

  const { trail, keys } = await doorOf()
  for (const what of ['asked', 'ticket', 'download'])
    expect(trail.filter((line) => line.what === what)).toMatchObject([{ who: 'case system', key: prefix }])
  expect(keys).toMatchObject([{ id: keyId, lastUsedFrom: theirs }])
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select(['kind', 'actor', 'leaf'])
    .where('subject', '=', 'provider:northwatch')
    .execute()
  for (const kind of ['door.asked', 'door.looked'])
    expect(lines.filter((of) => of.kind === kind).map(({ actor }) => actor)).toEqual(
      expect.arrayContaining([expect.stringMatching(new RegExp(`^user:[0-9a-f-]{36}/key:${keyId}$`))]),
    )
  expect(lines.map(({ leaf }) => leaf).join('')).not.toContain(key)
  expect(JSON.stringify(await database.db.selectFrom('api_key').selectAll().execute())).not.toContain(key.slice(12))
})

describe('without addresses there is no key', () => {
  const make = (more: object) => asLead('POST', '/api/providers/northwatch/door/keys', { ...wanted, ...more })

  test('none is made for nowhere, for everywhere, for more than a key may, or outside of what was agreed for the door', async () => {
    const refused: [object, RegExp][] = [
      [{ allowFrom: [] }, /without them there is no key/],
      [{ allowFrom: undefined }, /allowFrom/],
      [{ allowFrom: [theirs, '0.0.0.0/0'] }, /too wide/],
      [{ allowFrom: ['10.0.0.0/8'] }, /too wide/],
      [{ allowFrom: ['2001:db8::/32'] }, /too wide/],
      [{ allowFrom: ['everywhere'] }, /an address, or a range/],
      [{ scopes: ['desk.see'] }, /scopes/],
      [{ scopes: [] }, /Choose what it may do/],
      [{ days: 400 }, /days/],
    ]
    for (const [more, says] of refused) {
      const said = await make(more)
      expect(said.status, JSON.stringify(more)).toBe(400)
      expect(said.text).toMatch(says)
    }
    expect((await make({ allowFrom: ['2001:db8:7::/48', '192.0.2.0/24'] })).status).toBe(200)
    const door = { ranges: ['192.0.2.0/28'], requestsPerDay: 50, version: (await doorOf()).version }
    expect((await asLead('PUT', '/api/providers/northwatch/door', door)).status).toBe(200)
    expect((await make({ allowFrom: ['192.0.2.0/24'] })).text).toContain('not among the addresses')
    expect((await make({ allowFrom: ['192.0.2.8/29'] })).status).toBe(200)
  })

  test('one whose list is gone from the record opens nothing, and the list of the door holds for keys as for people', async () => {
    const { id, key } = await newKey({ allowFrom: ['192.0.2.4'] })
    const look = () => byKey(key, 'GET', '/api/portal/alerts', undefined, '192.0.2.4')
    expect((await look()).status).toBe(200)
    const version = (await doorOf()).version
    const narrow = { ranges: ['203.0.113.0/24'], requestsPerDay: 50, version }
    await asLead('PUT', '/api/providers/northwatch/door', narrow)
    expect((await look()).body).toMatchObject({ code: 'key.refused' })
    await asLead('PUT', '/api/providers/northwatch/door', { ...narrow, ranges: [], version: version + 1 })
    expect((await look()).status).toBe(200)
    await database.db.updateTable('api_key').set({ allow_from: [] }).where('id', '=', id).execute()
    expect((await look()).body).toMatchObject({ code: 'key.refused' })
  })

  test('the page of API keys neither shows their account nor makes a key of it, and nobody gives it another role', async () => {
    await newKey()
    const administrator = (await signedIn(desk, 'administrator', 'Ida Holm')).cookie
    const account = await database.db
      .selectFrom('app_user')
      .select('id')
      .where('kind', '=', 'service')
      .where('provider_id', '=', 'northwatch')
      .executeTakeFirstOrThrow()
    expect((await asPerson(administrator, 'GET', '/api/service-accounts')).text).not.toContain(account.id)
    const url = `/api/service-accounts/${account.id}/keys`
    const anywhere = { name: 'anywhere', scopes: ['portal.see'] }
    expect((await asPerson(administrator, 'POST', url, anywhere)).status).toBe(404)
    const promoted = await asPerson(administrator, 'PATCH', `/api/users/${account.id}`, { role: 'lead' })
    expect(promoted.status).toBe(400)
  })
})

describe('an attacker with a key', () => {
  test('from another address learns no more than with none, and the page says that it was tried', async () => {
    const { key, prefix } = await newKey({ name: 'stolen' })
    const at = (one: string, url: string) => byKey(one, 'GET', url, undefined, '203.0.113.5')
    for (const url of ['/api/portal/alerts', `/api/portal/alerts/${othersAlert}`, '/api/key', '/api/tickets'])
      expect(await at(key, url)).toEqual(await at(`cfk_${'A'.repeat(43)}`, url))
    const refused = (await doorOf()).trail.filter(({ what }) => what === 'refused')
    // Once an hour, however often: four times it was tried here.
    expect(refused.filter((line) => line.key === prefix)).toMatchObject([{ who: 'stolen', address: '203.0.113.5' }])
    const lines = database.db.selectFrom('ledger_entry').select('actor').where('kind', '=', 'door.refused')
    expect((await lines.execute()).length).toBeGreaterThan(0)
  })

  test('taken back, over, or its account shut: it stops with the next call; one provider’s lead page takes back no other’s', async () => {
    const { id, key } = await newKey({ allowFrom: ['192.0.2.20'] })
    const look = () => byKey(key, 'GET', '/api/portal/alerts', undefined, '192.0.2.20')
    expect((await look()).status).toBe(200)
    const revoke = (provider: string) => asLead('POST', `/api/providers/${provider}/door/keys/${id}/revoke`)
    expect((await revoke('southbay')).status).toBe(404)
    expect((await look()).status).toBe(200)
    expect((await revoke('northwatch')).status).toBe(200)
    expect(await look()).toMatchObject({ status: 401, body: { code: 'key.refused' } })
    expect((await revoke('northwatch')).status).toBe(404)

    const over = await newKey({ allowFrom: ['192.0.2.20'] })
    await database.db
      .updateTable('api_key')
      .set({ expires_at: new Date(Date.now() - 1) })
      .where('id', '=', over.id)
      .execute()
    expect((await byKey(over.key, 'GET', '/api/portal/alerts', undefined, '192.0.2.20')).status).toBe(401)
  })

  test('reaches nothing of the house, in words that do not depend on what is there, and only what its scopes name', async () => {
    const { key } = await newKey({ allowFrom: ['192.0.2.30', '192.0.2.31', '192.0.2.32'] })
    const calls = (Object.keys(table) as Call[]).filter((one) => / [K.]$/.test(table[one]) && !/V. K/.test(table[one]))
    const house = calls.filter((one) => !table[one].split(' ')[0]?.includes('V'))
    expect(house.length).toBeGreaterThan(100)
    for (const one of [
      'GET /api/alerts/:id',
      'GET /api/replies/:id',
      'POST /api/queue/decide',
      'GET /api/providers/:id/door',
    ]) {
      expect(house).toContain(one)
      const [method = '', path = ''] = one.split(' ')
      const [real, none] = [
        await byKey(key, method, path.replace(':id', othersAlert), method === 'POST' ? {} : undefined, '192.0.2.30'),
        await byKey(
          key,
          method,
          path.replace(':id', crypto.randomUUID()),
          method === 'POST' ? {} : undefined,
          '192.0.2.30',
        ),
      ]
      expect(real).toEqual(none)
      expect(real.status).toBe(403)
    }
    const [real, none] = [
      await byKey(key, 'GET', `/api/portal/alerts/${othersAlert}`, undefined, '192.0.2.31'),
      await byKey(key, 'GET', `/api/portal/alerts/${crypto.randomUUID()}`, undefined, '192.0.2.31'),
    ]
    expect(real).toEqual(none)
    expect(real.status).toBe(404)
    const reader = await newKey({ scopes: ['portal.see'], allowFrom: ['192.0.2.32'] })
    const ask = { observable: '198.51.100.9', why: 'May it?' }
    expect((await byKey(reader.key, 'POST', '/api/portal/requests', ask, '192.0.2.32')).body).toMatchObject({
      code: 'key.scope',
    })
  })

  test('guesses twenty times a minute from one network and then waits; a right one calls 120 times', async () => {
    const guess = (n: number) => `cfk_${String(n).padStart(43, '0')}`
    for (let n = 0; n < 20; n++)
      expect((await byKey(guess(n), 'GET', '/api/portal/alerts', undefined, '203.0.113.77')).status).toBe(401)
    expect((await byKey(guess(21), 'GET', '/api/portal/alerts', undefined, '203.0.113.77')).status).toBe(429)
    const { key } = await newKey({ allowFrom: ['192.0.2.40'] }, 'southbay')
    const statuses = new Map<number, number>()
    for (let n = 0; n < 125; n++) {
      const { status } = await byKey(key, 'GET', '/api/key', undefined, '192.0.2.40')
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses]).toEqual([
      [200, 120],
      [429, 5],
    ])
    // The people of the same provider still get in: they share the provider's 600, not the key's 120.
    const sue = (await signedIn(desk, 'provider-analyst', 'Sue of Southbay', 'southbay')).cookie
    expect((await asPerson(sue, 'GET', '/api/portal/alerts')).status).toBe(200)
  })

  test('asks no more in a day than the provider may, people and systems together', async () => {
    const { key } = await newKey({ allowFrom: ['192.0.2.50'] }, 'southbay')
    const { version } = await doorOf('southbay')
    await asLead('PUT', '/api/providers/southbay/door', { ranges: [], requestsPerDay: 1, version })
    const ask = () =>
      byKey(key, 'POST', '/api/portal/requests', { observable: '198.51.100.3', why: 'Again' }, '192.0.2.50')
    expect((await ask()).status).toBe(200)
    expect((await ask()).status).toBe(429)
  })
})

test('a lead makes a key on the page, sees it once, and takes it back; an analyst only looks', {
  timeout: 120_000,
}, async () => {
  const browser = await startBrowser()
  try {
    const as = async (token: string) => {
      const opened = await openWith(browser, desk, token)
      await opened.page.goto(`${desk.origin}/settings/providers`)
      await opened.page.getByRole('button', { name: 'Their analysts…' }).first().click()
      return opened
    }
    const { page, context, problems } = await as(lead.token)
    const part = page.getByRole('region', { name: 'Keys of their systems' })
    await part.getByRole('button', { name: 'Make a key…' }).click()
    await part.getByLabel('Which system of theirs').fill('enrichment bot')
    await part.getByLabel('It comes from').fill('10.0.0.0/8')
    await part.getByRole('button', { name: 'Make the key' }).click()
    await part.getByText('too wide').first().waitFor()
    expect(await seriousIn(page)).toEqual([])
    await part.getByLabel('It comes from').fill('192.0.2.60')
    await part.getByRole('button', { name: 'Make the key' }).click()
    await part.getByText('Shown once.').waitFor()
    expect(await part.locator('pre').innerText()).toMatch(/Bearer cfk_[\w-]{43}/)
    expect(await seriousIn(page)).toEqual([])
    await part.getByRole('button', { name: 'Put away' }).click()
    await part.getByRole('button', { name: 'Take back the key enrichment bot' }).click()
    await part.getByText('Taken back', { exact: true }).first().waitFor()
    expect(await part.innerText()).not.toMatch(/cfk_[\w-]{20}/)
    // The refusal of the wide range is in the browser's console, and nothing else is.
    expect(problems.filter((one) => !one.includes('400'))).toEqual([])
    await context.close()

    const analyst = await as((await signedIn(desk, 'analyst', 'Ada Lind')).token)
    const seen = analyst.page.getByRole('region', { name: 'Keys of their systems' })
    await seen.getByText('enrichment bot').waitFor()
    expect(await seen.getByRole('button').count()).toBe(0)
    await analyst.context.close()
  } finally {
    await browser.close()
  }
})
