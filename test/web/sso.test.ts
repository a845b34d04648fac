import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openSession } from '../../src/db/sessions.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { apiAs, type Desk, signedIn, startDesk } from '../desk.ts'
import { startRogueIdp } from '../rogue-idp.ts'
import { SoftPasskey } from '../soft-passkey.ts'

const databases: FreshDatabase[] = []
let folder: string
const desks: Desk[] = []
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cf-sso-'))
  writeFileSync(path.join(folder, 'sso.secret'), 'a-secret-of-the-client\n')
})
afterAll(async () => {
  for (const desk of desks) await desk.stop()
  for (const database of databases) await database.close()
  await rm(folder, { recursive: true })
})

const roles = [
  { group: 'soc-leads', role: 'lead' },
  { group: 'soc', role: 'analyst' },
]
/** Each has a database of its own: two desks on one would be nodes of one house. */
async function deskBy(config: Record<string, unknown>): Promise<Desk> {
  const database = await freshDatabase()
  databases.push(database)
  const desk = await startDesk({ databaseUrl: database.url, config })
  desks.push(desk)
  return desk
}

async function deskWith(issuer: string, more: object = {}): Promise<Desk> {
  const secret = { file: path.join(folder, 'sso.secret') }
  const sso = { issuer, clientId: 'counterfoil', secret, plainHttp: true, title: 'Halden login', roles, ...more }
  return deskBy({ sso })
}

