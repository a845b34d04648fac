import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type Call } from '../../src/contract/api.ts'
import { may, type Permission, permissions } from '../../src/contract/permissions.ts'
import { routes } from '../../src/http/routes/index.ts'
import { Role } from '../../src/model/user.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { type Desk, signedIn, startDesk } from '../desk.ts'

let database: FreshDatabase
let desk: Desk
const cookies = new Map<Role, string>()
const calls = Object.keys(api) as Call[]
const guarded = calls.filter((call) => Object.hasOwn(permissions, api[call].permission))

beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  for (const role of Role.options) cookies.set(role, (await signedIn(desk, role)).cookie)
})
afterAll(async () => {
  await desk.stop()
  await database.close()
})

/** A call with nothing in it: who may not is told so before anybody looks at what was sent. */
async function ask(call: Call, headers: Record<string, string>): Promise<{ status: number; code: string }> {
  const [method = 'GET', url = '/'] = call.split(' ')
  const signal = AbortSignal.timeout(10_000)
  const address = desk.origin + url.replaceAll(/:\w+/g, 'x')
  const response = await fetch(address, { method, headers, signal })
  // The live stream never ends by itself.
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    await response.body?.cancel()
    return { status: response.status, code: '' }
  }
  const text = await response.text()
  return {
    status: response.status,
    code:
      response.headers.get('content-type')?.startsWith('application/json') === true
        ? String((JSON.parse(text) as { code?: string }).code ?? '')
        : '',
  }
}

test('every call of the contract is served, and nothing else is', () => {
  expect(calls.length).toBeGreaterThan(40)
  expect(routes.map((route) => route.call).sort()).toEqual([...calls].sort())
  for (const route of routes) expect(route.permission, route.call).toBe(api[route.call].permission)
})

describe('the table of calls and roles', () => {
  test('saw every guarded call', () => expect(guarded.length).toBeGreaterThan(30))

  test.each(guarded)('%s', async (call) => {
    const permission = api[call].permission as Permission
    const origin = { origin: desk.origin }
    expect(await ask(call, origin), 'nobody').toEqual({ status: 401, code: 'sign-in.needed' })
    const invented = { cookie: `counterfoil=${'A'.repeat(43)}`, ...origin }
    expect(await ask(call, invented), 'an invented session').toEqual({ status: 401, code: 'sign-in.needed' })
    for (const role of Role.options) {
      // Signing out would end the session that the next calls use.
      if (call === 'POST /api/sign-out') continue
      const { status, code } = await ask(call, { cookie: cookies.get(role) ?? '', ...origin })
      // 503: let in, and the log engine is only starting.
      if (may(role, permission)) expect([200, 400, 404, 406, 415, 503], `${role} may`).toContain(status)
      else expect({ status, code }, `${role} may not`).toEqual({ status: 403, code: 'role.refused' })
    }
  })
})

test.each(
  calls.filter((call) => !call.startsWith('GET ') && !['provider-key', 'webhook'].includes(api[call].permission)),
)('%s is refused from a page elsewhere, and without an origin', async (call) => {
  const cookie = cookies.get('administrator') ?? ''
  const refused = { status: 403, code: 'origin.refused' }
  expect(await ask(call, { cookie, origin: 'https://evil.example' })).toEqual(refused)
  expect(await ask(call, { cookie, origin: 'null' })).toEqual(refused)
  expect(await ask(call, { cookie })).toEqual(refused)
})

test('what is not there is 404 without a word about what might be', async () => {
  const response = await fetch(`${desk.origin}/api/nothing-here`)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ code: 'not.found' })
})

test('pages carry a policy without inline script, and a fresh nonce for styles', async () => {
  const look = async () => {
    const response = await fetch(`${desk.origin}/queue`)
    const policy = response.headers.get('content-security-policy') ?? ''
    return { policy, page: await response.text(), headers: response.headers }
  }
  const [one, two] = [await look(), await look()]
  expect(one.policy).toContain("script-src 'self';")
  expect(one.policy).not.toContain('unsafe')
  expect(one.policy).toContain("frame-ancestors 'none'")
  const nonce = /'nonce-([^']+)'/.exec(one.policy)?.[1] ?? 'none'
  expect(one.page).toContain(`content="${nonce}"`)
  expect(two.policy).not.toContain(nonce)
  expect(one.headers.get('x-content-type-options')).toBe('nosniff')
  expect(one.headers.get('cache-control')).toBe('no-store')
})

test('files with a digest in their name are kept for ever, and come compressed', async () => {
  const page = await (await fetch(`${desk.origin}/`)).text()
  const asset = /\/assets\/[\w-]+\.js/.exec(page)?.[0] ?? ''
  const response = await fetch(desk.origin + asset)
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toContain('immutable')
  // fetch asks for gzip by itself.
  expect(response.headers.get('content-encoding')).toBe('gzip')
  await response.body?.cancel()
})
