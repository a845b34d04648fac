import path from 'node:path'
import { sql } from 'kysely'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApprovalPage, ApprovalRow, SignedRow } from '../../src/contract/approvals.ts'
import { saveEntry } from '../../src/db/calendar.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { CalendarEntry } from '../../src/model/calendar.ts'
import { remindOfApproval } from '../../src/playbooks/approvals/ask-place.ts'
import { byLink, type Signer, signer } from '../approval-desk.ts'
import { seriousIn } from '../axe.ts'
import { addAuthenticator, type Opened, openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { apiAs, type Desk, signedIn, startDesk, until } from '../desk.ts'
import { exportJudged } from '../export-judged.ts'
import { noticeTexts } from '../notice-texts.ts'
import { answerForTwo, bring, clickAs, replyPage, sayTo, signReleaseAs, statementOf } from '../release-desk.ts'

let database: FreshDatabase
let desk: Desk
let browser: Browser
let kari: Signer
let ana: Signer
let tom: Signer
beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  browser = await startBrowser()
  kari = await signer(desk, 'lead', 'Kari Dahl', 'kari@halden.example')
  ana = await signer(desk, 'approver', 'Ana Ruiz', 'ana@halden.example')
  tom = await signer(desk, 'analyst', 'Tom Third', 'tom@halden.example')
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
})

/** An answer that Kari released, and the approval that asks for the second release. */
async function waiting() {
  const replyId = await answerForTwo(desk, kari.cookie)
  expect((await clickAs(desk, kari.cookie, replyId)).status).toBe(200)
  const approval = await database.db
    .selectFrom('approval')
    .selectAll()
    .where('reply_id', '=', replyId)
    .orderBy('asked_at', 'desc')
    .executeTakeFirstOrThrow()
  return { replyId, approval }
}
type Waiting = Awaited<ReturnType<typeof waiting>>
type Mine = { readonly approvals: readonly ApprovalRow[]; readonly signed: readonly SignedRow[] }
const mine = async (who: Signer) => (await apiAs(desk, who.cookie, 'GET', '/api/approvals')) as unknown as Mine
const isAsked = async (who: Signer, { approval }: Waiting) =>
  (await mine(who)).approvals.some(({ id }) => id === approval.id)
const linkOf = async (who: Signer, { approval }: Waiting): Promise<string> =>
  ((await apiAs(desk, who.cookie, 'POST', `/api/approvals/${approval.id}/link`)) as unknown as { token: string }).token
const look = async (token: string) => (await byLink(desk, 'GET', token)).json as unknown as ApprovalPage
const lines = async (subject: string, kind: string) =>
  (
    await database.db
      .selectFrom('ledger_entry')
      .select(['leaf', 'actor'])
      .where('subject', '=', subject)
      .where('kind', '=', kind)
      .execute()
  ).map(({ leaf, actor }) => ({ actor, body: (JSON.parse(leaf) as { body: Record<string, unknown> }).body }))
const ended = async ({ approval }: Waiting) =>
  (await lines(`approval:${approval.id}`, 'approval.ended')).map(({ body }) => body['state'])
const mails = (email: string, kind: string) => noticeTexts(database.db, kind, email)
const answerOf = new Map<string, string | undefined>()
/** The token in the mail about this very answer. */
const mailedLink = (email: string, waits: Waiting): Promise<string> =>
  until(`a mail to ${email}`, async () => {
    for (const mail of await mails(email, 'approval')) {
      const token = /\/approve\/([A-Za-z0-9_-]{43})/.exec(mail)?.[1]
      if (token === undefined) continue
      // Each link is looked at once: whoever looks too often waits a minute (429).
      if (!answerOf.has(token)) answerOf.set(token, (await look(token)).release?.replyId)
      if (answerOf.get(token) === waits.replyId) return token
    }
    return null
  })

