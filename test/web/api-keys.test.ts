import { beforeAll, describe, expect, test } from 'vitest'
import { addProvider, signedIn } from '../desk.ts'
import { deskHere } from '../desk-here.ts'
import { program } from '../program-account.ts'

const { database, desk } = await deskHere({ config: { http: { trustedProxies: ['127.0.0.1', '::1'] } } })
let administrator: string

beforeAll(async () => {
  // Each test stands behind an address of its own, so that the wrong keys of one do not keep the next out.
  await addProvider(desk)
  administrator = (await signedIn(desk, 'administrator', 'Ida Holm')).cookie
})

type Said = { readonly status: number; readonly body: Record<string, unknown> }

async function say(method: string, url: string, headers: Record<string, string>, body?: unknown): Promise<Said> {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const asAdministrator = (method: string, url: string, body?: unknown) =>
  say(method, url, { cookie: administrator, origin: desk.origin }, body)
const byKey = (key: string, method: string, url: string, body?: unknown, from = '192.0.2.7') =>
  say(method, url, { authorization: `Bearer ${key}`, 'x-forwarded-for': from }, body)

async function newAccount(role = 'lead'): Promise<string> {
  const made = await asAdministrator('POST', '/api/service-accounts', { name: 'CMDB sync', role })
  expect(made.status).toBe(200)
  return String(made.body['id'])
}
async function newKey(account: string, more: object = {}) {
  const wanted = { name: 'nightly', scopes: ['context.import', 'house.see'], ...more }
  return asAdministrator('POST', `/api/service-accounts/${account}/keys`, wanted)
}

const asset = { source: 'cmdb', name: 'fin-app02', criticality: 'high' }

describe('a key', () => {
  test('is told once, is kept as a digest, puts an asset, and the ledger names the account and the key', async () => {
    const account = await newAccount()
    const made = await newKey(account)
    expect(made.body).toMatchObject({ key: expect.stringMatching(/^cfk_[\w-]{43}$/) })
    const key = String(made.body['key'])
    expect(key.startsWith(String(made.body['prefix']))).toBe(true)
    expect(await byKey(key, 'PUT', '/api/assets/fin-app02', asset)).toMatchObject({ status: 200 })
    expect((await byKey(key, 'GET', '/api/assets/fin-app02')).body).toMatchObject({ asset: { criticality: 'high' } })
    expect((await byKey(key, 'GET', '/api/key')).body).toMatchObject({
      ...{ account: 'CMDB sync', role: 'lead', name: 'nightly', scopes: ['house.see', 'context.import'] },
    })
    const lines = await database.db.selectFrom('ledger_entry').select(['kind', 'actor', 'leaf']).execute()
    const actor = `user:${account}/key:${String(made.body['id'])}`
    expect(lines.filter((line) => line.kind === 'asset.changed').map((line) => line.actor)).toContain(actor)
    expect(lines.map(({ leaf }) => leaf).join('')).not.toContain(key)
    const listed = await asAdministrator('GET', '/api/service-accounts')
    expect(JSON.stringify(listed.body)).not.toContain(key)
    expect(listed.body).toMatchObject({
      accounts: [{ id: account, keys: [{ prefix: made.body['prefix'], lastUsedFrom: '192.0.2.7' }] }],
    })
    const stored = await database.db.selectFrom('api_key').selectAll().execute()
    expect(JSON.stringify(stored)).not.toContain(key.slice(12))
  })

  test('stops at once when it is taken back, is over, or its account is shut; and loses what the role loses', async () => {
    const [account, other] = [await newAccount(), await newAccount()]
    const first = await newKey(account)
    const key = String(first.body['key'])
    const look = (one = key) => byKey(one, 'GET', '/api/assets', undefined, '192.0.2.20')
    expect((await look()).status).toBe(200)
    expect((await asAdministrator('POST', `/api/api-keys/${String(first.body['id'])}/revoke`)).status).toBe(200)
    expect((await asAdministrator('POST', `/api/api-keys/${String(first.body['id'])}/revoke`)).status).toBe(404)
    expect(await look()).toMatchObject({ status: 401, body: { code: 'key.refused' } })

    const over = (await program(database.db, 'lead')).newKey(['house.see'], [], new Date(Date.now() - 1))
    expect((await look(await over)).status).toBe(401)

    const second = String((await newKey(other)).body['key'])
    expect((await asAdministrator('PATCH', `/api/users/${other}`, { role: 'analyst' })).status).toBe(200)
    expect((await look(second)).status).toBe(200)
    expect(await byKey(second, 'PUT', '/api/assets/fin-app02', asset)).toMatchObject({
      status: 403,
      body: { code: 'role.refused' },
    })
    expect((await asAdministrator('PATCH', `/api/users/${other}`, { disabled: true })).status).toBe(200)
    expect((await look(second)).status).toBe(401)
  })

  test('works only from where it may, and says nothing else to a thief', async () => {
    const made = await newKey(await newAccount(), { allowFrom: ['198.51.100.0/24', '2001:db8::/64'] })
    const from = (address: string) => byKey(String(made.body['key']), 'GET', '/api/assets', undefined, address)
    expect((await from('198.51.100.9')).status).toBe(200)
    expect((await from('2001:db8::9')).status).toBe(200)
    const stolen = await from('203.0.113.9')
    const invented = await byKey(`cfk_${'A'.repeat(43)}`, 'GET', '/api/assets', undefined, '203.0.113.10')
    expect(stolen).toEqual(invented)
    expect(stolen.status).toBe(401)
  })

  test('wrong ones are counted by network: twenty in a minute, and then even a right one waits', async () => {
    const key = String((await newKey(await newAccount())).body['key'])
    const from = '203.0.113.77'
    for (let n = 0; n < 20; n++)
      expect((await byKey(`cfk_${'B'.repeat(43)}`, 'GET', '/api/key', undefined, from)).status).toBe(401)
    expect((await byKey(key, 'GET', '/api/key', undefined, from)).status).toBe(429)
    expect((await byKey(key, 'GET', '/api/key', undefined, '203.0.113.78')).status).toBe(200)
  })

  test.each(['cfk_short', `cfk_${'A'.repeat(44)}`, "cfk_'or'true--", 'nothing-of-ours'])(
    '%j opens nothing',
    async (key) => {
      expect(await byKey(key, 'PUT', '/api/assets/x', asset, '192.0.2.99')).toMatchObject({
        status: 401,
        body: { code: 'key.refused' },
      })
    },
  )

  test('does not carry a browser: its cookie never counts beside a key, and a foreign token never stands in for an origin', async () => {
    const cookie = administrator
    const key = String((await newKey(await newAccount('auditor'), { scopes: ['house.see'] })).body['key'])
    const settings = { ownDomains: [], replyHoldSeconds: 5 }
    const elsewhere = { cookie, origin: 'https://evil.example' }
    expect(
      (await say('PUT', '/api/settings', { ...elsewhere, authorization: `Bearer ${key}` }, settings)).body,
    ).toMatchObject({ code: 'person.needed' })
    expect(
      (await say('PUT', '/api/settings', { ...elsewhere, authorization: 'Bearer of-a-proxy' }, settings)).body,
    ).toMatchObject({ code: 'origin.refused' })
    const proxied = { cookie, origin: desk.origin, authorization: 'Bearer of-a-proxy' }
    expect((await say('PUT', '/api/settings', proxied, settings)).status).toBe(200)
  })
})

describe('making one', () => {
  test('is refused for more than the role may, for what needs a person, and for what is no address', async () => {
    const account = await newAccount('auditor')
    const refused = async (more: object) => (await newKey(account, { scopes: ['ledger.see'], ...more })).status
    expect(await refused({})).toBe(200)
    for (const scopes of [['context.import'], ['alert.decide'], ['user.manage'], []])
      expect(await refused({ scopes })).toBe(400)
    for (const allowFrom of [['everywhere'], ['0.0.0.0/99']]) expect(await refused({ allowFrom })).toBe(400)
    for (const days of [0, 367, 1.5]) expect(await refused({ days })).toBe(400)
    for (const role of ['administrator', 'approver', 'provider-analyst'])
      expect((await asAdministrator('POST', '/api/service-accounts', { name: 'x', role })).status, role).toBe(400)
  })

  test('is for programs: a person has none, and a program never becomes an administrator or signs in', async () => {
    const { user } = await signedIn(desk, 'analyst')
    expect((await newKey(user.id)).status).toBe(404)
    const account = await newAccount()
    for (const role of ['administrator', 'approver'])
      expect((await asAdministrator('PATCH', `/api/users/${account}`, { role })).status, role).toBe(400)
    const users = (await asAdministrator('GET', '/api/users')).body['users'] as { id: string }[]
    expect(users.map(({ id }) => id)).not.toContain(account)
    const setPassword = database.db.updateTable('app_user').set({ password_hash: 'x' }).where('id', '=', account)
    await expect(setPassword.execute()).rejects.toThrow('app_user_program')
    const people = (await asAdministrator('GET', '/api/queue/people')).body['people'] as { id: string }[]
    expect(people.map(({ id }) => id)).not.toContain(account)
  })

  test('twenty that work are enough for one account, also when they are made at once', async () => {
    const account = await newAccount()
    const all = await Promise.all(Array.from({ length: 22 }, () => newKey(account)))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(20)
    expect(all.filter(({ status }) => status === 409)).toHaveLength(2)
  })
})

test('a search with a key finds what its scopes open, not what its role could see', async () => {
  const account = await newAccount()
  const importing = String((await newKey(account)).body['key'])
  await byKey(importing, 'PUT', '/api/assets/zebra-01', { source: 'cmdb', name: 'zebra-01' })
  const kinds = async (scopes: string[]) => {
    const key = String((await newKey(account, { scopes })).body['key'])
    const found = await byKey(key, 'GET', '/api/search?q=zebra-01')
    return (found.body['groups'] as { kind: string }[]).map(({ kind }) => kind)
  }
  expect(await kinds(['desk.see'])).toEqual([])
  expect(await kinds(['desk.see', 'house.see'])).toEqual(['asset'])
})
