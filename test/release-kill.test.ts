import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '../src/kit/clock.ts'
import { type Signer, signer } from './approval-desk.ts'
import { freePort } from './browser.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { type Desk, until } from './desk.ts'
import { type FaultyMailServer, startFaultyMailServer } from './faulty-mail-server.ts'
import { type Program, runCommand, startProgram, writeSettings } from './program.ts'
import { answerForTwo, replyPage, sayTo, signReleaseAs, statementOf } from './release-desk.ts'

// The real program is killed and started again for each step of a release by two.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 200_000 })

let folder: string
let database: FreshDatabase
let mail: FaultyMailServer
let program: Program
let env: Readonly<Record<string, string>>
let desk: Desk
let lead: Signer
let second: Signer
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-release-kill-'))
  database = await freshDatabase()
  mail = await startFaultyMailServer()
  const port = await freePort()
  await writeSettings(folder, {
    ...{ http: { port }, smtp: { port: await freePort(), recipients: ['desk@halden.example'] }, reverseDns: false },
    ...{ ownDomains: ['halden.example'], replyHoldSeconds: 2 },
    mailOut: { host: '127.0.0.1', port: mail.port, tls: 'none', from: 'Security desk <desk@halden.example>' },
  })
  env = { COUNTERFOIL_DATA: folder, DATABASE_URL: database.url }
  program = await startProgram({ env })
  const running = { database: { db: database.db }, house: { clock: systemClock } }
  desk = { origin: `http://localhost:${port}`, running } as unknown as Desk
  lead = await signer(desk, 'lead', 'Kari Dahl', 'kari@halden.example')
  second = await signer(desk, 'approver', 'Ana Ruiz', 'ana@halden.example')
})
afterAll(async () => {
  await program?.kill('SIGTERM')
  await mail?.stop()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

async function killed(): Promise<void> {
  await program.kill('SIGKILL')
  program = await startProgram({ env })
}
const records = async (kind: string) =>
  (await database.db.selectFrom('ledger_entry').select('id').where('kind', '=', kind).execute()).length

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
  expect(mail.arrived).toHaveLength(0)
  // The second signature is taken; killed in its hold, before it was sent.
  expect((await signReleaseAs(desk, second, replyId)).status).toBe(200)
  await killed()
  await until('it to leave', async () => (await replyPage(desk, lead.cookie, replyId)).reply.state === 'sent', 60_000)
  expect(mail.arrived).toHaveLength(1)
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
  expect(mail.arrived).toHaveLength(2)
  expect(await records('reply.released')).toBe(2)
  const file = path.join(folder, 'all.jsonl')
  await runCommand(['audit', 'export', '--out', file, '--replies'], env)
  const verdict = await runCommand(['audit', 'verify', file, '--json'], env)
  expect(JSON.parse(verdict.out)).toMatchObject({ ok: true, releases: 4, attachments: 2, problems: [] })
  expect((await runCommand(['audit', 'check'], env)).out).toContain('What the pages show is what the ledger says')
})
