import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { addSigner, type Keys, signOpen } from '../../test/approval-signers.ts'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { mail, type TestHouse, testHouse } from '../../test/house.ts'
import { getAlert } from '../db/alerts.ts'
import { findingsOf } from '../db/findings.ts'
import { getRun, listRuns } from '../db/runs.ts'
import { systemClock } from '../kit/clock.ts'
import { yamlFilesOf } from '../kit/yaml-files.ts'
import { csfIds } from '../model/csf.ts'
import type { Ask } from '../model/doors.ts'
import { officesDefault } from '../model/office.ts'
import type { Step } from '../model/playbook.ts'
import { QuestionName, questions } from '../model/question.ts'
import { Outcome } from '../model/triage.ts'
import { changeOffices } from './approvals/offices.ts'
import { markByHand } from './by-hand.ts'
import { decide } from './decide.ts'
import { continueRun } from './interpreter.ts'
import { loadLibrary } from './load.ts'
import { answerPersonQuestion } from './person-answer.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'
import type { Asked } from './steps/checklist.ts'

/** An alert as it comes, what our sources know (they looked and found nothing of everything else), what is asked, and what people do. */
const Sample = z.strictObject({
  playbook: z.string(),
  mail: z.strictObject({ subject: z.string(), text: z.string() }),
  answers: z.partialRecord(QuestionName, z.record(z.string(), z.unknown())),
  personSays: z.enum(['yes', 'no', 'unsure']).optional(),
  decision: Outcome,
  /** Every question that is asked outside, with what it is about. */
  asks: z.array(z.string()),
  /** Every step in the order in which it came, with how it came out. */
  steps: z.array(z.string()),
})
type Sample = z.infer<typeof Sample>

const files = await yamlFilesOf(['content/playbooks/samples'], 100)
const samples = await Promise.all(
  files.map(async (file) => [path.basename(file), Sample.parse(parse(await readFile(file, 'utf8')))] as const),
)
const library = await loadLibrary(['content/playbooks'])

let database: FreshDatabase
const keys: Keys = new Map()
beforeAll(async () => {
  database = await freshDatabase()
  for (const office of ['dpo', 'hr', 'legal']) await addSigner(database.db, keys, 'approver', `${office}@example.org`)
  await addSigner(database.db, keys, 'asset-owner', 'jo@example.org')
  await addSigner(database.db, keys, 'lead', 'lead@example.org')
  const offices = Object.fromEntries(
    Object.entries(officesDefault).map(([id, office]) => [id, { ...office, people: [`${id}@example.org`] }]),
  )
  await changeOffices({ db: database.db, clock: systemClock }, { offices, version: 0, by: 'user:1' })
})
afterAll(() => database.close())

/** Called by others, or for what no reader understood: their own tests are in engine.test.ts. */
const withoutSample = new Set(['ask-owner', 'unread'])

test('every playbook that starts by itself on an alert has a sample, and every sample its playbook', () => {
  const own = library.all.map((playbook) => playbook.id).filter((id) => !withoutSample.has(id))
  expect(own.length).toBeGreaterThan(7)
  expect([...new Set(samples.map(([, sample]) => sample.playbook))].sort()).toEqual(own.sort())
})

const stepsOf = (steps: readonly Step[]): Step[] =>
  steps.flatMap((step) =>
    step.step === 'branch'
      ? [step, ...step.branches.flatMap((branch) => stepsOf(branch.steps)), ...stepsOf(step.else ?? [])]
      : [step],
  )
/** Which functions of the framework a phase belongs to (NIST SP 800-61r3, section 2: the life cycle told by the functions of CSF 2.0). */
const functionsOf: Record<Step['phase'], readonly string[]> = {
  preparation: ['GV', 'ID', 'PR'],
  detection: ['DE'],
  analysis: ['DE', 'RS'],
  containment: ['RS'],
  eradication: ['RS'],
  recovery: ['RC'],
  'post-incident': ['ID', 'RS', 'RC'],
}

test.each(library.all.map((playbook) => [playbook.id, playbook] as const))(
  '%s: every step has a CSF 2.0 id that there is, a phase that goes with it, and says why',
  (_id, playbook) => {
    const steps = stepsOf(playbook.steps)
    expect(steps.length).toBeGreaterThan(0)
    for (const step of steps) {
      expect(csfIds.has(step.csf), step.id).toBe(true)
      expect(functionsOf[step.phase], `${step.id}: ${step.csf} in ${step.phase}`).toContain(step.csf.slice(0, 2))
      expect(step.why ?? '', step.id).toMatch(/^[^a-z].{20,}[.?!]$/s)
    }
    // A person decides: nothing is answered or closed by itself.
    if (playbook.on !== 'manual')
      expect(steps.some((step) => step.step === 'wait-for-person' && step.for === 'decision')).toBe(true)
  },
)

/** Fields of an ask that say when and which alert, not what about. */
const besides = new Set(['at', 'before', 'provider', 'notAlert'])

/** Sources that know what the sample says, and looked and found nothing of all else. */
function sources(sample: Sample, asked: string[]): Ask {
  return async (question, ask, { onAnswer, only }) => {
    const about = Object.entries(ask).filter(([field]) => !besides.has(field)).map(([, value]) => String(value)) // biome-ignore format: one line
    asked.push([question, ...about, ...(only === undefined ? [] : [`(${only.join(', ')})`])].join(' '))
    const answer = sample.answers[question]
    const parsed = answer === undefined ? null : questions[question].answer.parse(answer)
    const answered =
      parsed === null
        ? ({ kind: 'nothing', query: question } as const)
        : ({ kind: 'found', answer: parsed, query: question } as const)
    const one = { connector: only?.[0] ?? 'list', answered, costMs: 1, askedAt: new Date() }
    onAnswer?.(one)
    return [one]
  }
}

