import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { getAlert } from '../db/alerts.ts'
import { decisionsOf } from '../db/decisions.ts'
import { findingsOf } from '../db/findings.ts'
import { transaction } from '../db/open.ts'
import { getRun } from '../db/runs.ts'
import type { Ask } from '../model/doors.ts'
import type { Answered } from '../model/finding.ts'
import { askAgain, decide, undo } from './decide.ts'
import { continueRun } from './interpreter.ts'
import { libraryOf } from './library.ts'
import { startRun } from './on-alert.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'

let database: FreshDatabase
let house: TestHouse
beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database)
})
afterAll(() => database.close())

let mails = 0
async function alertIn(): Promise<{ id: string; version: number }> {
  mails += 1
  const subject = `Alert ${mails}`
  const { id } = await makeReceive(house)(
    mail(subject, `${alertBody}Test: ${mails}\n`, { 'Message-ID': `<${mails}@decide.example>` }),
  )
  await readMessage(house, id, 1)
  const row = await house.db.selectFrom('message').select('alert_id').where('id', '=', id).executeTakeFirstOrThrow()
  const record = await getAlert(house.db, row.alert_id ?? '')
  return { id: record?.alert.id ?? '', version: record?.version ?? -1 }
}

const noEvidence = {
  outcome: 'false-alarm-nothing',
  reason: 'nothing to see',
  cites: [],
  withoutEvidence: true,
  by: 'user:1',
} as const

async function ledgerKinds(alertId: string): Promise<string[]> {
  const rows = await house.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('subject', '=', `alert:${alertId}`)
    .orderBy('at')
    .execute()
  return rows.map(({ kind }) => kind)
}

test('of two people who decide at once one decides and the other hears of it', async () => {
  const { id, version } = await alertIn()
  const both = await Promise.allSettled([
    decide(house, { ...noEvidence, alertId: id, version }),
    decide(house, { ...noEvidence, alertId: id, version, outcome: 'incident', by: 'user:2' }),
  ])
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const refused = both.find((one) => one.status === 'rejected')
  expect(refused?.reason).toMatchObject({ code: 'state.conflict' })
  expect(await decisionsOf(house.db, id)).toHaveLength(1)
  expect((await ledgerKinds(id)).filter((kind) => kind === 'decision.made')).toHaveLength(1)
})

