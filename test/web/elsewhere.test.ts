import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scheduleElsewhere } from '../../src/playbooks/elsewhere/watch.ts'
import { seriousIn } from '../axe.ts'
import { startBrowser } from '../browser.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from '../desk.ts'
import { deskHere, openWith } from '../desk-here.ts'
import { commentThere, standInSecret, startJira } from '../ticket-systems.ts'

const { database, desk } = await deskHere()
let admin: string
let key: string
let receiver: Server
const secret = `whsec_${randomBytes(32).toString('base64')}`
const posts: { id: string; signed: boolean; body: { type: string; data: Record<string, string> } }[] = []

const sign = (id: string, timestamp: string, body: string): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64')}`

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const id = String(request.headers['webhook-id'])
  const signed = request.headers['webhook-signature'] === sign(id, String(request.headers['webhook-timestamp']), text)
  posts.push({ id, signed, body: JSON.parse(text) as (typeof posts)[number]['body'] })
  response.writeHead(204).end()
}

beforeAll(async () => {
  key = await addProvider(desk)
  admin = (await signedIn(desk, 'administrator')).cookie
  receiver = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
}, 600_000)
afterAll(async () => {
  await new Promise((resolve) => receiver.close(resolve))
})

const newAlert = async (ticket: string): Promise<string> =>
  alertOf(
    desk,
    await post(desk, key, {
      subject: `[${ticket}] High: Beaconing`,
      body: `Ticket: ${ticket}\nRule: Beaconing\nSeverity: High\nHost: ws-1\n`,
    }),
  )

/** `until`, with a turn of the house each half second: by itself it takes one every five. */
async function soon<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  let looks = 0
  return until(what, async () => {
    if (looks % 10 === 1) await scheduleElsewhere(database.db)
    looks += 1
    return look()
  })
}

const settings = {
  plainHttp: true,
  allowAddresses: ['127.0.0.1'],
  types: ['provider-alert'],
  fields: ['title', 'comments'],
  takes: ['status', 'comments'],
  statusOut: { 'in-progress': 'open' },
  statusIn: { open: 'acknowledged', gone: 'nothing' },
}

async function postBack(body: object, change: { age?: number; id?: string; with?: string } = {}) {
  const text = JSON.stringify(body)
  const id = change.id ?? crypto.randomUUID()
  const timestamp = String(Math.floor(Date.now() / 1000) - (change.age ?? 0))
  const response = await fetch(`${desk.origin}/api/elsewhere/tracker/posts`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...{
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': change.with ?? sign(id, timestamp, text),
      },
    },
    body: text,
  })
  return { status: response.status, body: (await response.json()) as { fresh?: boolean } }
}

test('a signed post goes out for each act; what comes back signed is taken once, in their order, and nothing else is', {
  timeout: 60_000,
}, async () => {
  const baseUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
  const draft = {
    kind: 'webhook',
    title: 'Tracker',
    settings: { ...settings, baseUrl },
    secret,
    enabled: true,
    version: 0,
  }
  await apiAs(desk, admin, 'PUT', '/api/elsewhere/tracker', draft)
  expect(await apiAs(desk, admin, 'POST', '/api/elsewhere/tracker/test')).toMatchObject({ ok: true })
  const alertId = await newAlert('NW-1')
  await soon('it to be told', async () =>
    posts.some(({ body }) => body.type === 'ticket.created' && body.data['id'] === alertId),
  )
  await apiAs(desk, admin, 'POST', `/api/tickets/${alertId}/comments`, { text: 'Looking.' })
  await soon('the comment to be told', async () => posts.find(({ body }) => body.type === 'ticket.commented'))
  expect(posts.every(({ signed }) => signed)).toBe(true)
  expect(JSON.stringify(posts)).not.toContain('ws-1')

  const shown = async () => {
    const { links } = await apiAs(desk, admin, 'GET', `/api/tickets/${alertId}/elsewhere`)
    return (links as unknown as { key: string; status: string; unmapped: boolean; says: string }[])[0]
  }
  const linked = { type: 'ticket.linked', id: alertId, key: 'ABC-7', url: 'https://tracker.example.com/ABC-7' }
  expect(await postBack(linked, { id: 'one' })).toMatchObject({ status: 200, body: { fresh: true } })
  expect(await postBack(linked, { id: 'one' })).toMatchObject({ status: 200, body: { fresh: false } })
  const said = { type: 'ticket.commented', id: alertId, comment: 'c1', author: 'Ann', text: 'On it.' }
  expect((await postBack(said)).body.fresh).toBe(true)
  expect((await postBack(said)).body.fresh).toBe(false)
  const status = (word: string, at: string) => ({ type: 'ticket.status', id: alertId, status: word, at })
  expect((await postBack(status('strange', '2020-01-01T10:05:00Z'))).body.fresh).toBe(true)
  expect((await postBack(status('open', '2020-01-01T10:00:00Z'))).body.fresh).toBe(false)
  await soon('the status to be seen', async () => (await shown())?.unmapped)
  expect(await shown()).toMatchObject({ key: 'ABC-7', status: 'strange', unmapped: true })
  const { systems } = await apiAs(desk, admin, 'GET', '/api/elsewhere')
  expect((systems as unknown as { unmapped: { status: string }[] }[])[0]?.unmapped.map((one) => one.status)).toEqual([
    'strange',
  ])

  expect((await postBack(linked, { age: 400 })).status).toBe(401)
  expect((await postBack(linked, { with: 'v1,AAAA' })).status).toBe(401)
  expect((await postBack({ ...linked, id: crypto.randomUUID() })).status).toBe(404)
  expect((await postBack({ type: 'ticket.deleted', id: alertId })).status).toBe(400)
  const unknown = await fetch(`${desk.origin}/api/elsewhere/nobody/posts`, {
    method: 'POST',
    headers: {
      'webhook-id': 'x',
      'webhook-timestamp': '1',
      'webhook-signature': 'v1,x',
      'content-type': 'application/json',
    },
    body: '{}',
  })
  expect(unknown.status).toBe(401)
})

