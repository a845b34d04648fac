import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { getAlert } from '../db/alerts.ts'
import { getRun, listRuns } from '../db/runs.ts'
import type { Playbook } from '../model/playbook.ts'
import { cancelByHand, markByHand, startByHand, startOnText } from './by-hand.ts'
import { continueRun } from './interpreter.ts'
import { libraryOf } from './library.ts'
import { loadLibrary } from './load.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'

let database: FreshDatabase
let house: TestHouse
const by = 'user:11111111-1111-4111-8111-111111111111'
const nobody = '00000000-0000-4000-8000-000000000000'
const signal = new AbortController().signal

const common = { csf: 'RS.MI-01', phase: 'containment' as const }
const list: Playbook = {
  playbook: 1,
  id: 'list',
  version: 1,
  title: 'A list',
  description: '',
  on: 'manual',
  priority: 50,
  steps: [
    {
      ...common,
      id: 'do',
      step: 'checklist',
      title: 'Do',
      items: [
        { id: 'a', text: 'Unplug {{ alert.host }}' },
        { id: 'b', text: 'Call', command: { kind: 'bash', text: 'rm -rf {{ alert.host }}' } },
      ],
      choices: ['It worked', 'It did not'],
      expires: '1h',
    },
    {
      ...common,
      id: 'how',
      step: 'branch',
      title: 'How did it go?',
      branches: [
        {
          if: 'choices["do"] == "It did not"',
          steps: [{ ...common, id: 'again', step: 'decide-proposal', title: 'Again' }],
        },
      ],
    },
  ],
}

beforeAll(async () => {
  database = await freshDatabase()
  const library = await loadLibrary(['content/playbooks'])
  house = await testHouse(database, { library: libraryOf([...library.all, list]) })
})
afterAll(() => database.close())

let mails = 0
async function freshAlert(): Promise<string> {
  mails += 1
  const receipt = await makeReceive(house)(mail(`By hand ${mails}`, `${alertBody}Test: ${mails}\n`))
  await readMessage(house, receipt.id, 1)
  const row = await house.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  return row.alert_id ?? ''
}

const linesOf = async (subject: string): Promise<string[]> =>
  (
    await house.db
      .selectFrom('ledger_entry')
      .select(['kind', 'actor'])
      .where('subject', '=', subject)
      .orderBy('at')
      .execute()
  ).map((line) => `${line.kind} ${line.actor}`)

test('a person starts a playbook once at a time, by their name in the ledger', async () => {
  const alertId = await freshAlert()
  const [one, two] = await Promise.allSettled([
    startByHand(house, { playbook: list, alertId, by }),
    startByHand(house, { playbook: list, alertId, by }),
  ])
  const runId = [one, two].flatMap((came) => (came.status === 'fulfilled' ? [came.value] : []))
  expect(runId).toHaveLength(1)
  expect([one, two].find((came) => came.status === 'rejected')).toMatchObject({ reason: { code: 'state.conflict' } })
  expect(await linesOf(`run:${runId[0]}`)).toEqual([`run.started ${by}`])
  await expect(startByHand(house, { playbook: list, alertId: nobody, by })).rejects.toMatchObject({ code: 'not.found' })
})

