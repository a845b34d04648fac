import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession } from '../../src/db/sessions.ts'
import { totpCode } from '../../src/kit/totp.ts'
import { type Signer, signer } from '../approval-desk.ts'
import { seriousIn } from '../axe.ts'
import { addAuthenticator, type Opened, openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { apiAs, type Desk, signedIn, startDesk } from '../desk.ts'
import { openWith } from '../desk-here.ts'
import { exportJudged } from '../export-judged.ts'
import { answerForTwo, bring, clickAs, sayTo, signReleaseAs, statementOf } from '../release-desk.ts'
import { SoftPasskey } from '../soft-passkey.ts'

let database: FreshDatabase
let desk: Desk
let browser: Browser
let administrator: { readonly cookie: string; readonly token: string; readonly user: { readonly id: string } }
let lead: Signer
beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  browser = await startBrowser()
  administrator = await signedIn(desk, 'administrator', 'Ada Admin')
  lead = await signer(desk, 'lead', 'Kari Dahl', 'kari@halden.example')
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
})

type Said = { readonly status: number; readonly json: Record<string, never>; readonly cookie: string }
async function call(method: string, url: string, body?: unknown, cookie = ''): Promise<Said> {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { origin: desk.origin, cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const given = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return { status: response.status, json: (await response.json()) as Said['json'], cookie: given }
}
const lives = async (cookie: string): Promise<boolean> =>
  (await call('GET', '/api/me', undefined, cookie)).status === 200
const step = (): number => Math.floor(Date.now() / 30_000)
async function byPasskey(key: SoftPasskey): Promise<Said> {
  const options = (await call('POST', '/api/sign-in/passkey-options')).json as unknown as { challenge: string }
  return call('POST', '/api/sign-in/passkey', { response: key.sign(options, desk.origin) })
}
const removals = async (userId: string) =>
  (
    await database.db
      .selectFrom('ledger_entry')
      .select('leaf')
      .where('subject', '=', `user:${userId}`)
      .where('leaf', 'like', '%passkeyRemoved%')
      .orderBy('at')
      .execute()
  ).map(({ leaf }) => JSON.parse(leaf) as { actor: string; body: Record<string, unknown> })
/** Another session of somebody, as if they had signed in with a password. */
async function freshSession(userId: string): Promise<string> {
  const about = { userId, method: 'password', userAgent: 'test', address: '127.0.0.1' }
  return `counterfoil=${(await openSession(database.db, about, new Date())).token}`
}

const password = 'correct horse battery staple'
/** Somebody who signs in by password and one-time code. */
async function byPassword(email: string, name: string) {
  const invited = await call('POST', '/api/users/invite', { email, role: 'approver' }, administrator.cookie)
  const token = String(invited.json['link']).split('#')[1] ?? ''
  const secret = String((await call('POST', '/api/welcome/code', { token, email })).json['secret'])
  const made = { token, email, name, password, code: totpCode(secret, step()) }
  const { cookie } = await call('POST', '/api/welcome/password', made)
  const me = (await call('GET', '/api/me', undefined, cookie)).json as unknown as { user: { id: string } }
  return { cookie, secret, userId: me.user.id }
}

type Challenge = { readonly challenge: string }

test('whoever holds a session alone adds no passkey, and so neither signs by one nor takes the others away', async () => {
  const { cookie, secret, userId } = await byPassword('mona@halden.example', 'Mona Lie')
  const ask = (proof: object | null) => call('POST', '/api/me/passkey-options', { proof }, cookie)
  const keep = async (key: SoftPasskey, given: Said) =>
    call(
      'POST',
      '/api/me/passkeys',
      { name: 'Laptop', response: key.create(given.json as unknown as Challenge, desk.origin) },
      cookie,
    )
  const alone = await ask(null)
  expect([alone.status, JSON.stringify(alone.json)]).toEqual([400, expect.stringContaining('Show that it is you')])
  expect((await ask({ password: 'wrong horse battery staple', code: '000000' })).status).toBe(401)
  expect((await call('POST', '/api/me/passkeys/add-options', {}, cookie)).status).toBe(400)

  const first = new SoftPasskey()
  const given = await ask({ password, code: totpCode(secret, step() + 1) })
  expect((await keep(first, given)).status).toBe(200)
  // One challenge is for one passkey.
  expect((await keep(new SoftPasskey(), given)).status).toBe(401)

  const toAdd = async () =>
    (await call('POST', '/api/me/passkeys/add-options', {}, cookie)).json as unknown as Challenge
  const toRemove = async () =>
    (await call('POST', `/api/me/passkeys/${first.id}/remove-options`, {}, cookie)).json as unknown as Challenge
  const signIn = (await call('POST', '/api/sign-in/passkey-options')).json as unknown as Challenge
  expect((await ask(null)).status).toBe(400)
  const shown = [
    await ask({ response: first.sign(signIn, desk.origin) }),
    await ask({ response: lead.key.sign(await toAdd(), desk.origin) }),
    await ask({ response: new SoftPasskey().sign(await toAdd(), desk.origin) }),
    await call(
      'POST',
      `/api/me/passkeys/${first.id}/remove`,
      { proof: { response: first.sign(await toAdd(), desk.origin) } },
      cookie,
    ),
  ]
  expect(shown.map(({ status }) => status)).toEqual(shown.map(() => 401))
  expect((await removals(userId)).length).toBe(0)

  const second = new SoftPasskey()
  const proof = { response: first.sign(await toAdd(), desk.origin) }
  expect((await keep(second, await ask(proof))).status).toBe(200)
  expect((await ask(proof)).status).toBe(401)
  // What was given out to remove one adds none.
  expect((await ask({ response: second.sign(await toRemove(), desk.origin) })).status).toBe(401)

  // An account of the identity provider has nothing else to show before its first.
  const ivar = await signedIn(desk, 'approver', 'Ivar Moe')
  const fresh = await call('POST', '/api/me/passkey-options', { proof: null }, ivar.cookie)
  expect(fresh.status).toBe(200)
})

test('a link for a new passkey is made once more for whoever is shut out, with a reason; the one before ends', async () => {
  const oda = await signer(desk, 'analyst', 'Oda Vik', 'oda@halden.example')
  const url = `/api/users/${oda.id}/passkeys/${oda.key.id}/remove`
  const again = (reason: string) => call('POST', `/api/users/${oda.id}/passkey-link`, { reason }, administrator.cookie)
  const tokenOf = (said: Said) =>
    ((said.json['link'] as unknown as { address: string } | undefined)?.address ?? '').split('#')[1] ?? ''
  const works = async (token: string) => (await call('POST', '/api/welcome', { token })).status
  expect((await again('To be sure.')).status).toBe(409)
  // By the identity provider, on the device that is gone.
  const onThePhone = await freshSession(oda.id)
  const first = tokenOf(await call('POST', url, { reason: 'Lost.' }, administrator.cookie))
  expect(await lives(onThePhone)).toBe(false)
  expect(await works(first)).toBe(200)
  // Whoever signs in by the identity provider again adds none in place of the one that was taken away.
  const elsewhere = await call('POST', '/api/me/passkey-options', { proof: null }, await freshSession(oda.id))
  expect([elsewhere.status, JSON.stringify(elsewhere.json)]).toEqual([400, expect.stringContaining('an administrator')])
  expect((await again(' ')).status).toBe(400)
  const second = tokenOf(await again('The window was closed.'))
  expect([await works(first), await works(second)]).toEqual([410, 200])
  // Shut and opened again: what was handed out before opens nothing.
  for (const disabled of [true, false]) await call('PATCH', `/api/users/${oda.id}`, { disabled }, administrator.cookie)
  expect(await works(second)).toBe(410)
  const third = tokenOf(await again('The account was shut meanwhile.'))
  const who = { token: third, email: oda.email, name: 'Oda Vik' }
  const options = (await call('POST', '/api/welcome/passkey-options', who)).json as unknown as Challenge
  const key = new SoftPasskey()
  expect(
    (await call('POST', '/api/welcome/passkey', { ...who, response: key.create(options, desk.origin) })).status,
  ).toBe(200)
  expect((await byPasskey(key)).status).toBe(200)
  expect((await again('Once more.')).status).toBe(409)
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('leaf')
    .where('leaf', 'like', '%newPasskeyLink%')
    .execute()
  expect(lines.filter(({ leaf }) => leaf.includes(oda.id)).length).toBe(3)
})

test('its owner removes a lost passkey with another factor only; the sessions it opened end, the others go on', async () => {
  const nils = await byPassword('nils@halden.example', 'Nils Berg')
  const { secret, userId } = nils
  const [lost, kept] = [
    await new SoftPasskey().register(database.db, userId),
    await new SoftPasskey().register(database.db, userId),
  ]
  const thief = await byPasskey(lost)
  expect([thief.status, await lives(thief.cookie)]).toEqual([200, true])

  // Whoever has the lost passkey and a session by it removes nothing: not it, not the other one.
  const remove = (id: string, proof: object, cookie = nils.cookie) =>
    call('POST', `/api/me/passkeys/${id}/remove`, { why: 'Left on a train.', proof }, cookie)
  const options = async (id: string, cookie = nils.cookie) =>
    (await call('POST', `/api/me/passkeys/${id}/remove-options`, {}, cookie)).json as unknown as { challenge: string }
  const signIn = (await call('POST', '/api/sign-in/passkey-options')).json as unknown as { challenge: string }
  const refused = [
    await remove(lost.id, { password: 'wrong horse battery staple', code: '000000' }),
    await remove(lost.id, { response: lost.sign(await options(lost.id), desk.origin) }),
    await remove(lost.id, { response: lead.key.sign(await options(lost.id), desk.origin) }),
    // What was given out to sign in, or to remove another one, shows nothing here.
    await remove(lost.id, { response: kept.sign(signIn, desk.origin) }),
    await remove(lost.id, { response: kept.sign(await options(kept.id), desk.origin) }),
    await remove(kept.id, { response: kept.sign(await options(kept.id, thief.cookie), desk.origin) }, thief.cookie),
  ]
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401))
  expect(await removals(userId)).toEqual([])

  const given = await options(lost.id)
  expect((await remove(lost.id, { response: kept.sign(given, desk.origin) })).status).toBe(200)
  expect([await lives(thief.cookie), await lives(nils.cookie)]).toEqual([false, true])
  expect((await byPasskey(lost)).status).toBe(401)
  expect((await byPasskey(kept)).status).toBe(200)
  const [line] = await removals(userId)
  expect(line).toMatchObject({
    actor: `user:${userId}`,
    body: {
      passkeyRemoved: lost.id,
      name: 'Phone',
      why: 'Left on a train.',
      factor: 'another passkey',
      sessionsEnded: 1,
    },
  })

  // The last one goes by password and code, which counts once.
  const proof = { password, code: totpCode(secret, step() + 1) }
  expect((await remove(kept.id, proof)).status).toBe(200)
  expect((await remove(kept.id, proof)).status).toBe(401)
  expect((await call('GET', '/api/me', undefined, nils.cookie)).json).toMatchObject({ passkeys: [], hasPassword: true })
  expect((await removals(userId)).map(({ body }) => body['factor'])).toEqual(['another passkey', 'password and code'])
})

