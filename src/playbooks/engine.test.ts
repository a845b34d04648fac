import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from '../../test/database.ts'
import { answering, testHouse } from '../../test/house.ts'
import { alertIn, decideOn, journal, playbookOf, started, step, still, waitFor } from '../../test/run-house.ts'
import { getAlert } from '../db/alerts.ts'
import { findingsOf } from '../db/findings.ts'
import { getRun } from '../db/runs.ts'
import { fixedClock } from '../kit/clock.ts'
import type { Ask } from '../model/doors.ts'
import { continueRun } from './interpreter.ts'
import { libraryOf } from './library.ts'
import { loadLibrary } from './load.ts'
import { wakeExpired } from './wake.ts'

const database = await freshDatabase()
afterAll(() => database.close())

test('a mail becomes an alert with a full ladder and waits for a person; the decision drafts the reply; its release ends the run', async () => {
  const house = await testHouse(database, { library: await loadLibrary(['content/playbooks']) })
  const { alertId, runId } = await alertIn(house)
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('waiting')
  const record = await getAlert(house.db, alertId)
  const last = (await getRun(house.db, runId))?.journal.find((line) => line.path === 'ask-evidence')
  expect(new Date(record?.filledAt ?? 0).getTime()).toBeGreaterThanOrEqual(new Date(last?.startedAt ?? '').getTime())
  expect(record?.judgement?.fidelity.applicable).toBeGreaterThan(0)
  expect(await journal(house, runId)).toEqual([
    'ask-context done',
    'ask-evidence done',
    'propose done',
    'wait-decision waiting',
  ])
  const findings = await findingsOf(house.db, alertId)
  expect(findings).toHaveLength(24)
  expect(new Set(findings.map((finding) => finding.id)).size).toBe(24)

  await decideOn(house, alertId)
  expect((await getRun(house.db, runId))?.state).toBe('running')
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('waiting')
  expect((await journal(house, runId)).slice(3)).toEqual([
    'wait-decision done',
    'draft-reply done',
    'wait-release waiting',
  ])
})

test('killed after every commit, a run still does everything once', async () => {
  let stop = new AbortController()
  const asked: { question: string; ask: unknown }[] = []
  const house = await testHouse(database, {
    library: await loadLibrary(['content/playbooks']),
    ask: answering(asked),
    // `tell` follows every commit: the process "dies" there, before it does anything else.
    tell: () => stop.abort(),
  })
  const { alertId, runId } = await alertIn(house)
  let lives = 0
  for (; lives < 50; lives += 1) {
    stop = new AbortController()
    const came = await continueRun(house, runId, { resumed: lives > 0, signal: stop.signal }).catch(
      (error: Error) => error.message,
    )
    if (came === 'waiting') break
    expect(came).toBe('this process is stopping')
  }
  expect(lives).toBeGreaterThan(3)
  expect(await journal(house, runId)).toEqual([
    'ask-context done',
    'ask-evidence done',
    'propose done',
    'wait-decision waiting',
  ])
  expect(await findingsOf(house.db, alertId)).toHaveLength(24)
  const run = await getRun(house.db, runId)
  expect(run?.resumedTimes).toBe(lives)
  const endings = await house.db
    .selectFrom('ledger_entry')
    .select('id')
    .where('subject', '=', `run:${runId}`)
    .where('kind', '=', 'step.ended')
    .execute()
  expect(endings).toHaveLength(3)
})

test('a worker that was thought dead and wakes up writes nothing', async () => {
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let first = true
  const slowOnce: Ask = async (question, _ask, { onAnswer }) => {
    const mine = first
    first = false
    if (mine) await held
    const connector = mine ? 'late' : 'list'
    const one = { connector, answered: { kind: 'nothing' as const, query: question }, costMs: 1, askedAt: new Date() }
    onAnswer?.(one)
    return [one]
  }
  const house = await testHouse(database, { ask: slowOnce })
  const ask = {
    ...step,
    id: 'ask',
    step: 'ask' as const,
    title: 'Ask',
    questions: [{ ask: 'owner-of-host' as const, with: { host: 'alert.host' } }],
  }
  const { alertId, runId } = await started(house, playbookOf('fenced', [ask, waitFor('wait')]))
  const asleep = continueRun(house, runId, { resumed: false, signal: still })
  await expect.poll(() => first).toBe(false)
  expect(await continueRun({ ...house, node: 'other' }, runId, { resumed: true, signal: still })).toBe('waiting')
  release()
  expect(await asleep).toBe('superseded')
  expect((await findingsOf(house.db, alertId)).map((finding) => finding.connector)).toEqual(['list'])
  expect((await getRun(house.db, runId))?.journal.map((line) => line.node)).toEqual(['other', 'other'])
})

