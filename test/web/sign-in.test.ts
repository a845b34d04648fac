import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addressOfLink, demoLink, firstRunLink, inviteMs } from '../../src/http/links.ts'
import { totpCode } from '../../src/kit/totp.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { type Desk, signedIn, startDesk } from '../desk.ts'

let database: FreshDatabase
let desk: Desk
let now = new Date('2026-11-20T08:00:00Z')

beforeAll(async () => {
  database = await freshDatabase()
  // The tests are a proxy in front of the desk, so that people come from different networks.
  const config = { trustedProxies: ['127.0.0.1', '::1'] }
  desk = await startDesk({ databaseUrl: database.url, clock: { now: () => now }, config: { http: config } })
})
afterAll(async () => {
  await desk.stop()
  await database.close()
})

type Said = { status: number; body: Record<string, never>; cookie: string; setCookie: string }

async function call(method: string, url: string, body?: unknown, cookie = '', from = '192.0.2.1'): Promise<Said> {
  const response = await fetch(desk.origin + url, {
    method,
    headers: {
      origin: desk.origin,
      cookie,
      'x-forwarded-for': from,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const setCookie = response.headers.get('set-cookie') ?? ''
  return {
    status: response.status,
    body: (await response.json()) as Record<string, never>,
    cookie: setCookie.split(';')[0] ?? '',
    setCookie,
  }
}

const step = (): number => Math.floor(now.getTime() / 30_000)
const later = (ms: number): void => {
  now = new Date(now.getTime() + ms)
}
const password = 'correct horse battery staple'
let secret = ''

test('the first-run link makes the first administrator, once, and shows its secrets to nobody else', async () => {
  const link = desk.running.firstRun ?? ''
  const token = link.split('#')[1] ?? ''
  expect(link).toBe(addressOfLink(desk.settings, token))
  expect(token).toHaveLength(43)
  expect((await call('POST', '/api/welcome', { token })).body).toMatchObject({
    purpose: 'first-run',
    role: 'administrator',
  })
  const who = { token, email: 'Ida@Halden.example' }
  secret = String((await call('POST', '/api/welcome/code', who)).body['secret'])
  const make = (code: string, chosen = password) =>
    call('POST', '/api/welcome/password', { ...who, name: 'Ida Holm', password: chosen, code })
  expect((await make(totpCode(secret, step() - 9))).status).toBe(400)
  expect((await make(totpCode(secret, step()), 'too short')).body).toMatchObject({ details: [{ field: 'password' }] })
  const made = await make(totpCode(secret, step()))
  expect(made.status).toBe(200)
  expect(made.setCookie).toMatch(/HttpOnly/)
  expect(made.setCookie).toMatch(/SameSite=Strict/)
  expect((await call('GET', '/api/me', undefined, made.cookie)).body).toMatchObject({
    user: { email: 'ida@halden.example', role: 'administrator' },
  })
  expect(await make(totpCode(secret, step()))).toMatchObject({ status: 410, body: { code: 'link.over' } })
  expect(await firstRunLink(database.db, desk.settings, desk.running.house.clock)).toBeNull()
  const dump = await sql<{ all: string }>`select (select string_agg(to_jsonb(app_user)::text, '') from app_user)
    || (select string_agg(to_jsonb(session)::text, '') from session) || (select string_agg(to_jsonb(one_time_link)::text, '') from one_time_link) as all`.execute(
    database.db,
  )
  const all = dump.rows[0]?.all ?? ''
  expect(all).toContain('argon2id')
  for (const hidden of [secret, password, token, made.cookie.split('=')[1] ?? '']) expect(all).not.toContain(hidden)
})

test('password and code let in; the same code lets nobody in a second time', async () => {
  later(60_000)
  const body = { email: 'ida@halden.example', password, code: totpCode(secret, step()) }
  const first = await call('POST', '/api/sign-in/password', body)
  expect(first.status).toBe(200)
  expect(await call('POST', '/api/sign-in/password', body)).toMatchObject({
    status: 401,
    body: { code: 'sign-in.refused' },
  })
  later(60_000)
  const both = { ...body, code: totpCode(secret, step()) }
  const race = await Promise.all([
    call('POST', '/api/sign-in/password', both),
    call('POST', '/api/sign-in/password', both),
  ])
  expect(race.map((one) => one.status).sort((a, b) => a - b)).toEqual([200, 401])
})

test('a wrong password, a wrong code and a stranger read the same', async () => {
  later(600_000)
  const right = { email: 'ida@halden.example', password, code: totpCode(secret, step()) }
  const answers = [
    await call('POST', '/api/sign-in/password', { ...right, password: 'wrong horse battery staple' }),
    await call('POST', '/api/sign-in/password', { ...right, code: totpCode(secret, step() + 40) }),
    await call('POST', '/api/sign-in/password', { ...right, email: 'nobody@halden.example' }),
  ]
  for (const answer of answers) expect([answer.status, answer.body]).toEqual([401, answers[0]?.body])
})

test('after five misses a network waits, also with the right password, and is then let in again; the owner elsewhere is not kept out', async () => {
  later(3600_000)
  await database.db.deleteFrom('sign_in_miss').execute()
  const right = () => ({ email: 'ida@halden.example', password, code: totpCode(secret, step()) })
  const wrong = () => ({ ...right(), password: 'wrong horse battery staple' })
  const signIn = async (from: string, body: object) =>
    (await call('POST', '/api/sign-in/password', body, '', from)).status
  // Addresses of one /64 are one guesser.
  for (let miss = 0; miss < 5; miss++) expect(await signIn(`2001:db8:0:7::${miss + 1}`, wrong())).toBe(401)
  expect(await signIn('2001:db8:0:7::ffff', right())).toBe(401)
  expect(await signIn('198.51.100.4', right())).toBe(200)
  expect(await database.db.selectFrom('sign_in_miss').select(['network', 'misses']).execute()).toEqual([
    { network: '2001:db8:0:7::/64', misses: 5 },
  ])
  later(31_000)
  expect(await signIn('2001:db8:0:7::9', right())).toBe(200)
  // Who got in begins anew, and who goes on missing waits longer each time.
  for (let miss = 0; miss < 5; miss++) await signIn('198.51.100.4', wrong())
  later(31_000)
  expect(await signIn('198.51.100.4', wrong())).toBe(401)
  later(31_000)
  expect(await signIn('198.51.100.4', right())).toBe(401)
  later(30_000)
  expect(await signIn('198.51.100.4', right())).toBe(200)
  const refusals = await sql<{
    leaf: string
  }>`select leaf from ledger_entry where kind = 'user.sign-in-refused'`.execute(database.db)
  expect(refusals.rows.some((row) => row.leaf.includes('waits after misses'))).toBe(true)
})

test('an invitation is for its address and its role, and works once', async () => {
  const { cookie } = await signedIn(desk, 'administrator')
  const email = 'nils@halden.example'
  const invited = await call('POST', '/api/users/invite', { email, role: 'analyst' }, cookie)
  const token = String(invited.body['link']).split('#')[1] ?? ''
  expect((await call('POST', '/api/welcome', { token })).body).toMatchObject({
    purpose: 'invite',
    email,
    role: 'analyst',
  })
  const code = String((await call('POST', '/api/welcome/code', { token, email })).body['secret'])
  const body = { token, name: 'Nils Berg', password, code: totpCode(code, step()) }
  expect((await call('POST', '/api/welcome/password', { ...body, email: 'other@halden.example' })).body).toMatchObject({
    details: [{ field: 'email' }],
  })
  expect((await call('POST', '/api/welcome/password', { ...body, email })).body).toMatchObject({
    user: { role: 'analyst' },
  })
  expect((await call('POST', '/api/welcome', { token })).status).toBe(410)
  expect((await call('POST', '/api/users/invite', { email, role: 'analyst' }, cookie)).status).toBe(400)
  const second = await call('POST', '/api/users/invite', { email: 'late@halden.example', role: 'auditor' }, cookie)
  later(inviteMs + 1000)
  expect((await call('POST', '/api/welcome', { token: String(second.body['link']).split('#')[1] })).status).toBe(410)
})

test('open invitations are listed without their tokens, taken back once, and end with the right of who made them', async () => {
  await database.db.deleteFrom('one_time_link').execute()
  const keeper = await signedIn(desk, 'administrator', 'Ada Keeper')
  const leaver = await signedIn(desk, 'administrator', 'Lars Leaver')
  const demoted = await signedIn(desk, 'administrator')
  const invite = async (email: string, cookie: string) =>
    String((await call('POST', '/api/users/invite', { email, role: 'analyst' }, cookie)).body['link']).split('#')[1] ??
    ''
  const works = async (token: string) => (await call('POST', '/api/welcome', { token })).status
  const listed = async () =>
    (await call('GET', '/api/invitations', undefined, keeper.cookie)).body['invitations'] as unknown as {
      id: string
      email: string
      invitedBy: string
    }[]
  const kept = await invite('kept@halden.example', keeper.cookie)
  const back = await invite('back@halden.example', keeper.cookie)
  const left = await invite('left@halden.example', leaver.cookie)
  const lost = await invite('lost@halden.example', demoted.cookie)
  // A link that is in the middle of being used keeps who made it.
  await call('POST', '/api/welcome/code', { token: left, email: 'left@halden.example' })
  expect((await listed()).map((one) => one.email).sort()).toEqual(
    ['back', 'kept', 'left', 'lost'].map((name) => `${name}@halden.example`),
  )
  expect((await listed()).find((one) => one.email.startsWith('left'))?.invitedBy).toBe('Lars Leaver')
  for (const token of [kept, back, left, lost]) expect(JSON.stringify(await listed())).not.toContain(token)

  const id = (await listed()).find((one) => one.email.startsWith('back'))?.id ?? ''
  const revoke = () => call('POST', `/api/invitations/${id}/revoke`, undefined, keeper.cookie)
  expect((await revoke()).status).toBe(200)
  expect((await revoke()).status).toBe(404)
  expect(await works(back)).toBe(410)
  const change = (user: { id: string }, body: object) => call('PATCH', `/api/users/${user.id}`, body, keeper.cookie)
  expect((await change(leaver.user, { disabled: true })).status).toBe(200)
  expect((await change(demoted.user, { role: 'lead' })).status).toBe(200)
  expect([await works(left), await works(lost), await works(kept)]).toEqual([410, 410, 200])
  expect((await listed()).map((one) => one.email)).toEqual(['kept@halden.example'])
  const lines = await sql<{
    leaf: string
  }>`select leaf from ledger_entry where leaf like '%"invitation":"revoked"%'`.execute(database.db)
  expect(lines.rows).toHaveLength(3)
})

test("a demo's link signs in once, and no other link does", async () => {
  const { user, cookie } = await signedIn(desk, 'administrator')
  const token = (await demoLink(database.db, desk.settings, desk.running.house.clock, user)).split('#')[1] ?? ''
  expect((await call('POST', '/api/welcome/enter', { token })).body).toMatchObject({ user: { id: user.id } })
  expect((await call('POST', '/api/welcome/enter', { token })).status).toBe(410)
  const invited = await call('POST', '/api/users/invite', { email: 'x@halden.example', role: 'analyst' }, cookie)
  expect((await call('POST', '/api/welcome/enter', { token: String(invited.body['link']).split('#')[1] })).status).toBe(
    410,
  )
})

test('sessions end by signing out, by being ended, when the account is shut, and by time', async () => {
  const admin = await signedIn(desk, 'administrator')
  const me = (cookie: string) => call('GET', '/api/me', undefined, cookie).then((answer) => answer.status)
  const analyst = await signedIn(desk, 'analyst')
  expect(await me(analyst.cookie)).toBe(200)
  await call('POST', '/api/sign-out', undefined, analyst.cookie)
  expect(await me(analyst.cookie)).toBe(401)

  const other = await signedIn(desk, 'lead')
  const list = await call('GET', '/api/sessions', undefined, admin.cookie)
  const sessions = list.body['sessions'] as unknown as { id: string; userEmail: string }[]
  const theirs = sessions.find((session) => session.userEmail === other.user.email)
  const own = await call('GET', '/api/sessions', undefined, other.cookie)
  expect(own.body['sessions']).toHaveLength(1)
  const stranger = await signedIn(desk, 'analyst')
  expect((await call('POST', `/api/sessions/${theirs?.id}/revoke`, undefined, stranger.cookie)).status).toBe(404)
  expect((await call('POST', `/api/sessions/${theirs?.id}/revoke`, undefined, admin.cookie)).status).toBe(200)
  expect(await me(other.cookie)).toBe(401)

  expect((await call('PATCH', `/api/users/${stranger.user.id}`, { disabled: true }, admin.cookie)).status).toBe(200)
  expect(await me(stranger.cookie)).toBe(401)

  const idle = await signedIn(desk, 'analyst')
  later(13 * 3600_000)
  expect(await me(idle.cookie)).toBe(401)
})

test('the last administrator keeps role and account', async () => {
  await sql`update app_user set disabled = true where role = 'administrator'`.execute(database.db)
  const last = await signedIn(desk, 'administrator')
  const change = (body: unknown) => call('PATCH', `/api/users/${last.user.id}`, body, last.cookie)
  expect(await change({ role: 'analyst' })).toMatchObject({ status: 409 })
  expect(await change({ disabled: true })).toMatchObject({ status: 409 })
  const [one, two] = [await signedIn(desk, 'administrator'), last]
  const race = await Promise.all([
    call('PATCH', `/api/users/${one.user.id}`, { disabled: true }, two.cookie),
    call('PATCH', `/api/users/${two.user.id}`, { disabled: true }, one.cookie),
  ])
  expect(race.map((answer) => answer.status).filter((status) => status === 200)).toHaveLength(1)
})

test('sign-ins are counted by address and refused when they come too fast', async () => {
  const body = { email: 'nobody@halden.example', password: 'x', code: '000000' }
  const statuses: number[] = []
  for (let attempt = 0; attempt < 25; attempt++)
    statuses.push((await call('POST', '/api/sign-in/password', body)).status)
  expect(statuses).toContain(429)
})

test('a thousand networks fill no table: those beyond share their misses', async () => {
  const { user } = await signedIn(desk, 'analyst')
  const { noteMiss, waitsUntil, networksMax } = await import('../../src/db/sign-in-misses.ts')
  await sql`insert into sign_in_miss (user_id, network, misses, last_at)
    select ${user.id}::uuid, 'network ' || n, 1, ${now.toISOString()}::timestamptz from generate_series(1, ${networksMax}) n`.execute(
    database.db,
  )
  for (let n = 0; n < 5; n++) await noteMiss(database.db, user.id, `203.0.113.${n}`, now)
  expect(await waitsUntil(database.db, user.id, '203.0.113.99', now)).toEqual(new Date(now.getTime() + 30_000))
  expect(await waitsUntil(database.db, user.id, 'network 7', now)).toBeNull()
  later(25 * 3600_000)
  await noteMiss(database.db, user.id, '203.0.113.1', now)
  expect(
    await database.db.selectFrom('sign_in_miss').select('network').where('user_id', '=', user.id).execute(),
  ).toEqual([{ network: '203.0.113.1' }])
})

test('the limit of sign-ins counts an IPv6 /64 as one peer, and IPv4 within IPv6 as IPv4', async () => {
  const body = { email: 'nobody@halden.example', password: 'x', code: '000000' }
  const statuses = async (address: (n: number) => string) => {
    const seen: number[] = []
    for (let n = 1; n <= 21; n++) seen.push((await call('POST', '/api/sign-in/password', body, '', address(n))).status)
    return seen
  }
  const limited = [...Array.from({ length: 20 }, () => 401), 429]
  expect(await statuses((n) => `2001:db8:5:5::${n.toString(16)}`)).toEqual(limited)
  expect(await statuses((n) => (n % 2 === 0 ? '::ffff:203.0.113.9' : '203.0.113.9'))).toEqual(limited)
  expect((await call('POST', '/api/sign-in/password', body, '', '2001:db8:5:6::1')).status).toBe(401)
}, 60_000)
