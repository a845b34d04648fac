import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as ask } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { api } from '../../src/contract/api.ts'
import { safePath } from '../../src/http/routes/xray/run.ts'
import { sha256Hex } from '../../src/kit/digest.ts'
import { addProvider, alertOf, deskProvider, mailBytes, post, signedIn, until } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
let key: string
let lead: string
let administrator: string
let alertId: string
let messageId: string

beforeAll(async () => {
  key = await addProvider(desk)
  lead = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
  administrator = (await signedIn(desk, 'administrator', 'Ida Holm')).cookie
  const body =
    'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\nDestination IP: 203.0.113.9\n\nIs this expected?\n'
  messageId = await post(desk, key, { subject: '[NW-1] High: Beaconing', body })
  alertId = await alertOf(desk, messageId)
})

type Said = {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly text: string
  readonly headers: Headers
}

async function call(method: string, url: string, body?: unknown, cookie = lead): Promise<Said> {
  const form = body instanceof FormData
  const response = await fetch(desk.origin + url, {
    method,
    headers: {
      cookie,
      origin: desk.origin,
      ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    body: json ? (JSON.parse(text) as Record<string, unknown>) : {},
    text,
    headers: response.headers,
  }
}

/** Subjects of a kind of ledger line, in the order of the alphabet: lines of one millisecond have no other. */
const linesOf = async (kind: string): Promise<string[]> =>
  (
    await database.db.selectFrom('ledger_entry').select('subject').where('kind', '=', kind).orderBy('subject').execute()
  ).map((row) => row.subject)

const nobody = '00000000-0000-4000-8000-000000000000'
const version = async () => Number((await call('GET', `/api/alerts/${alertId}`)).body['version'])

describe('deciding', () => {
  const decision = {
    outcome: 'tune',
    reason: 'Our own scanner.',
    cites: [] as string[],
    withoutEvidence: true,
    version: 1,
  }
  const decide = (change: object, id = alertId) =>
    call('POST', `/api/alerts/${id}/decision`, { ...decision, ...change })

  test('needs a reason, an outcome of the list, and evidence or a word that there is none', async () => {
    expect(await decide({ reason: '  ' })).toMatchObject({ status: 400, body: { details: [{ field: 'reason' }] } })
    expect((await decide({ outcome: 'shrug' })).status).toBe(400)
    expect(await decide({ withoutEvidence: false })).toMatchObject({
      status: 400,
      body: { details: [{ field: 'cites' }] },
    })
    expect((await decide({ cites: [nobody] })).status).toBe(400)
    expect((await decide({ cites: [nobody], withoutEvidence: false, version: await version() })).status).toBe(400)
  })

  test('is refused on what is not there and on what changed meanwhile', async () => {
    expect((await decide({}, nobody)).status).toBe(404)
    expect(await decide({ version: (await version()) - 1 })).toMatchObject({
      status: 409,
      body: { code: 'state.conflict' },
    })
  })

  test('stands once, of two at once one wins, can be taken back once, and is in the ledger', async () => {
    const seen = await version()
    const race = await Promise.all([decide({ version: seen }), decide({ version: seen, outcome: 'incident' })])
    expect(race.map((one) => one.status).sort((a, b) => a - b)).toEqual([200, 409])
    const decisionId = race.find((one) => one.status === 200)?.body['decisionId']
    const undo = () => call('POST', `/api/alerts/${alertId}/decision/undo`, { decisionId })
    expect((await undo()).status).toBe(200)
    expect((await undo()).status).toBe(409)
    const kinds = await database.db
      .selectFrom('ledger_entry')
      .select('kind')
      .where('subject', '=', `alert:${alertId}`)
      .execute()
    expect(kinds.map((row) => row.kind)).toEqual(expect.arrayContaining(['decision.made', 'decision.undone']))
  })
})

test('asking again adds evidence; what a question does not ask for is refused', async () => {
  const ask = (body: object, id = alertId) => call('POST', `/api/alerts/${id}/ask`, body)
  const before = ((await call('GET', `/api/alerts/${alertId}`)).body['findings'] as unknown[]).length
  expect((await ask({ question: 'asset-of-host', ask: { host: 'ws-1' } })).status).toBe(200)
  expect(((await call('GET', `/api/alerts/${alertId}`)).body['findings'] as unknown[]).length).toBe(before + 1)
  expect((await ask({ question: 'asset-of-host', ask: { port: 1 } })).status).toBe(400)
  expect((await ask({ question: 'what-is-love', ask: {} })).status).toBe(400)
  expect((await ask({ question: 'asset-of-host', ask: { host: 'ws-1' } }, nobody)).status).toBe(404)
})

test('the bytes of a message come as they were, as text and as a download', async () => {
  const raw = await call('GET', `/api/messages/${messageId}/raw`)
  expect(sha256Hex(raw.text)).toBe(messageId)
  expect(raw.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(raw.headers.get('content-disposition')).toMatch(/^attachment; filename="message-[0-9a-f]{12}\.eml"$/)
  expect(raw.headers.get('content-security-policy')).toContain('sandbox')
  expect((await call('GET', `/api/messages/${'0'.repeat(64)}/raw`)).status).toBe(404)
  expect(await linesOf('message.downloaded')).toEqual([`message:${messageId}`])
})

test('a forged mail waits in quarantine with its reason, and is released once, with a reason and a name', async () => {
  const forged = mailBytes({
    subject: '[NW-2] High: Forged',
    body: 'Ticket: NW-2\nRule: Forged\nSeverity: High\nHost: ws-2\n',
  })
  const door = { heloName: null, envelopeFrom: null, envelopeTo: [], providerId: null, origin: 'smtp' }
  const { id } = await desk.running.receive({
    bytes: forged,
    form: 'mail',
    channel: 'smtp',
    sourceAddress: '203.0.113.5',
    ...door,
  })
  const row = await until('the forged mail to be judged', async () => {
    const { rows } = (await call('GET', '/api/quarantine')).body as {
      rows: { id: string; reason: string; claims: string | null }[]
    }
    return rows.find((one) => one.id === id)
  })
  expect(row.reason).not.toBe('')
  expect(row.claims).toBe('Northwatch MDR')
  const release = (body: object, which = id) => call('POST', `/api/quarantine/${which}/release`, body)
  expect(await release({ reason: '', providerId: 'northwatch' })).toMatchObject({ status: 400 })
  expect(await release({ reason: 'called them', providerId: 'nobody' })).toMatchObject({ status: 400 })
  expect((await release({ reason: 'x', providerId: null }, '0'.repeat(64))).status).toBe(404)
  expect((await release({ reason: 'I called them, it is theirs.', providerId: 'northwatch' })).status).toBe(200)
  expect((await release({ reason: 'again', providerId: 'northwatch' })).status).toBe(409)
  await alertOf(desk, id)
})

describe('the queue', () => {
  test('asks for an answer by the newest reply only', async () => {
    const text = 'Ticket: NW-8\nRule: Tabs\nSeverity: Low\nHost: ws-8\n'
    const id = await alertOf(desk, await post(desk, key, { subject: '[NW-8] Low: Tabs', body: text }))
    await database.db
      .updateTable('alert')
      .set({ state: 'decided', decided_at: new Date() })
      .where('id', '=', id)
      .execute()
    const reply = async (state: string, minute: number) =>
      database.db
        .insertInto('reply')
        .values({
          ...{ id: crypto.randomUUID(), alert_id: id, provider_id: 'northwatch', state, text: 'No.', recipients: [] },
          ...{ subject: 'Re', message_id: `${state}-${minute}@halden.example`, decision_id: null },
          created_at: new Date(Date.UTC(2026, 10, 2, 10, minute)),
        })
        .execute()
    const tabs = async () => {
      const within = async (tab: string) =>
        ((await call('GET', `/api/queue?tab=${tab}`)).body['rows'] as { id: string }[]).some((row) => row.id === id)
      return { answer: await within('answer'), done: await within('done') }
    }
    await reply('failed', 1)
    expect(await tabs()).toEqual({ answer: true, done: false })
    await reply('sent', 2)
    expect(await tabs()).toEqual({ answer: false, done: true })
    await reply('draft', 3)
    expect(await tabs()).toEqual({ answer: true, done: false })
  })

  test('adds up, and finds by number and by words', async () => {
    const { body } = await call('GET', '/api/queue?tab=all')
    const queue = body as unknown as {
      rows: { number: number }[]
      counts: Record<string, number>
      reconciliation: {
        received: number
        inAlerts: number
        known: { n: number }[]
        quarantined: number
        waiting: number
      }
    }
    const { received, inAlerts, known, quarantined, waiting } = queue.reconciliation
    expect(received).toBe(inAlerts + known.reduce((sum, one) => sum + one.n, 0) + quarantined + waiting)
    const number = queue.rows[0]?.number
    const rows = async (search: string) =>
      ((await call('GET', `/api/queue?tab=all&q=${encodeURIComponent(search)}`)).body['rows'] as unknown[]).length
    expect(await rows(`A-${number}`)).toBe(1)
    expect(await rows('beaconing')).toBeGreaterThan(0)
    expect(await rows('%')).toBe(0)
    expect(await rows("' or 1=1 --")).toBe(0)
  })

  test('refuses a tab that is none', async () => {
    expect((await call('GET', '/api/queue?tab=mine')).status).toBe(400)
  })
})

describe('providers', () => {
  const save = (provider: object, seen: number, cookie = lead, id = 'northwatch') =>
    call('PUT', `/api/providers/${id}`, { provider: { ...deskProvider, ...provider }, version: seen }, cookie)

  test('are changed by the version that was seen', async () => {
    expect((await save({ dryRun: true }, 1)).body).toEqual({ version: 2 })
    expect((await save({ dryRun: false }, 1)).status).toBe(409)
    expect((await save({}, 0)).status).toBe(409)
    expect((await save({ dryRun: false }, 2)).status).toBe(200)
  })

  test.each([
    [{ sourceRanges: ['everywhere'] }, 'sourceRanges'],
    [{ domains: ['no domain'] }, 'domains'],
    [{ replyAddress: 'a@b.example\r\nBcc: x@y.example' }, 'addresses'],
    [{ format: 'telepathy' }, 'format'],
    [{ trustedSealers: ['gateway.example', '*'] }, 'trustedSealers'],
    [{ mayShare: ['host', 'secret'] }, 'provider.mayShare.1'],
    [{ mayShare: ['anything'] }, 'provider.mayShare.0'],
    [{ id: 'other' }, 'id'],
  ])('are refused with %j', async (change, field) => {
    expect(await save(change, 3)).toMatchObject({ status: 400, body: { details: [{ field }] } })
  })

  test('are never "unknown", which is the bucket of messages of nobody we know', async () => {
    expect(await save({ id: 'unknown' }, 0, lead, 'unknown')).toMatchObject({
      status: 400,
      body: { details: [{ field: 'id' }] },
    })
  })

  test('get a key that is shown once and replaces the one before', async () => {
    const renewed = String((await call('POST', '/api/providers/northwatch/key')).body['key'])
    const posted = async (bearer: string) => {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'message/rfc822' }
      return (
        await fetch(`${desk.origin}/api/intake`, {
          method: 'POST',
          headers,
          body: new Uint8Array(mailBytes({ subject: 'x', body: 'y' })),
        })
      ).status
    }
    expect(await posted(renewed)).toBe(200)
    expect(await posted(key)).toBe(401)
    expect((await call('GET', '/api/providers')).text).not.toContain(renewed)
    expect((await call('POST', '/api/providers/nobody/key')).status).toBe(404)
    key = renewed
  })
})

test('intake takes JSON too, says when it has seen the bytes, and refuses what is no message', async () => {
  const send = async (body: string, type = 'application/json') => {
    const response = await fetch(`${desk.origin}/api/intake`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': type },
      body,
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const alert = JSON.stringify({ ticket: 'J-1', rule: 'Json', severity: 'high', host: 'ws-3' }, null, 2)
  const first = await send(alert)
  expect(first).toMatchObject({ status: 200, body: { fresh: true } })
  expect(first.body['id']).toBe(sha256Hex(alert))
  expect(await send(alert)).toMatchObject({ status: 200, body: { fresh: false } })
  expect((await send('{"cut": ')).status).toBe(400)
  expect((await send('<x/>', 'text/xml')).status).toBe(415)
  expect((await send('')).status).toBe(400)
})

test.each([['Bearer nobody-has-this-key'], ['Basic eDp5'], [undefined]])(
  'intake refuses the key %s before a byte of the mail is read',
  async (authorization) => {
    const headers = { 'content-type': 'message/rfc822', 'content-length': 26 * 1024 * 1024 }
    const sending = ask(`${desk.origin}/api/intake`, {
      method: 'POST',
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    })
    // Only the head leaves: an answer that waits for the body would never come.
    const status = await new Promise((resolve, reject) => {
      sending.on('response', (response) => resolve(response.statusCode))
      sending.on('error', reject)
      sending.flushHeaders()
    })
    sending.destroy()
    expect(status).toBe(401)
  },
)

test('a list is shown before it is taken', async () => {
  const upload = (preview: boolean, csv: string, mapping?: object) => {
    const form = new FormData()
    form.set('file', new File([csv], 'cmdb export.csv'))
    form.set('noun', 'assets')
    if (mapping !== undefined) form.set('mapping', JSON.stringify(mapping))
    return call('POST', preview ? '/api/imports/preview' : '/api/imports', form)
  }
  const csv = 'Hostname,Owner,Criticality\nws-1,Mara Weiss,high\nws-2,Jonas Lind,enormous\n'
  const shown = await upload(true, csv)
  expect(shown).toMatchObject({
    status: 200,
    body: { rowsIn: 2, rowsTaken: 1, columns: ['Hostname', 'Owner', 'Criticality'] },
  })
  const rows = async () =>
    ((await call('GET', '/api/imports')).body['lists'] as { noun: string; rows: number }[]).find(
      (list) => list.noun === 'assets',
    )?.rows
  expect(await rows()).toBe(0)
  expect((await upload(false, csv)).status).toBe(200)
  expect(await rows()).toBe(1)
  const empty = new FormData()
  empty.set('noun', 'assets')
  expect((await call('POST', '/api/imports', empty)).status).toBe(400)
})

test('settings are kept, and out of range refused', async () => {
  const settings = { ownDomains: ['Halden.example'], replyHoldSeconds: 5 }
  expect((await call('PUT', '/api/settings', settings, administrator)).status).toBe(200)
  expect((await call('GET', '/api/settings')).body['settings']).toEqual({
    ownDomains: ['halden.example'],
    replyHoldSeconds: 5,
    releaseSigning: 'when-they-have-one',
    secondWait: { hours: 24, remindAfterHours: [1, 4] },
  })
  expect((await call('PUT', '/api/settings', { ...settings, replyHoldSeconds: 1e9 }, administrator)).status).toBe(400)
  for (const secondWait of [
    { hours: 0, remindAfterHours: [] },
    { hours: 169, remindAfterHours: [] },
    { hours: 4, remindAfterHours: [4] },
    { hours: 24, remindAfterHours: [4, 1] },
  ])
    expect((await call('PUT', '/api/settings', { ...settings, secondWait }, administrator)).status).toBe(400)
  for (const ownDomains of [['com'], ['halden.example', 'not a domain'], ['*.example'], ['']]) {
    expect(await call('PUT', '/api/settings', { ...settings, ownDomains }, administrator)).toMatchObject({
      status: 400,
      body: { details: [{ field: 'ownDomains' }] },
    })
  }
})

test('the ledger is read by subject, and its export verifies offline', async () => {
  await desk.running.settleLedger()
  const page = await call('GET', `/api/ledger?subject=alert:${alertId}`)
  expect((page.body['rows'] as { subject: string }[]).every((row) => row.subject === `alert:${alertId}`)).toBe(true)
  const exported = await call('GET', '/api/ledger/export')
  const folder = await mkdtemp(path.join(tmpdir(), 'cf-export-'))
  const file = path.join(folder, 'ledger.jsonl')
  await writeFile(file, exported.text)
  const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'audit', 'verify', file])
  expect(stdout).not.toBe('')
  await rm(folder, { recursive: true })
  expect(await linesOf('ledger.exported')).toEqual(['ledger'])
})

test('signing out is in the ledger', async () => {
  const { user, cookie } = await signedIn(desk, 'analyst')
  expect((await call('POST', '/api/sign-out', undefined, cookie)).status).toBe(200)
  expect((await call('POST', '/api/sign-out', undefined, cookie)).status).toBe(401)
  expect(await linesOf('user.signed-out')).toEqual([`user:${user.id}`])
})

test('OpenAPI 3.1 describes every call', async () => {
  const { body } = await call('GET', '/api/openapi.json', undefined, '')
  expect(body['openapi']).toBe('3.1.0')
  const paths = body['paths'] as Record<string, Record<string, unknown>>
  for (const name of Object.keys(api)) {
    const [method = '', url = ''] = name.split(' ')
    expect(paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()], name).toBeDefined()
  }
})

test('health is public and says nothing else', async () => {
  expect((await call('GET', '/api/health', undefined, '')).body).toEqual({ ready: true })
})

test.each([
  ['inbox/a.eml', 'inbox/000001-a.eml'],
  ['../../etc/passwd', '_/_/etc/000001-passwd'],
  ['C:\\mail\\x y.msg', 'C:/mail/000001-x_y.msg'],
  ['', '000001-unnamed'],
  ['a\u0000b.eml', '000001-a_b.eml'],
  ['/absolute/.hidden', 'absolute/000001-_hidden'],
])('an uploaded name %j becomes a path inside the folder', (name, safe) => {
  expect(safePath(name, 1)).toBe(safe)
  expect(path.resolve('/box', safePath(name, 1)).startsWith('/box/')).toBe(true)
})

describe('connectors', () => {
  const settings = { host: '127.0.0.1', baseDn: 'dc=corp,dc=example' }
  const draft = { kind: 'ldap', title: 'Corp', settings, secrets: { password: 'never-shown-again' }, version: 0 }

  test('an administrator sets one up, everybody of the desk sees how it is, nobody sees its password', async () => {
    for (const [method, url, body] of [
      ['PUT', '/api/connectors/corp', draft],
      ['DELETE', '/api/connectors/corp', undefined],
      ['GET', '/api/connectors/corp', undefined],
      ['POST', '/api/connector-drafts/corp/test', draft],
      ['PUT', '/api/connectors/asset-list/watch', { silentAfterHours: 4 }],
    ] as const)
      expect([method, url, (await call(method, url, body)).status]).toEqual([method, url, 403])
    const saved = await call('PUT', '/api/connectors/corp', draft, administrator)
    expect([saved.status, saved.body['version']]).toEqual([200, 1])
    const shown = await call('GET', '/api/connectors/corp', undefined, administrator)
    expect(shown.body).toMatchObject({ kind: 'ldap', secrets: ['password'], version: 1, settings: { port: 636 } })
    const { connectors } = (await call('GET', '/api/connectors')).body as {
      connectors: { id: string; origin: string; kind: string }[]
    }
    expect(connectors.find((one) => one.id === 'corp')).toMatchObject({
      ...{ origin: 'page', kind: 'ldap', canTest: true },
      lag: { kind: 'live' },
    })
    expect(connectors.find((one) => one.id === 'own-networks')).toMatchObject({
      lag: { kind: 'not-measured', of: 'the lists of our networks' },
    })
    const all = [
      shown.text,
      saved.text,
      (await call('GET', '/api/connectors')).text,
      (await call('GET', '/api/connector-kinds')).text,
    ]
    expect(all.join('')).not.toContain('never-shown-again')
    expect(await linesOf('connector.added')).toEqual(['connector:corp'])
  })

  test('refusals name the field, and what is not there is 404', async () => {
    const refused = await call('PUT', '/api/connectors/other', { ...draft, settings: { host: 'x y' } }, administrator)
    expect(refused.status).toBe(400)
    expect((refused.body['details'] as { field: string }[]).map(({ field }) => field)).toEqual(
      expect.arrayContaining(['settings.host', 'settings.baseDn']),
    )
    expect((await call('PUT', '/api/connectors/Not%20An%20Id', draft, administrator)).status).toBe(400)
    expect((await call('PUT', '/api/connectors/corp', { ...draft, version: 7 }, administrator)).status).toBe(409)
    for (const [method, url, body] of [
      ['GET', '/api/connectors/nobody', undefined],
      ['DELETE', '/api/connectors/nobody', undefined],
      ['POST', '/api/connectors/nobody/test', {}],
      ['PUT', '/api/connectors/nobody/watch', { silentAfterHours: null }],
    ] as const)
      expect([url, (await call(method, url, body, administrator)).status]).toEqual([url, 404])
  })

  test('a test asks one question, or reads; it says how it went, and is on record', async () => {
    const asked = await call('POST', '/api/connectors/own-networks/test', {
      question: 'network-of-address',
      ask: { address: '192.0.2.1' },
    })
    expect(asked.body).toMatchObject({ kind: 'answered', finding: 'not-collected' })
    // Its address is one of this machine, which no allow list opens: nothing is connected to.
    const read = await call('POST', '/api/connectors/corp/test', {})
    expect(read.body).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('allowAddresses'),
      next: expect.any(String),
    })
    expect(await linesOf('connector.tested')).toEqual(['connector:corp', 'connector:own-networks'])
  })

  test('silence is watched, and a removed connector is gone at once', async () => {
    expect(
      (await call('PUT', '/api/connectors/own-networks/watch', { silentAfterHours: 4 }, administrator)).status,
    ).toBe(200)
    expect((await call('DELETE', '/api/connectors/corp', undefined, administrator)).status).toBe(200)
    const { connectors } = (await call('GET', '/api/connectors')).body as {
      connectors: { id: string; silentAfterHours: number | null }[]
    }
    expect(connectors.find((one) => one.id === 'own-networks')?.silentAfterHours).toBe(4)
    expect(connectors.map((one) => one.id)).not.toContain('corp')
  })
})
