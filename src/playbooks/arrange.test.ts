import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { addUser } from '../db/users.ts'
import type { Clock } from '../kit/clock.ts'
import { isTrouble } from '../kit/errors.ts'
import { assign, merge, snooze, unmerge, wake, wakeByClock } from './arrange.ts'
import { askAgain, decide, undo } from './decide.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'

let database: FreshDatabase
let house: TestHouse
let now = new Date('2026-11-20T10:00:00Z')
const clock: Clock = { now: () => now }
const kari = randomUUID()
const by = `user:${kari}`

beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database, { clock })
  const user = { id: kari, email: 'kari@example.org', name: 'Kari Dahl', role: 'lead', createdAt: now.toISOString(), disabled: false } as const // biome-ignore format: one row
  await addUser(database.db, user, { passwordHash: null, totpSealed: null, totpLastStep: 0 })
})
beforeEach(() => {
  now = new Date('2026-11-20T10:00:00Z')
})
afterAll(() => database.close())

let tickets = 0
async function alertFrom(ticket = `T-${++tickets}`, body = alertBody): Promise<string> {
  const raw = mail(`[${ticket}] Suspicious DNS query`, `Ticket: ${ticket}\n${body}\n${randomUUID()}`, { 'Message-ID': `<${randomUUID()}@provider.example>` }) // biome-ignore format: one mail
  const { id } = await makeReceive(house)(raw)
  await readMessage(house, id, 1)
  const row = await database.db.selectFrom('message').select('alert_id').where('id', '=', id).executeTakeFirstOrThrow()
  return row.alert_id ?? ''
}
const rowOf = (id: string) => database.db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const seen = async (...ids: string[]) =>
  Promise.all(ids.map(async (id) => ({ id, version: (await rowOf(id)).version })))
const linesOf = async (id: string, kind: string) =>
  database.db.selectFrom('ledger_entry').selectAll().where('subject', '=', `alert:${id}`).where('kind', '=', kind).execute() // biome-ignore format: one query
const fieldsOf = async (acting: Promise<unknown>): Promise<unknown> =>
  acting.then(
    () => 'done',
    (error: unknown) => (isTrouble(error, 'state.conflict') ? error.details['fields'] : error),
  )

test('an alert is given to one person, and whoever comes second reads who was first', async () => {
  const id = await alertFrom()
  const [mine] = await seen(id)
  if (mine === undefined) throw new Error('no alert')
  await assign(house, { alerts: [mine], assignee: kari, by })
  const { number } = await rowOf(id)
  expect(await fieldsOf(assign(house, { alerts: [mine], assignee: null, by }))).toEqual({
    [`A-${number}`]: 'Kari Dahl assigned it just now.',
  })
  expect((await rowOf(id)).assignee).toBe(kari)
  expect(await linesOf(id, 'alert.assigned')).toHaveLength(1)
  await expect(assign(house, { alerts: await seen(id), assignee: randomUUID(), by })).rejects.toMatchObject({
    code: 'input.invalid',
  })
})

test('of several alerts one that changed keeps all of them as they are', async () => {
  const [a, b] = [await alertFrom(), await alertFrom()]
  const both = await seen(a, b)
  await assign(house, { alerts: await seen(b), assignee: kari, by })
  expect(await fieldsOf(snooze(house, { alerts: both, for: 'evidence', until: null, by }))).not.toBe('done')
  expect((await rowOf(a)).tab).toBe('needs')
  await expect(wake(house, { alerts: [{ id: randomUUID(), version: 1 }], by })).rejects.toMatchObject({
    code: 'not.found',
  })
})

test('until a time: it sleeps, its job wakes it once and not before, and a job that is late or comes twice changes nothing', async () => {
  const id = await alertFrom()
  const until = new Date(now.getTime() + 3_600_000)
  await snooze(house, { alerts: await seen(id), for: 'time', until, by })
  expect((await rowOf(id)).tab).toBe('snoozed')
  await wakeByClock(house, id)
  expect((await rowOf(id)).tab).toBe('snoozed')
  now = until
  await Promise.all([wakeByClock(house, id), wakeByClock(house, id)])
  await wakeByClock(house, id)
  expect((await rowOf(id)).tab).toBe('needs')
  expect(await linesOf(id, 'alert.woken')).toHaveLength(1)
  for (const wrong of [new Date(now.getTime() - 1), new Date(now.getTime() + 91 * 86_400_000), null])
    await expect(snooze(house, { alerts: await seen(id), for: 'time', until: wrong, by })).rejects.toMatchObject({
      code: 'input.invalid',
    })
})

test('until evidence: an answer that looked wakes it once; one that could not look does not', async () => {
  const id = await alertFrom()
  await snooze(house, { alerts: await seen(id), for: 'evidence', until: null, by })
  const answered = (kind: 'failed' | 'nothing') => ({
    ...house,
    ask: async () => [{ connector: 'list', answered: kind === 'failed' ? { kind, why: 'away', query: 'x' } as const : { kind, query: 'x' } as const, costMs: 1, askedAt: now }], // biome-ignore format: one answer
  })
  const asking = { alertId: id, question: 'asset-of-host', ask: { host: 'ws-17' }, by } as const
  await askAgain(answered('failed'), asking)
  expect((await rowOf(id)).tab).toBe('snoozed')
  await Promise.all([askAgain(answered('nothing'), asking), askAgain(answered('nothing'), asking)])
  expect((await rowOf(id)).tab).toBe('needs')
  expect(await linesOf(id, 'alert.woken')).toHaveLength(1)
})

