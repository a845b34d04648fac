import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, answering, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { changeAlert, getAlert, lockAlert } from '../db/alerts.ts'
import { insertDecision } from '../db/decisions.ts'
import { findingsOf } from '../db/findings.ts'
import { transaction } from '../db/open.ts'
import { getRun, listRuns } from '../db/runs.ts'
import { fixedClock, systemClock } from '../kit/clock.ts'
import { stableId } from '../kit/stable-id.ts'
import type { Ask } from '../model/doors.ts'
import type { Playbook } from '../model/playbook.ts'
import { continueRun } from './interpreter.ts'
import { libraryOf } from './library.ts'
import { loadLibrary } from './load.ts'
import { startRun } from './on-alert.ts'
import { answerPersonQuestion } from './person-answer.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'
import { onDecision, wakeExpired } from './wake.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

const still = new AbortController().signal
let mails = 0

/** An alert of its own for one test, by a mail through the whole way in; with the run its playbook started. */
async function alertIn(house: TestHouse, body = alertBody): Promise<{ alertId: string; runId: string }> {
  mails += 1
  const receipt = await makeReceive(house)(
    mail(`Alert ${mails}`, `${body}Test: ${mails}\n`, { 'Message-ID': `<${mails}@engine.example>` }),
  )
  await readMessage(house, receipt.id, 1)
  const row = await house.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  const alertId = row.alert_id ?? ''
  const [run] = await listRuns(house.db, { alertId })
  return { alertId, runId: run?.id ?? '' }
}

async function decideOn(house: TestHouse, alertId: string): Promise<void> {
  await transaction(house.db, async (tx) => {
    await lockAlert(tx, alertId)
    const record = await getAlert(tx, alertId)
    await changeAlert(tx, alertId, record?.version ?? -1, {
      state: 'decided',
      outcome: 'false-alarm-benign',
      decidedAt: new Date(),
    })
    await insertDecision(tx, {
      id: stableId('decision', alertId),
      alertId,
      outcome: 'false-alarm-benign',
      reason: 'planned',
      cites: [],
      withoutEvidence: true,
      by: 'user:1',
      at: new Date().toISOString(),
    })
    await onDecision(tx, alertId)
  })
}

const step = { csf: 'DE.AE-07', phase: 'analysis' as const }
const waitFor = (id: string, expires = '1h') => ({
  ...step,
  id,
  step: 'wait-for-person' as const,
  title: id,
  for: 'decision' as const,
  expires,
})
function playbookOf(id: string, steps: Playbook['steps'], version = 1): Playbook {
  return { playbook: 1, id, version, title: id, description: '', on: 'manual', priority: 50, steps }
}

async function started(house: TestHouse, playbook: Playbook): Promise<{ alertId: string; runId: string }> {
  const { alertId } = await alertIn(house)
  const runId = await transaction(house.db, (tx) =>
    startRun({ ...house, library: libraryOf([playbook, ...house.library.all]) }, tx, {
      playbook,
      alertId,
      trigger: 'test',
    }),
  )
  return { alertId, runId }
}

const journal = async (house: TestHouse, runId: string): Promise<string[]> =>
  (await getRun(house.db, runId))?.journal.map((line) => `${line.path} ${line.state}`) ?? []

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

