import { rm } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, expect, test, vi } from 'vitest'
import { approvalPlaybook, byLink, fiveAnswers, mailedToken, signer } from './approval-desk.ts'
import { addProvider, post, until } from './desk.ts'
import { runCommand } from './program.ts'
import { programDesk } from './program-desk.ts'

// The real program is killed and started again for each step of a round.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 200_000 })

/** Signatures under way at the moment of a kill: it falls before, in and after their transactions. */
const atOnce = 8

const playbooks = await approvalPlaybook(`${fiveAnswers}\nfrom:\n  - title: DPO\n    people: [dpo@halden.example]`)
afterAll(() => rm(playbooks, { recursive: true, force: true }))
const { database, desk, env, folder, killed, records } = await programDesk({ playbooks: [playbooks] })
const dpo = await signer(desk, 'approver', 'Dora Data', 'dpo@halden.example')
const key = await addProvider(desk)

let asked = 0
async function ask(): Promise<number> {
  asked += 1
  const body = `Ticket: NW-${asked}\nRule: Beaconing\nSeverity: Critical\nHost: pay-${asked}\nSource IP: 192.0.2.1\n`
  await post(desk, key, { subject: `[NW-${asked}] Critical: Beaconing`, body })
  return asked
}
const count = async (table: 'approval' | 'approval_answer') =>
  Number((await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(database.db)).rows[0]?.n)
const gone = async () =>
  (
    await database.db
      .selectFrom('step')
      .select('run_id')
      .where('step_id', '=', 'isolated')
      .where('state', '=', 'waiting')
      .execute()
  ).length
type Options = { challenge: string; rpId: string }
const statement = async (token: string) =>
  (await byLink(desk, 'POST', `${token}/statement`, { verdict: 'approve' })).json['options'] as Options

test('killed at each step of a round, an approval is neither lost nor made, mailed or signed twice', async () => {
  // Asked for, and perhaps not made yet.
  await ask()
  await killed()
  await until('the approval to be made', async () => (await count('approval')) === 1, 60_000)
  await killed()
  // Notified.
  const token = await mailedToken(desk, dpo.email)
  await until('its mail to leave', async () => (await records('notice.sent')) === 1, 60_000)
  await killed()
  // Opened.
  expect((await byLink(desk, 'GET', token)).json.state).toBe('open')
  await killed()
  // The challenge is given, and outlives the kill.
  const given = await statement(token)
  await killed()
  // Asserted, and killed in the middle of it; whoever got no answer sends the same again.
  const response = dpo.key.sign(given, desk.origin)
  const sent = byLink(desk, 'POST', `${token}/signature`, { response }).then(
    ({ status }) => status,
    () => 0,
  )
  await killed()
  expect([0, 200]).toContain(await sent)
  const again = (await byLink(desk, 'POST', `${token}/signature`, { response })).status
  expect([200, 410]).toContain(again)
  // Stored: the run goes on, once.
  await killed()
  await until('the run to go on', async () => (await gone()) === 1, 60_000)
  expect(await count('approval')).toBe(1)
  expect(await count('approval_answer')).toBe(1)
  for (const kind of ['approval.asked', 'approval.signed', 'approval.ended', 'notice.sent'])
    expect(await records(kind), kind).toBe(1)
})

test('a kill in the middle of eight signatures: each is whole or not there, and afterwards each is there once; the export holds', async () => {
  const from = asked
  for (let n = 0; n < atOnce; n += 1) await ask()
  // All of them first: a mail that commits late may have the earlier time, and would move the places of the others.
  await mailedToken(desk, dpo.email, from + atOnce)
  const tokens = await Promise.all(Array.from({ length: atOnce }, (_, n) => mailedToken(desk, dpo.email, from + n + 1)))
  expect(new Set(tokens).size).toBe(atOnce)
  const sent = []
  for (const token of tokens) {
    const response = dpo.key.sign(await statement(token), desk.origin)
    sent.push({ token, response })
  }
  // One after the other: a passkey counts. The kill falls somewhere among them.
  const sending = (async () => {
    for (const { token, response } of sent)
      await byLink(desk, 'POST', `${token}/signature`, { response }).catch(() => undefined)
  })()
  await until('some to be signed', async () => (await count('approval_answer')) >= from + 2, 60_000)
  await killed()
  await sending
  for (const { token } of sent) {
    const { json } = await byLink(desk, 'GET', token)
    if (json.state === 'signed') continue
    const response = dpo.key.sign(await statement(token), desk.origin)
    expect((await byLink(desk, 'POST', `${token}/signature`, { response })).status).toBe(200)
  }
  await until('every run to go on', async () => (await gone()) === from + atOnce, 60_000)
  expect(await records('approval.signed')).toBe(from + atOnce)
  expect(await count('approval_answer')).toBe(from + atOnce)
  const file = path.join(folder, 'all.jsonl')
  expect((await runCommand(['audit', 'export', '--out', file], env)).err).toContain('records')
  const verdict = await runCommand(['audit', 'verify', file, '--json'], env)
  expect(JSON.parse(verdict.out)).toMatchObject({ ok: true, approvals: from + atOnce, problems: [] })
})
