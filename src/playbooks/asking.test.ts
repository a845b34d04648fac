import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from '../../test/database.ts'
import { alertBody, testHouse } from '../../test/house.ts'
import { alertIn, journal, playbookOf, started, step, still } from '../../test/run-house.ts'
import { findingsOf } from '../db/findings.ts'
import { transaction } from '../db/open.ts'
import { getRun } from '../db/runs.ts'
import { fixedClock, systemClock } from '../kit/clock.ts'
import type { Ask } from '../model/doors.ts'
import { continueRun } from './interpreter.ts'
import { libraryOf } from './library.ts'
import { loadLibrary } from './load.ts'
import { startRun } from './on-alert.ts'
import { answerPersonQuestion } from './person-answer.ts'

const database = await freshDatabase()
afterAll(() => database.close())

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
