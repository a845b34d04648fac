import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { saveProvider } from '../src/db/providers.ts'
import { freePort } from './browser.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { until } from './desk.ts'
import { type FaultyMailServer, startFaultyMailServer } from './faulty-mail-server.ts'
import { type MailServers, startMailServers } from './mail-servers.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { type PersonAtDesk, signIn } from './person-at-desk.ts'
import { type Program, runCommand, startProgram, writeSettings } from './program.ts'
import { deskAddress, handOver, makeSigningProvider, providerAddress, signingProvider } from './signing-provider.ts'

// A whole program, and a mailbox that comes back.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-outside-'))
const provider = makeSigningProvider()
let database: FreshDatabase
let mailServers: MailServers
let names: NameServer
let taking: FaultyMailServer
let program: Program
let person: PersonAtDesk
let env: Record<string, string>

beforeAll(async () => {
  ;[database, mailServers, names, taking] = await Promise.all([
    freshDatabase(),
    startMailServers(),
    startNameServer(provider.zone),
    startFaultyMailServer(),
  ])
  const port = await freePort()
  const { caFile, imap } = mailServers
  await writeSettings(folder, {
    http: { port },
    smtp: { port: 0, recipients: [deskAddress] },
    imap: [{ id: 'desk', host: imap.host, port: imap.tlsPort, caFile, user: deskAddress, password: 'desk-pass' }],
    mailOut: { host: '127.0.0.1', port: taking.port, tls: 'none', from: `Security desk <${deskAddress}>` },
    ownDomains: ['customer.example'],
    reverseDns: false,
    dnsServers: [names.address],
    replyHoldSeconds: 0,
  })
  await saveProvider(database.db, signingProvider, 0, new Date())
  env = { COUNTERFOIL_DATA: folder, DATABASE_URL: database.url }
  program = await startProgram({ env })
  person = await signIn(database.db, () => `http://localhost:${port}`)
})
afterAll(async () => {
  await program?.kill('SIGTERM')
  await Promise.all([database?.close(), mailServers?.stop(), names?.stop(), taking?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const doorOf = async (name: string) => (await person.queue()).feed.doors.find(({ door }) => door === name)
const doorIs = (name: string, state: string) =>
  until(
    `${name} to be ${state}`,
    async () => {
      const door = await doorOf(name)
      return door?.state === state ? door : null
    },
    60_000,
  )
const doctor = async () => {
  const { code, out } = await runCommand(['doctor', '--json'], env)
  const { checks } = JSON.parse(out) as { checks: { name: string; state: string; says: string }[] }
  return {
    code,
    says: (name: string) =>
      checks.flatMap((one) => (one.name === name ? [`${one.state}: ${one.says}`] : [])).join('\n'),
  }
}

const alertOf = (ticket: string): Promise<string> =>
  until(
    'the ladder',
    async () => {
      const row = (await person.queue()).rows.find((one) => one.ticket === ticket)
      return row !== undefined && (await person.alert(row.id)).filledAt !== null ? row.id : null
    },
    40_000,
  )

test('a mailbox that cannot be reached is said, and read on where it was left once it is back', async () => {
  expect(await doorIs('desk', 'active')).toMatchObject({ says: expect.stringContaining(deskAddress) })
  await mailServers.suspend()
  // First the connection breaks, then nobody answers.
  await doorIs('desk', 'failing')
  await until('it to say why', async () => (await doorOf('desk'))?.says.startsWith('Nobody listens at'), 30_000)
  const said = await doctor()
  expect(said.code).toBe(1)
  expect(said.says('doors')).toMatch(/^broken: desk is failing: Nobody listens at .*; it last worked at/)
  await mailServers.resume()
  const { submission } = mailServers
  const transport = createTransport({ ...submission, ignoreTLS: true })
  const mail = provider.alertMail({ ticket: 'INC-2001', host: 'ws-1.customer.example' })
  await transport.sendMail({ envelope: { from: providerAddress, to: [deskAddress] }, raw: mail })
  transport.close()
  await doorIs('desk', 'active')
  expect((await person.alert(await alertOf('INC-2001'))).messages[0]?.channel).toBe('imap')
})

/** An alert by SMTP, decided and its answer released; the answer's id. */
async function released(ticket: string): Promise<string> {
  const mail = provider.alertMail({ ticket, host: `${ticket.toLowerCase()}.customer.example` })
  expect(await handOver(mail, program.smtpPort ?? 0)).toMatch(/^250 /)
  const alertId = await alertOf(ticket)
  await person.decide(alertId)
  const replyId = await until('the draft', async () => (await person.alert(alertId)).replies[0]?.id)
  await person.release(replyId)
  return replyId
}

const replyOf = (id: string) =>
  database.db
    .selectFrom('reply')
    .select(['state', 'receipt', 'message_id'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
const replyIs = (id: string, state: string, receipt: RegExp) =>
  until(
    `the reply to be ${state}`,
    async () => {
      const reply = await replyOf(id)
      return reply.state === state && receipt.test(reply.receipt ?? '')
    },
    90_000,
  )

/** Has the next try of each now; whether it was put down for the next half minute. */
async function bringForward(replyIds: readonly string[]): Promise<boolean[]> {
  const { rows } = await sql<{ soon: boolean }>`
    with due as (select id, run_at from graphile_worker._private_jobs where key = any(${replyIds.map((id) => `reply:${id}`)}::text[]))
    update graphile_worker._private_jobs job set run_at = now() from due
    where job.id = due.id returning due.run_at < now() + interval '31 seconds' as soon`.execute(database.db)
  return rows.map(({ soon }) => soon)
}

test('a mail server that refuses, puts off or is not there is said; nothing is lost, and what waits leaves once by itself', async () => {
  taking.setFault({ at: 'RCPT', say: '550 5.1.1 No such user' })
  const refused = await released('INC-3001')
  await replyIs(refused, 'failed', /^550 5\.1\.1/)
  taking.setFault({ at: 'RCPT', say: '451 4.7.1 Greylisted' })
  const putOff = await released('INC-3002')
  await replyIs(putOff, 'held', /^Try 1 of 40: 451 4\.7\.1/)
  expect(await doorIs('mail-out', 'failing')).toMatchObject({ says: expect.stringContaining('451 4.7.1 Greylisted') })
  const { port } = taking
  await taking.stop()
  const waiting = await released('INC-3003')
  await replyIs(waiting, 'held', /ECONNREFUSED/)
  expect(await doorIs('mail-out', 'failing')).toMatchObject({
    says: expect.stringMatching(/ECONNREFUSED.* is tried again by itself/),
  })
  const said = await doctor()
  expect(said.code).toBe(1)
  expect(said.says('mail-out')).toMatch(/^broken: .*ECONNREFUSED/)
  expect(said.says('doors')).toContain('broken: mail-out is failing')
  expect(said.says('replies-failed')).toMatch(/^warn: 1 replies/)
  taking = await startFaultyMailServer(port)
  // Each is tried again half a minute after its first try: that is looked at, and not waited for.
  expect(await bringForward([putOff, waiting])).toEqual([true, true])
  await replyIs(putOff, 'sent', /^250/)
  await replyIs(waiting, 'sent', /^250/)
  await doorIs('mail-out', 'active')
  for (const [id, times] of [
    [refused, 0],
    [putOff, 1],
    [waiting, 1],
  ] as const) {
    const { message_id: messageId } = await replyOf(id)
    expect(taking.arrived.filter((mail) => mail.includes(messageId))).toHaveLength(times)
  }
})
