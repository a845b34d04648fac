import { beforeAll, describe, expect, test } from 'vitest'
import { api, type Call } from '../../src/contract/api.ts'
import { doorScopes, forKeys, isScope, type Permission, permissions, scopesOf } from '../../src/contract/permissions.ts'
import { routes } from '../../src/http/routes/index.ts'
import { Role } from '../../src/model/user.ts'
import { addProvider, deskProvider, signedIn } from '../desk.ts'
import { deskHere } from '../desk-here.ts'
import { program } from '../program-account.ts'
import { columns, table } from './permission-table.ts'

const { database, desk } = await deskHere()
const cookies = new Map<Role, string>()
/** A key of a lead's program with every scope there is, and for each scope one without it. */
let key: string
/** Keys of a provider's systems; several, as each may call 120 times a minute. */
const doorKeys: string[] = []
const doorKeyFor = (call: Call): string => doorKeys[guarded.indexOf(call) % doorKeys.length] ?? ''
const keysWithout = new Map<string, string>()
const calls = Object.keys(api) as Call[]
const guarded = calls.filter((call) => table[call].includes(' '))
const mayKey = (call: Call): boolean => table[call].endsWith(' K')

beforeAll(async () => {
  await addProvider(desk)
  for (const role of Role.options) {
    const bound = role === 'provider-analyst' ? 'northwatch' : null
    cookies.set(role, (await signedIn(desk, role, undefined, bound)).cookie)
  }
  const { newKey } = await program(database.db, 'lead')
  key = await newKey(scopesOf('lead'))
  await addProvider(desk, { ...deskProvider, id: 'southbay', addresses: ['soc@southbay.example'], domains: [] })
  const door = await program(database.db, 'provider-analyst', 'southbay')
  const here = ['127.0.0.1', '::1']
  for (let n = 0; n < guarded.length / 50; n++) doorKeys.push(await door.newKey(doorScopes, here))
  for (const scope of forKeys) {
    const without = (of: readonly string[]) => of.filter((other) => other !== scope)
    const atDoor = (doorScopes as readonly string[]).includes(scope)
    keysWithout.set(scope, await (atDoor ? door.newKey(without(doorScopes), here) : newKey(without(scopesOf('lead')))))
  }
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
  const isJson = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, code: isJson ? String((JSON.parse(text) as { code?: string }).code ?? '') : '' }
}

test('every call of the contract is served, and nothing else is', () => {
  expect(calls.length).toBeGreaterThan(40)
  expect(routes.map((route) => route.call).sort()).toEqual([...calls].sort())
  for (const route of routes) expect(route.permission, route.call).toBe(api[route.call].permission)
})

/** Let in: what comes next is about what was asked. 503: and the log engine is only starting. */
const letIn = [200, 400, 404, 406, 415, 503]

describe('the table of calls and roles', () => {
  test('has a row for every call, its columns for every role, and says of each door what it is', () => {
    expect(Object.keys(table).sort()).toEqual([...calls].sort())
    expect(Object.values(columns).sort()).toEqual([...Role.options].sort())
    const marks = Object.keys(columns).map((letter) => `[${letter}.]`)
    const shape = new RegExp(`^${marks.join('')} [K.]$`)
    for (const call of calls) {
      const { permission } = api[call]
      if (Object.hasOwn(permissions, permission)) expect(table[call], call).toMatch(shape)
      else expect(table[call], call).toBe(permission)
    }
    expect(guarded.length).toBeGreaterThan(100)
  })

  test.each(guarded)('%s', async (call) => {
    const permission = api[call].permission as Permission
    const origin = { origin: desk.origin }
    expect(await ask(call, origin), 'nobody').toEqual({ status: 401, code: 'sign-in.needed' })
    const invented = { cookie: `counterfoil=${'A'.repeat(43)}`, ...origin }
    expect(await ask(call, invented), 'an invented session').toEqual({ status: 401, code: 'sign-in.needed' })
    for (const [letter, role] of Object.entries(columns)) {
      // Signing out would end the session that the next calls use.
      if (call.startsWith('POST /api/sign-out')) continue
      const { status, code } = await ask(call, { cookie: cookies.get(role) ?? '', ...origin })
      if (table[call].split(' ')[0]?.includes(letter) === true) expect(letIn, `${role} may`).toContain(status)
      else expect({ status, code }, `${role} may not`).toEqual({ status: 403, code: 'role.refused' })
    }
    // A program sends no origin, and a cookie beside its key does not help it.
    const theirs = table[call] === '......V K'
    const other = await ask(call, { authorization: `Bearer ${theirs ? key : doorKeyFor(call)}` })
    const said = await ask(call, {
      authorization: `Bearer ${theirs ? doorKeyFor(call) : key}`,
      cookie: cookies.get('administrator') ?? '',
    })
    const refused = { status: 403, code: mayKey(call) ? 'key.scope' : 'person.needed' }
    expect(other, 'a key of the other side').toEqual(refused)
    if (!mayKey(call)) return expect(said, 'a key').toEqual(refused)
    expect(letIn, 'a key with the scope').toContain(said.status)
    expect(isScope(permission)).toBe(true)
    const less = { authorization: `Bearer ${keysWithout.get(permission) ?? ''}` }
    return expect(await ask(call, less), 'a key without it').toEqual({ status: 403, code: 'key.scope' })
  })

  test('no key decides, reviews, releases, approves, asks people, or changes who may what', () => {
    const acts =
      /decision|\/release|\/spans|\/cancel|\/settle|\/undo|approv|\/ask|users|sessions|service-accounts|api-keys|invitations|\/me\b/
    // Who signed what may be read by a key; that is all it may of approvals.
    const read = 'GET /api/runs/:id/approvals'
    const persons = calls.filter((call) => guarded.includes(call) && acts.test(call) && call !== read)
    expect(persons.length).toBeGreaterThan(20)
    for (const call of persons) expect(mayKey(call), call).toBe(false)
  })
})

test.each(
  calls.filter(
    (call) => !call.startsWith('GET ') && !['provider-key', 'webhook', 'api-key'].includes(api[call].permission),
  ),
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