test('a decision cites evidence of its own alert, or says that it has none', async () => {
  const one = await alertIn()
  const other = await alertIn()
  await askAgain(house, { alertId: other.id, question: 'asset-of-host', ask: { host: 'ws-17' }, by: 'user:1' })
  const foreign = (await findingsOf(house.db, other.id)).map((finding) => finding.id)
  expect(foreign.length).toBeGreaterThan(0)
  const base = { alertId: one.id, version: one.version, outcome: 'incident', reason: 'why', by: 'user:1' } as const
  await expect(decide(house, { ...base, cites: foreign, withoutEvidence: false })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  await expect(decide(house, { ...base, cites: [], withoutEvidence: false })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  expect((await getAlert(house.db, one.id))?.alert.state).toBe('open')
  expect(await ledgerKinds(one.id)).not.toContain('decision.made')
})

test('an undone decision stays in the record, and the alert can be decided again', async () => {
  const { id, version } = await alertIn()
  const first = await decide(house, { ...noEvidence, alertId: id, version })
  await undo(house, { alertId: id, decisionId: first.decisionId, by: 'user:1' })
  await expect(undo(house, { alertId: id, decisionId: first.decisionId, by: 'user:1' })).rejects.toMatchObject({
    code: 'state.conflict',
  })
  const record = await getAlert(house.db, id)
  expect(record).toMatchObject({ outcome: null, alert: { state: 'open' } })
  await decide(house, { ...noEvidence, alertId: id, version: record?.version ?? -1, outcome: 'incident' })
  expect((await decisionsOf(house.db, id)).map(({ outcome, undoneAt }) => [outcome, undoneAt === null])).toEqual([
    ['incident', true],
    ['false-alarm-nothing', false],
  ])
})

test('what is asked by hand is kept beside the earlier answers', async () => {
  const { id } = await alertIn()
  const before = (await findingsOf(house.db, id)).length
  for (let round = 0; round < 2; round++)
    await askAgain(house, { alertId: id, question: 'asset-of-host', ask: { host: 'ws-17' }, by: 'user:1' })
  expect(await findingsOf(house.db, id)).toHaveLength(before + 2)
  await expect(
    askAgain(house, {
      alertId: '00000000-0000-4000-8000-000000000000',
      question: 'asset-of-host',
      ask: { host: 'x' },
      by: 'user:1',
    }),
  ).rejects.toMatchObject({ code: 'not.found' })
})

test('what was asked about a time that somebody chose is kept with it, and only what was found there counts', async () => {
  const { id } = await alertIn()
  const told = (await getAlert(house.db, id))?.alert
  const moment = Date.parse(told?.occurredAt ?? told?.receivedAt ?? '')
  const minutes = (n: number) => new Date(moment + n * 60_000).toISOString()
  const asked: unknown[] = []
  const answers: Answered[] = [
    { kind: 'not-collected', why: 'logs have a gap', query: 'q' },
    { kind: 'nothing', query: 'q' },
    {
      kind: 'found',
      answer: { count: 1, bytes: null, first: null, last: null, rows: [] },
      query: 'q',
      warnings: ['w'],
    },
  ]
  const ask: Ask = async (_question, _ask, { only, window }) => {
    asked.push({ only, window })
    const came = answers.shift() as Exclude<Answered, { kind: 'not-applicable' }>
    const answered = window === undefined ? came : { ...came, window }
    return [{ connector: 'siem', answered, costMs: 1, askedAt: house.clock.now() }]
  }
  const again = (around?: 5 | 1440) =>
    askAgain(
      { ...house, ask },
      {
        alertId: id,
        question: 'sessions-of-address',
        ask: { address: '192.0.2.5' },
        connector: 'siem',
        around,
        by: 'user:1',
      },
    )
  const rung = async () =>
    (await getAlert(house.db, id))?.judgement?.ladder.find((one) => one.rung === 'network-sessions')?.state

  await again()
  const before = await rung()
  expect(before).not.toBe('nothing')
  await again(5)
  expect(await rung()).toBe(before)
  await again(1440)
  expect(await rung()).toBe('found')
  expect(asked).toEqual([
    { only: ['siem'], window: undefined },
    { only: ['siem'], window: { from: minutes(-5), to: minutes(5) } },
    { only: ['siem'], window: { from: minutes(-1440), to: minutes(1440) } },
  ])
  const kept = (await findingsOf(house.db, id)).filter(({ connector }) => connector === 'siem')
  expect(kept.map(({ kind, aroundMinutes, windowFrom, why }) => [kind, aroundMinutes, windowFrom, why])).toEqual(
    expect.arrayContaining([
      ['not-collected', null, null, 'logs have a gap'],
      ['nothing', 5, minutes(-5), ''],
      ['found', 1440, minutes(-1440), 'w'],
    ]),
  )
})

test('a run whose decision was taken back before its answer was drafted waits for the next one', async () => {
  const step = { csf: 'RS.CO-02', phase: 'analysis', title: 'step' } as const
  const playbook = {
    ...{ playbook: 1, id: 'answer-late', version: 1, title: 'Answer late', description: '', on: 'manual' },
    steps: [{ ...step, id: 'reply', step: 'reply' }],
  } as const
  const { id, version } = await alertIn()
  const runId = await transaction(house.db, (tx) =>
    startRun({ ...house, library: libraryOf([playbook as never]) }, tx, {
      playbook: playbook as never,
      alertId: id,
      trigger: 'test',
    }),
  )
  const still = { resumed: false, signal: new AbortController().signal }
  await continueRun(house, runId, still)
  expect(await getRun(house.db, runId)).toMatchObject({
    state: 'waiting',
    journal: [{ waitingFor: 'decision', state: 'waiting' }],
  })
  await decide(house, { ...noEvidence, alertId: id, version })
  await continueRun(house, runId, still)
  expect(await getRun(house.db, runId)).toMatchObject({ state: 'done', journal: [{ state: 'done' }] })
})