test('a new version of a playbook never strands a run that waits', async () => {
  const house = await testHouse(database)
  const note = {
    ...step,
    id: 'old-step',
    step: 'notify' as const,
    title: 'Old',
    to: ['analyst'],
    subject: 'old',
    text: 'old',
  }
  const { alertId, runId } = await started(house, playbookOf('versions', [waitFor('wait'), note]))
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('waiting')
  const next = playbookOf('versions', [{ ...note, id: 'new-step' }], 2)
  await decideOn(house, alertId)
  expect(await continueRun({ ...house, library: libraryOf([next]) }, runId, { resumed: false, signal: still })).toBe(
    'ended',
  )
  expect(await journal(house, runId)).toEqual(['wait done', 'old-step done'])
  expect(house.notices.map((notice) => notice.subject)).toEqual(['old'])
})

test('a wait expires by the clock, and the run goes on', async () => {
  const clock = fixedClock('2026-11-20T10:00:00Z')
  const house = await testHouse(database, { clock })
  const { runId } = await started(house, playbookOf('expires', [waitFor('wait', '2h')]))
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('waiting')
  clock.set('2026-11-20T11:59:59Z')
  expect(await wakeExpired(house.db, clock.now())).toBe(0)
  clock.set('2026-11-20T12:00:00Z')
  expect(await wakeExpired(house.db, clock.now())).toBe(1)
  expect(await wakeExpired(house.db, clock.now())).toBe(0)
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('ended')
  expect(await journal(house, runId)).toEqual(['wait timed-out'])
})

test('a decision made while the run is about to wait is never missed', async () => {
  const house = await testHouse(database)
  const { alertId, runId } = await started(house, playbookOf('race', [waitFor('wait')]))
  const [came] = await Promise.all([
    continueRun(house, runId, { resumed: false, signal: still }),
    decideOn(house, alertId),
  ])
  // Either it saw the decision itself, or the decision saw it waiting and queued it.
  if (came !== 'ended') expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('ended')
  expect(await journal(house, runId)).toEqual(['wait done'])
})

test('a mail that cannot be sent at all is said in the journal, and the run goes on', async () => {
  const house = await testHouse(database, { cannotMail: () => 'no mail server is configured for outgoing mail' })
  const texts = { step: 'notify' as const, to: ['analyst@example.org'], subject: 's', text: 't' }
  const note = { ...step, ...texts, id: 'note', title: 'Note' }
  const { runId } = await started(house, playbookOf('no-mail', [note, { ...note, id: 'again' }]))
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('ended')
  const lines = await house.db
    .selectFrom('step')
    .select(['step_id', 'state', 'error'])
    .where('run_id', '=', runId)
    .orderBy('ordinal')
    .execute()
  expect(lines).toEqual(
    ['note', 'again'].map((id) => ({
      step_id: id,
      state: 'skipped',
      error: 'no mail server is configured for outgoing mail',
    })),
  )
  expect(house.notices).toEqual([])
})

test('a step that fails is tried again with growing waits and then ends the run with its reason', async () => {
  let tries = 0
  const house = await testHouse(database, {
    mailNotice: async () => {
      tries += 1
      throw new Error('no mail today')
    },
  })
  const note = {
    ...step,
    id: 'note',
    step: 'notify' as const,
    title: 'Note',
    to: ['analyst'],
    subject: 's',
    text: 't',
    retry: { attempts: 2, backoff: '1s' },
  }
  const { runId } = await started(house, playbookOf('fails', [note]))
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('waiting')
  const job = await house.db
    .selectFrom('graphile_worker.jobs' as never)
    .selectAll()
    .where('key' as never, '=', `run:${runId}` as never)
    .executeTakeFirst()
  expect(job).toBeDefined()
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('ended')
  expect(tries).toBe(2)
  const run = await getRun(house.db, runId)
  expect(run).toMatchObject({ state: 'failed', error: 'step "note" failed: no mail today' })
})
