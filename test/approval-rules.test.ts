import { beforeAll, beforeEach, expect, test } from 'vitest'
import { approvalById } from '../src/db/approvals.ts'
import { transaction } from '../src/db/open.ts'
import { fixedClock } from '../src/kit/clock.ts'
import { askPlace, remindOfApproval } from '../src/playbooks/approvals/ask-place.ts'
import { wakeExpired } from '../src/playbooks/wake.ts'
import { byLink, fiveAnswers, type Signer, signAs, signer } from './approval-desk.ts'
import type { FreshDatabase } from './database.ts'
import { apiAs, type Desk, post, until } from './desk.ts'
import { approvalDesk } from './fresh-approval-desk.ts'
import { noticeTexts } from './notice-texts.ts'
import { sayTo } from './release-desk.ts'

/** Each test begins at this moment, and its time goes on only by `hours`: the jobs of reminders, an hour away by any clock, are run by the tests. */
const began = new Date()
const clock = fixedClock(began)
const hours = (n: number): void => clock.set(new Date(began.getTime() + n * 3_600_000))

let database: FreshDatabase
let desk: Desk
let providerKey: string
let dora: Signer
let hugo: Signer
let dan: Signer
let eva: Signer
let vera: Signer
let lena: Signer
beforeAll(async () => {
  ;({ database, desk, providerKey } = await approvalDesk(
    `${fiveAnswers}
from:
  - title: Data protection
    people: [dora@halden.example, hugo@halden.example, vera@halden.example]
    deputies: [dan@halden.example, eva@halden.example, lena@halden.example]
    quorum: 2
remind: [1h, 2h]`,
    clock,
  ))
  dora = await signer(desk, 'approver', 'Dora Data', 'dora@halden.example')
  hugo = await signer(desk, 'approver', 'Hugo Help', 'hugo@halden.example')
  dan = await signer(desk, 'approver', 'Dan Deputy', 'dan@halden.example')
  eva = await signer(desk, 'approver', 'Eva Else', 'eva@halden.example')
  vera = await signer(desk, 'auditor', 'Vera Views', 'vera@halden.example')
  lena = await signer(desk, 'lead', 'Lena Lead', 'lena@halden.example')
}, 600_000)
beforeEach(async () => {
  hours(0)
  await database.db.updateTable('app_user').set({ disabled: false }).execute()
})

let alerts = 0
/** A critical alert, whose playbook asks at once; or a quiet one, for which somebody starts it by hand. */
async function alertIn(severity: 'Critical' | 'Low'): Promise<string> {
  alerts += 1
  const title = `[NW-${alerts}] ${severity}: Beaconing`
  await post(desk, providerKey, {
    subject: title,
    body: `Ticket: NW-${alerts}\nRule: Beaconing ${alerts}\nSeverity: ${severity}\nHost: pay-${alerts}\nSource IP: 192.0.2.1\n`,
  })
  return until(`the alert ${title}`, async () => {
    const row = await database.db
      .selectFrom('alert')
      .select('id')
      .where('ticket', '=', `NW-${alerts}`)
      .executeTakeFirst()
    return row?.id ?? null
  })
}
const approvalOf = (alertId: string) =>
  until(
    'the approval',
    async () =>
      (await database.db.selectFrom('approval').selectAll().where('alert_id', '=', alertId).executeTakeFirst()) ?? null,
  )
const asked = async () => approvalOf(await alertIn('Critical'))
type Asked = Awaited<ReturnType<typeof asked>>
async function linkOf(approval: Asked, who: Signer): Promise<string> {
  const given = await apiAs(desk, who.cookie, 'POST', `/api/approvals/${approval.id}/link`)
  return (given as unknown as { token: string }).token
}
const seats = async (approval: Asked) => {
  const rows = await database.db
    .selectFrom('approval_seat')
    .select(['user_id', 'asked_at'])
    .where('approval_id', '=', approval.id)
    .execute()
  return { all: new Set(rows.map(({ user_id }) => user_id)), asked: idsOf(rows.filter((row) => row.asked_at !== null)) }
}
const idsOf = (rows: readonly { user_id: string }[]) => rows.map(({ user_id }) => user_id).toSorted()
const ids = (...people: readonly Signer[]) => people.map(({ id }) => id).toSorted()
/** Whom links of this approval were mailed to or made for, one entry for each link. */
const links = async (approval: Asked) =>
  idsOf(
    await database.db.selectFrom('approval_link').select('user_id').where('approval_id', '=', approval.id).execute(),
  )
const records = async (approval: Asked, kind: string) =>
  (
    await database.db
      .selectFrom('ledger_entry')
      .select('leaf')
      .where('subject', '=', `approval:${approval.id}`)
      .where('kind', '=', kind)
      .orderBy('at')
      .execute()
  ).map(({ leaf }) => (JSON.parse(leaf) as { body: Record<string, unknown> }).body)
