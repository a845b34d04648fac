import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { isTrouble } from '../kit/errors.ts'
import { merge } from './arrange.ts'
import { askAgain, decide } from './decide.ts'
import { decideMany, previewMany, undoMany } from './decide-many.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'

let database: FreshDatabase
let house: TestHouse
const by = 'user:1'

beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database)
})
afterAll(() => database.close())

async function alertHere(): Promise<string> {
  const { id } = await makeReceive(house)(mail(`Alert ${randomUUID()}`, `${alertBody}\n${randomUUID()}`))
  await readMessage(house, id, 1)
  const row = await database.db.selectFrom('message').select('alert_id').where('id', '=', id).executeTakeFirstOrThrow()
  return row.alert_id ?? ''
}
const rowOf = (id: string) => database.db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const items = async (...ids: string[]) =>
  Promise.all(
    ids.map(async (id) => ({ id, version: (await rowOf(id)).version, outcome: null, reason: null, cites: [] })),
  )
const all = { outcome: 'tune', reason: 'Our own scanner, every Monday.', withoutEvidence: true, by } as const
const fieldsOf = (acting: Promise<unknown>) =>
  acting.then(
    () => 'done',
    (error: unknown) => (isTrouble(error) ? error.details['fields'] : error),
  )

test('each is a decision and a ledger line of its own, with its own outcome and reason where they differ; one undo takes all back', async () => {
  const [a, b, c] = [await alertHere(), await alertHere(), await alertHere()]
  const [first, second, third] = await items(a, b, c)
  if (first === undefined || second === undefined || third === undefined) throw new Error('no alerts')
  const odd = { ...third, outcome: 'incident', reason: 'This one is real.' } as const
  const { batchId, decisions } = await decideMany(house, { ...all, alerts: [first, second, odd] })
  expect(decisions.map(({ alertId }) => alertId).sort()).toEqual([a, b, c].sort())
  expect((await Promise.all([a, b, c].map(rowOf))).map(({ outcome, state }) => [outcome, state])).toEqual([
    ['tune', 'decided'],
    ['tune', 'decided'],
    ['incident', 'decided'],
  ])
  const made = async (kind: string) =>
    database.db.selectFrom('ledger_entry').select('leaf').where('kind', '=', kind).where('subject', 'in', [a, b, c].map((id) => `alert:${id}`)).execute() // biome-ignore format: one query
  const bodies = (await made('decision.made')).map(
    ({ leaf }) => (JSON.parse(leaf) as { body: Record<string, unknown> }).body,
  )
  expect(bodies.every(({ batch }) => batch === batchId)).toBe(true)
  expect(bodies.map(({ reason }) => String(reason)).sort()).toEqual(
    [all.reason, all.reason, 'This one is real.'].sort(),
  )
  expect(await undoMany(house, { batchId, by })).toBe(3)
  expect((await Promise.all([a, b, c].map(rowOf))).map(({ tab }) => tab)).toEqual(['needs', 'needs', 'needs'])
  expect(await made('decision.undone')).toHaveLength(3)
  await expect(undoMany(house, { batchId, by })).rejects.toMatchObject({ code: 'not.found' })
})

test('one that cannot be decided keeps all of them open, and each is named with its reason', async () => {
  const [a, b, c, d] = [await alertHere(), await alertHere(), await alertHere(), await alertHere()]
  const before = await items(a, b, c)
  const [one] = await items(b)
  await decide(house, { alertId: b, version: one?.version ?? 0, outcome: 'tune', reason: 'x', cites: [], withoutEvidence: true, by: 'user:2' }) // biome-ignore format: one call
  const [gone, into] = await items(c, d)
  await merge(house, { alerts: gone === undefined ? [] : [gone], into: into ?? { id: d, version: 0 }, by })
  const numbers = await Promise.all([b, c].map(async (id) => (await rowOf(id)).number))
  expect(await fieldsOf(decideMany(house, { ...all, alerts: before }))).toEqual(
    Object.fromEntries(numbers.map((number) => [`A-${number}`, expect.any(String)])),
  )
  expect((await rowOf(a)).state).toBe('open')
  const preview = await previewMany(house, { outcome: 'tune', alerts: before })
  expect(preview.map(({ problem }) => problem === null)).toEqual([true, false, false])
  const missing = { id: randomUUID(), version: 1, outcome: null }
  await expect(previewMany(house, { outcome: 'tune', alerts: [missing] })).rejects.toMatchObject({ code: 'not.found' })
})

test('evidence is cited where there is some for the outcome; none is said, not passed over', async () => {
  const id = await alertHere()
  const found = { kind: 'found', answer: { name: 'Backup', from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z' }, query: 'x' } as const // biome-ignore format: one answer
  const ask = async () => [{ connector: 'list', answered: found, costMs: 1, askedAt: new Date() }]
  await askAgain({ ...house, ask }, { alertId: id, question: 'asset-of-host', ask: { host: 'ws-17' }, by })
  const [item] = await items(id)
  if (item === undefined) throw new Error('no alert')
  expect(await fieldsOf(decideMany(house, { ...all, withoutEvidence: false, alerts: [item] }))).toHaveProperty(
    'withoutEvidence',
  )
  const [finding] = await database.db.selectFrom('finding').select('id').where('alert_id', '=', id).execute()
  const cites = [finding?.id ?? '']
  await decideMany(house, { ...all, withoutEvidence: false, alerts: [{ ...item, cites }] })
  const [decision] = await database.db.selectFrom('decision').selectAll().where('alert_id', '=', id).execute()
  expect(decision).toMatchObject({ cites, without_evidence: false })
  const other = await alertHere()
  const [foreign] = await items(other)
  await expect(decideMany(house, { ...all, alerts: foreign === undefined ? [] : [{ ...foreign, cites }] })).rejects.toMatchObject({ code: 'input.invalid' }) // biome-ignore format: one call
  expect((await rowOf(other)).state).toBe('open')
})

test('a reason begins with what is proposed for this outcome, and empty where that is nothing', async () => {
  const id = await alertHere()
  const ask = async () => [{ connector: 'list', answered: { kind: 'nothing', query: 'x' }, costMs: 1, askedAt: new Date() } as const] // biome-ignore format: one answer
  await askAgain({ ...house, ask }, { alertId: id, question: 'asset-of-host', ask: { host: 'ws-17' }, by })
  const because = async (outcome: 'tune' | 'incident') =>
    (await previewMany(house, { outcome, alerts: await items(id) }))[0]?.because
  // It says "No proposal: a person must decide", which is nobody's reason.
  expect(await because('tune')).toBe('')
  await sql`update alert set judgement = jsonb_set(judgement, '{proposal,outcome}', '"tune"') where id = ${id}`.execute(
    database.db,
  )
  expect(await because('tune')).toContain('.')
  expect(await because('incident')).toBe('')
})

test('while one answer is about to leave, none of them is taken back', async () => {
  const [a, b] = [await alertHere(), await alertHere()]
  const { batchId } = await decideMany(house, { ...all, alerts: await items(a, b) })
  await database.db
    .insertInto('reply')
    .values({ id: randomUUID(), alert_id: a, provider_id: 'acme', state: 'held', text: '', recipients: [], subject: '', message_id: randomUUID(), created_at: new Date() }) // biome-ignore format: one row
    .execute()
  const { number } = await rowOf(a)
  expect(await fieldsOf(undoMany(house, { batchId, by }))).toHaveProperty(`A-${number}`)
  expect((await rowOf(b)).state).toBe('decided')
})
