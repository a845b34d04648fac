import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { mail, type TestHouse, testHouse } from '../../../test/house.ts'
import { addPeople } from '../../../test/people.ts'
import { getAlert } from '../../db/alerts.ts'
import { decisionsOf } from '../../db/decisions.ts'
import {
  expectationById,
  expectationsDue,
  insertExpectation,
  listExpectations,
  matchesOf,
} from '../../db/expectations.ts'
import { insertFindings } from '../../db/findings.ts'
import { transaction } from '../../db/open.ts'
import { answeredBefore, draftedAnswerOf, repeatRates, repeatsOf } from '../../db/repeats.ts'
import type { Clock } from '../../kit/clock.ts'
import type { ExpectationDraft } from '../../model/expectation.ts'
import type { FindingKind } from '../../model/finding.ts'
import type { Outcome } from '../../model/triage.ts'
import { decide, undo } from '../decide.ts'
import type { Notice } from '../house.ts'
import { loadLibrary } from '../load.ts'
import { readMessage } from '../read-message.ts'
import { makeReceive } from '../receive.ts'
import { rejudge } from '../rejudge.ts'
import { actOnMemory } from './act.ts'
import {
  addExpectation,
  changeCondition,
  letDecide,
  previewExpectation,
  renewExpectation,
  retireExpectation,
  reviewExpectation,
} from './expectations.ts'

let now = new Date('2026-11-23T09:00:00Z')
const clock: Clock = { now: () => now }
const notices: Notice[] = []
let database: FreshDatabase
let house: TestHouse
let kari: { id: string; email: string }
let ida: { id: string; email: string }
let count = 0

beforeAll(async () => {
  database = await freshDatabase()
  house = {
    ...(await testHouse(database, { library: await loadLibrary(['content/playbooks']), clock })),
    cannotMail: () => null,
    mailNotice: async (_tx, notice) => void notices.push(notice),
  }
  ;[kari, ida] = await addPeople(database.db, [
    { name: 'Kari Dahl', role: 'lead' },
    { name: 'Ida Holm', role: 'lead' },
  ])
})
afterAll(() => database.close())

/** A new alert of a rule about a machine; its id. */
async function newAlert(rule: string, host = 'ws-1', source = '192.0.2.7'): Promise<string> {
  count += 1
  const body = `Ticket: N-${count}\nRule: ${rule}\nSeverity: Low\nHost: ${host}\nSource IP: ${source}\nDestination IP: 198.51.100.9\n`
  const raw = mail(`[N-${count}] Low: ${rule}`, body, { 'Message-ID': `<m${count}@provider.example>` })
  const receipt = await makeReceive(house)(raw)
  await readMessage(house, receipt.id, 1)
  const row = await database.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  return String(row.alert_id)
}

const by = () => `user:${kari.id}`

async function decided(alertId: string, outcome: Outcome): Promise<string> {
  const record = await getAlert(database.db, alertId)
  const version = record?.version ?? 0
  const done = await decide(house, {
    alertId,
    outcome,
    reason: 'Looked at.',
    cites: [],
    withoutEvidence: true,
    version,
    by: by(),
  })
  return done.decisionId
}

/** The questions of its playbook were answered so. */
async function answered(alertId: string, kind: FindingKind): Promise<void> {
  await transaction(database.db, async (tx) => {
    await insertFindings(tx, [
      {
        ...{
          id: randomUUID(),
          alertId,
          runId: null,
          question: 'change-window-of-asset',
          ask: {},
          connector: 'calendar',
          kind,
        },
        answer:
          kind === 'found'
            ? {
                changes: [
                  {
                    id: 'CHG-1',
                    title: 'Patch day',
                    owner: null,
                    from: '2026-01-01T00:00:00.000Z',
                    to: '2027-01-01T00:00:00.000Z',
                  },
                ],
              }
            : null,
        ...{
          why: kind === 'failed' ? 'no answer' : '',
          query: '',
          windowFrom: null,
          windowTo: null,
          costMs: 1,
          askedAt: now.toISOString(),
        },
      },
    ])
    await rejudge(house, tx, alertId, { full: true })
  })
}

