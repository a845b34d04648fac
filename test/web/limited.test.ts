import { beforeAll, describe, expect, test } from 'vitest'
import { notify } from '../../src/db/live.ts'
import { insertPersonQuestion } from '../../src/db/person-questions.ts'
import { newSecret, sha256Hex } from '../../src/kit/digest.ts'
import { type ApiAnswer, apiAnswerForm } from '../../src/model/provider-api.ts'
import { addProvider, alertOf, deskProvider, mailBytes, post, signedIn, until } from '../desk.ts'
import { deskHere } from '../desk-here.ts'
import { hearLive } from '../live-stream.ts'

/** What people see who are not of the desk: an asset owner, and the analyst of one of two providers. */
const { database, desk } = await deskHere()
const ours = { id: '', ticket: 'NW-1' }
const others = { id: '', ticket: 'SB-1' }
let theirReply: string
let othersReply: string
let analyst: string
let owner: { cookie: string; email: string }
const secretText = 'Draft: the host is fin-app02, owner Mara Weiss.'

beforeAll(async () => {
  const northwatch = await addProvider(desk)
  const southbay = await addProvider(desk, {
    ...deskProvider,
    ...{ id: 'southbay', name: 'Southbay SOC', addresses: ['soc@southbay.example'], domains: ['southbay.example'] },
  })
  const mail = (ticket: string, host: string, from: string) => ({
    subject: `[${ticket}] High: Beaconing`,
    body: `Ticket: ${ticket}\nRule: Beaconing\nSeverity: High\nHost: ${host}\nDestination IP: 203.0.113.9\n`,
    from,
  })
  ours.id = await alertOf(desk, await post(desk, northwatch, mail('NW-1', 'fin-app02', 'soc@northwatch.example')))
  others.id = await alertOf(desk, await post(desk, southbay, mail('SB-1', 'lab-printer', 'soc@southbay.example')))
  theirReply = await reply(ours.id, 'northwatch', 'sent')
  othersReply = await reply(others.id, 'southbay', 'sent')
  for (const state of ['draft', 'held', 'cancelled', 'unconfirmed']) await reply(ours.id, 'northwatch', state)
  analyst = (await signedIn(desk, 'provider-analyst', 'Pat of Northwatch', 'northwatch')).cookie
  const { cookie, user } = await signedIn(desk, 'asset-owner', 'Mara Weiss')
  owner = { cookie, email: user.email }
  await asset('fin-app02', owner.email)
  await asset('lab-printer', 'somebody.else@halden.example')
})

const sampleAnswer = () =>
  mailBytes({ subject: 'Re: Beaconing', body: 'The host is HOST-1, its owner knows.', from: 'desk@halden.example' })

async function reply(alertId: string, provider: string, state: string, bytes = sampleAnswer()): Promise<string> {
  const id = crypto.randomUUID()
  await database.db
    .insertInto('reply')
    .values({
      ...{
        id,
        alert_id: alertId,
        provider_id: provider,
        state,
        text: secretText,
        recipients: ['soc@northwatch.example'],
      },
      ...{ subject: 'Re: Beaconing', message_id: `${id}@halden.example`, decision_id: null, digest: sha256Hex(bytes) },
      ...{ bytes, created_at: new Date(), sent_at: state === 'sent' ? new Date() : null },
    })
    .execute()
  return id
}

async function asset(name: string, ownerEmail: string): Promise<void> {
  const lead = (await signedIn(desk, 'lead')).cookie
  const said = await call('PUT', `/api/assets/${name}`, lead, { source: 'cmdb', name, ownerEmail, role: 'payroll' })
  expect(said.status).toBe(200)
}

async function call(method: string, url: string, cookie: string, body?: unknown) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, body: (text.startsWith('{') ? JSON.parse(text) : {}) as never }
}