/** Whom each reminder reached. */
const reminded = async (approval: Asked) =>
  (await records(approval, 'approval.reminded')).map((body) => (body['users'] as string[]).toSorted())
const stateOf = async (approval: Asked) =>
  (await database.db.selectFrom('approval').select('state').where('id', '=', approval.id).executeTakeFirstOrThrow())
    .state
const stepOf = (approval: Asked, stepId: string) =>
  database.db
    .selectFrom('step')
    .select(['state', 'output', 'error'])
    .where('run_id', '=', approval.run_id)
    .where('step_id', '=', stepId)
    .executeTakeFirst()
const remind = (approval: Asked, n: number) =>
  remindOfApproval(desk.running.house, { approvalId: approval.id, place: 0, n })
const shut = (who: Signer) =>
  database.db.updateTable('app_user').set({ disabled: true }).where('id', '=', who.id).execute()

test('a reminder reaches whoever has not signed, and with the first one the deputies; run twice it is one', async () => {
  const approval = await asked()
  expect((await seats(approval)).asked).toEqual(ids(dora, hugo))
  expect(await signAs(desk, await linkOf(approval, dora), dora.key)).toBe(200)
  const before = await links(approval)
  hours(1)
  await remind(approval, 1)
  await remind(approval, 1)
  expect((await seats(approval)).asked).toEqual(ids(dora, hugo, dan, eva, lena))
  expect((await links(approval)).length - before.length).toBe(4)
  expect(await reminded(approval)).toEqual([ids(hugo, dan, eva, lena)])
  expect(await records(approval, 'approval.reminded')).toMatchObject([{ place: 0, reminder: 1 }])
  hours(2)
  await remind(approval, 2)
  expect(await records(approval, 'approval.reminded')).toHaveLength(2)
  // A deputy who was asked so signs for nobody else, and fills the quorum.
  expect(await signAs(desk, await linkOf(approval, dan), dan.key)).toBe(200)
  expect(await stateOf(approval)).toBe('approved')
  const signed = await records(approval, 'approval.signed')
  expect(String(signed[1]?.['statement'])).toContain('"deputy":true')
  expect(String(signed[1]?.['statement'])).toContain('"standsFor":null')
  // What is over reminds nobody.
  await remind(approval, 2)
  expect(await records(approval, 'approval.reminded')).toHaveLength(2)
})

test('an account that was shut gets no more mail; the others and the deputies do', async () => {
  const approval = await asked()
  await shut(hugo)
  const before = (await links(approval)).filter((id) => id === hugo.id).length
  hours(1)
  await remind(approval, 1)
  expect((await links(approval)).filter((id) => id === hugo.id)).toHaveLength(before)
  expect(await reminded(approval)).toEqual([ids(dora, dan, eva, lena)])
})

test('a place whose turn comes when too few of its members may still sign asks its deputies at once', async () => {
  const approval = await asked()
  await shut(hugo)
  const { house } = desk.running
  await transaction(house.db, async (tx) => {
    const held = await approvalById(tx, approval.id, { lock: true })
    if (held !== null) await askPlace(house, tx, held, 0, [])
  })
  expect((await seats(approval)).asked).toEqual(ids(dora, hugo, dan, eva, lena))
  expect(await signAs(desk, await linkOf(approval, dora), dora.key)).toBe(200)
  expect(await signAs(desk, await linkOf(approval, eva), eva.key)).toBe(200)
  expect(await stateOf(approval)).toBe('approved')
})

test('two people cannot hand over to one deputy: the quorum would be out of reach', async () => {
  const approval = await asked()
  const one = await linkOf(approval, dora)
  const two = await linkOf(approval, hugo)
  expect((await byLink(desk, 'POST', `${one}/hand-over`, { to: dan.id })).status).toBe(200)
  const { json } = await byLink(desk, 'GET', two)
  expect(json.deputies?.map(({ name }) => name)).toEqual(['Eva Else', 'Lena Lead'])
  expect((await byLink(desk, 'POST', `${two}/hand-over`, { to: dan.id })).status).toBe(400)
  expect((await byLink(desk, 'POST', `${two}/hand-over`, { to: eva.id })).status).toBe(200)
  // A deputy may hand on in turn.
  expect((await byLink(desk, 'POST', `${await linkOf(approval, eva)}/hand-over`, { to: lena.id })).status).toBe(200)
  expect(await signAs(desk, await linkOf(approval, dan), dan.key)).toBe(200)
  expect(await stateOf(approval)).toBe('open')
  expect(await signAs(desk, await linkOf(approval, lena), lena.key)).toBe(200)
  expect(await stateOf(approval)).toBe('approved')
  const chain = (await records(approval, 'approval.handed-over')).map(({ from, to }) => [from, to])
  // The clock stands still, so their order is no promise here.
  expect(new Set(chain.map(String))).toEqual(
    new Set([dora, hugo, eva].map(({ id }, n) => `${id},${[dan, eva, lena][n]?.id}`)),
  )
})

