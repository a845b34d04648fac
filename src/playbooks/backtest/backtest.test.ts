import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { mail, type TestHouse, testHouse } from '../../../test/house.ts'
import { getAlert } from '../../db/alerts.ts'
import { backtestRows, getBacktest } from '../../db/backtests.ts'
import { readOnly } from '../../db/open.ts'
import { listRuns } from '../../db/runs.ts'
import type { BacktestRow, BacktestVerdict } from '../../model/backtest.ts'
import type { Ask } from '../../model/doors.ts'
import type { Playbook } from '../../model/playbook.ts'
import { type QuestionName, questions } from '../../model/question.ts'
import { ReaderDescription } from '../../model/reader.ts'
import { readerOf } from '../../providers/described.ts'
import { startByHand } from '../by-hand.ts'
import { decide } from '../decide.ts'
import { continueRun } from '../interpreter.ts'
import { loadLibrary } from '../load.ts'
import { readMessage } from '../read-message.ts'
import { makeReceive } from '../receive.ts'
import { askBacktest, backtestTasks, cancelBacktest } from './backtest-job.ts'
import { candidateOf } from './candidate.ts'
import { playbookLookBack } from './playbook-backtest.ts'
import { backtestPlaybook, backtestReader } from './run-backtest.ts'

let database: FreshDatabase
let house: TestHouse
const library = await loadLibrary(['content/playbooks'])
const signal = new AbortController().signal
const by = 'user:11111111-1111-4111-8111-111111111111'

const asset = {
  ...{ id: 'a1', name: 'ws-1.example.org', addresses: [], owner: 'Jo Doe', ownerEmail: 'jo@example.org' },
  ...{ role: 'payroll', application: null, environment: null, criticality: 'critical', sensitivity: 'high' },
  ...{ regulatory: ['GDPR'], exposed: false, site: null, asOf: null },
}
const known: Partial<Record<QuestionName, unknown>> = {
  'asset-of-host': asset,
  'network-of-address': { ours: true, network: null, name: null, site: null, zone: null },
}
const ask: Ask = async (question, _ask, { onAnswer, only }) => {
  const answer = known[question]
  const answered =
    answer === undefined
      ? ({ kind: 'nothing', query: question } as const)
      : ({ kind: 'found', answer: questions[question].answer.parse(answer), query: question } as const)
  const one = { connector: only?.[0] ?? 'list', answered, costMs: 1, askedAt: new Date() }
  onAnswer?.(one)
  return [one]
}

async function alertIn(n: number, decision: 'incident' | 'false-alarm-nothing' | null): Promise<string> {
  const text = `Rule: Beacon ${n}\nSeverity: High\nHost: ws-${n}.example.org\nSource IP: 192.0.2.${n}\nDestination IP: 198.51.100.7\nTime: 2026-11-20T10:00:00Z\nCase ref: C-${n}\n`
  const receipt = await makeReceive(house)(mail(`Alert ${n}`, text, { 'Message-ID': `<${n}@back.example>` }))
  await readMessage(house, receipt.id, 1)
  const { alert_id } = await house.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  const alertId = alert_id ?? ''
  const [run] = await listRuns(house.db, { alertId })
  expect(await continueRun(house, run?.id ?? '', { resumed: false, signal })).toBe('waiting')
  if (decision !== null) {
    const version = (await getAlert(house.db, alertId))?.version ?? -1
    await decide(house, { alertId, outcome: decision, reason: 'seen', cites: [], withoutEvidence: true, version, by })
  }
  return alertId
}

beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database, { library, ask })
  await alertIn(1, 'incident')
  await alertIn(2, 'false-alarm-nothing')
  await alertIn(3, null)
})
afterAll(() => database.close())

const from = new Date(Date.now() - 86_400_000)
const to = new Date(Date.now() + 86_400_000)