test('the owner is asked once by a one-time link, and the answer is evidence', async () => {
  const clock = { now: () => systemClock.now() }
  const person = {
    id: 'p',
    name: 'Jo Doe',
    email: 'jo@example.org',
    account: 'jdoe',
    department: null,
    title: null,
    manager: null,
    privileged: false,
  }
  const ask: Ask = async (question, _ask, { onAnswer }) => {
    const answered =
      question === 'person-of-account'
        ? ({ kind: 'found', answer: person, query: 'q' } as const)
        : ({ kind: 'nothing', query: 'q' } as const)
    const one = { connector: 'people', answered, costMs: 1, askedAt: new Date() }
    onAnswer?.(one)
    return [one]
  }
  const house = await testHouse(database, { library: await loadLibrary(['content/playbooks']), ask, clock })
  const { alertId, runId } = await alertIn(
    house,
    `Title: Impossible travel sign-in\n${alertBody.replace('Suspicious DNS query', 'Impossible travel sign-in')}`,
  )
  expect((await getRun(house.db, runId))?.playbookId).toBe('suspicious-sign-in')
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('waiting')
  expect(await journal(house, runId)).toContain('who-is-it/1/was-it-them/ask-person waiting')
  expect(house.notices).toHaveLength(1)
  expect(house.notices[0]?.to).toEqual(['jo@example.org'])
  const token = /answer\/(\S+)/.exec(house.notices[0]?.text ?? '')?.[1] ?? ''
  expect(JSON.stringify(await house.db.selectFrom('person_question').selectAll().execute())).not.toContain(token)

  expect((await answerPersonQuestion(house, 'guessed', 'yes', '')).kind).toBe('unknown')
  expect((await answerPersonQuestion(house, token, 'yes', 'on holiday in Lisbon')).kind).toBe('taken')
  expect((await answerPersonQuestion(house, token, 'no', 'no!')).kind).toBe('answered-before')
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('waiting')
  expect((await journal(house, runId)).slice(-3)).toEqual([
    'who-is-it/1/was-it-them/ask-person done',
    'who-is-it/1/was-it-them/propose-again done',
    'wait-decision waiting',
  ])
  const answers = (await findingsOf(house.db, alertId)).filter((finding) => finding.question === 'was-this-you')
  expect(answers.map((finding) => finding.answer)).toMatchObject([
    { answer: 'yes', comment: 'on holiday in Lisbon', by: 'jo@example.org' },
  ])
})

