import path from 'node:path'
import { expect, test, vi } from 'vitest'
import { signer } from './approval-desk.ts'
import { apiAs, until } from './desk.ts'
import { runCommand } from './program.ts'
import { programDesk } from './program-desk.ts'
import { answerForTwo, replyPage, sayTo, signReleaseAs, statementOf } from './release-desk.ts'

// The real program is killed and started again for each step of a release by two.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 200_000 })

const { mail, desk, env, folder, killed, records } = await programDesk({ replyHoldSeconds: 2 })
const lead = await signer(desk, 'lead', 'Kari Dahl', 'kari@halden.example')
const second = await signer(desk, 'approver', 'Ana Ruiz', 'ana@halden.example')

/** Mails to the provider: whoever is asked for the second release is told by mail as well. */
const left = () => mail.arrived.filter((one) => one.includes('To: soc@northwatch.example'))

test('killed between statement, signature and send, an answer leaves once or waits, and every signature holds afterwards', async () => {
  const replyId = await answerForTwo(desk, lead.cookie)
  // The first signature, killed while it is under way; whoever got no answer signs again, unless it had been taken.
  const given = await statementOf(desk, lead, replyId)
  await killed()
  const response = lead.key.sign(given.options, desk.origin)
  const bring = async () => (await sayTo(desk, lead.cookie, `/api/replies/${replyId}/signature`, { response })).status
  const sent = bring().catch(() => 0)
  await killed()
  expect([0, 200]).toContain(await sent)
  expect([200, 403, 409]).toContain(await bring())
  const waits = await replyPage(desk, second.cookie, replyId)
  expect(waits).toMatchObject({ reply: { state: 'draft' }, first: { byName: 'Kari Dahl' } })
  expect(waits.signatures).toHaveLength(1)
  expect(left()).toHaveLength(0)
  // Whoever is asked for the second release is asked once, and finds it by the link and under My approvals.
  await until('the mail to who is asked', async () => (await records('notice.sent')) === 1, 60_000)
  expect(await records('approval.asked')).toBe(1)
  const asked = await apiAs(desk, second.cookie, 'GET', '/api/approvals')
  expect(asked).toMatchObject({ approvals: [{ replyId, state: 'open' }] })
  // The second signature is taken; killed in its hold, before it was sent.
  expect((await signReleaseAs(desk, second, replyId)).status).toBe(200)
  await killed()
  await until('it to leave', async () => (await replyPage(desk, lead.cookie, replyId)).reply.state === 'sent', 60_000)
  expect(left()).toHaveLength(1)
  for (const kind of ['reply.second-asked', 'reply.released', 'reply.sent']) expect(await records(kind), kind).toBe(1)

  // Another one, killed somewhere in the second signature: it is whole or not there.
  const other = await answerForTwo(desk, lead.cookie)
  expect((await signReleaseAs(desk, lead, other)).status).toBe(200)
  const signing = signReleaseAs(desk, second, other).then(
    ({ status }) => status,
    () => 0,
  )
  await killed()
  await signing
  if ((await replyPage(desk, second.cookie, other)).reply.state === 'draft')
    expect((await signReleaseAs(desk, second, other)).status).toBe(200)
  await until(
    'the other to leave',
    async () => (await replyPage(desk, lead.cookie, other)).reply.state === 'sent',
    60_000,
  )
  expect(left()).toHaveLength(2)
  for (const kind of ['approval.asked', 'approval.ended', 'notice.sent']) expect(await records(kind), kind).toBe(2)
  expect(await apiAs(desk, second.cookie, 'GET', '/api/approvals')).toMatchObject({ approvals: [], moreSigned: false })
  expect(await records('reply.released')).toBe(2)
  const file = path.join(folder, 'all.jsonl')
  await runCommand(['audit', 'export', '--out', file, '--replies'], env)
  const verdict = await runCommand(['audit', 'verify', file, '--json'], env)
  expect(JSON.parse(verdict.out)).toMatchObject({ ok: true, releases: 4, attachments: 2, problems: [] })
  expect((await runCommand(['audit', 'check'], env)).out).toContain('What the pages show is what the ledger says')
})