/** The first half: the browser is sent away, with a cookie. */
async function begin(desk: Desk, url = '/api/sign-in/sso', cookie = '', body?: object) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const said = await fetch(desk.origin + url, {
    method: 'POST',
    headers: { origin: desk.origin, cookie, ...json },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect(said.status).toBe(200)
  const set = said.headers.getSetCookie()[0] ?? ''
  expect(set).toMatch(/HttpOnly; SameSite=Lax/)
  const { url: away } = (await said.json()) as { url: string }
  const asked = new URL(away).searchParams
  expect(asked.get('code_challenge_method')).toBe('S256')
  return { away, flow: set.split(';')[0] ?? '', state: asked.get('state') ?? '', nonce: asked.get('nonce') ?? '' }
}

/** The second half: the browser comes back. The session's cookie, or null. */
async function back(desk: Desk, flow: string, query: Record<string, string>) {
  const address = `${desk.origin}/api/sign-in/sso/callback?${new URLSearchParams(query).toString()}`
  const said = await fetch(address, { redirect: 'manual', headers: { cookie: flow } })
  expect(said.status).toBe(303)
  const session = said.headers.getSetCookie().find((one) => /^counterfoil=./.test(one)) ?? null
  return {
    to: said.headers.get('location'),
    cookie: session?.split(';')[0] ?? null,
    strict: session?.includes('SameSite=Strict'),
  }
}
const refused = { to: '/sign-in?sso=refused', cookie: null }

describe('an identity provider that lies', () => {
  let idp: Awaited<ReturnType<typeof startRogueIdp>>
  let desk: Desk
  beforeAll(async () => {
    idp = await startRogueIdp()
    desk = await deskWith(idp.issuer, { users: 'just-in-time' })
  })
  afterAll(async () => idp.stop())

  const claims = (nonce: string, more: object = {}) => ({
    ...{ iss: idp.issuer, aud: 'counterfoil', sub: 'u-1', nonce, name: 'Kari Dahl', groups: ['soc'] },
    ...{ email: 'kari@halden.example', email_verified: true },
    ...{ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300, ...more },
  })
  async function attempt(more: object, token: object = {}, query: object = {}) {
    const { flow, state, nonce } = await begin(desk)
    idp.say({ claims: claims(nonce, more), ...token })
    return back(desk, flow, { code: 'c', state, iss: idp.issuer, ...query })
  }

  test.each([
    ['the nonce is another one', { nonce: 'stolen' }, {}, {}],
    ['the token is for somebody else', { aud: 'another-client' }, {}, {}],
    ['the token is of another issuer', { iss: 'https://evil.example' }, {}, {}],
    ['the token is over', { exp: 1_000_000_000 }, {}, {}],
    ['nothing is signed (alg none)', {}, { alg: 'none' }, {}],
    ['another key signed', {}, { key: 'unknown' }, {}],
    ['the answer is of another issuer (mix-up, RFC 9207)', {}, {}, { iss: 'https://evil.example' }],
    ['the state is another one', {}, {}, { state: 'forged' }],
    ['the mail address is not verified', { email_verified: false }, {}, {}],
    ['no group has a role', { groups: ['everybody'] }, {}, {}],
    ['it says no', {}, {}, { error: 'access_denied' }],
  ])('opens nothing when %s', async (_what, more, token, query) => {
    expect(await attempt(more, token, query)).toMatchObject(refused)
  })

  test('a code and its answer count once, and only in the browser where it began', async () => {
    const { flow, state, nonce } = await begin(desk)
    idp.say({ claims: claims(nonce) })
    const answer = { code: 'c', state, iss: idp.issuer }
    expect(await back(desk, '', answer)).toMatchObject(refused)
    expect(await back(desk, 'counterfoil-sso=AAAA', answer)).toMatchObject(refused)
    const other = await begin(desk)
    expect(await back(desk, other.flow, answer)).toMatchObject(refused)
    const asked = idp.tokensAsked()
    expect(await back(desk, flow, answer)).toMatchObject({ to: '/', cookie: expect.any(String), strict: true })
    expect(idp.tokensAsked()).toBe(asked + 1)
    expect(await back(desk, flow, answer)).toMatchObject(refused)
    expect(idp.tokensAsked()).toBe(asked + 1)
  })

  test('sends the browser to our own pages only, whatever the request names', async () => {
    const { flow, state, nonce } = await begin(desk)
    idp.say({ claims: claims(nonce) })
    const more = { redirect_uri: 'https://evil.example', next: '//evil.example', returnTo: 'https://evil.example' }
    expect((await back(desk, flow, { code: 'c', state, iss: idp.issuer, ...more })).to).toBe('/')
  })

  test('the role follows the groups at each sign-in; a shut account stays shut', async () => {
    const userOf = async () =>
      desk.running.database.db
        .selectFrom('app_user')
        .selectAll()
        .where('email', '=', 'kari@halden.example')
        .executeTakeFirstOrThrow()
    const first = await attempt({})
    expect((await userOf()).role).toBe('analyst')
    expect((await attempt({ groups: ['soc', 'soc-leads'] })).cookie).not.toBeNull()
    expect((await userOf()).role).toBe('lead')
    // What was open with the role of before is over.
    expect((await fetch(`${desk.origin}/api/me`, { headers: { cookie: first.cookie ?? '' } })).status).toBe(401)
    expect(await attempt({ groups: [] })).toMatchObject(refused)
    await desk.running.database.db
      .updateTable('app_user')
      .set({ disabled: true })
      .where('email', '=', 'kari@halden.example')
      .execute()
    expect(await attempt({})).toMatchObject(refused)
    await desk.running.database.db
      .updateTable('app_user')
      .set({ disabled: false })
      .where('email', '=', 'kari@halden.example')
      .execute()
  })

  test('an account that is there is not taken over by its address; its owner ties the two together', async () => {
    const { user, cookie } = await signedIn(desk, 'auditor')
    const theirs = { sub: 'u-77', email: user.email }
    expect(await attempt(theirs)).toMatchObject(refused)
    const key = await new SoftPasskey().register(desk.running.database.db, user.id)
    const tie = (proof: object | null) => apiAs(desk, cookie, 'POST', '/api/me/sso', { proof })
    // Whoever has only the session ties no identity of theirs to the account.
    await expect(tie(null)).rejects.toThrow('said 400')
    await expect(tie({ password: 'a guess of somebody', code: '000000' })).rejects.toThrow('said 401')
    const given = await apiAs(desk, cookie, 'POST', '/api/me/passkeys/add-options', {})
    const response = key.sign(given as unknown as { challenge: string }, desk.origin)
    const { flow, state, nonce } = await begin(desk, '/api/me/sso', cookie, { proof: { response } })
    idp.say({ claims: claims(nonce, theirs) })
    expect((await back(desk, flow, { code: 'c', state, iss: idp.issuer })).to).toBe('/settings/me')
    const entered = await attempt(theirs)
    expect(await apiAs(desk, entered.cookie ?? '', 'GET', '/api/me')).toMatchObject({
      user: { id: user.id, role: 'auditor' },
      method: 'sso',
    })
  })
})

test('a key that is new at the identity provider is fetched, not refused for ever', async () => {
  const idp = await startRogueIdp()
  const desk = await deskWith(idp.issuer, { users: 'just-in-time' })
  const enter = async (key: 'known' | 'next') => {
    const { flow, state, nonce } = await begin(desk)
    const now = Math.floor(Date.now() / 1000)
    const who = { sub: 'u-2', email: 'jo@halden.example', email_verified: true, groups: ['soc'] }
    idp.say({ claims: { iss: idp.issuer, aud: 'counterfoil', nonce, iat: now, exp: now + 300, ...who }, key })
    return back(desk, flow, { code: 'c', state, iss: idp.issuer })
  }
  expect((await enter('known')).cookie).not.toBeNull()
  idp.rotate()
  // Keys are asked for again after a minute at the earliest.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  try {
    expect((await enter('next')).cookie).not.toBeNull()
  } finally {
    vi.useRealTimers()
  }
  await idp.stop()
})