test('an analyst syncs a ticket by hand; both sides are compared on the page and by the command; the secret never comes back', {
  timeout: 60_000,
}, async () => {
  const jira = await startJira()
  try {
    const alertId = await newAlert('NW-2')
    const analyst = (await signedIn(desk, 'analyst')).cookie
    const draft = {
      kind: 'jira',
      title: 'Jira',
      settings: { ...settings, types: [], statusOut: {}, baseUrl: jira.url, project: 'SEC' },
      secret: standInSecret,
      enabled: true,
      version: 0,
    }
    await expect(apiAs(desk, analyst, 'PUT', '/api/elsewhere/jira', draft)).rejects.toThrow('said 403')
    await apiAs(desk, admin, 'PUT', '/api/elsewhere/jira', draft)
    await apiAs(desk, analyst, 'POST', `/api/tickets/${alertId}/elsewhere`, { system: 'jira' })
    await soon('it to be there', async () => jira.tickets.size === 1)
    const links = async () =>
      (await apiAs(desk, analyst, 'GET', `/api/tickets/${alertId}/elsewhere`))['links'] as unknown as {
        system: string
        key: string
        waits: boolean
      }[]
    await soon('it to be in step', async () =>
      (await links()).some((link) => link.system === 'jira' && link.key === 'SEC-1' && !link.waits),
    )
    const lead = (await signedIn(desk, 'lead')).cookie
    const report = (await apiAs(desk, lead, 'POST', '/api/elsewhere/jira/reconcile', { mend: true })) as unknown as {
      looked: number
      rows: { differences: string[] }[]
    }
    expect(report).toMatchObject({
      looked: 1,
      rows: [{ differences: ['Their status "To Do" is not mapped'], did: 'Is synced again' }],
    })
    expect(JSON.stringify(await apiAs(desk, admin, 'GET', '/api/elsewhere'))).not.toContain(standInSecret)
    await apiAs(desk, admin, 'DELETE', '/api/elsewhere/jira')
    expect(jira.tickets.size).toBe(1)
  } finally {
    await jira.stop()
  }
})