test('until the provider writes: its next message wakes it, other provider mail does not', async () => {
  const id = await alertFrom('T-9001')
  await snooze(house, { alerts: await seen(id), for: 'reply', until: null, by })
  expect((await rowOf(id)).tab).toBe('provider')
  await alertFrom()
  expect((await rowOf(id)).tab).toBe('provider')
  await alertFrom('T-9001')
  expect((await rowOf(id)).tab).toBe('needs')
  expect(await linesOf(id, 'alert.woken')).toHaveLength(1)
})

test('by hand: awake at once, on record with how it slept; what is awake stays as it is', async () => {
  const id = await alertFrom()
  await snooze(house, { alerts: await seen(id), for: 'evidence', until: null, by })
  await wake(house, { alerts: await seen(id), by })
  expect((await rowOf(id)).tab).toBe('needs')
  const { version } = await rowOf(id)
  await wake(house, { alerts: await seen(id), by })
  expect((await rowOf(id)).version).toBe(version)
  expect(await linesOf(id, 'alert.woken')).toHaveLength(1)
})

test('deciding wakes, and a decision taken back is seen at once', async () => {
  const id = await alertFrom()
  await snooze(house, { alerts: await seen(id), for: 'evidence', until: null, by })
  const { version } = await rowOf(id)
  const decision = { outcome: 'tune', reason: 'Known.', cites: [], withoutEvidence: true } as const
  const { decisionId } = await decide(house, { ...decision, alertId: id, version, by })
  expect(await fieldsOf(snooze(house, { alerts: await seen(id), for: 'evidence', until: null, by }))).toMatchObject({
    [`A-${(await rowOf(id)).number}`]: 'It is decided.',
  })
  await undo(house, { alertId: id, decisionId, by })
  expect((await rowOf(id)).tab).toBe('needs')
})

test('merging and unmerging lose nothing: every column, message and finding is as it was', async () => {
  const [lead, a, b] = [await alertFrom(), await alertFrom('T-9003'), await alertFrom('T-9004')]
  await assign(house, { alerts: await seen(a), assignee: kari, by })
  await snooze(house, { alerts: await seen(b), for: 'reply', until: null, by })
  const { db } = database
  const whole = async () => ({
    alerts: (await Promise.all([a, b].map(rowOf))).map((row) => ({ ...row, version: 0 })),
    messages: await db.selectFrom('message').select(['id', 'alert_id', 'state', 'kind']).orderBy('id').execute(),
    sightings: await db
      .selectFrom('sighting')
      .selectAll()
      .orderBy('message_id')
      .orderBy('span_start')
      .orderBy('type')
      .execute(),
  })
  const before = await whole()
  const [into] = await seen(lead)
  await merge(house, { alerts: await seen(a, b), into: into ?? { id: lead, version: 0 }, by })
  expect((await Promise.all([a, b].map(rowOf))).map(({ tab }) => tab)).toEqual(['merged', 'merged'])
  await unmerge(house, { alerts: await seen(a, b), by })
  expect(await whole()).toEqual(before)
  expect(await linesOf(a, 'alert.merged')).toHaveLength(1)
  expect(await linesOf(a, 'alert.unmerged')).toHaveLength(1)
})

test('merged alerts make no circle, are not merged twice, and are decided by their lead only', async () => {
  const [a, b] = [await alertFrom(), await alertFrom()]
  const [seenA, seenB] = await seen(a, b)
  if (seenA === undefined || seenB === undefined) throw new Error('no alerts')
  await expect(merge(house, { alerts: [seenA], into: seenA, by })).rejects.toMatchObject({ code: 'input.invalid' })
  const race = await Promise.all([
    fieldsOf(merge(house, { alerts: [seenA], into: seenB, by })),
    fieldsOf(merge(house, { alerts: [seenB], into: seenA, by })),
  ])
  expect(race.filter((one) => one === 'done')).toHaveLength(1)
  const gone = (await rowOf(a)).merged_into === null ? b : a
  const { version } = await rowOf(gone)
  const decision = { outcome: 'tune', reason: 'Known.', cites: [], withoutEvidence: true } as const
  expect(await fieldsOf(decide(house, { ...decision, alertId: gone, version, by }))).toHaveProperty('alert')
  expect(await fieldsOf(unmerge(house, { alerts: await seen(gone === a ? b : a), by }))).not.toBe('done')
})

test('what comes to a merged alert reaches the lead: it wakes, and a closed one is open again', async () => {
  const [lead, part] = [await alertFrom(), await alertFrom('T-9002')]
  const [into] = await seen(lead)
  await merge(house, { alerts: await seen(part), into: into ?? { id: lead, version: 0 }, by })
  await snooze(house, { alerts: await seen(lead), for: 'reply', until: null, by })
  await alertFrom('T-9002')
  expect((await rowOf(lead)).tab).toBe('needs')
  expect((await rowOf(part)).tab).toBe('merged')
  await database.db.updateTable('alert').set({ state: 'closed' }).where('id', '=', lead).execute()
  await alertFrom('T-9002')
  expect((await rowOf(lead)).state).toBe('open')
  expect(await linesOf(lead, 'alert.reopened')).toHaveLength(1)
})