/** What a person does where the run waits. */
async function doWhatItWaitsFor(house: TestHouse, sample: Sample, runId: string, alertId: string): Promise<void> {
  const line = (await getRun(house.db, runId))?.journal.find((one) => one.state === 'waiting')
  const by = 'user:1'
  switch (line?.waitingFor) {
    case 'decision': {
      const version = (await getAlert(house.db, alertId))?.version ?? -1
      const said = { outcome: sample.decision, reason: 'Looked at.', cites: [], withoutEvidence: true }
      await decide(house, { alertId, ...said, version, by })
      return
    }
    case 'answer': {
      const token = /answer\/(\S+)/.exec(house.notices.at(-1)?.text ?? '')?.[1] ?? ''
      expect((await answerPersonQuestion(house, token, sample.personSays ?? 'yes', '')).kind).toBe('taken')
      return
    }
    case 'checklist':
      for (const item of (line.input as Asked).items)
        await markByHand(house, { runId, path: line.path, itemId: item.id, state: 'done', note: '', by })
      return
    case 'approval':
      expect((await signOpen(house, keys, runId)).length).toBeGreaterThan(0)
      return
    case 'release':
      await house.db
        .insertInto('reply')
        .values({
          ...{ id: randomUUID(), alert_id: alertId, provider_id: 'acme', state: 'sent', text: '', recipients: [] },
          ...{
            subject: '',
            message_id: randomUUID(),
            released_by: by,
            released_at: new Date(),
            created_at: new Date(),
          },
        })
        .execute()
      return
    default:
      throw new Error(`the run waits for ${line?.waitingFor}`)
  }
}

/** Walks a run to its end. With `dying` the process dies after every single commit, and another goes on. */
async function walked(sample: Sample, dying: boolean) {
  let stop = new AbortController()
  const asked: string[] = []
  const house = await testHouse(database, {
    library,
    ask: sources(sample, asked),
    tell: () => (dying ? stop.abort() : undefined),
  })
  const { subject, text } = sample.mail
  const receipt = await makeReceive(house)(mail(subject, text, { 'Message-ID': `<${randomUUID()}@sample.example>` }))
  await readMessage(house, receipt.id, 1)
  const alertId = String(
    (await house.db.selectFrom('message').select('alert_id').where('id', '=', receipt.id).executeTakeFirstOrThrow())
      .alert_id,
  )
  const [started] = await listRuns(house.db, { alertId })
  const runId = started?.id ?? ''
  for (let lives = 0; lives < 200; lives += 1) {
    stop = new AbortController()
    const came = await continueRun(house, runId, { resumed: lives > 0, signal: stop.signal }).catch(
      (error: Error) => error.message,
    )
    if (came === 'ended') break
    if (came === 'waiting') await doWhatItWaitsFor(house, sample, runId, alertId)
    else expect(came).toBe('this process is stopping')
  }
  const run = await getRun(house.db, runId)
  const ended = await house.db
    .selectFrom('ledger_entry')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('subject', '=', `run:${runId}`)
    .where('kind', '=', 'step.ended')
    .executeTakeFirstOrThrow()
  return {
    playbook: run?.playbookId,
    state: run?.state,
    steps: run?.journal.map((line) => `${line.path} ${line.state}`) ?? [],
    asked: [...new Set(asked)].sort(),
    findings: (await findingsOf(house.db, alertId))
      .filter((finding) => finding.question !== 'was-this-you')
      .map((finding) => `${finding.question} ${finding.connector} ${finding.kind} ${JSON.stringify(finding.ask)}`)
      .filter((line) => !line.includes(alertId))
      .sort(),
    // Queued in the transaction of the step, by an id that is always the same: one mail, however often it is begun.
    notices: new Set(house.notices.map((notice) => notice.id)).size,
    ended: Number(ended.n),
  }
}

test.each(samples)(
  '%s: the alert starts its playbook, which asks what it should and ends after people did their part',
  async (_file, sample) => {
    const came = await walked(sample, false)
    expect({ playbook: came.playbook, state: came.state }).toEqual({ playbook: sample.playbook, state: 'done' })
    expect(came.steps).toEqual(sample.steps)
    expect(came.asked).toEqual([...sample.asks].sort())
  },
)

test('nobody outside is asked about a name of the alert’s own machine', () => {
  // In brackets: only these are asked, and they are stores of our own.
  const outside = /^(reputation-of-observable|registration-of-domain|network-owner-of-address) [^()]*$/
  const asked = samples.flatMap(([, sample]) => sample.asks.filter((line) => outside.test(line)))
  expect(asked.length).toBeGreaterThan(15)
  for (const line of asked) expect(line).not.toMatch(/example\.org/)
})

test.each(samples)(
  '%s: killed between every two steps, it does the same, and everything once',
  async (_file, sample) => {
    const numbered = (run: number): Sample => ({
      ...sample,
      mail: { ...sample.mail, text: `${sample.mail.text}Run: ${run}\n` },
    })
    const whole = await walked(numbered(1), false)
    const killed = await walked(numbered(2), true)
    expect(killed).toEqual(whole)
    expect(killed.ended).toBe(killed.steps.length)
  },
)
