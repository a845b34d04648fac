import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { Coverage } from '../src/contract/connectors.ts'
import type { QuestionName } from '../src/model/question.ts'
import { addProvider, alertOf, post, signedIn } from './desk.ts'
import { deskHere } from './desk-here.ts'

const { database, desk } = await deskHere()
let cookie: string
let key: string
let n = 0

beforeAll(async () => {
  cookie = (await signedIn(desk, 'lead')).cookie
  key = await addProvider(desk)
})

const coverage = async (): Promise<Coverage> =>
  (await (await fetch(`${desk.origin}/api/connector-coverage`, { headers: { cookie } })).json()) as Coverage
const cell = async (rung: string, criticality: string | null) =>
  (await coverage()).cells.find((one) => one.rung === rung && one.criticality === criticality)

type Told = readonly [QuestionName, 'found' | 'nothing' | 'failed' | 'not-collected', unknown?]
/** An alert of its own with exactly these findings. */
async function alert(ageDays: number, ...told: Told[]): Promise<void> {
  n += 1
  const id = await alertOf(
    desk,
    await post(desk, key, { subject: `[NW-${n}] High: x${n}`, body: `Ticket: NW-${n}\nRule: x${n}\nSeverity: High\n` }),
  )
  const at = new Date(Date.now() - ageDays * 86_400_000)
  await database.db.updateTable('alert').set({ received_at: at }).where('id', '=', id).execute()
  await database.db.deleteFrom('finding').where('alert_id', '=', id).execute()
  for (const [question, kind, answer] of told)
    await database.db
      .insertInto('finding')
      .values({
        id: randomUUID(),
        alert_id: id,
        question,
        ask: '{}',
        connector: 'test',
        kind,
        answer: answer === undefined ? null : JSON.stringify(answer),
        cost_ms: 1,
        asked_at: at,
      })
      .execute()
}
const machine = (name: string, criticality: string | null): Told => ['asset-of-host', 'found', { name, criticality }]

test('each rung says for how many assets of each criticality our own sources answered, at the newest alert of each', async () => {
  expect((await coverage()).cells).toEqual([])
  await alert(
    2,
    machine('pay-01', 'critical'),
    ['vulnerabilities-of-asset', 'found', {}],
    ['logins-of-account', 'failed'],
  )
  await alert(
    1,
    machine('pay-02', 'critical'),
    ['vulnerabilities-of-asset', 'not-collected'],
    ['logins-of-account', 'nothing'],
  )
  await alert(5, machine('PAY-02', 'critical'), ['vulnerabilities-of-asset', 'found', {}])
  await alert(1, machine('lab-01', null), ['seen-before', 'found', {}])
  await alert(1)
  expect(await coverage()).toMatchObject({ days: 30, alerts: 5, more: false, unplaced: 1 })
  expect(await cell('identity-owner', 'critical')).toMatchObject({ assets: 2, answered: 2 })
  expect(await cell('vulnerability', 'critical')).toMatchObject({ assets: 2, answered: 1, failed: 0 })
  expect(await cell('endpoint-logs', 'critical')).toMatchObject({ assets: 2, answered: 1, failed: 1 })
  // What stands beside a rung (our own memory) does not fill it.
  expect(await cell('business-context', null)).toMatchObject({ assets: 1, answered: 0 })
  expect(await cell('vulnerability', 'low')).toBeUndefined()
})

test('what is older than the window, and sample data, does not count', async () => {
  await alert(31, machine('old-01', 'low'), ['vulnerabilities-of-asset', 'found', {}])
  expect(await cell('vulnerability', 'low')).toBeUndefined()
  await database.db.updateTable('alert').set({ sample: true }).execute()
  expect(await coverage()).toMatchObject({ alerts: 0, cells: [] })
})

test('a hole names what would fill it: what is set up and idle first, then what could be added', async () => {
  const { rungs } = await coverage()
  const fillers = (rung: string) => rungs.find((one) => one.rung === rung)?.fillers ?? []
  expect(fillers('vulnerability')).toContain('set up Scanner reports')
  expect(fillers('network-sessions').some((one) => one.startsWith('add '))).toBe(true)
})