test('who said yes is not asked the same again within the time; of another machine, after a no, or later, they are', async () => {
  const clock = fixedClock('2026-11-20T12:00:00Z')
  const house = await testHouse(database, { clock })
  const askOwner = {
    ...{ ...step, id: 'ask', step: 'wait-for-person' as const, title: 'Ask', for: 'answer' as const, expires: '4h' },
    ...{ to: '"jo@example.org"', question: 'Was this you?', remember: '7d' },
  }
  const run = async (body: string) => {
    const { alertId } = await alertIn(house, body)
    const playbook = playbookOf('remembering', [askOwner])
    const runId = await transaction(house.db, (tx) =>
      startRun({ ...house, library: libraryOf([playbook, ...house.library.all]) }, tx, {
        playbook,
        alertId,
        trigger: 'test',
      }),
    )
    const before = house.notices.length
    await continueRun(house, runId, { resumed: false, signal: still })
    const token = /answer\/(\S+)/.exec(house.notices[before]?.text ?? '')?.[1] ?? null
    return {
      alertId,
      runId,
      token,
      say: (answer: 'yes' | 'no') => answerPersonQuestion(house, token ?? '', answer, 'my job'),
    }
  }
  const first = await run(alertBody)
  expect(first.token).not.toBeNull()
  expect((await first.say('yes')).kind).toBe('taken')
  clock.set('2026-11-22T12:00:00Z')

  const second = await run(alertBody)
  expect(second.token).toBeNull()
  expect(await journal(house, second.runId)).toEqual(['ask done'])
  const [kept] = (await findingsOf(house.db, second.alertId)).filter(({ question }) => question === 'was-this-you')
  expect(kept).toMatchObject({
    kind: 'found',
    answer: { answer: 'yes', comment: 'my job', at: '2026-11-20T12:00:00.000Z' },
  })
  expect(kept?.query).toMatch(/^remembered: jo@example\.org said so about A-\d+ /)

  const elsewhere = await run(alertBody.replace(/^Host: .*$/m, 'Host: OTHER-99'))
  expect(elsewhere.token).not.toBeNull()
  clock.set('2026-11-28T12:00:00Z')
  const later = await run(alertBody)
  expect(later.token).not.toBeNull()
  expect((await later.say('no')).kind).toBe('taken')
  expect((await run(alertBody)).token).not.toBeNull()
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

test('a source that never answers costs its question, not the run', async () => {
  const house = await testHouse(database, { ask: () => new Promise(() => undefined) })
  const ask = {
    ...step,
    id: 'ask',
    step: 'ask' as const,
    title: 'Ask',
    timeout: '50ms',
    questions: [{ ask: 'owner-of-host' as const, with: { host: 'alert.host' } }],
  }
  const { alertId, runId } = await started(house, playbookOf('silent', [ask]))
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('ended')
  expect(await findingsOf(house.db, alertId)).toMatchObject([{ kind: 'failed', why: 'no answer within 50 ms' }])
})

test('answers are kept as they come: a slow source holds nobody back', async () => {
  let finish: () => void = () => undefined
  const slow = new Promise<void>((resolve) => {
    finish = resolve
  })
  const ask: Ask = async (question, _ask, { onAnswer }) => {
    if (question === 'owner-of-host') await slow
    const one = {
      connector: 'list',
      answered: { kind: 'nothing' as const, query: 'q' },
      costMs: 1,
      askedAt: new Date(),
    }
    onAnswer?.(one)
    return [one]
  }
  const house = await testHouse(database, { ask })
  const questions = [
    { ask: 'owner-of-host' as const, with: { host: 'alert.host' } },
    { ask: 'person-of-account' as const, with: { account: 'alert.account' } },
  ]
  const { alertId, runId } = await started(
    house,
    playbookOf('slow', [{ ...step, id: 'ask', step: 'ask', title: 'Ask', questions }]),
  )
  const going = continueRun(house, runId, { resumed: false, signal: still })
  await expect
    .poll(async () => (await findingsOf(house.db, alertId)).map((finding) => finding.question))
    .toEqual(['person-of-account'])
  expect(await journal(house, runId)).toEqual(['ask running'])
  finish()
  expect(await going).toBe('ended')
  expect(await findingsOf(house.db, alertId)).toHaveLength(2)
})

test('a question for each of a list is asked of all of them, once each and at most 20; an empty list is asked of nobody', async () => {
  const asked: string[] = []
  const ask: Ask = async (_question, { value }, { only, except, onAnswer }) => {
    asked.push(`${String(value)} ${only?.join() ?? '*'} ${except?.join() ?? '-'}`)
    const one = {
      connector: 'list',
      answered: { kind: 'nothing' as const, query: 'q' },
      costMs: 1,
      askedAt: new Date(),
    }
    onAnswer?.(one)
    return [one]
  }
  const house = await testHouse(database, { ask })
  const each = (list: string, more: object) => ({
    ...{
      ask: 'reputation-of-observable' as const,
      each: list,
      with: { type: 'each.type', value: 'each.value' },
      ...more,
    },
  })
  const questions = [
    each('alert.observables.filter(o, o.type == "ipv4")', { connectors: ['intelligence'] }),
    each('alert.observables.filter(o, o.type == "mutex")', { except: ['intelligence'] }),
  ]
  const addresses = Array.from({ length: 40 }, (_, at) => `198.51.100.${at + 1}`)
  const playbook = playbookOf('each', [{ ...step, id: 'ask', step: 'ask', title: 'Ask', questions }])
  const { alertId } = await alertIn(house, `${alertBody}Seen: ${addresses.join(', ')} and again ${addresses[0]}\n`)
  const runId = await transaction(house.db, (tx) =>
    startRun({ ...house, library: libraryOf([playbook]) }, tx, { playbook, alertId, trigger: 'test' }),
  )
  expect(await continueRun(house, runId, { resumed: false, signal: still })).toBe('ended')
  expect(asked).toHaveLength(20)
  expect(new Set(asked).size).toBe(20)
  expect(asked.every((one) => one.endsWith(' intelligence -'))).toBe(true)
  const kinds = (await findingsOf(house.db, alertId))
    .filter(({ question }) => question === 'reputation-of-observable')
    .map(({ kind, why }) => `${kind} ${why}`)
  expect(kinds.filter((kind) => kind === 'nothing ')).toHaveLength(20)
  expect(kinds).toContain('not-applicable the alert names nothing to ask about')
})