test('one yes of a quorum of two is no yes: it expires to the minute, and the run goes the way that was announced', async () => {
  const approval = await asked()
  expect(await signAs(desk, await linkOf(approval, dora), dora.key)).toBe(200)
  const late = await linkOf(approval, hugo)
  clock.set(new Date(began.getTime() + 4 * 3_600_000 - 1))
  expect(await wakeExpired(database.db, clock.now())).toBe(0)
  expect(await stateOf(approval)).toBe('open')
  hours(4)
  // Past the end nothing is signed, also before anybody has noticed that it is over.
  expect(await signAs(desk, late, hugo.key)).toBe(410)
  await wakeExpired(database.db, clock.now())
  await until('the announced way', async () => (await stepOf(approval, 'watched'))?.state === 'waiting')
  expect(await stateOf(approval)).toBe('expired')
  expect(await stepOf(approval, 'sign-off')).toMatchObject({ state: 'timed-out', output: { choice: 'no-answer' } })
  expect(await stepOf(approval, 'isolated')).toMatchObject({ state: 'skipped' })
  expect(await records(approval, 'approval.ended')).toMatchObject([{ state: 'expired' }])
  await remind(approval, 2)
  expect(await records(approval, 'approval.reminded')).toEqual([])
})

test('who may not sign fills no seat: an auditor is not asked, though the playbook names her', async () => {
  const approval = await asked()
  expect((await seats(approval)).all.has(vera.id)).toBe(false)
})

test('whoever starts the run by hand is neither asked nor a deputy; too few others, and the step fails and says so', async () => {
  const alertId = await alertIn('Low')
  await apiAs(desk, lena.cookie, 'POST', `/api/alerts/${alertId}/runs`, { playbook: 'isolate' })
  const approval = await approvalOf(alertId)
  expect(approval.asked_by).toBe(`user:${lena.id}`)
  expect((await seats(approval)).all).toEqual(new Set(ids(dora, hugo, dan, eva)))

  for (const who of [hugo, dan, eva]) await shut(who)
  const other = await alertIn('Low')
  const started = await apiAs(desk, lena.cookie, 'POST', `/api/alerts/${other}/runs`, { playbook: 'isolate' })
  const runId = (started as unknown as { runId: string }).runId
  const step = await until('the step to fail', async () => {
    const found = await stepOf({ run_id: runId } as Asked, 'sign-off')
    return found?.state === 'failed' ? found : null
  })
  expect(JSON.stringify(step.error)).toContain('needs 2 and 1 can sign')
  expect(await database.db.selectFrom('approval').select('id').where('alert_id', '=', other).execute()).toEqual([])
})

test('a nudge of a step that waits for a signature goes to those who are asked and have not signed', async () => {
  const approval = await asked()
  expect(await signAs(desk, await linkOf(approval, dora), dora.key)).toBe(200)
  const nudged = await apiAs(desk, lena.cookie, 'POST', `/api/runs/${approval.run_id}/nudge`, {
    path: approval.step_path,
    reason: 'The shift ends soon.',
  })
  expect(nudged).toMatchObject({ to: ['hugo@halden.example'] })
})

test('the desk answers a question: whoever asked gets it by mail, it stands on the page and on the record, and signs nothing', async () => {
  const approval = await asked()
  const answer = (text: string, who = lena) =>
    sayTo(desk, who.cookie, `/api/approvals/${approval.id}/answer`, { text }).then(({ status }) => status)
  expect(await answer('Nobody asked this.')).toBe(409)
  const token = await linkOf(approval, dora)
  expect((await byLink(desk, 'POST', `${token}/question`, { text: 'How long is it off?' })).status).toBe(200)
  hours(0.1)
  // Who signs does not answer for the desk.
  expect(await answer('A week.', hugo)).toBe(403)
  expect(await answer(' ')).toBe(400)
  expect(await answer('Until tomorrow noon.')).toBe(200)
  expect(await answer('And once more.')).toBe(409)
  const answers = (email: string) =>
    noticeTexts(database.db, 'approval', email).then((some) => some.filter((text) => text.includes('The desk answers')))
  const [mail = ''] = await answers(dora.email)
  expect(mail).toContain('The desk answers your question:\nUntil tomorrow noon.')
  expect(await answers(hugo.email)).toEqual([])
  // Everybody who is asked reads both; the mail brings a link of its own.
  const { json } = await byLink(desk, 'GET', await linkOf(approval, hugo))
  expect(json.approval?.talk.map(({ text, isAnswer }) => `${text} ${isAnswer}`)).toEqual([
    'How long is it off? false',
    'Until tomorrow noon. true',
  ])
  expect(await records(approval, 'approval.answered')).toEqual([{ text: 'Until tomorrow noon.', users: [dora.id] }])
  const mailed = /\/approve\/([A-Za-z0-9_-]{43})/.exec(mail)?.[1] ?? ''
  expect(await signAs(desk, mailed, dora.key)).toBe(200)
  hours(4)
  expect(await answer('Too late.')).toBe(410)
})