test('a webhook that Jira signed has its issue read at once; unsigned, under another secret, or of nobody it does nothing', {
  timeout: 60_000,
}, async () => {
  const jira = await startJira()
  try {
    const hookSecret = 'agreed-with-jira-over-the-phone'
    const draft = {
      ...{ kind: 'jira', title: 'Hooked', secret: standInSecret, hookSecret, enabled: true, version: 0 },
      settings: { ...settings, baseUrl: jira.url, user: 'bot@example.com', project: 'SEC', fields: ['title'] },
    }
    await apiAs(desk, admin, 'PUT', '/api/elsewhere/hooked', draft)
    const alertId = await newAlert('NW-9')
    const ticket = await soon('it to be made', async () =>
      [...jira.tickets.values()].find(({ marker }) => marker.endsWith(alertId)),
    )
    const comments = async () =>
      (await database.db.selectFrom('ticket_comment').select('text').where('alert_id', '=', alertId).execute()).map(
        ({ text }) => text,
      )
    await soon('it to be quiet', async () => {
      const { links } = await apiAs(desk, admin, 'GET', `/api/tickets/${alertId}/elsewhere`)
      return (links as unknown as { system: string; state: string; waits: boolean }[]).some(
        (one) => one.system === 'hooked' && one.state === 'linked' && !one.waits,
      )
    })
    // Asked, it would say that nothing changed: only the webhook tells of this comment.
    commentThere(ticket, 'Ann', 'Seen by webhook.')
    ticket.changed = false
    const hook = async (body: object, secretOfIt: string | null) => {
      const text = JSON.stringify(body)
      const signed = secretOfIt === null ? null : createHmac('sha256', secretOfIt).update(text).digest('hex')
      const headers = {
        'content-type': 'application/json',
        ...(signed === null ? {} : { 'x-hub-signature': `sha256=${signed}` }),
      }
      const answer = await fetch(`${desk.origin}/api/elsewhere/hooked/posts`, { method: 'POST', headers, body: text })
      return { status: answer.status, body: (await answer.json()) as { fresh?: boolean } }
    }
    const event = { webhookEvent: 'comment_created', issue: { id: ticket.id, key: ticket.key } }
    expect((await hook(event, null)).status).toBe(401)
    expect((await hook(event, 'another secret of 16 signs')).status).toBe(401)
    expect((await hook({ webhookEvent: 'x' }, hookSecret)).status).toBe(400)
    expect(await hook({ ...event, issue: { id: '99999' } }, hookSecret)).toMatchObject({
      status: 200,
      body: { fresh: false },
    })
    expect(await comments()).not.toContain('Seen by webhook.')
    expect(await hook(event, hookSecret)).toMatchObject({ status: 200, body: { fresh: true } })
    await until('the comment to be here', async () => (await comments()).includes('Seen by webhook.'))
    expect(await hook(event, hookSecret)).toMatchObject({ status: 200 })
    const shown = JSON.stringify(await apiAs(desk, admin, 'GET', '/api/elsewhere'))
    expect(shown).toContain('"hasHook":true')
    expect(shown).not.toContain(hookSecret)
    await apiAs(desk, admin, 'DELETE', '/api/elsewhere/hooked')
  } finally {
    await jira.stop()
  }
})

test('an administrator sets a system up by keyboard, what its status means is asked for, and the ticket says where it is', {
  timeout: 120_000,
}, async () => {
  const jira = await startJira()
  const browser = await startBrowser()
  try {
    const { token } = await signedIn(desk, 'administrator')
    const { page, context, problems } = await openWith(browser, desk, token)
    await page.goto(`${desk.origin}/settings/elsewhere`)
    await page.getByRole('button', { name: 'Add a system' }).first().focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    const fill = async (label: string, value: string) => {
      await page.getByRole('dialog').getByLabel(label).first().fill(value)
    }
    await fill('Name', 'Board')
    await fill('Short name', 'board')
    await fill('Address', jira.url)
    await fill('Token or password', standInSecret)
    await fill('Project key', 'SEC')
    await fill('New', 'To Do')
    await page.getByText('Addresses of your own network').click()
    await page.getByLabel('http:// is meant').check()
    await page.getByLabel('Internal addresses it may be at').first().fill('127.0.0.1')
    await page.keyboard.press('Enter')
    await page.getByLabel('Switched on').check()
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Save' }).click()
    const card = page.getByRole('region', { name: 'Board' })
    await card.getByRole('button', { name: 'Test' }).click()
    await card.getByText('Counterfoil bot').waitFor()
    const alertId = await newAlert('NW-3')
    await page.goto(`${desk.origin}/alerts/${alertId}#ticket`)
    await page.getByRole('button', { name: 'Sync it now: Board' }).click()
    await page.getByRole('link', { name: 'SEC-1' }).waitFor()
    await page.getByText('Not mapped', { exact: true }).waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.goto(`${desk.origin}/settings/elsewhere`)
    await card.getByRole('button', { name: 'Compare both sides' }).click()
    await card.getByText('Their status "To Do" is not mapped', { exact: false }).waitFor()
    expect(await seriousIn(page)).toEqual([])
    await card.getByRole('button', { name: 'Change…' }).click()
    await page.getByRole('button', { name: 'Say what “To Do” means' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await card.getByText('Not mapped', { exact: true }).waitFor({ state: 'detached' })
    expect(problems).toEqual([])
    await context.close()
  } finally {
    await browser.close()
    await jira.stop()
  }
})