test('an administrator removes it with a reason; what it signed holds for both verifiers, it signs nothing more, and no click takes its place', async () => {
  const ana = await signer(desk, 'approver', 'Ana Ruiz', 'ana@halden.example')
  const signed = await answerForTwo(desk, lead.cookie)
  expect((await clickAs(desk, lead.cookie, signed)).status).toBe(200)
  expect((await signReleaseAs(desk, ana, signed)).status).toBe(200)
  const other = await answerForTwo(desk, lead.cookie)
  expect((await clickAs(desk, lead.cookie, other)).status).toBe(200)
  const given = await statementOf(desk, ana, other)

  const listed = await call('GET', `/api/users/${ana.id}/passkeys`, undefined, administrator.cookie)
  expect(listed.json).toMatchObject({ passkeys: [{ id: ana.key.id, name: 'Phone' }] })
  const remove = (reason: string, cookie = administrator.cookie, of = ana.id) =>
    call('POST', `/api/users/${of}/passkeys/${ana.key.id}/remove`, { reason }, cookie)
  expect((await remove('Stolen.', lead.cookie)).status).toBe(403)
  expect((await remove(' ')).status).toBe(400)
  expect((await remove('Stolen.', administrator.cookie, administrator.user.id)).status).toBe(400)
  expect((await remove('Stolen.', administrator.cookie, lead.id)).status).toBe(404)
  const done = await remove('Stolen in Oslo.')
  expect([done.status, await lives(ana.cookie)]).toEqual([200, false])
  // She has no other way in: the administrator hands over a link for a new passkey.
  expect(done.json['link']).toMatchObject({ address: expect.stringContaining('/welcome#') })
  expect((await remove('Again.')).status).toBe(404)
  expect(await removals(ana.id)).toMatchObject([
    { actor: `user:${administrator.user.id}`, body: { passkeyRemoved: ana.key.id, why: 'Stolen in Oslo.' } },
  ])

  const cookie = await freshSession(ana.id)
  expect((await bring(desk, { cookie, key: ana.key }, other, given)).status).toBe(403)
  const click = await clickAs(desk, cookie, other)
  expect([click.status, click.json['code'] ?? click.json.error?.code]).toEqual([409, 'reply.no-passkey'])
  expect((await sayTo(desk, cookie, `/api/replies/${other}/statement`, { version: 1, digest: null })).status).not.toBe(
    200,
  )

  const judged = await exportJudged(desk)
  expect(judged.product).toMatchObject({ ok: true, releases: 1, problems: [] })
  expect(judged.script).toContain('It holds.')
})

