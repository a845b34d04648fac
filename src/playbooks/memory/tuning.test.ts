import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { mail, type TestHouse, testHouse } from '../../../test/house.ts'
import { addPeople } from '../../../test/people.ts'
import { getAlert } from '../../db/alerts.ts'
import type { Clock } from '../../kit/clock.ts'
import { problemOfFilter } from '../../lake/sigma/try-filter.ts'
import type { LeftOut } from '../../model/tuning.ts'
import { decide, undo } from '../decide.ts'
import { readMessage } from '../read-message.ts'
import { makeReceive } from '../receive.ts'
import { followUpLapses, sayOfTuning } from './tuning.ts'
import { type ChangeDesk, proposeChange, tryChange } from './tuning-change.ts'
import { tuningNow } from './tuning-now.ts'

const dayMs = 86_400_000
let now = new Date('2026-06-01T09:00:00Z')
const clock: Clock = { now: () => now }
let database: FreshDatabase
let house: TestHouse
let kari: { id: string }
let count = 0
const drafted: { alertId: string; text: string | null; followUp: string | undefined }[] = []

beforeAll(async () => {
  database = await freshDatabase()
  house = {
    ...(await testHouse(database, { clock })),
    draftReply: async (_tx, alertId, text, _two, followUp) => {
      drafted.push({ alertId, text, followUp })
      return { replyId: randomUUID() }
    },
  }
  ;[kari] = await addPeople(database.db, [{ name: 'Kari Dahl', role: 'lead' }])
})
afterAll(() => database.close())

const by = () => `user:${kari.id}`

async function newAlert(rule: string, host = 'ws-1', extra: Record<string, string> = {}, text = ''): Promise<string> {
  count += 1
  const body = `Ticket: N-${count}\nRule: ${rule}\nSeverity: Low\nHost: ${host}\n${text}`
  const headers = { 'Message-ID': `<u${count}@provider.example>`, ...extra }
  const receipt = await makeReceive(house)(mail(`[N-${count}] Low: ${rule}`, body, headers))
  await readMessage(house, receipt.id, 1)
  const row = await database.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  return String(row.alert_id)
}

async function tuned(alertId: string): Promise<string> {
  const version = (await getAlert(database.db, alertId))?.version ?? 0
  const deciding = {
    alertId,
    outcome: 'tune',
    reason: 'Our scanner.',
    cites: [],
    withoutEvidence: true,
    version,
  } as const
  return (await decide(house, { ...deciding, by: by() })).decisionId
}

async function sent(alertId: string, decisionId: string): Promise<void> {
  await database.db
    .insertInto('reply')
    .values({
      ...{ id: randomUUID(), alert_id: alertId, provider_id: 'acme', state: 'sent', text: 'Please tune.' },
      ...{ recipients: ['soc@provider.example'], subject: 'Re', message_id: randomUUID(), decision_id: decisionId },
      ...{ created_at: now, sent_at: now },
    })
    .execute()
}

const requestOf = async (alertId: string) =>
  (await tuningNow(database.db, 'all', now)).find(({ alert }) => alert.id === alertId)
const after = (days: number) => {
  now = new Date(now.getTime() + days * dayMs)
}

test('what was asked is measured from the stream: not sent, not due, lapsed with how many since, kept', async () => {
  const first = await newAlert('Scanner')
  const decisionId = await tuned(first)
  expect(await requestOf(first)).toMatchObject({ measured: 'not-sent', asked: null, state: 'asked', since: 0 })
  await sent(first, decisionId)
  after(3)
  await newAlert('Scanner')
  expect(await requestOf(first)).toMatchObject({ measured: 'waiting', since: 1, afterDue: 0 })
  after(20)
  await newAlert('Scanner')
  await newAlert('Scanner', 'ws-2')
  await newAlert('Another rule')
  expect(await requestOf(first)).toMatchObject({ measured: 'lapsed', since: 2, afterDue: 1, entity: 'ws-1' })
  const quiet = await newAlert('Quiet')
  await sent(quiet, await tuned(quiet))
  after(20)
  expect(await requestOf(quiet)).toMatchObject({ measured: 'watching' })
  after(30)
  expect(await requestOf(quiet)).toMatchObject({ measured: 'kept' })
})