test('who shall release an answer too is asked by mail and under My approvals: what leaves by its digest, to whom, by which rule, what if not', async () => {
  const waits = await waiting()
  const [row] = (await mine(ana)).approvals.filter(({ id }) => id === waits.approval.id)
  const { reply, asked } = await replyPage(desk, kari.cookie, waits.replyId)
  expect(row).toMatchObject({ replyId: waits.replyId, runId: null, state: 'open', placeNow: 0 })
  expect(row?.what).toMatch(/^Let the answer to Northwatch MDR about A-\d+ leave$/)
  expect(row?.why).toBe('Kari Dahl released it first, and one is not enough, because it speaks of somebody’s health.')
  expect(row?.changes).toContain('soc@northwatch.example')
  expect(row?.ifSilent).toContain('Nothing leaves')
  expect(row?.rule).toContain('TLP:AMBER')
  expect(asked).toMatchObject({ names: ['Ana Ruiz'] })
  // Not the first person, and not yet those who work beside her.
  expect([await isAsked(kari, waits), await isAsked(tom, waits)]).toEqual([false, false])
  const notYours = await sayTo(desk, tom.cookie, `/api/approvals/${waits.approval.id}/link`, {})
  expect(notYours.status).toBe(404)

  const token = await mailedLink(ana.email, waits)
  const page = await look(token)
  expect(page).toMatchObject({
    state: 'open',
    release: { sha256: reply.digest, to: ['soc@northwatch.example'], files: 1, firstBy: 'Kari Dahl', dryRun: false },
  })
  // The link alone tells none of its words, and is no way to sign or to refuse.
  expect(JSON.stringify(page)).not.toContain('sick leave')
  for (const verdict of ['approve', 'refuse'])
    expect((await byLink(desk, 'POST', `${token}/statement`, { verdict, reason: 'No' })).status).toBe(403)

  expect((await signReleaseAs(desk, ana, waits.replyId)).status).toBe(200)
  const after = await until('the receipt', async () => {
    const shown = await look(token)
    return shown.me.receipt?.ledgerIndex == null ? null : shown
  })
  expect(after).toMatchObject({ state: 'signed', me: { receipt: { verdict: 'approve' } } })
  expect(after.approval.places).toMatchObject([{ title: 'Second person', quorum: 1, signed: 1 }])
  expect((await byLink(desk, 'POST', `${token}/question`, { text: 'Too late?' })).status).toBe(410)
  const now = await mine(ana)
  expect(now.approvals.some(({ id }) => id === waits.approval.id)).toBe(false)
  expect(now.signed[0]).toMatchObject({
    approval: { replyId: waits.replyId, state: 'approved' },
    mine: { verdict: 'approve', place: 'Second person', ledgerIndex: expect.any(Number) },
  })
  const [said] = await lines(`approval:${waits.approval.id}`, 'approval.asked')
  expect(said).toMatchObject({ actor: `user:${kari.id}`, body: { replyId: waits.replyId, sha256: reply.digest } })
  expect(await ended(waits)).toEqual(['approved'])
})

