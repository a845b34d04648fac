import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { addProvider, alertOf, deskProvider, signedIn } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
let lead: string

beforeAll(async () => {
  await addProvider(desk, { ...deskProvider, format: 'huntress' })
  lead = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
})

async function call(method: string, url: string, body?: unknown) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: {
      cookie: lead,
      origin: desk.origin,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> }
}

const report = readFileSync(new URL('../../src/providers/huntress/sample.json', import.meta.url))

async function post(
  secret: string,
  change: { body?: Buffer; age?: number; provider?: string; headers?: Record<string, string> } = {},
) {
  const { body = report, age = 0, provider = 'northwatch' } = change
  const timestamp = String(Math.floor(Date.now() / 1000) - age)
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const signature = createHmac('sha256', key).update(`msg_1.${timestamp}.`).update(report).digest('base64')
  const signed = { 'svix-id': 'msg_1', 'svix-timestamp': timestamp, 'svix-signature': `v1,${signature}` }
  const response = await fetch(`${desk.origin}/api/intake/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(change.headers ?? signed) },
    body: new Uint8Array(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const webhook = async () => {
  const { providers } = (await call('GET', '/api/providers')).body as {
    providers: { webhook: Record<string, unknown> | null }[]
  }
  return providers[0]?.webhook
}
const messages = async () => (await database.db.selectFrom('message').select('id').execute()).length
const scheme = { kind: 'standard', toleranceSeconds: 300 }
let secret = ''

describe('a provider that signs its posts', () => {
  test('has no such door until one is opened', async () => {
    expect(await webhook()).toBeNull()
    expect(await post('whsec_AAAAAAAAAAAAAAAAAAAAAAAA')).toMatchObject({
      status: 401,
      body: { code: 'webhook.refused' },
    })
    expect((await call('POST', '/api/providers/northwatch/webhook/secret', { secret: null })).status).toBe(404)
    expect((await call('PUT', '/api/providers/nobody/webhook', { scheme, version: 0 })).status).toBe(404)
    expect(
      (await call('PUT', '/api/providers/northwatch/webhook', { scheme: { kind: 'none' }, version: 0 })).status,
    ).toBe(400)
    expect((await call('PUT', '/api/providers/northwatch/webhook', { scheme, version: 0 })).status).toBe(200)
    expect((await call('PUT', '/api/providers/northwatch/webhook', { scheme, version: 0 })).status).toBe(409)
    // Open, and without a secret still shut.
    expect((await post('whsec_AAAAAAAAAAAAAAAAAAAAAAAA')).status).toBe(401)
  })

  test('gets a secret that is shown once and kept sealed', async () => {
    const made = await call('POST', '/api/providers/northwatch/webhook/secret', { secret: null })
    secret = String(made.body['secret'])
    expect(secret).toMatch(/^whsec_/)
    expect((await call('GET', '/api/providers')).text).not.toContain(secret)
    const rows = await database.db.selectFrom('webhook_secret').select('sealed').execute()
    expect(rows.map(({ sealed }) => sealed.includes(Buffer.from(secret)))).toEqual([false])
    expect(JSON.stringify(await database.db.selectFrom('ledger_entry').selectAll().execute())).not.toContain(secret)
    expect(
      (await call('POST', '/api/providers/northwatch/webhook/secret', { secret: 'whsec_????????????????' })).status,
    ).toBe(400)
  })

  test('is read, once; the same post again is known', async () => {
    const first = await post(secret)
    expect(first).toMatchObject({ status: 200, body: { fresh: true } })
    expect(await post(secret)).toMatchObject({ status: 200, body: { id: first.body['id'], fresh: false } })
    const id = await alertOf(desk, String(first.body['id']))
    const shown = (await call('GET', `/api/alerts/${id}`)).body as { alert: Record<string, unknown> }
    expect(shown.alert).toMatchObject({ ticket: '40118', host: 'ACC-PC-3', severity: 'high', providerId: 'northwatch' })
  })

  test('is refused with 401 when anything is wrong, and nothing of it is kept', async () => {
    const before = await messages()
    const changed = Buffer.from(report.toString().replace('high', 'low'))
    const refused = { status: 401, body: { code: 'webhook.refused' } }
    expect(await post(secret, { body: changed })).toMatchObject(refused)
    expect(await post(secret, { age: 400 })).toMatchObject(refused)
    expect(await post(secret, { headers: { 'x-nothing': '1' } })).toMatchObject(refused)
    expect(await post(secret, { provider: 'nobody' })).toMatchObject(refused)
    expect(await post(secret, { body: changed, headers: { authorization: 'Bearer x' } })).toMatchObject(refused)
    expect(await messages()).toBe(before)
    const counted = (await webhook())?.['refusals'] as { reason: string; count: number }[]
    expect(Object.fromEntries(counted.map(({ reason, count }) => [reason, count]))).toEqual({
      'bad-signature': 1,
      'bad-time': 1,
      'no-signature': 2,
      'no-secret': 1,
    })
  })

  test('changes its secret without a gap, and the old one ends', async () => {
    const again = await call('POST', '/api/providers/northwatch/webhook/secret', { secret: null, othersHours: 1 })
    const next = String(again.body['secret'])
    expect((await post(next)).status).toBe(200)
    expect((await post(secret)).status).toBe(200)
    await call('POST', '/api/providers/northwatch/webhook/secret', { secret: next, othersHours: 0 })
    expect((await post(secret)).status).toBe(401)
    expect((await post(next)).status).toBe(200)
    secret = next
  })

  test('loses its secrets when the kind of signature changes, and the door when it is shut', async () => {
    const { version } = (await webhook()) as { version: number }
    const hmac = { kind: 'hmac', header: 'X-Sig' }
    expect((await call('PUT', '/api/providers/northwatch/webhook', { scheme: hmac, version })).status).toBe(200)
    expect((await webhook())?.['secrets']).toEqual([])
    expect((await call('DELETE', '/api/providers/northwatch/webhook')).status).toBe(200)
    expect((await call('DELETE', '/api/providers/northwatch/webhook')).status).toBe(404)
    expect((await post(secret)).status).toBe(401)
    const lines = await database.db
      .selectFrom('ledger_entry')
      .select('subject')
      .where('kind', '=', 'provider.changed')
      .execute()
    expect(lines.length).toBeGreaterThanOrEqual(6)
  })
})