const at = (token: string, width = 1440): Promise<Opened> =>
  openWith(browser, desk, token, { viewport: { width, height: 900 } })

test('on the pages: by its owner with another passkey, by an administrator with a reason, and back in by the link', {
  timeout: 180_000,
}, async () => {
  const lene = await signedIn(desk, 'analyst', 'Lene Berg')
  const mine = await at(lene.token)
  await addAuthenticator(mine.page)
  await mine.page.goto(`${desk.origin}/settings/me`)
  await mine.page.getByLabel('Name of the new one').fill('Handset')
  await mine.page.getByRole('button', { name: 'Add a passkey' }).click()
  await mine.page.getByRole('button', { name: 'Remove Handset…' }).click()
  await mine.page.getByText('It is your only way in.').waitFor()
  await new SoftPasskey().register(database.db, lene.user.id)
  await mine.page.reload()
  await mine.page.getByRole('button', { name: 'Remove Phone…' }).click()
  await mine.page.getByRole('region', { name: 'Remove Phone' }).waitFor()
  expect(await seriousIn(mine.page)).toEqual([])
  await mine.page.setViewportSize({ width: 390, height: 844 })
  await mine.page.emulateMedia({ colorScheme: 'dark' })
  expect(await seriousIn(mine.page)).toEqual([])
  await mine.page.getByRole('button', { name: 'Remove it, by another passkey' }).click()
  await mine.page.getByRole('region', { name: 'Remove Phone' }).waitFor({ state: 'detached' })
  await mine.page.getByRole('button', { name: 'Remove Handset…' }).waitFor()
  expect(mine.problems).toEqual([])
  await mine.context.close()

  const desktop = await at(administrator.token)
  await desktop.page.goto(`${desk.origin}/settings/users`)
  await desktop.page.getByRole('button', { name: 'Passkeys of Lene Berg' }).click()
  const dialog = desktop.page.getByRole('dialog', { name: 'Passkeys of Lene Berg' })
  const remove = dialog.getByRole('button', { name: 'Remove Handset' })
  await remove.waitFor()
  expect(await remove.isDisabled()).toBe(true)
  await dialog.getByLabel('Why, for the ledger').fill('Fell into the fjord.')
  expect(await seriousIn(desktop.page)).toEqual([])
  await remove.click()
  await dialog.getByText('Lene Berg has no way in any more.').waitFor()
  expect(await seriousIn(desktop.page)).toEqual([])
  const link = await dialog.locator('.mono').innerText()
  expect(desktop.problems).toEqual([])
  await desktop.context.close()

  const back = await openPage(browser, { viewport: { width: 390, height: 844 } })
  await addAuthenticator(back.page)
  await back.page.goto(link)
  await back.page.getByRole('heading', { name: 'A new passkey for you' }).waitFor()
  expect(await seriousIn(back.page)).toEqual([])
  await back.page.getByRole('button', { name: 'Make a passkey and sign in' }).click()
  await back.page.getByRole('heading', { name: 'Queue' }).waitFor()
  const me = await back.page.evaluate("fetch('/api/me').then((answer) => answer.json())")
  expect(me).toMatchObject({ user: { id: lene.user.id, role: 'analyst' }, passkeys: [{ name: 'New passkey' }] })
  // The link is used up.
  const token = link.split('#')[1] ?? ''
  expect((await call('POST', '/api/welcome', { token })).status).toBe(410)
  expect(back.problems).toEqual([])
  await back.context.close()
  expect(await apiAs(desk, administrator.cookie, 'GET', '/api/users')).toMatchObject({ users: expect.any(Array) })
})
