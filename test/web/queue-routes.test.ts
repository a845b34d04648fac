import { beforeAll, expect, test } from 'vitest'
import type { Queue } from '../../src/contract/desk.ts'
import type { Facets } from '../../src/contract/queue.ts'
import { addProvider, alertOf, post, signedIn, until } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
let lead: { readonly cookie: string; readonly id: string }
const ids: string[] = []

beforeAll(async () => {
  const key = await addProvider(desk)
  const { cookie, user } = await signedIn(desk, 'lead', 'Kari Dahl')
  lead = { cookie, id: user.id }
  for (const n of [1, 2, 3]) {
    const body = `Ticket: NW-${n}\nRule: Beaconing\nSeverity: High\nHost: ws-${n}\nSource IP: 192.0.2.${n}\n`
    ids.push(await alertOf(desk, await post(desk, key, { subject: `[NW-${n}] High: Beaconing`, body })))
  }
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

test('facets count what is there, a field without its own filter; groups gather rule and machine', async () => {
  const facets = async (search: string) => {
    const { facets: found, ...rest } = (await call('GET', `/api/queue/facets${search}`)).body as unknown as Facets
    return { ...rest, of: (name: string) => Object.fromEntries((found[name] ?? []).map(({ label, n }) => [label, n])) }
  }
  const whole = await facets('?tab=all')
  expect(whole).toMatchObject({ lookedAt: 3, whole: true })
  expect(whole.of('provider')).toEqual({ 'Northwatch MDR': 3 })
  expect(whole.of('entity')).toEqual({ 'ws-1': 1, 'ws-2': 1, 'ws-3': 1 })
  await until('the three to need somebody', async () => (await queue('needs')).counts.needs === 3)
  const narrowed = await facets('?tab=needs&entity=WS-1')
  expect(narrowed.of('rule')).toEqual({ beaconing: 1 })
  expect(narrowed.of('entity')).toEqual({ 'ws-1': 1, 'ws-2': 1, 'ws-3': 1 })
  expect((await facets('?tab=all&assignee=me')).of('severity')).toEqual({ high: 1 })
  const { groups } = (await call('GET', '/api/queue/groups?tab=all')).body as {
    groups: { entity: string; n: number }[]
  }
  expect(groups.map(({ entity, n }) => `${n} ${entity}`).sort()).toEqual(['1 ws-1', '1 ws-2', '1 ws-3'])
})

test('pages begin where the one before ended, in every order, and a cursor that is none is refused', async () => {
  for (const sort of ['risk', 'newest', 'oldest', 'decided', 'waking']) {
    for (const tab of ['needs', 'all']) {
      const found: string[] = []
      let after = ''
      do {
        const { body } = await call('GET', `/api/queue?tab=${tab}&sort=${sort}&limit=1&after=${after}`)
        const page = body as unknown as Queue
        found.push(...page.rows.map(({ id }) => id))
        after = page.next ?? ''
      } while (after !== '')
      expect(new Set(found), `${tab} ${sort}`).toEqual(new Set(ids))
      expect(found).toHaveLength(3)
    }
  }
  const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const wrong of ['x', cursor(['1; drop', 'now', nobody]), cursor([null, 'yesterday', nobody]), cursor([])])
    expect((await call('GET', `/api/queue?sort=risk&after=${wrong}`)).status, wrong).toBe(400)
  expect((await call('GET', '/api/queue?severity=high,enormous')).status).toBe(400)
  expect((await call('GET', '/api/queue?limit=100000')).status).toBe(400)
})

test('a view is saved for everybody, changed by the version that was seen, and removed once', async () => {
  const id = '11111111-1111-4111-8111-111111111111'
  const save = (body: object, which = id) => call('PUT', `/api/queue/views/${which}`, body)
  const view = { name: 'Critical, nobody has it', search: { level: 'critical', assignee: '(none)' }, version: 0 }
  expect(await save(view)).toMatchObject({ status: 200, body: { version: 1 } })
  expect((await save(view)).status).toBe(409)
  expect((await save({ ...view, name: 'critical, Nobody has it' }, nobody)).status).toBe(409)
  expect((await save({ ...view, name: 'Other', version: 1 })).body).toEqual({ version: 2 })
  expect((await save({ ...view, version: 1 }, nobody)).status).toBe(404)
  expect((await save({ ...view, name: ' ' })).status).toBe(400)
  expect((await save({ ...view, search: { 'Not a name': 'x' } })).status).toBe(400)
  const { views } = (await call('GET', '/api/queue/views')).body as { views: object[] }
  expect(views).toMatchObject([{ id, name: 'Other', search: view.search, savedBy: 'Kari Dahl' }])
  expect((await call('DELETE', `/api/queue/views/${id}`)).status).toBe(200)
  expect((await call('DELETE', `/api/queue/views/${id}`)).status).toBe(404)
})

test('what was to be tuned away and is back says so', async () => {
  const [first = ''] = ids
  const at = new Date(Date.now() - 86_400_000)
  const earlier = { kind: 'alert', severity: 'low', title: '', reading: '{}', provider_id: 'northwatch' }
  await database.db
    .insertInto('alert')
    .values({ ...earlier, id: crypto.randomUUID(), rule: 'beaconing', entity: 'WS-1', received_at: at, state: 'closed', outcome: 'tune', decided_at: at }) // biome-ignore format: one row
    .execute()
  expect(await rowOf(first)).toMatchObject({
    regressed: true,
    escalating: null,
    before: { times: 1, decidedAt: at.toISOString(), lastOutcome: 'tune' },
  })
  const today = Array.from({ length: 9 }, (_, n) => ({
    ...earlier, id: crypto.randomUUID(), rule: 'Beaconing', entity: 'ws-1', received_at: new Date(Date.now() - n * 60_000 - 60_000), state: 'closed',
  })) // biome-ignore format: one row
  await database.db.insertInto('alert').values(today).execute()
  expect((await rowOf(first))?.escalating).toMatchObject({ lastDay: expect.any(Number), expected: 0 })
})
