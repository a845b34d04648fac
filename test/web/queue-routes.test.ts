import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Queue } from '../../src/contract/desk.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, type Desk, post, signedIn, startDesk } from '../desk.ts'

let database: FreshDatabase
let desk: Desk
let lead: { readonly cookie: string; readonly id: string }
const ids: string[] = []

beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  const key = await addProvider(desk)
  const { cookie, user } = await signedIn(desk, 'lead', 'Kari Dahl')
  lead = { cookie, id: user.id }
  for (const n of [1, 2, 3]) {
    const body = `Ticket: NW-${n}\nRule: Beaconing\nSeverity: High\nHost: ws-${n}\nSource IP: 192.0.2.${n}\n`
    ids.push(await alertOf(desk, await post(desk, key, { subject: `[NW-${n}] High: Beaconing`, body })))
  }
})
afterAll(async () => {
  await desk.stop()
  await database.close()
})

async function call(method: string, url: string, body?: unknown) {
  const headers = { cookie: lead.cookie, origin: desk.origin, 'content-type': 'application/json' }
  const response = await fetch(desk.origin + url, {
    method,
    headers: body === undefined ? { cookie: lead.cookie, origin: desk.origin } : headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const queue = async (tab: string) => (await call('GET', `/api/queue?tab=${tab}`)).body as unknown as Queue
const rowOf = async (id: string, tab = 'all') => (await queue(tab)).rows.find((row) => row.id === id)
const seen = async (...which: string[]) =>
  Promise.all(which.map(async (id) => ({ id, version: (await rowOf(id))?.version ?? 0 })))
const nobody = '00000000-0000-4000-8000-000000000000'

test('assign: the queue says who has it; nobody, and somebody who does not work alerts, is told apart', async () => {
  const [first = ''] = ids
  const people = (await call('GET', '/api/queue/people')).body['people'] as { id: string; name: string }[]
  expect(people).toContainEqual({ id: lead.id, name: 'Kari Dahl' })
  const before = await seen(first)
  const assign = (body: object) => call('POST', '/api/queue/assign', body)
  expect((await assign({ alerts: before, assignee: lead.id })).status).toBe(200)
  expect((await rowOf(first))?.assignee).toEqual({ id: lead.id, name: 'Kari Dahl' })
  expect(await assign({ alerts: before, assignee: null })).toMatchObject({
    status: 409,
    body: { details: [{ says: 'Kari Dahl assigned it just now.' }] },
  })
  expect((await assign({ alerts: await seen(first), assignee: nobody })).status).toBe(400)
  expect((await assign({ alerts: [{ id: nobody, version: 1 }], assignee: null })).status).toBe(404)
  const [one] = await seen(first)
  expect((await assign({ alerts: [one, one], assignee: null })).status).toBe(400)
  expect((await assign({ alerts: [], assignee: null })).status).toBe(400)
})

test('snooze and wake move it between tabs', async () => {
  const [first = ''] = ids
  const snooze = async (body: object) => call('POST', '/api/queue/snooze', { alerts: await seen(first), ...body })
  expect((await snooze({ for: 'reply', until: null })).status).toBe(200)
  expect(await rowOf(first, 'provider')).toMatchObject({ snooze: { for: 'reply', until: null, by: 'Kari Dahl' } })
  expect((await queue('needs')).counts.provider).toBe(1)
  expect((await snooze({ for: 'time', until: null })).status).toBe(400)
  expect((await snooze({ for: 'ever', until: null })).status).toBe(400)
  expect((await call('POST', '/api/queue/wake', { alerts: await seen(first) })).status).toBe(200)
  expect((await rowOf(first))?.snooze).toBeNull()
})

test('merge: it leaves the queue and counts on its lead; unmerge brings it back', async () => {
  const [first = '', second = '', third = ''] = ids
  const [into] = await seen(first)
  expect((await call('POST', '/api/queue/merge', { alerts: await seen(second, third), into })).status).toBe(200)
  expect(await rowOf(first)).toMatchObject({ merged: 2, mergedInto: null })
  const number = (await rowOf(first))?.number
  expect(await rowOf(second, 'merged')).toMatchObject({ mergedInto: { id: first, number } })
  expect((await queue('needs')).rows.map(({ id }) => id)).not.toContain(second)
  const decision = { outcome: 'tune', reason: 'Known.', cites: [], withoutEvidence: true }
  const version = (await seen(second))[0]?.version
  expect((await call('POST', `/api/alerts/${second}/decision`, { ...decision, version })).status).toBe(409)
  expect((await call('POST', '/api/queue/unmerge', { alerts: await seen(second, third) })).status).toBe(200)
  expect((await call('POST', '/api/queue/unmerge', { alerts: await seen(second) })).status).toBe(409)
  expect((await rowOf(first))?.merged).toBe(0)
})