describe('the analyst of a provider', () => {
  const portal = (url: string, cookie = analyst) => call('GET', `/api/portal${url}`, cookie)

  test('sees their own tickets and what was released about them, and nothing else', async () => {
    const list = await portal('/alerts')
    expect(list.body).toMatchObject({
      provider: 'Northwatch MDR',
      rows: [{ id: ours.id, ticket: 'NW-1', severity: 'high', state: 'answered' }],
    })
    const one = await portal(`/alerts/${ours.id}`)
    expect(one.body).toMatchObject({ replies: [{ id: theirReply, text: expect.stringContaining('HOST-1') }] })
    expect((one.body as { replies: unknown[] }).replies).toHaveLength(1)
    const raw = await portal(`/replies/${theirReply}/raw`)
    expect(raw).toMatchObject({ status: 200, text: expect.stringContaining('HOST-1') })
    // Neither what we know, nor the draft, nor anybody else's.
    for (const { text } of [list, one, raw]) {
      expect(text).not.toMatch(/Mara|payroll|southbay|SB-1|lab-printer/i)
      expect(text).not.toContain(secretText)
    }
  })

  test('finds nothing of another provider by id, by search, or by download', async () => {
    for (const url of [`/alerts/${others.id}`, `/replies/${othersReply}/raw`, `/alerts/${crypto.randomUUID()}`])
      expect((await portal(url)).status, url).toBe(404)
    for (const q of ['SB-1', 'southbay', '%', "' or true --"])
      expect((await portal(`/alerts?q=${encodeURIComponent(q)}`)).body, q).toMatchObject({ rows: [] })
    expect((await portal('/alerts?q=beaconing')).body).toMatchObject({ rows: [{ id: ours.id }] })
    for (const state of ['draft', 'held', 'cancelled', 'unconfirmed']) {
      const { id } = await database.db
        .selectFrom('reply')
        .select('id')
        .where('state', '=', state)
        .executeTakeFirstOrThrow()
      expect((await portal(`/replies/${id}/raw`)).status, state).toBe(404)
    }
  })

  test('what they were sent is downloaded under a name that says what it is: a mail, or what was said through their API', async () => {
    const answer: ApiAnswer = {
      ...{ form: apiAnswerForm, api: 'crowdstrike', system: 'falcon', address: '', ticket: 'NW-1' },
      ...{ status: null, verdict: null, comment: 'HOST-1 is known.', mark: 'm' },
      requests: [{ tells: ['comment'], method: 'POST', path: '/x', type: 'application/json', body: '{}' }],
    }
    const id = await reply(ours.id, 'northwatch', 'sent', Buffer.from(JSON.stringify(answer)))
    const nameOf = async (of: string) =>
      (
        await fetch(`${desk.origin}/api/portal/replies/${of}/raw`, {
          headers: { cookie: analyst, origin: desk.origin },
        })
      ).headers.get('content-disposition')
    expect(await nameOf(id)).toContain(`reply-${id.slice(0, 8)}.json`)
    expect(await nameOf(theirReply)).toContain(`reply-${theirReply.slice(0, 8)}.eml`)
    await database.db.deleteFrom('reply').where('id', '=', id).execute()
  })

  test('a reply that was moved to a ticket of another provider is not theirs', async () => {
    const id = await reply(others.id, 'northwatch', 'sent')
    expect((await portal(`/replies/${id}/raw`)).status).toBe(404)
    await database.db.deleteFrom('reply').where('id', '=', id).execute()
  })

  test('who is bound to no provider sees nothing, and the binding goes with the role', async () => {
    const unbound = await signedIn(desk, 'provider-analyst')
    expect(await portal('/alerts', unbound.cookie)).toMatchObject({ status: 403 })
    const administrator = (await signedIn(desk, 'administrator')).cookie
    const change = (body: object) => call('PATCH', `/api/users/${unbound.user.id}`, administrator, body)
    expect((await change({ role: 'provider-analyst' })).body).toMatchObject({ details: [{ field: 'providerId' }] })
    expect((await change({ role: 'provider-analyst', providerId: 'nobody' })).status).toBe(400)
    expect((await change({ role: 'provider-analyst', providerId: 'southbay' })).status).toBe(200)
    expect((await change({ role: 'auditor', providerId: 'southbay' })).status).toBe(200)
    const bound = await database.db
      .selectFrom('app_user')
      .select('provider_id')
      .where('id', '=', unbound.user.id)
      .executeTakeFirst()
    expect(bound?.provider_id).toBeNull()
  })

  test.each(['provider-analyst', 'asset-owner'] as const)(
    'a %s hears on the live stream that we are there, and of nothing',
    async (role) => {
      const [theirs, mine] = [
        await hearLive(desk, (await signedIn(desk, role)).cookie),
        await hearLive(desk, (await signedIn(desk, 'analyst')).cookie),
      ]
      await notify(database.db, `alert:${others.id}`)
      await until('the desk to hear it', async () => mine.heard().includes(others.id))
      expect(theirs.heard()).toContain('hello')
      expect(theirs.heard()).not.toContain('alert')
      await Promise.all([theirs.stop(), mine.stop()])
    },
  )

  test('is not told how much there is', async () => {
    expect((await call('GET', '/api/me', analyst)).body).toMatchObject({
      alerts: 0,
      permissions: ['self.manage', 'live.listen', 'portal.see', 'portal.ask'],
    })
  })
})