const draft = (rule: string, changes: Partial<ExpectationDraft> = {}): ExpectationDraft => ({
  scope: { provider: null, rule, host: 'ws-1', account: null, range: null },
  ...{ condition: '', outcome: 'false-alarm-benign', reason: 'Our backup does that.', days: 90, alertId: null },
  ...changes,
})
const add = (made: ExpectationDraft) => addExpectation(house, { draft: made, owner: kari.id, by: by() })
const proposalOf = async (alertId: string) => (await getAlert(database.db, alertId))?.judgement?.proposal
const outcomeOf = async (alertId: string) => (await getAlert(database.db, alertId))?.outcome

test('a preview says what it would have matched, how each was decided, and decides nothing', async () => {
  await decided(await newAlert('Preview'), 'false-alarm-benign')
  await decided(await newAlert('Preview'), 'tune')
  await newAlert('Preview')
  await newAlert('Preview', 'ws-2')
  const preview = await previewExpectation(house, draft('preview'))
  expect(preview).toMatchObject({ inScope: 3, holds: 3, agrees: 1, otherwise: 1, open: 1, hidden: 0, cut: false })
  expect(await database.db.selectFrom('expectation').selectAll().execute()).toEqual([])
})

test('one that would have hidden an incident or minor trouble is refused and names it, however often it is asked for', async () => {
  const harm = await newAlert('Hiding')
  await decided(harm, 'incident')
  for (let n = 0; n < 3; n += 1) await decided(await newAlert('Hiding'), 'false-alarm-benign')
  const preview = await previewExpectation(house, draft('Hiding'))
  expect(preview).toMatchObject({ holds: 4, hidden: 1 })
  expect(preview.rows[0]).toMatchObject({ alertId: harm, hidden: true, outcome: 'incident' })
  await expect(add(draft('Hiding'))).rejects.toMatchObject({
    code: 'input.invalid',
    details: { fields: { preview: expect.stringContaining('(incident)') } },
  })
  // Narrowed so that it is not hidden, it may be kept.
  const number = (await getAlert(database.db, harm))?.alert.number
  await expect(add(draft('Hiding', { condition: `alert.number != ${number}` }))).resolves.toMatchObject({
    number: expect.any(Number),
  })
})

test('a match proposes the answer with its owner named, and decides nothing by itself', async () => {
  const { id, number } = await add(draft('Proposing'))
  const alertId = await newAlert('Proposing')
  await answered(alertId, 'nothing')
  const proposal = await proposalOf(alertId)
  expect(proposal?.outcome).toBe('false-alarm-benign')
  expect(proposal?.supports.map(({ says }) => says).join()).toContain(`E-${number}, Kari Dahl`)
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect(await matchesOf(database.db, alertId)).toMatchObject([
    { expectationId: id, kind: 'holds', decided: false, hits: 1 },
  ])
})

