import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ImapFlow } from 'imapflow'
import { simpleParser } from 'mailparser'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { renewIntakeKey, saveProvider } from '../src/db/providers.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { freePort } from './browser.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { until } from './desk.ts'
import { type MailServers, startMailServers } from './mail-servers.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { type PersonAtDesk, signIn } from './person-at-desk.ts'
import { type Program, runCommand, startProgram, writeSettings } from './program.ts'
import {
  deskAddress,
  handOver,
  makeSigningProvider,
  messageIdOf,
  providerAddress,
  signingProvider,
} from './signing-provider.ts'

// Whole programs are started here; on a machine that is busy with other tests each step may take seconds.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

/** Everything outside of the house is real, but DNS, which is ours: names under .example exist nowhere. */
const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-house-'))
const drop = path.join(folder, 'drop')
const provider = makeSigningProvider()
let database: FreshDatabase
let mailServers: MailServers
let names: NameServer
let program: Program
let origin: string
let person: PersonAtDesk
let intakeKey: string

beforeAll(async () => {
  ;[database, mailServers, names] = await Promise.all([
    freshDatabase(),
    startMailServers(),
    startNameServer(provider.zone),
  ])
  const port = await freePort()
  origin = `http://localhost:${port}`
  mkdirSync(drop)
  const { caFile, imap, submission } = mailServers
  await writeSettings(folder, {
    http: { port },
    smtp: { port: 0, recipients: [deskAddress] },
    imap: [{ id: 'desk', host: imap.host, port: imap.tlsPort, caFile, user: deskAddress, password: 'desk-pass' }],
    folders: [{ path: drop }],
    mailOut: { ...submission, caFile, from: `Security desk <${deskAddress}>` },
    ownDomains: ['customer.example'],
    reverseDns: false,
    dnsServers: [names.address],
    replyHoldSeconds: 1,
  })
  await saveProvider(database.db, signingProvider, 0, new Date())
  intakeKey = (await renewIntakeKey(database.db, signingProvider.id, new Date())) ?? ''
  program = await startProgram({ env: { COUNTERFOIL_DATA: folder, DATABASE_URL: database.url } })
  person = await signIn(database.db, () => origin)
})
afterAll(async () => {
  await program?.kill('SIGTERM')
  await Promise.all([database?.close(), mailServers?.stop(), names?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

/** The alert of a ticket, once its ladder is full. */
const alertOf = (ticket: string): Promise<string> =>
  until(
    'the ladder',
    async () => {
      const { rows } = await person.queue()
      const row = rows.find((one) => one.ticket === ticket)
      return row !== undefined && (await person.alert(row.id)).filledAt !== null ? row.id : null
    },
    40_000,
  )

const messages = () => database.db.selectFrom('message').select(['id', 'state', 'alert_id']).execute()
const smtp = (bytes: Buffer) => handOver(bytes, program.smtpPort ?? 0)
test('signed mail by SMTP becomes an alert with a ladder, a decision, a reviewed reply, and one mail in the thread of the provider', async () => {
  const mail = provider.alertMail({ ticket: 'INC-1001', host: 'ws-17.customer.example' })
  expect(await smtp(mail)).toMatch(new RegExp(`^250 .*${sha256Hex(mail)}`))
  const alertId = await alertOf('INC-1001')
  const page = await person.alert(alertId)
  expect(page.messages).toHaveLength(1)
  expect(page.messages[0]?.authentication).toMatchObject({ accepted: true, provider: { id: 'acme' } })
  expect(page.judgement?.ladder.length).toBeGreaterThan(3)
  await person.decide(alertId)
  const replyId = await until('the draft', async () => (await person.alert(alertId)).replies[0]?.id)
  await person.release(replyId)
  const [arrived] = await mailServers.waitForMail(providerAddress, 1, 30_000)
  const got = await simpleParser(arrived ?? Buffer.alloc(0))
  expect(got.inReplyTo).toBe(`<${messageIdOf('INC-1001')}>`)
  expect([got.references].flat()).toContain(`<${messageIdOf('INC-1001')}>`)
  expect(got.subject).toContain('INC-1001')
  expect(got.from?.text).toContain(deskAddress)
  // A host of ours stands in the subject of their own mail, and in no line of our answer: every place was redacted.
  expect(got.text).toContain('planned test of our own')
  expect([got.text, ...got.attachments.map((part) => part.content.toString())].join()).not.toContain('ws-17')
  const sent = await until('the receipt', async () => {
    const now = await person.alert(alertId)
    return now.replies[0]?.state === 'sent' ? now : null
  })
  expect(sent.alert.state).toBe('closed')
  // Longer than the hold and a poll of the queue: a second sending would have come by now.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(await mailServers.mailboxOf(providerAddress)).toHaveLength(1)
})

test('the same bytes by SMTP, mailbox, HTTPS and folder are one message, counted again; with a trace header on top they join the same alert', async () => {
  const before = (await person.queue()).reconciliation
  const mail = provider.alertMail({ ticket: 'INC-1002', host: 'ws-18.customer.example' })
  expect(await smtp(mail)).toMatch(/^250 /)
  await append(mail)
  const post = await fetch(`${origin}/api/intake`, {
    method: 'POST',
    headers: { authorization: `Bearer ${intakeKey}`, 'content-type': 'message/rfc822' },
    body: new Uint8Array(mail),
  })
  expect(await post.json()).toMatchObject({ id: sha256Hex(mail), fresh: false })
  writeFileSync(path.join(drop, 'again.eml'), mail)
  const after = await until(
    'all four',
    async () => {
      const { reconciliation } = await person.queue()
      return reconciliation.again === before.again + 3 ? reconciliation : null
    },
    40_000,
  )
  expect(after.received).toBe(before.received + 1)
  const channels = await database.db.selectFrom('message_again').select('channel').orderBy('channel').execute()
  expect(channels.map(({ channel }) => channel)).toEqual(['file', 'https', 'imap'])
  // Their mail server delivers it to the mailbox as well, with Received and Return-Path on top: other bytes, the same alert.
  await deliver(mail)
  const messageIds = await until(
    'the delivered copy to be read',
    async () => {
      const alertId = await alertOf('INC-1002')
      const found = (await messages()).filter((one) => one.alert_id === alertId && one.state === 'read')
      return found.length === 2 ? found.map(({ id }) => id) : null
    },
    40_000,
  )
  expect(messageIds).toContain(sha256Hex(mail))
  expect((await person.queue()).rows.filter(({ ticket }) => ticket === 'INC-1002')).toHaveLength(1)
})

test('forged mail waits in quarantine and starts nothing', async () => {
  const before = await person.queue()
  const forged = provider.forgedMail({ ticket: 'INC-6666', host: 'ws-99.customer.example' })
  expect(await smtp(forged)).toMatch(/^250 /)
  const id = sha256Hex(forged)
  const row = await until('its quarantine', async () =>
    (await messages()).find((one) => one.id === id && one.state !== 'received'),
  )
  expect(row).toMatchObject({ state: 'quarantined', alert_id: null })
  const after = await person.queue()
  expect(after.reconciliation).toMatchObject({ quarantined: 1, alerts: before.reconciliation.alerts })
  expect(after.rows.map((one) => one.ticket)).not.toContain('INC-6666')
  const runs = await database.db.selectFrom('run').select('alert_id').execute()
  expect(runs).toHaveLength(after.rows.length)
})

test('every received message is accounted for', async () => {
  const { received, inAlerts, known, quarantined, waiting } = (await person.queue()).reconciliation
  expect(received).toBe(inAlerts + known.reduce((sum, one) => sum + one.n, 0) + quarantined + waiting)
  expect(waiting).toBe(0)
})

test('counterfoil demo --once tells its seven parts and exits 0', async () => {
  const { code, out, err } = await runCommand(['demo', '--once', '--port', '0'], {})
  expect(err).toBe('')
  expect(out.split('\n').flatMap((line) => /^([1-7])\. /.exec(line)?.[1] ?? [])).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
  ])
  expect(out).toMatch(
    /recomputed: it holds\n\nDone in [\d.]+ s\.\nNext: "npm start" opens a desk of your own; [^\n]+\n$/,
  )
  expect(code).toBe(0)
})

/** The same bytes, filed into the mailbox as a person or a rule of theirs would. */
async function append(mail: Buffer): Promise<void> {
  const { imap, caFile } = mailServers
  const client = new ImapFlow({
    host: imap.host,
    port: imap.tlsPort,
    secure: true,
    auth: { user: deskAddress, pass: 'desk-pass' },
    tls: { ca: readFileSync(caFile) },
    logger: false,
  })
  await client.connect()
  await client.append('INBOX', mail)
  await client.logout()
}

async function deliver(mail: Buffer): Promise<void> {
  const { submission, caFile } = mailServers
  const transport = createTransport({ ...submission, requireTLS: true, tls: { ca: readFileSync(caFile) } })
  await transport.sendMail({ envelope: { from: providerAddress, to: [deskAddress] }, raw: mail })
  transport.close()
}