test('a lapse drafts one follow-up in the thread of the request; the next comes only after that has left and its time ran out too', async () => {
  const first = await newAlert('Lapsing')
  const decisionId = await tuned(first)
  await sent(first, decisionId)
  after(20)
  drafted.length = 0
  for (let n = 0; n < 3; n += 1) await followUpLapses(house, await newAlert('Lapsing'))
  expect(drafted).toHaveLength(1)
  expect(drafted[0]).toMatchObject({ alertId: first, followUp: expect.stringContaining('follow-up of ') })
  expect(drafted[0]?.text).toContain('20 days ago')
  expect(drafted[0]?.text).toContain('one more alert')
  await sent(first, decisionId)
  after(5)
  await followUpLapses(house, await newAlert('Lapsing'))
  expect(drafted).toHaveLength(1)
  after(15)
  await followUpLapses(house, await newAlert('Lapsing'))
  expect(drafted).toHaveLength(2)
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('id')
    .where('kind', '=', 'tuning.followed-up')
    .execute()
  expect(lines).toHaveLength(2)
})

test('what was refused, withdrawn with its decision, or is not due by an agreed day, is followed up by nothing', async () => {
  const [refused, undone, later] = [await newAlert('Refused'), await newAlert('Undone'), await newAlert('Later')]
  for (const id of [refused, later]) await sent(id, await tuned(id))
  const decisionId = await tuned(undone)
  const said = async (id: string, state: 'refused' | 'accepted', dueAt: Date | null) =>
    sayOfTuning(house, { id: (await requestOf(id))?.id ?? '', state, note: 'They said so.', dueAt, by: by() })
  await said(refused, 'refused', null)
  await said(later, 'accepted', new Date(now.getTime() + 60 * dayMs))
  await undo(house, { alertId: undone, decisionId, by: by() })
  after(30)
  drafted.length = 0
  for (const rule of ['Refused', 'Undone', 'Later']) await followUpLapses(house, await newAlert(rule))
  expect(drafted).toEqual([])
  expect((await requestOf(undone))?.state).toBe('withdrawn')
  expect((await requestOf(later))?.measured).toBe('waiting')
})

test('what their reply seems to say is proposed with their words, and no more once a person wrote the state down', async () => {
  const first = await newAlert('Answered')
  await sent(first, await tuned(first))
  after(1)
  const thread = {
    Subject: 'Re',
    'In-Reply-To': `<u${count}@provider.example>`,
    References: `<u${count}@provider.example>`,
  }
  const receipt = await makeReceive(house)(
    mail('Re: tuning', 'Hello,\nwe have excluded ws-1 from the rule.\n', {
      ...thread,
      'Message-ID': '<said@provider.example>',
    }),
  )
  await readMessage(house, receipt.id, 1)
  const seen = await requestOf(first)
  expect(seen).toMatchObject({
    state: 'asked',
    proposed: { state: 'accepted', quote: 'we have excluded ws-1 from the rule.' },
  })
  await sayOfTuning(house, { id: seen?.id ?? '', state: 'accepted', note: '', dueAt: null, by: by() })
  expect(await requestOf(first)).toMatchObject({ state: 'accepted', proposed: null })
})

const changing = (logs: LeftOut): ChangeDesk & { saved: string[] } => {
  const saved: string[] = []
  return {
    ...{ db: database.db, clock, draftReply: house.draftReply, problemOfFilter },
    ...{ tryFilter: async () => logs, saved },
    draft: async (alertId) => {
      const found = await database.db
        .selectFrom('reply')
        .select('id')
        .where('alert_id', '=', alertId)
        .where('state', '=', 'draft')
        .executeTakeFirst()
      return found?.id ?? ''
    },
    saveText: async (_id, text) => saved.push(text),
  }
}