async function lookBack(candidate: Playbook) {
  const rows: BacktestRow[] = []
  const walk = {
    from,
    to,
    signal,
    onTotal: async () => undefined,
    onRows: async (more: readonly BacktestRow[]) => void rows.push(...more),
  }
  return { summary: await backtestPlaybook(house.db, playbookLookBack(candidate, library), walk), rows }
}

const ours = library.byId('provider-alert') as Playbook
/** The playbook that ran, without the questions of this name. */
const without = (...names: readonly string[]): Playbook => ({
  ...ours,
  version: 2,
  steps: ours.steps.map((step) =>
    step.step === 'ask' ? { ...step, questions: step.questions.filter((one) => !names.includes(one.ask)) } : step,
  ),
})

/** How many rows each table has: what a look back must leave as it was. */
async function countsOf(): Promise<Record<string, number>> {
  const tables = [
    'alert',
    'message',
    'finding',
    'run',
    'step',
    'decision',
    'reply',
    'notice',
    'ledger_entry',
    'person_question',
  ]
  const counted = await Promise.all(
    tables.map(async (table) => {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(house.db)
      return [table, rows[0]?.n ?? -1] as const
    }),
  )
  return Object.fromEntries(counted)
}

test('the playbook that ran comes out the same, and nothing is asked, sent or written', async () => {
  const before = await countsOf()
  const { summary, rows } = await lookBack(ours)
  expect(summary).toMatchObject({ looked: 3, same: 3, different: 0, unknown: 0, notConcerned: 0, decided: 2 })
  expect(rows.every((row) => row.asked > 15 && row.unrecorded.length === 0)).toBe(true)
  expect(rows.map((row) => row.effects)).toEqual([
    ['a draft of the answer to the provider'],
    ['a draft of the answer to the provider'],
    [],
  ])
  expect(summary.was).toEqual(summary.now)
  expect(await countsOf()).toEqual(before)
  // Not by good will: the transaction cannot write.
  const writing = readOnly(house.db, (tx) => tx.updateTable('alert').set({ priority: 0 }).execute())
  await expect(writing).rejects.toThrow('read-only transaction')
})

test('a playbook that asks less loses its rungs, and each number opens to its list', async () => {
  const { summary, rows } = await lookBack(
    without('asset-of-host', 'owner-of-host', 'asset-of-address', 'person-of-account'),
  )
  expect(summary).toMatchObject({ looked: 3, different: 3, byChange: { fidelity: 3, risk: 3 } })
  const [first] = rows
  expect(first?.changes.find((change) => change.what === 'risk')).toMatchObject({
    now: '25 (medium)',
  })
  expect((first?.was?.risk.score ?? 0) > (first?.now?.risk.score ?? 0)).toBe(true)
})

test('a question that nobody asked then has no recorded answer: it cannot be told, and is not "nothing"', async () => {
  const more: Playbook = {
    ...ours,
    version: 2,
    steps: [
      {
        ...{ id: 'more', step: 'ask', title: 'More', csf: 'DE.AE-07', phase: 'analysis' },
        questions: [{ ask: 'registration-of-domain', with: { domain: '"example.com"' } }],
      },
      ...ours.steps,
    ],
  }
  const { summary, rows } = await lookBack(more)
  expect(summary).toMatchObject({ same: 0, different: 0, unknown: 3, withUnrecorded: 3 })
  expect(rows[0]?.unrecorded).toEqual(['Who registered this domain, and when? example.com'])
})

test('an alert that it does not start on is not concerned; one that it takes from another playbook says so', async () => {
  const rare = { ...ours, id: 'rare', when: 'alert.host == "elsewhere"' }
  expect((await lookBack(rare)).summary).toMatchObject({ notConcerned: 3, same: 0 })
  const taking = { ...ours, id: 'taking', when: 'alert.host.startsWith("ws-2")' }
  const { summary, rows } = await lookBack(taking)
  expect(summary).toMatchObject({ notConcerned: 2, different: 1, byChange: { playbook: 1 } })
  expect(rows[1]?.changes).toEqual([{ what: 'playbook', was: 'provider-alert', now: 'taking' }])
})

