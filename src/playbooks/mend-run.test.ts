import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { findingsOf } from '../db/findings.ts'
import { pastOf, sideNotes } from '../db/run-mending.ts'
import { getRun } from '../db/runs.ts'
import type { Playbook } from '../model/playbook.ts'
import { cancelByHand, startByHand } from './by-hand.ts'
import { continueRun } from './interpreter.ts'
import { libraryOf } from './library.ts'
import { loadLibrary } from './load.ts'
import { nudge, nudgeEveryMs, retryFrom, skipStep } from './mend-run.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'

let database: FreshDatabase
let house: TestHouse
let now = new Date('2026-11-02T09:00:00.000Z')
const by = 'user:11111111-1111-4111-8111-111111111111'
const nobody = '00000000-0000-4000-8000-000000000000'
const still = { resumed: false, signal: new AbortController().signal }
const reason = 'The source was away.'

const step = { csf: 'DE.AE-07', phase: 'analysis' as const }
const playbook: Playbook = {
  playbook: 1,
  id: 'mended',
  version: 1,
  title: 'Mended',
  description: '',
  on: 'manual',
  priority: 50,
  steps: [
    {
      ...step,
      id: 'ask',
      step: 'ask',
      title: 'Ask',
      questions: [{ ask: 'asset-of-host', with: { host: 'alert.host' } }],
    },
    { ...step, id: 'tell', step: 'notify', title: 'Tell', to: ['analyst'], subject: 'Look', text: 'Look' },
    { ...step, id: 'list', step: 'checklist', title: 'Do it', items: [{ id: 'a', text: 'Unplug' }], expires: '2d' },
    { ...step, id: 'last', step: 'decide-proposal', title: 'Last' },
  ],
}

beforeAll(async () => {
  database = await freshDatabase()
  const library = await loadLibrary(['content/playbooks'])
  const clock = { now: () => now }
  const people = { analyst: ['desk@halden.example'] }
  house = await testHouse(database, { library: libraryOf([...library.all, playbook]), clock, people })
})
afterAll(() => database.close())

let mails = 0
async function waitingRun(): Promise<{ alertId: string; runId: string }> {
  mails += 1
  const receipt = await makeReceive(house)(mail(`Mended ${mails}`, `${alertBody}Test: ${mails}\n`))
  await readMessage(house, receipt.id, 1)
  const row = await house.db.selectFrom('message').select('alert_id').where('id', '=', receipt.id).executeTakeFirst()
  const alertId = row?.alert_id ?? ''
  const runId = await startByHand(house, { playbook, alertId, by })
  expect(await continueRun(house, runId, still)).toBe('waiting')
  return { alertId, runId }
}
const journal = async (runId: string): Promise<string[]> =>
  (await getRun(house.db, runId))?.journal.map((line) => `${line.path} ${line.state} ${line.attempt}`) ?? []
const ledger = async (runId: string): Promise<string[]> =>
  (
    await house.db
      .selectFrom('ledger_entry')
      .select(['kind', 'actor'])
      .where('subject', '=', `run:${runId}`)
      .where('actor', '=', by)
      .orderBy('at')
      .execute()
  ).map(({ kind }) => kind)

test('retry from a step: it and all behind it are taken again, what they made before stays, and a mail goes out once more', async () => {
  const { alertId, runId } = await waitingRun()
  const before = (await findingsOf(house.db, alertId)).length
  const mailed = house.notices.length
  await retryFrom(house, { runId, path: 'ask', reason, by })
  expect(await journal(runId)).toEqual([])
  expect(await continueRun(house, runId, still)).toBe('waiting')
  expect(await journal(runId)).toEqual(['ask done 2', 'tell done 2', 'list waiting 2'])
  expect((await findingsOf(house.db, alertId)).length).toBe(before + 1)
  expect(house.notices.length).toBe(mailed + 1)
  expect(new Set(house.notices.map(({ id }) => id)).size).toBe(house.notices.length)
  expect((await pastOf(house.db, runId)).map(({ path, attempt, state }) => `${path} ${attempt} ${state}`)).toEqual([
    'ask 1 done',
    'tell 1 done',
    'list 1 waiting',
  ])
  expect(await ledger(runId)).toContain('run.retried')
})