/** A browser as far as the provider's own pages need one. */
async function browse(start: string, stopAt: string, login: string): Promise<URL> {
  const jar = new Map<string, string>()
  let next = start
  let form: URLSearchParams | null = null
  for (let step = 0; step < 20; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const said: Response = await fetch(next, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === null ? {} : { method: 'POST', body: form }),
    })
    for (const one of said.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(one) ?? []
      jar.set(name, value)
    }
    form = null
    const location = said.headers.get('location')
    if (location !== null) {
      const to = new URL(location, next)
      if (to.href.startsWith(stopAt)) return to
      next = to.href
      continue
    }
    const page = await said.text()
    const [, action = ''] = /action="([^"]+)"/.exec(page) ?? []
    const [, prompt = ''] = /name="prompt" value="([^"]+)"/.exec(page) ?? []
    if (action === '') throw new Error(`no form on ${next}: ${page.slice(0, 300)}`)
    form = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'x' } : { prompt })
    next = new URL(action, next).href
  }
  throw new Error('the provider leads nowhere')
}

test('with a real OpenID provider: whoever was invited signs in, nobody else does', { timeout: 60_000 }, async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const desk = await deskWith(issuer)
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: 'counterfoil', client_secret: 'a-secret-of-the-client' },
        redirect_uris: [`${desk.origin}/api/sign-in/sso/callback`],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@halden.example`, email_verified: true, name: `Real ${id}` }),
    }),
    cookies: { keys: ['a-key-of-the-test'] },
  })
  server.on('request', provider.callback())
  const enter = async (login: string) => {
    const { away, flow } = await begin(desk)
    const to = await browse(away, `${desk.origin}/api/sign-in/sso/callback`, login)
    return back(desk, flow, Object.fromEntries(to.searchParams))
  }
  expect(await enter('nobody')).toMatchObject(refused)
  const administrator = (await signedIn(desk, 'administrator')).cookie
  await apiAs(desk, administrator, 'POST', '/api/users/invite', { email: 'mara@halden.example', role: 'auditor' })
  const entered = await enter('mara')
  expect(await apiAs(desk, entered.cookie ?? '', 'GET', '/api/me')).toMatchObject({
    user: { email: 'mara@halden.example', name: 'Real mara', role: 'auditor' },
    method: 'sso',
  })
  expect((await enter('mara')).cookie).not.toBeNull()
  // The invitation is used up.
  expect(await apiAs(desk, administrator, 'GET', '/api/invitations')).toMatchObject({ invitations: [] })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('the door is shut until it is configured', async () => {
  const desk = await deskBy({})
  const asked = await fetch(`${desk.origin}/api/sign-in/sso`, { method: 'POST', headers: { origin: desk.origin } })
  expect(asked.status).toBe(404)
  expect((await fetch(`${desk.origin}/api/sign-in/sso/callback?code=c&state=s`)).status).toBe(404)
  expect(await (await fetch(`${desk.origin}/api/sign-in`)).json()).toMatchObject({ sso: null })
})

test('signing out everywhere ends every session of mine, and nobody else’s', async () => {
  const desk = desks[0]
  if (desk === undefined) throw new Error('no desk')
  const { cookie, user } = await signedIn(desk, 'analyst')
  const other = (await signedIn(desk, 'analyst')).cookie
  const second = await openSession(
    desk.running.database.db,
    { userId: user.id, method: 'passkey', userAgent: '', address: '' },
    new Date(),
  )
  await apiAs(desk, cookie, 'POST', '/api/sign-out/everywhere')
  const look = async (one: string) => (await fetch(`${desk.origin}/api/me`, { headers: { cookie: one } })).status
  expect([await look(cookie), await look(`counterfoil=${second.token}`), await look(other)]).toEqual([401, 401, 200])
})