test('what a person ran by hand beside it makes no difference', async () => {
  const alertId = await alertIn(4, null)
  const playbook = library.byId('ioc-enrichment') as Playbook
  const runId = await startByHand(house, { playbook, alertId, by })
  await continueRun(house, runId, { resumed: false, signal })
  expect((await lookBack(ours)).summary).toMatchObject({ looked: 4, same: 4 })
})

const description = ReaderDescription.parse({
  reader: 1,
  id: 'acme-taught',
  title: 'Acme, as we taught it',
  from: ['provider.example'],
  fields: { ticket: { label: 'Case ref' } },
})

test('a reader is tried on recorded messages: which fields come out differently, and what the alert would be', async () => {
  const rows: BacktestRow[] = []
  const walk = {
    from,
    to,
    signal,
    onTotal: async () => undefined,
    onRows: async (more: readonly BacktestRow[]) => void rows.push(...more),
  }
  const summary = await backtestReader(house.db, readerOf(description), walk)
  expect(summary).toMatchObject({ looked: 4, different: 4 })
  expect(rows[0]?.changes).toContainEqual({ what: 'ticket', was: 'not read', now: 'C-1' })
  expect(rows[0]).toMatchObject({ number: expect.any(Number), decision: 'incident', was: expect.anything() })
})

test('a job walks it, its numbers are the lengths of its lists, and after a kill it begins anew', async () => {
  const candidate = { kind: 'playbook', playbook: without('asset-of-host') } as const
  const id = await askBacktest(house, { candidate, days: 30, by })
  const walk = backtestTasks(house)['run-backtest']
  const dying = AbortSignal.abort(new Error('killed'))
  await expect(walk?.({ backtestId: id }, { tries: 1, signal: dying })).rejects.toThrow('killed')
  await walk?.({ backtestId: id }, { tries: 2, signal })
  const done = await getBacktest(house.db, id)
  expect(done).toMatchObject({ state: 'done', done: 4, total: 4, summary: { looked: 4 } })
  const count = async (verdict: BacktestVerdict | null, change: string | null = null, unrecorded = false) =>
    (await backtestRows(house.db, id, { verdict, change, unrecorded, after: 0 })).rows.length
  const { summary } = done ?? {}
  expect(await count('different')).toBe(summary?.different)
  expect(await count('same')).toBe(summary?.same)
  expect(await count(null, 'fidelity')).toBe(summary?.byChange['fidelity'] ?? 0)
  expect(await count(null, null, true)).toBe(summary?.withUnrecorded)
  const { rows } = await sql<{
    kind: string
  }>`select kind from ledger_entry where subject = ${`backtest:${id}`}`.execute(house.db)
  expect(rows).toEqual([{ kind: 'backtest.asked' }])
})

test('one that was cancelled stops, and cannot be cancelled twice', async () => {
  const id = await askBacktest(house, { candidate: { kind: 'reader', description }, days: 1, by })
  await cancelBacktest(house, { id, by })
  await backtestTasks(house)['run-backtest']?.({ backtestId: id }, { tries: 1, signal })
  expect(await getBacktest(house.db, id)).toMatchObject({ state: 'cancelled', done: 0 })
  await expect(cancelBacktest(house, { id, by })).rejects.toMatchObject({ code: 'state.conflict' })
})

test('a wrong text is refused with its line', () => {
  expect(() => candidateOf('playbook', 'playbook: 1\nid: mine\n', library)).toThrow(
    expect.objectContaining({ code: 'input.invalid', details: { fields: { text: expect.stringMatching(/^1:/) } } }),
  )
  expect(() => candidateOf('reader', 'id: 7\n', library)).toThrow(expect.objectContaining({ code: 'input.invalid' }))
})