test('a question, a hand-over and a refusal of who is asked stand in the ledger, and the first person hears of them', async () => {
  const waits = await waiting()
  const token = await linkOf(ana, waits)
  expect((await byLink(desk, 'POST', `${token}/question`, { text: 'Is the diagnosis in it?' })).status).toBe(200)
  const [asked] = await lines(`approval:${waits.approval.id}`, 'approval.question')
  expect(asked).toMatchObject({ actor: `user:${ana.id}`, body: { text: 'Is the diagnosis in it?' } })
  for (const email of [kari.email, 'desk@halden.example'])
    expect((await mails(email, 'approval')).some((mail) => mail.includes('Is the diagnosis in it?'))).toBe(true)

  // Whoever released it first answers; what they say is for who is signed in, as the answer is.
  const said = await sayTo(desk, kari.cookie, `/api/approvals/${waits.approval.id}/answer`, { text: 'No diagnosis.' })
  expect(said.status).toBe(200)
  const answered = (await mails(ana.email, 'approval')).at(-1)
  expect(answered).toContain('The desk answered your question.')
  expect(answered).not.toContain('No diagnosis.')
  const talk = (await replyPage(desk, ana.cookie, waits.replyId)).asked?.talk ?? []
  expect(talk.map(({ byName, text }) => [byName, text])).toEqual([
    ['Ana Ruiz', 'Is the diagnosis in it?'],
    ['Kari Dahl', 'No diagnosis.'],
  ])

  const page = await look(token)
  expect(JSON.stringify(page)).not.toContain('diagnosis')
  expect(page.deputies.map(({ name }) => name)).toEqual(['Tom Third'])
  expect((await byLink(desk, 'POST', `${token}/hand-over`, { to: kari.id })).status).toBe(400)
  expect((await byLink(desk, 'POST', `${token}/hand-over`, { to: tom.id })).status).toBe(200)
  expect((await look(token)).state).toBe('handed-over')
  expect([await isAsked(ana, waits), await isAsked(tom, waits)]).toEqual([false, true])
  const [handed] = await lines(`approval:${waits.approval.id}`, 'approval.handed-over')
  expect(handed?.body).toMatchObject({ from: ana.id, to: tom.id })

  const toms = await mailedLink(tom.email, waits)
  const { digest } = (await replyPage(desk, tom.cookie, waits.replyId)).reply
  const refuse = (why: string) =>
    sayTo(desk, tom.cookie, `/api/replies/${waits.replyId}/second`, { digest, yes: false, why })
  expect((await refuse(' ')).status).toBe(400)
  expect((await refuse('It names a doctor.')).status).toBe(200)
  expect(await ended(waits)).toEqual(['refused'])
  const [refused] = await lines(`reply:${waits.replyId}`, 'reply.second-refused')
  expect(refused).toMatchObject({ actor: `user:${tom.id}`, body: { sha256: digest, why: 'It names a doctor.' } })
  expect(await look(toms)).toMatchObject({ state: 'signed', me: { receipt: { verdict: 'refuse' } } })
  expect((await replyPage(desk, kari.cookie, waits.replyId)).first).toBe(null)
  const told = await mails(kari.email, 'notify')
  expect(told.some((mail) => mail.includes('Tom Third refused to release it: It names a doctor.'))).toBe(true)
})

test('what was changed, or taken back by the first person, asks nobody any more', async () => {
  const changed = await waiting()
  const token = await linkOf(ana, changed)
  const { reply } = await replyPage(desk, kari.cookie, changed.replyId)
  const url = `/api/replies/${changed.replyId}/text`
  await apiAs(desk, kari.cookie, 'POST', url, { text: `${reply.text}\nThanks.`, version: reply.version })
  expect(await ended(changed)).toEqual(['void'])
  expect(await look(token)).toMatchObject({ state: 'over', approval: { state: 'void' } })

  const taken = await waiting()
  const { digest } = (await replyPage(desk, kari.cookie, taken.replyId)).reply
  const back = { digest, yes: false, why: 'A word is missing.' }
  expect((await sayTo(desk, kari.cookie, `/api/replies/${taken.replyId}/second`, back)).status).toBe(200)
  expect(await ended(taken)).toEqual(['void'])
  expect(await isAsked(ana, taken)).toBe(false)

  const undone = await waiting()
  const alertId = undone.approval.alert_id
  const { id: decisionId } = await database.db
    .selectFrom('decision')
    .select('id')
    .where('alert_id', '=', alertId)
    .where('undone_at', 'is', null)
    .executeTakeFirstOrThrow()
  await apiAs(desk, kari.cookie, 'POST', `/api/alerts/${alertId}/decision/undo`, { decisionId })
  expect(await ended(undone)).toEqual(['void'])
})