describe('an asset owner', () => {
  const asked = async (email: string, hours = 24): Promise<string> => {
    const token = newSecret()
    const now = Date.now()
    await insertPersonQuestion(database.db, token, {
      ...{ alertId: ours.id, runId: null, stepPath: null, findingId: null, email, name: null },
      ...{ what: 'A login at 03:12 on fin-app02', askedAt: new Date(now).toISOString() },
      expiresAt: new Date(now + hours * 3600_000).toISOString(),
    })
    return sha256Hex(token).slice(0, 32)
  }
  const answer = (id: string, body: object = { answer: 'yes', comment: 'the nightly job' }) =>
    call('POST', `/api/owned/questions/${id}`, owner.cookie, body)

  test('sees their own assets and questions, and of alerts only that there is one', async () => {
    const mine = await asked(owner.email.toUpperCase())
    await asked('somebody.else@halden.example')
    const seen = await call('GET', '/api/owned', owner.cookie)
    expect(seen.body).toMatchObject({
      assets: [{ name: 'fin-app02' }],
      questions: [{ id: mine, state: 'open' }],
      alerts: [{ assets: ['fin-app02'], severity: 'high', state: 'looked-at' }],
    })
    expect(seen.text).not.toMatch(/lab-printer|Beaconing|203\.0\.113|northwatch|SB-1/i)
  })

  test('an asset that a better source gives to somebody else is not theirs any more', async () => {
    const { cookie, user } = await signedIn(desk, 'asset-owner')
    await asset('shared-01', user.email)
    expect((await call('GET', '/api/owned', cookie)).body).toMatchObject({ assets: [{ name: 'shared-01' }] })
    const lead = (await signedIn(desk, 'lead')).cookie
    const edit = { field: 'ownerEmail', value: 'new.owner@halden.example', note: '' }
    expect((await call('PATCH', '/api/assets/shared-01', lead, edit)).status).toBe(200)
    expect((await call('GET', '/api/owned', cookie)).body).toMatchObject({ assets: [], alerts: [] })
  })

  test('answers once what they were asked, and never what somebody else was', async () => {
    const [mine, theirs, over] = [
      await asked(owner.email),
      await asked('somebody.else@halden.example'),
      await asked(owner.email, -1),
    ]
    expect((await answer(theirs)).status).toBe(404)
    expect((await answer('0'.repeat(32))).status).toBe(404)
    expect((await answer(over)).status).toBe(410)
    expect((await answer(mine, { answer: 'maybe' })).status).toBe(400)
    expect((await answer(mine)).status).toBe(200)
    expect((await answer(mine, { answer: 'no' })).status).toBe(410)
    const finding = await database.db
      .selectFrom('finding')
      .select(['answer', 'query'])
      .where('question', '=', 'was-this-you')
      .where('alert_id', '=', ours.id)
      .executeTakeFirstOrThrow()
    expect(finding).toMatchObject({ answer: { answer: 'yes', by: owner.email }, query: `${owner.email}, signed in` })
  })
})