test('a checklist waits until every item is done or put down with the reason, and a choice is made; conditions read it', async () => {
  const alertId = await freshAlert()
  const runId = await startByHand(house, { playbook: list, alertId, by })
  expect(await continueRun(house, runId, { resumed: false, signal })).toBe('waiting')
  const waiting = (await getRun(house.db, runId))?.journal[0]
  expect(waiting?.input).toEqual({
    items: [
      { id: 'a', text: 'Unplug ws-17.example.org', why: '', command: null },
      // A command is shown as it is: nothing is filled in, and nothing is run.
      { id: 'b', text: 'Call', why: '', command: { kind: 'bash', text: 'rm -rf {{ alert.host }}' } },
    ],
    choices: ['It worked', 'It did not'],
  })
  const mark = (itemId: string, state: 'done' | 'not-done' | 'chosen', note = '') =>
    markByHand(house, { runId, path: 'do', itemId, state, note, by })
  await mark('a', 'done')
  await expect(mark('b', 'not-done')).rejects.toMatchObject({ code: 'input.invalid' })
  await expect(mark('c', 'done')).rejects.toMatchObject({ code: 'not.found' })
  await expect(mark('', 'chosen', 'Perhaps')).rejects.toMatchObject({ code: 'input.invalid' })
  await mark('b', 'not-done', 'Nobody there')
  expect(await continueRun(house, runId, { resumed: false, signal })).toBe('waiting')
  await mark('', 'chosen', 'It did not')
  expect(await continueRun(house, runId, { resumed: false, signal })).toBe('ended')
  const run = await getRun(house.db, runId)
  expect(run?.journal.map((line) => `${line.path} ${line.state}`)).toEqual(['do done', 'how done', 'how/0/again done'])
  expect(run?.journal[0]?.output).toMatchObject({
    choice: 'It did not',
    items: [
      { id: 'a', state: 'done', by },
      { id: 'b', state: 'not-done', note: 'Nobody there' },
    ],
  })
  await expect(mark('a', 'done')).rejects.toMatchObject({ code: 'state.conflict' })
  expect((await linesOf(`run:${runId}`)).filter((line) => line.startsWith('run.item-marked'))).toHaveLength(3)
})

test('a cancelled run takes no further step, whoever walks it, and says who ended it and why', async () => {
  const alertId = await freshAlert()
  const runId = await startByHand(house, { playbook: list, alertId, by })
  await continueRun(house, runId, { resumed: false, signal })
  await cancelByHand(house, { runId, reason: 'wrong alert', by })
  expect(await continueRun(house, runId, { resumed: true, signal })).toBe('nothing')
  const run = await getRun(house.db, runId)
  expect(run).toMatchObject({ state: 'cancelled', error: 'cancelled: wrong alert' })
  expect(run?.journal).toMatchObject([{ state: 'skipped', error: 'cancelled: wrong alert', waitingFor: null }])
  await expect(cancelByHand(house, { runId, reason: 'again', by })).rejects.toMatchObject({ code: 'state.conflict' })
  await expect(cancelByHand(house, { runId: nobody, reason: 'x', by })).rejects.toMatchObject({ code: 'not.found' })
  expect(await linesOf(`run:${runId}`)).toContain(`run.cancelled ${by}`)
  // The playbook may be started again.
  expect(await startByHand(house, { playbook: list, alertId, by })).not.toBe(runId)
})

test('bare indicators become an alert of our own desk, and the playbook asks about each', async () => {
  const playbook = house.library.byId('ioc-enrichment') ?? list
  const typed = { playbook, text: '203.0.113[.]7 and hxxp://evil.example[.]com/x', reason: 'from a newsletter', by }
  const { alertId, runId } = await startOnText(house, typed)
  const record = await getAlert(house.db, alertId)
  expect(record?.alert).toMatchObject({
    providerId: 'own-desk',
    providerName: 'Our own desk',
    source: '203.0.113.7',
    title: expect.stringMatching(/^Look up .* and \d more$/),
  })
  expect(await continueRun(house, runId, { resumed: false, signal })).toBe('waiting')
  const asked = house.asked.map(({ question, ask }) => `${question} ${JSON.stringify(ask)}`)
  expect(asked).toContain('first-and-last-seen {"type":"ipv4","value":"203.0.113.7"}')
  expect(asked).toContain('lookups-of-domain {"domain":"evil.example.com"}')
  expect(await linesOf(`alert:${alertId}`)).toContain(`alert.opened ${by}`)
  expect((await listRuns(house.db, { alertId })).map((run) => run.playbookId)).toEqual(['ioc-enrichment'])
  await expect(startOnText(house, { ...typed, text: 'nothing here' })).rejects.toMatchObject({ code: 'input.invalid' })
  const many = Array.from({ length: 60 }, (_, n) => `198.51.100.${n}`).join(' ')
  await expect(startOnText(house, { ...typed, text: many })).rejects.toMatchObject({ code: 'input.invalid' })
})
