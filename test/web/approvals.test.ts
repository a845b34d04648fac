import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApprovalRow } from '../../src/contract/approvals.ts'
import { sha256Hex } from '../../src/kit/digest.ts'
import { approvalPlaybook, byLink, fiveAnswers, mailedToken, type Signer, signAs, signer } from '../approval-desk.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, apiAs, type Desk, post, signedIn, startDesk, until } from '../desk.ts'
import { SoftPasskey, type Wrongly } from '../soft-passkey.ts'

let database: FreshDatabase
let desk: Desk
let folder: string
let providerKey: string
let dpo: Signer
let deputy: Signer
let owner: Signer
let second: Signer
let analyst: { cookie: string }
const mails = new Map<string, number>()
beforeAll(async () => {
  folder = await approvalPlaybook(`${fiveAnswers}
from:
  - title: DPO
    people: [dpo@halden.example]
    deputies: [deputy@halden.example]
  - title: Business owner
    people: [owner@halden.example, second@halden.example]
    quorum: 2`)
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url, config: { playbooks: [folder] } })
  dpo = await signer(desk, 'approver', 'Dora Data', 'dpo@halden.example')
  deputy = await signer(desk, 'approver', 'Dan Deputy', 'deputy@halden.example')
  owner = await signer(desk, 'asset-owner', 'Olga Owner', 'owner@halden.example')
  second = await signer(desk, 'approver', 'Sven Second', 'second@halden.example')
  analyst = await signedIn(desk, 'analyst')
  providerKey = await addProvider(desk)
}, 600_000)
afterAll(async () => {
  await desk.stop()
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

type Options = { challenge: string; rpId: string }
let tickets = 0
/** A new alert whose playbook asks for the approval; the run, and the DPO's token. */
async function asked(): Promise<{ runId: string; token: string }> {
  tickets += 1
  const body = `Ticket: NW-${tickets}\nRule: Beaconing\nSeverity: Critical\nHost: pay-${tickets}\nSource IP: 192.0.2.1\n`
  await post(desk, providerKey, { subject: `[NW-${tickets}] Critical: Beaconing`, body })
  const token = await nextMail(dpo)
  const { json } = await byLink(desk, 'GET', token)
  return { runId: json.approval?.runId ?? '', token }
}
async function nextMail({ email }: Signer): Promise<string> {
  const nth = (mails.get(email) ?? 0) + 1
  mails.set(email, nth)
  return mailedToken(desk, email, nth)
}
const stepOf = (runId: string, stepId: string) =>
  database.db
    .selectFrom('step')
    .select(['state', 'output'])
    .where('run_id', '=', runId)
    .where('step_id', '=', stepId)
    .executeTakeFirst()
const stateOf = async (token: string) => {
  const { json } = await byLink(desk, 'GET', token)
  return [json.state, json.approval?.state]
}
const signedLines = () =>
  database.db
    .selectFrom('ledger_entry')
    .select(['leaf', 'actor'])
    .where('kind', '=', 'approval.signed')
    .orderBy('at')
    .execute()

test('a chain is signed place by place, each signature is in the ledger, and the run goes on', async () => {
  const { runId, token } = await asked()
  const { json } = await byLink(desk, 'GET', token)
  expect(json).toMatchObject({
    state: 'open',
    me: { name: 'Dora Data', place: 0, passkeys: 1, receipt: null },
    approval: {
      ...{ what: 'Take pay-1 off the net', why: 'It speaks to a known control server.', placeNow: 0 },
      ...{ changes: 'Nobody can run payroll until it is back.', ifSilent: 'It stays on the net and is watched.' },
    },
    deputies: [{ name: 'Dan Deputy' }],
  })
  expect(await signAs(desk, token, dpo.key)).toBe(200)
  expect(await stateOf(token)).toEqual(['signed', 'open'])
  const first = await nextMail(owner)
  const other = await nextMail(second)
  expect(await signAs(desk, first, owner.key)).toBe(200)
  expect(await stateOf(other)).toEqual(['open', 'open'])
  expect(await signAs(desk, other, second.key)).toBe(200)
  expect(await stateOf(other)).toEqual(['signed', 'approved'])
  const step = await until('the run to go on', async () => {
    const found = await stepOf(runId, 'isolated')
    return found?.state === 'waiting' ? stepOf(runId, 'sign-off') : null
  })
  expect(step).toMatchObject({ state: 'done', output: { choice: 'approved' } })
  const lines = (await signedLines()).filter(({ leaf }) => leaf.includes(runId))
  expect(lines.map(({ actor }) => actor)).toEqual([dpo, owner, second].map(({ id }) => `user:${id}`))
  // The challenge that was signed is the SHA-256 of the statement in the record, and its subject that of the action.
  const { body } = JSON.parse(lines[0]?.leaf ?? '') as { body: Record<string, string> }
  const client = JSON.parse(Buffer.from(body['clientData'] ?? '', 'base64url').toString()) as { challenge: string }
  expect(Buffer.from(client.challenge, 'base64url').toString('hex')).toBe(sha256Hex(body['statement'] ?? ''))
  expect(body['statement']).toContain(sha256Hex(body['subject'] ?? ''))
  // The receipt names the place in the ledger's tree.
  const index = await until('the receipt', async () => (await byLink(desk, 'GET', token)).json.me?.receipt?.ledgerIndex)
  const entry = await database.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('leaf_index', '=', String(index))
    .executeTakeFirst()
  expect(entry?.kind).toBe('approval.signed')
})

test('a refusal needs its reason, is signed too, and ends it at once', async () => {
  const { runId, token } = await asked()
  expect(await signAs(desk, token, dpo.key, { verdict: 'refuse' })).toBe(400)
  expect(await signAs(desk, token, dpo.key, { verdict: 'refuse', reason: 'Payroll runs tonight' })).toBe(200)
  expect(await stateOf(token)).toEqual(['signed', 'refused'])
  await until('the other way', async () => (await stepOf(runId, 'watched'))?.state === 'waiting')
  expect(await stepOf(runId, 'isolated')).toMatchObject({ state: 'skipped' })
  expect((await signedLines()).at(-1)?.leaf).toContain('Payroll runs tonight')
})

test('a link signs once, and nothing but the own passkey on this page within its time signs', async () => {
  const { token } = await asked()
  const yes = { verdict: 'approve' } as const
  const before = (await signedLines()).length
  const given = (await byLink(desk, 'POST', `${token}/statement`, yes)).json['options'] as Options
  const tried = async (key: SoftPasskey, wrongly: Wrongly = {}) => {
    const response = key.sign(given, desk.origin, wrongly)
    return (await byLink(desk, 'POST', `${token}/signature`, { response })).status
  }
  expect(await tried(dpo.key, { origin: 'https://desk.example' })).toBe(403)
  expect(await tried(dpo.key, { rpId: 'desk.example' })).toBe(403)
  expect(await tried(dpo.key, { unverified: true })).toBe(403)
  expect(await tried(dpo.key, { challenge: Buffer.alloc(32).toString('base64url') })).toBe(403)
  // Somebody else's passkey, one that is nobody's, and a counter that stood still.
  expect(await tried(owner.key)).toBe(403)
  expect(await tried(new SoftPasskey())).toBe(403)
  expect(await tried(dpo.key, { counter: 1 })).toBe(403)
  dpo.key.counter = 50
  // A statement that was replaced by a newer one is not signed any more.
  const old = (await byLink(desk, 'POST', `${token}/statement`, yes)).json['options'] as Options
  const fresh = (await byLink(desk, 'POST', `${token}/statement`, yes)).json['options'] as Options
  expect((await byLink(desk, 'POST', `${token}/signature`, { response: dpo.key.sign(old, desk.origin) })).status).toBe(
    403,
  )
  expect((await signedLines()).length).toBe(before)
  const response = dpo.key.sign(fresh, desk.origin)
  const both = await Promise.all([1, 2].map(() => byLink(desk, 'POST', `${token}/signature`, { response })))
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 410])
  expect((await byLink(desk, 'POST', `${token}/statement`, yes)).status).toBe(410)
  expect((await signedLines()).length).toBe(before + 1)
})