test('a reminder asks the others too, a nudge goes to whoever is asked, and at the end it is back in the review as announced', async () => {
  const waits = await waiting()
  const given = await statementOf(desk, ana, waits.replyId)
  const token = await linkOf(ana, waits)
  const run = await database.db
    .selectFrom('step')
    .innerJoin('run', 'run.id', 'step.run_id')
    .select(['run.id', 'step.path'])
    .where('run.alert_id', '=', waits.approval.alert_id)
    .where('step.waiting_for', '=', 'release')
    .executeTakeFirstOrThrow()
  const nudging = { path: run.path, reason: 'Their clock runs.' }
  expect(await apiAs(desk, kari.cookie, 'POST', `/api/runs/${run.id}/nudge`, nudging)).toMatchObject({
    to: [ana.email],
  })
  for (let twice = 0; twice < 2; twice += 1)
    await remindOfApproval(desk.running.house, { approvalId: waits.approval.id, place: 0, n: 1 })
  expect(await isAsked(tom, waits)).toBe(true)
  const reminded = await lines(`approval:${waits.approval.id}`, 'approval.reminded')
  expect(reminded).toHaveLength(1)
  expect(reminded[0]?.body).toMatchObject({ users: expect.arrayContaining([ana.id, tom.id]) })

  // Its time is over: the job that waits for that moment is let go now.
  const key = `expire-release:${waits.approval.id}`
  await sql`update graphile_worker._private_jobs set run_at = now() where key = ${key}`.execute(database.db)
  await until('it to expire', async () => (await ended(waits)).length > 0)
  expect(await ended(waits)).toEqual(['expired'])
  const { reply, first } = await replyPage(desk, kari.cookie, waits.replyId)
  expect([reply.state, first]).toEqual(['draft', null])
  const [back] = await lines(`reply:${waits.replyId}`, 'reply.second-refused')
  expect(back).toMatchObject({ actor: 'system', body: { why: 'nobody released it too in time' } })
  expect((await look(token)).state).toBe('expired')
  expect((await bring(desk, ana, waits.replyId, given)).status).toBe(409)
  const told = await mails(kari.email, 'notify')
  expect(told.some((mail) => mail.includes('Nobody released it too within 24 hours.'))).toBe(true)
})

test('who would be asked first is away: one of the others is asked at once, and what they sign says in whose place', async () => {
  const now = Date.now()
  const [from, to] = [now - 60_000, now + 86_400_000].map((at) => new Date(at).toISOString())
  const entry = { id: 'ana', kind: 'absence', title: 'Holidays', from, to, person: ana.email, deputy: tom.email }
  await saveEntry(database.db, CalendarEntry.parse(entry), 'user:1', systemClock)
  const waits = await waiting()
  expect([await isAsked(ana, waits), await isAsked(tom, waits)]).toEqual([true, true])
  const [stoodIn] = await lines(`approval:${waits.approval.id}`, 'approval.stood-in')
  expect(stoodIn?.body).toMatchObject({ users: [tom.id], for: [ana.id], until: [to] })
  expect((await look(await linkOf(tom, waits))).me.standsFor).toEqual({ name: 'Ana Ruiz', away: true })
  expect((await signReleaseAs(desk, tom, waits.replyId)).status).toBe(200)
  const [released] = await lines(`reply:${waits.replyId}`, 'reply.released')
  const signed = released?.body['signed'] as { statement: string } | undefined
  expect((JSON.parse(signed?.statement ?? '') as { who: object }).who).toMatchObject({
    user: tom.id,
    standsFor: ana.id,
  })
  expect(await isAsked(ana, waits)).toBe(false)
  const judged = await exportJudged(desk)
  expect(judged.product).toMatchObject({ ok: true, problems: [] })
  expect(judged.script).toContain('It holds.')
  await database.db.deleteFrom('calendar_entry').execute()
})

test('how long it waits is the house’s to say: end, reminders, and the words of whoever reads it', async () => {
  const administrator = (await signedIn(desk, 'administrator', 'Ada Admin')).cookie
  const { settings } = (await apiAs(desk, administrator, 'GET', '/api/settings')) as unknown as { settings: object }
  const set = (secondWait: object) => apiAs(desk, administrator, 'PUT', '/api/settings', { ...settings, secondWait })
  await set({ hours: 6, remindAfterHours: [2] })
  const { approval, replyId } = await waiting()
  await set({ hours: 24, remindAfterHours: [1, 4] })
  expect(approval.expires_at.getTime() - approval.asked_at.getTime()).toBe(6 * 3_600_000)
  const { rows } = await sql<{ key: string; after: string }>`
    select key, round(extract(epoch from run_at - ${approval.asked_at}::timestamptz) / 3600) as after
    from graphile_worker._private_jobs where key like ${`%${approval.id}%`} order by run_at`.execute(database.db)
  expect(rows.map(({ after }) => Number(after))).toEqual([2, 6])
  expect((await replyPage(desk, kari.cookie, replyId)).secondHours).toBe(24)
  const [asked] = await lines(`approval:${approval.id}`, 'approval.asked')
  expect(asked?.body['expiresAt']).toBe(approval.expires_at.toISOString())
  const key = `expire-release:${approval.id}`
  await sql`update graphile_worker._private_jobs set run_at = now() where key = ${key}`.execute(database.db)
  await until('it to expire', async () =>
    (await mails(kari.email, 'notify')).some((mail) => mail.includes('within 6 hours.')),
  )
})