test('killed between the retry and the first step of it, and in the middle, nothing is done twice', async () => {
  const { runId } = await waitingRun()
  await retryFrom(house, { runId, path: 'tell', reason, by })
  const mailed = house.notices.length
  const sent = () => new Set(house.notices.slice(mailed).map(({ id }) => id)).size
  const stopped = new AbortController()
  stopped.abort()
  // The process dies before it writes anything; another goes on, and a third that was thought dead comes back.
  await expect(continueRun(house, runId, { resumed: false, signal: stopped.signal })).rejects.toThrow('stopping')
  expect(await continueRun(house, runId, { ...still, resumed: true })).toBe('waiting')
  expect(await continueRun(house, runId, { ...still, resumed: true })).toBe('waiting')
  // A mail that was queued in a transaction which came to nothing has the id of the one that was kept.
  expect(sent()).toBe(1)
  expect(await journal(runId)).toEqual(['ask done 1', 'tell done 2', 'list waiting 2'])
  expect((await sideNotes(house.db, runId)).resumedAt).toBe('list')
})

test('a cancelled run can go on again, but not beside another of the same playbook, and a walking one is left alone', async () => {
  const { alertId, runId } = await waitingRun()
  await cancelByHand(house, { runId, reason: 'wrong', by })
  now = new Date(now.getTime() + 1000)
  const other = await startByHand(house, { playbook, alertId, by })
  await expect(retryFrom(house, { runId, path: 'list', reason, by })).rejects.toMatchObject({ code: 'state.conflict' })
  await cancelByHand(house, { runId: other, reason: 'the old one goes on', by })
  await retryFrom(house, { runId, path: 'list', reason, by })
  await expect(retryFrom(house, { runId, path: 'ask', reason, by })).rejects.toMatchObject({ code: 'state.conflict' })
  expect(await continueRun(house, runId, still)).toBe('waiting')
  expect((await getRun(house.db, runId))?.error).toBe('')
  await expect(retryFrom(house, { runId, path: 'no', reason, by })).rejects.toMatchObject({ code: 'not.found' })
  await expect(retryFrom(house, { runId: nobody, path: 'ask', reason, by })).rejects.toMatchObject({
    code: 'not.found',
  })
})

test('skip: the run goes on behind the step, says who skipped it and why; what is done cannot be skipped', async () => {
  const { runId } = await waitingRun()
  await expect(skipStep(house, { runId, path: 'tell', reason, by })).rejects.toMatchObject({ code: 'state.conflict' })
  await skipStep(house, { runId, path: 'list', reason: 'Done by phone.', by })
  expect(await continueRun(house, runId, still)).toBe('ended')
  expect(await journal(runId)).toEqual(['ask done 1', 'tell done 1', 'list skipped 1', 'last done 1'])
  expect((await getRun(house.db, runId))?.journal[2]?.error).toBe('skipped: Done by phone.')
  await expect(skipStep(house, { runId, path: 'list', reason, by })).rejects.toMatchObject({ code: 'state.conflict' })
  expect(await ledger(runId)).toContain('run.step-skipped')
})

test('nudge: a mail to whoever is waited for, once an hour at most, in the ledger', async () => {
  const { runId } = await waitingRun()
  const ask = { runId, path: 'list', reason: 'The plant waits.', by }
  expect(await nudge(house, ask)).toEqual(['desk@halden.example'])
  const sent = house.notices.at(-1)
  expect(sent?.subject).toMatch(/^Waiting for you: Do it \(A-\d+\)$/)
  expect(sent?.text).toContain('The plant waits.')
  await expect(nudge(house, ask)).rejects.toMatchObject({ code: 'state.conflict' })
  now = new Date(now.getTime() + nudgeEveryMs)
  await nudge(house, ask)
  expect((await sideNotes(house.db, runId)).nudges).toEqual([{ path: 'list', times: 2, at: now.toISOString() }])
  await expect(nudge(house, { ...ask, path: 'tell' })).rejects.toMatchObject({ code: 'state.conflict' })
  expect((await ledger(runId)).filter((kind) => kind === 'run.nudged')).toHaveLength(2)
})