test('"not me" hands over to a deputy, whose signature says for whom; the member signs no more', async () => {
  const { token } = await asked()
  expect((await byLink(desk, 'POST', `${token}/hand-over`, { to: owner.id })).status).toBe(400)
  expect((await byLink(desk, 'POST', `${token}/hand-over`, { to: deputy.id })).status).toBe(200)
  expect(await signAs(desk, token, dpo.key)).toBe(410)
  expect(await signAs(desk, await nextMail(deputy), deputy.key)).toBe(200)
  expect((await signedLines()).at(-1)?.leaf).toContain(`\\"standsFor\\":\\"${dpo.id}\\"`)
})

test('a question goes to the desk, five at most, and signs nothing', async () => {
  const { token } = await asked()
  for (let n = 0; n < 5; n += 1)
    expect((await byLink(desk, 'POST', `${token}/question`, { text: `How long, ${n}?` })).status).toBe(200)
  expect((await byLink(desk, 'POST', `${token}/question`, { text: 'And now?' })).status).toBe(429)
  expect(await stateOf(token)).toEqual(['open', 'open'])
  const mail = await database.db
    .selectFrom('notice')
    .select('recipients')
    .where('kind', '=', 'approval')
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  expect(mail?.recipients).toEqual(['desk@halden.example'])
})