async function asDraft(alertId: string, decisionId: string): Promise<void> {
  await sent(alertId, decisionId)
  await database.db
    .updateTable('reply')
    .set({ state: 'draft', sent_at: null })
    .where('alert_id', '=', alertId)
    .execute()
}

test('a condition is tried on the past, stands in the answer with its back-test, and is refused where it would have hidden harm', async () => {
  const first = await newAlert('Proposed', 'ws-9')
  await asDraft(first, await tuned(first))
  const harm = await newAlert('Proposed', 'ws-9', {}, 'Source: 198.51.100.9\n')
  const version = (await getAlert(database.db, harm))?.version ?? 0
  const incident = { outcome: 'incident', reason: 'It was one.', cites: [], withoutEvidence: true } as const
  await decide(house, { alertId: harm, version, ...incident, by: by() })
  const id = (await requestOf(first))?.id ?? ''
  const desk = changing({ kind: 'could-not-look', why: 'not asked' })
  const propose = (text: string) => proposeChange(desk, { id, change: { kind: 'condition', text }, by: by() })
  await expect(tryChange(desk, id, { kind: 'condition', text: 'alert.sauce == 1' })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  expect((await tryChange(desk, id, { kind: 'condition', text: 'true' })).preview).toMatchObject({
    inScope: 2,
    holds: 2,
    hidden: 1,
  })
  await expect(propose('true')).rejects.toMatchObject({ code: 'input.invalid' })
  expect((await requestOf(first))?.change).toBeNull()
  const narrow = 'alert.source != "198.51.100.9"'
  await propose(narrow)
  expect(desk.saved).toHaveLength(1)
  expect(desk.saved[0]).toContain(`    ${narrow}`)
  expect(desk.saved[0]).toContain('of 2 alerts of this rule about ws-9, 1 would not have come')
  expect((await requestOf(first))?.change).toMatchObject({
    kind: 'condition',
    text: narrow,
    by: by(),
    trial: { logs: null },
  })
})

test('a filter leaves out alerts near its events, and where the logs do not reach nobody can tell', async () => {
  const old = await newAlert('Filtered', 'ws-20.example.com')
  await sent(old, await tuned(old))
  after(10)
  const near = await newAlert('Filtered', 'ws-20.example.com')
  const at = (ms: number) => new Date(now.getTime() + ms).toISOString()
  const event = { time: at(-5 * 60_000), names: ['ws-20'] }
  const logs = { from: at(-2 * dayMs), to: at(0) }
  const looked = { kind: 'looked', events: 1, first: event.time, last: event.time, logs, shown: [event] } as const
  const id = (await requestOf(old))?.id ?? ''
  const filter = {
    kind: 'sigma-filter',
    text: 'title: Ours\nlogsource: { product: windows }\nfilter:\n  rules: any\n  ours: { Image: a }\n  condition: not ours',
  } as const
  const { preview, logs: told } = await tryChange(changing(looked), id, filter)
  expect(preview).toMatchObject({ inScope: 2, holds: 1, unknown: 1, contradicted: 0 })
  expect(preview.rows.find(({ kind }) => kind === 'holds')?.alertId).toBe(near)
  expect(told).toMatchObject({ kind: 'looked', events: 1 })
  const other = { ...looked, shown: [{ ...event, names: ['ws-21'] }] }
  expect((await tryChange(changing(other), id, filter)).preview).toMatchObject({
    holds: 0,
    contradicted: 1,
    unknown: 1,
  })
  const away = await tryChange(changing({ kind: 'could-not-look', why: 'The lake is away.' }), id, filter)
  expect(away.preview).toMatchObject({ holds: 0, unknown: 2 })
  await expect(tryChange(changing(looked), id, { ...filter, text: 'title: No filter' })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  drafted.length = 0
  await proposeChange(changing(looked), { id, change: filter, by: by() })
  expect(drafted[0]).toMatchObject({ alertId: old, followUp: expect.stringMatching(/^change [0-9a-f]{64}$/) })
  expect(drafted[0]?.text).toContain('    title: Ours')
  expect(drafted[0]?.text).toContain('For 1 we cannot tell.')
})