test('only its owner lets it decide; then a match is decided in its name, and a decision taken back is not made again', async () => {
  const { id, number } = await add(draft('Deciding'))
  await expect(letDecide(house, { id, by: `user:${ida.id}`, userId: ida.id, decides: true })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  await letDecide(house, { id, by: by(), userId: kari.id, decides: true })
  const alertId = await newAlert('Deciding')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('still coming in')
  await answered(alertId, 'nothing')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBe('false-alarm-benign')
  const [decision] = await decisionsOf(database.db, alertId)
  expect(decision).toMatchObject({ by: `expectation:${id}`, withoutEvidence: true })
  expect(decision?.reason).toContain(`E-${number} of Kari Dahl`)
  await undo(house, { alertId, decisionId: decision?.id ?? '', by: by() })
  await answered(alertId, 'nothing')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('took its decision back')
})

test.each([
  ['failed', 'unknown'],
  ['not-collected', 'unknown'],
  ['nothing', 'contradicted'],
  ['found', 'holds'],
] as const)('a condition whose question was answered %s is %s', async (kind, expected) => {
  const rule = `Condition ${kind}`
  const { id } = await add(draft(rule, { condition: 'answers.change_window_of_asset.found' }))
  await letDecide(house, { id, by: by(), userId: kari.id, decides: true })
  const alertId = await newAlert(rule)
  expect((await matchesOf(database.db, alertId))[0]).toMatchObject({ kind: 'unknown' })
  await answered(alertId, kind)
  await actOnMemory(house, alertId)
  expect((await matchesOf(database.db, alertId))[0]).toMatchObject({ kind: expected, decided: expected === 'holds' })
  expect(await outcomeOf(alertId)).toBe(expected === 'holds' ? 'false-alarm-benign' : null)
  if (expected === 'holds') expect((await decisionsOf(database.db, alertId))[0]?.cites).toHaveLength(1)
})

test('a look-up that failed leaves the decision to a person, also where no condition names it', async () => {
  const { id } = await add(draft('Blind'))
  await letDecide(house, { id, by: by(), userId: kari.id, decides: true })
  const alertId = await newAlert('Blind')
  await answered(alertId, 'failed')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('Could not look')
})

test('an alert that a person decided as harm all the same ends what it may: no proposal, no decision, no renewal', async () => {
  const { id } = await add(draft('Wrong'))
  await letDecide(house, { id, by: by(), userId: kari.id, decides: true })
  const first = await newAlert('Wrong')
  await decided(first, 'incident')
  const second = await newAlert('Wrong')
  await answered(second, 'nothing')
  await actOnMemory(house, second)
  expect(await outcomeOf(second)).toBeNull()
  expect((await proposalOf(second))?.supports ?? []).not.toContainEqual(
    expect.objectContaining({ says: expect.stringContaining('Expected until') }),
  )
  expect((await expectationById(database.db, id, now))?.against).toBe(1)
  await expect(renewExpectation(house, { id, by: by(), days: 30 })).rejects.toMatchObject({ code: 'input.invalid' })
})

test('180 days are the most, for the server and for the database', async () => {
  const { id } = await add(draft('Long', { days: 180 }))
  await expect(renewExpectation(house, { id, by: by(), days: 181 })).rejects.toMatchObject({ code: 'input.invalid' })
  const known = await expectationById(database.db, id, now)
  const fresh = {
    id: randomUUID(),
    scope: draft('Longer').scope,
    condition: '',
    outcome: 'tune',
    reason: 'x',
    owner: kari.id,
  } as const
  const rest = {
    sourceAlert: null,
    sample: false,
    by: by(),
    at: now,
    expiresAt: new Date(now.getTime() + 180 * 86_400_000 + 1000),
  }
  await expect(insertExpectation(database.db, { ...fresh, ...rest, preview: known?.preview as never })).rejects.toThrow(
    'expectation_not_for_ever',
  )
})

test('what expired or was retired is held against nothing any more, and stays in the list', async () => {
  const old = await add(draft('Old', { days: 1 }))
  const gone = await add(draft('Gone'))
  await retireExpectation(house, { id: gone.id, by: by(), reason: 'The backup moved.' })
  await expect(retireExpectation(house, { id: gone.id, by: by(), reason: 'Again.' })).rejects.toMatchObject({
    code: 'state.conflict',
  })
  now = new Date(now.getTime() + 2 * 86_400_000)
  expect(await matchesOf(database.db, await newAlert('Old'))).toEqual([])
  expect(await matchesOf(database.db, await newAlert('Gone'))).toEqual([])
  const all = await listExpectations(database.db, now)
  expect(all.map(({ number }) => number)).toEqual(expect.arrayContaining([old.number, gone.number]))
})

/** As if it had been made long ago: it runs out in so many days. */
async function age(id: string, daysLeft: number): Promise<void> {
  const days = (n: number) => new Date(now.getTime() + n * 86_400_000)
  const set = { from_at: days(daysLeft - 90), expires_at: days(daysLeft) }
  await database.db.updateTable('expectation').set(set).where('id', '=', id).execute()
}

test('while its review is due it decides nothing, and waits for its owner alone, also after it ran out; of a shut account for a lead', async () => {
  const { id } = await add(draft('Due'))
  await letDecide(house, { id, by: by(), userId: kari.id, decides: true })
  const due = async (userId: string, ofNobody = false) =>
    (await expectationsDue(database.db, { userId, ofNobody }, now)).map((one) => one.id)
  expect(await due(kari.id)).not.toContain(id)
  await age(id, 6)
  expect(await due(kari.id)).toContain(id)
  expect(await due(ida.id, true)).not.toContain(id)
  const alertId = await newAlert('Due')
  await answered(alertId, 'nothing')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('review is due')
  expect((await proposalOf(alertId))?.outcome).toBe('false-alarm-benign')
  for (const left of [-1, -29]) {
    await age(id, left)
    expect(await due(kari.id)).toContain(id)
  }
  await database.db.updateTable('app_user').set({ disabled: true }).where('id', '=', kari.id).execute()
  expect(await due(ida.id, true)).toContain(id)
  expect(await due(ida.id)).not.toContain(id)
  await database.db.updateTable('app_user').set({ disabled: false }).where('id', '=', kari.id).execute()
  await age(id, -31)
  expect(await due(kari.id)).not.toContain(id)
  await age(id, -1)
  await renewExpectation(house, { id, by: by(), days: 90 })
  expect(await due(kari.id)).not.toContain(id)
  const again = await newAlert('Due')
  await answered(again, 'nothing')
  await actOnMemory(house, again)
  expect(await outcomeOf(again)).toBe('false-alarm-benign')
})

test('one that is changed is retired for a new one of the same scope and owner, which only proposes; harm it would hide refuses the change', async () => {
  const { id, number } = await add(draft('Changed', { condition: 'alert.severity == "low"' }))
  await letDecide(house, { id, by: by(), userId: kari.id, decides: true })
  const harm = await newAlert('Changed')
  await answered(harm, 'nothing')
  const { version } = (await getAlert(database.db, harm)) ?? { version: 0 }
  await decide(house, {
    ...{ alertId: harm, outcome: 'incident', reason: 'A break-in.', cites: [], withoutEvidence: true, version },
    by: by(),
  })
  const change = { id, by: by(), reason: 'Only the small ones.', days: 30 }
  await expect(changeCondition(house, { ...change, condition: '' })).rejects.toMatchObject({ code: 'input.invalid' })
  await expect(changeCondition(house, { ...change, condition: 'alert.rule' })).rejects.toMatchObject({
    details: { fields: { condition: expect.any(String) } },
  })
  expect((await expectationById(database.db, id, now))?.retired).toBeNull()
  const made = await changeCondition(house, { ...change, condition: 'alert.severity == "informational"' })
  expect(await expectationById(database.db, made.id, now)).toMatchObject({
    ...{ condition: 'alert.severity == "informational"', decides: false, owner: { id: kari.id }, retired: null },
    scope: { rule: 'Changed', host: 'ws-1' },
  })
  const before = await expectationById(database.db, id, now)
  expect(before?.retired?.reason).toContain(`E-${made.number}`)
  expect(made.number).toBeGreaterThan(number)
  await expect(changeCondition(house, { ...change, condition: '' })).rejects.toMatchObject({ code: 'state.conflict' })
})

test('a week before it runs out its owner gets a task and a mail; a renewal begins its time anew', async () => {
  const source = await newAlert('Review')
  const { id, number } = await add(draft('Review', { alertId: source }))
  await reviewExpectation(house, id)
  expect(
    await database.db.selectFrom('ticket_task').selectAll().where('title', 'like', 'Review E-%').execute(),
  ).toEqual([])
  await age(id, 5)
  const hit = await newAlert('Review')
  await reviewExpectation(house, id)
  const tasks = await database.db
    .selectFrom('ticket_task')
    .selectAll()
    .where('title', 'like', `Review E-${number} %`)
    .execute()
  expect(tasks).toMatchObject([{ alert_id: hit, owner: kari.id }])
  expect(notices.at(-1)).toMatchObject({ to: [kari.email], subject: expect.stringContaining(`E-${number}`) })
  await renewExpectation(house, { id, by: by(), days: 100 })
  await reviewExpectation(house, id)
  expect(
    await database.db.selectFrom('ticket_task').selectAll().where('title', 'like', `Review E-${number} %`).execute(),
  ).toHaveLength(1)
})

test.each([
  [{ scope: { provider: 'acme', rule: null, host: null, account: null, range: null } }, 'scope'],
  [{ scope: { provider: null, rule: null, host: null, account: null, range: '192.0.2.0/99' } }, 'range'],
  [{ condition: 'alert.rule' }, 'condition'],
  [{ condition: 'judgement.proposal == "incident"' }, 'condition'],
  [{ condition: 'alert.rule.matches("(a+)+$")' }, 'condition'],
] as const)('what cannot be held against an alert is refused by its field: %j', async (changes, field) => {
  await expect(previewExpectation(house, draft('Any', changes as Partial<ExpectationDraft>))).rejects.toMatchObject({
    details: { fields: { [field]: expect.any(String) } },
  })
})

test('an address range holds for either end and for nothing else', async () => {
  const scope = { provider: null, rule: 'Ranged', host: null, account: null, range: '203.0.113.0/24' }
  await newAlert('Ranged', 'ws-9', '203.0.113.7')
  await newAlert('Ranged', 'ws-9', '192.0.2.200')
  expect(await previewExpectation(house, draft('Ranged', { scope }))).toMatchObject({ inScope: 1, holds: 1 })
})

test('the answer to a question that was answered before is drafted by itself, refreshed with the evidence, and cites only evidence of this alert', async () => {
  const first = await newAlert('Repeat')
  await answered(first, 'nothing')
  const cited = await database.db
    .selectFrom('finding')
    .select('id')
    .where('alert_id', '=', first)
    .executeTakeFirstOrThrow()
  const record = await getAlert(database.db, first)
  const deciding = {
    alertId: first,
    outcome: 'false-alarm-nothing',
    reason: 'Nothing was planned.',
    cites: [cited.id],
    withoutEvidence: false,
  } as const
  const { decisionId } = await decide(house, { ...deciding, version: record?.version ?? 0, by: by() })
  const again = await newAlert('Repeat')
  await actOnMemory(house, again)
  expect(await draftedAnswerOf(database.db, again)).toMatchObject({
    outcome: 'false-alarm-nothing',
    reason: 'Nothing was planned.',
    cites: [],
    fromNumber: record?.alert.number,
  })
  await answered(again, 'nothing')
  await actOnMemory(house, again)
  const drafted = await draftedAnswerOf(database.db, again)
  expect(drafted?.text).toContain('Reason: Nothing was planned.')
  expect(drafted?.text).toContain('no change was planned at that time')
  const own = await database.db
    .selectFrom('finding')
    .select('alert_id')
    .where('id', 'in', drafted?.cites ?? [])
    .execute()
  expect(own).toEqual([{ alert_id: again }])
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('id')
    .where('kind', '=', 'answer.remembered')
    .where('subject', '=', `alert:${again}`)
    .execute()
  expect(lines).toHaveLength(1)
  // Nothing left yet, so it was no repeated question by the measure; once the answer was sent, it is.
  const from = new Date(now.getTime() - 86_400_000)
  expect((await repeatRates(database.db, from, now))[0]?.repeated).toBe(0)
  now = new Date(now.getTime() + 60_000)
  await sent(first, decisionId)
  const third = await newAlert('Repeat')
  const [rate] = await repeatRates(database.db, from, now)
  expect(rate?.repeated).toBe(1)
  expect(await repeatsOf(database.db, 'acme', from, now)).toMatchObject([
    { alertId: third, before: { alertId: first } },
  ])
  expect(await answeredBefore(database.db, third)).toMatchObject({ alertId: first, answered: { text: 'Answered.' } })
  // A decision that was taken back is remembered no more.
  await database.db
    .updateTable('decision')
    .set({ undone_at: now, undone_by: by() })
    .where('id', '=', decisionId)
    .execute()
  expect(await answeredBefore(database.db, third)).toBeNull()
  await actOnMemory(house, third)
  expect(await draftedAnswerOf(database.db, third)).toBeNull()
})

test('another subject, another rule, or an answer of more than 90 days ago is no repeated question', async () => {
  const first = await newAlert('Aged')
  await decided(first, 'tune')
  expect(await answeredBefore(database.db, await newAlert('Aged', 'ws-77'))).toBeNull()
  expect(await answeredBefore(database.db, await newAlert('Aging'))).toBeNull()
  expect(await answeredBefore(database.db, await newAlert('Aged'))).toMatchObject({ alertId: first })
  now = new Date(now.getTime() + 91 * 86_400_000)
  expect(await answeredBefore(database.db, await newAlert('Aged'))).toBeNull()
})

/** An answer left for a decision, a second ago. */
async function sent(alertId: string, decisionId: string): Promise<void> {
  const at = new Date(now.getTime() - 1000)
  await database.db
    .insertInto('reply')
    .values({
      ...{
        id: randomUUID(),
        alert_id: alertId,
        provider_id: 'acme',
        state: 'sent',
        text: 'Answered.',
        recipients: [],
        subject: 'Re',
      },
      ...{ message_id: `sent-${alertId}`, decision_id: decisionId, created_at: at, sent_at: at },
    })
    .execute()
}