test('a run that was cancelled leaves nothing to sign: what was shown is void', async () => {
  const { runId, token } = await asked()
  await apiAs(desk, analyst.cookie, 'POST', `/api/runs/${runId}/cancel`, { reason: 'A drill' })
  expect(await signAs(desk, token, dpo.key)).toBe(409)
  expect(await stateOf(token)).toEqual(['over', 'void'])
})

test('a role that was taken away between mail and signature signs nothing', async () => {
  const { token } = await asked()
  const set = (role: string) => database.db.updateTable('app_user').set({ role }).where('id', '=', dpo.id).execute()
  const given = (await byLink(desk, 'POST', `${token}/statement`, { verdict: 'approve' })).json['options'] as Options
  await set('auditor')
  const response = dpo.key.sign(given, desk.origin)
  expect((await byLink(desk, 'POST', `${token}/signature`, { response })).status).toBe(403)
  await set('lead')
  expect((await byLink(desk, 'POST', `${token}/signature`, { response })).status).toBe(403)
  await set('approver')
  expect(await signAs(desk, token, dpo.key)).toBe(200)
})

test('who is signed in finds what waits for them, and opens it without the mail; others do not', async () => {
  const { runId } = await asked()
  const list = (await apiAs(desk, dpo.cookie, 'GET', '/api/approvals')) as unknown as { approvals: ApprovalRow[] }
  const row = list.approvals.find((one) => one.runId === runId)
  expect(row?.places[0]).toMatchObject({ title: 'DPO', quorum: 1, signed: 0 })
  const { token } = (await apiAs(desk, dpo.cookie, 'POST', `/api/approvals/${row?.id}/link`)) as unknown as {
    token: string
  }
  const others = await fetch(`${desk.origin}/api/approvals/${row?.id}/link`, {
    method: 'POST',
    headers: { cookie: owner.cookie, origin: desk.origin },
  })
  expect(others.status).toBe(404)
  expect(await signAs(desk, token, dpo.key)).toBe(200)
  const shown = (await apiAs(desk, analyst.cookie, 'GET', `/api/runs/${runId}/approvals`)) as unknown as {
    approvals: ApprovalRow[]
    mine: string[]
  }
  expect(shown).toMatchObject({ mine: [], approvals: [{ placeNow: 1, places: [{ signed: 1 }, { signed: 0 }] }] })
  expect((await byLink(desk, 'GET', 'A'.repeat(43))).status).toBe(404)
})

test('what is kept is never changed: not the question, not a signature', async () => {
  const { db } = database
  await expect(db.updateTable('approval').set({ subject: '{}' }).execute()).rejects.toThrow(/never changed/)
  await expect(db.updateTable('approval_answer').set({ verdict: 'refuse' }).execute()).rejects.toThrow(/never changed/)
})

test('the record of a registration is written once, before the first signature of a key', async () => {
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select(['leaf', 'kind'])
    .where('subject', '=', `user:${dpo.id}`)
    .where('kind', '=', 'user.changed')
    .execute()
  expect(lines).toHaveLength(1)
  expect(lines[0]?.leaf).toContain(sha256Hex(dpo.key.publicKey))
})