test('where nobody else may release, nobody is asked, and the page of the answer says so', async () => {
  const replyId = await answerForTwo(desk, kari.cookie)
  const others = database.db.updateTable('app_user').where('id', '<>', kari.id)
  await others.set({ disabled: true }).execute()
  expect((await clickAs(desk, kari.cookie, replyId)).status).toBe(200)
  await others.set({ disabled: false }).execute()
  const { first, asked } = await replyPage(desk, kari.cookie, replyId)
  expect([first?.byName, asked]).toEqual(['Kari Dahl', null])
})

const shots = process.env['SECOND_SHOTS']
async function shoot({ page }: Opened, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: path.join(shots, `${name}.png`) })
}

test('on a phone: the link shows who asks for what, the passkey signs in, the words of the answer are read, and it is approved or refused', {
  timeout: 180_000,
}, async () => {
  const pia = await signer(desk, 'approver', 'Pia Phone', 'pia@halden.example')
  await database.db.deleteFrom('passkey').where('user_id', '=', pia.id).execute()
  const opened = await openPage(browser, { viewport: { width: 390, height: 844 } })
  const { page, context, problems } = opened
  await addAuthenticator(page)
  const asPia = () =>
    context.addCookies([
      { name: 'counterfoil', value: pia.token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
    ])
  await asPia()
  await page.goto(`${desk.origin}/settings/me`)
  await page.getByLabel('Name of the new one').fill('Phone')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('button', { name: 'Remove Phone…' }).waitFor()
  await context.clearCookies()

  const waits = await waiting()
  await page.goto(`${desk.origin}/approve/${await mailedLink(pia.email, waits)}`)
  await page.getByRole('heading', { name: /^Let the answer to Northwatch MDR about A-\d+ leave$/ }).waitFor()
  await page.getByText('Sign in to read the answer, and to approve or refuse it.').waitFor()
  expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
  expect(await page.getByRole('region', { name: 'What leaves' }).count()).toBe(0)
  // The five answers and the four buttons are above the fold.
  for (const text of ['Kari Dahl released it first', 'cannot be called back', 'Nothing leaves.', '0 of 1 signed'])
    expect((await page.getByText(text).first().boundingBox())?.y ?? 9999, text).toBeLessThan(800)
  for (const name of ['Approve', 'Refuse…', 'Ask…', 'Not me…']) {
    const box = await page.getByRole('button', { name }).boundingBox()
    expect((box?.y ?? 9999) + (box?.height ?? 0), name).toBeLessThan(844)
  }
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'asked-by-link')
  await page.getByRole('button', { name: 'By passkey' }).click()
  const leaves = page.getByRole('region', { name: 'What leaves' })
  await leaves.getByText('sick leave').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'asked-signed-in')
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('It is released.').waitFor()
  await page.getByText(/^record \d+$/).waitFor()
  await shoot(opened, 'released')
  const signatures = await database.db
    .selectFrom('release_signature')
    .select(['part', 'user_id'])
    .where('reply_id', '=', waits.replyId)
    .execute()
  expect(signatures).toEqual([{ part: 'second', user_id: pia.id }])

  // The next one, from My approvals; dark, and refused.
  const other = await waiting()
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.goto(`${desk.origin}/approvals`)
  await page.getByText('What I signed').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await shoot(opened, 'mine-dark')
  const card = page.getByRole('region', {
    name: (await mine(pia)).approvals.find(({ id }) => id === other.approval.id)?.what ?? '',
  })
  await card.getByRole('button', { name: 'Look and sign' }).click()
  await leaves.getByText('sick leave').waitFor()
  await page.getByRole('button', { name: 'Refuse…' }).click()
  expect(await page.getByRole('button', { name: 'Refuse it' }).isDisabled()).toBe(true)
  await page.getByRole('textbox').fill('Leave the reason of the absence out.')
  await shoot(opened, 'refuse-dark')
  await page.getByRole('button', { name: 'Refuse it' }).click()
  await page.getByText('It is refused, and back in its review.').waitFor()
  expect(await ended(other)).toEqual(['refused'])
  expect(problems).toEqual([])
  await context.close()
})
