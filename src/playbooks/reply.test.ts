import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerAll, decideAlert, putAlert, sampleProvider } from '../../test/answer-sample.ts'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { type FaultyMailServer, startFaultyMailServer } from '../../test/faulty-mail-server.ts'
import { silentLog } from '../../test/house.ts'
import { type MailServers, startMailServers } from '../../test/mail-servers.ts'
import { MailOut } from '../config/config.ts'
import { getAlert } from '../db/alerts.ts'
import { insertMessage } from '../db/messages.ts'
import { noticeById } from '../db/notices.ts'
import { saveProvider } from '../db/providers.ts'
import { valueBehind } from '../db/pseudonyms.ts'
import { changeReply, replyById, replyRecord } from '../db/replies.ts'
import { systemClock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { Reply } from '../model/reply.ts'
import { makeMailDoor } from '../outbox/mail/door.ts'
import { Exchange } from '../triage/exchange.ts'
import { undo } from './decide.ts'
import { type AnswerDesk, answerDesk } from './reply.ts'
import { newNodeId, startWorker, type Worker } from './worker.ts'

let database: FreshDatabase
let servers: MailServers
let faulty: FaultyMailServer
const folder = mkdtempSync(path.join(tmpdir(), 'cf-reply-'))
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const record = `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`

beforeAll(async () => {
  ;[database, servers, faulty] = await Promise.all([freshDatabase(), startMailServers(), startFaultyMailServer()])
  writeFileSync(path.join(folder, 'dkim.pem'), rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }))
})
afterAll(async () => {
  await Promise.all([database.close(), servers.stop(), faulty.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const own = { ownDomains: ['customer.example'], people: {} }
const from = 'Security desk <desk@customer.example>'
const quick = { connectMs: 500, silenceMs: 500, totalMs: 3000 }

function deskAt(changes: Record<string, unknown>, holdSeconds = 0): AnswerDesk {
  const out = MailOut.parse({
    host: '127.0.0.1',
    from,
    dkim: { domain: 'customer.example', selector: 's', keyFile: path.join(folder, 'dkim.pem') },
    ...changes,
  })
  const mail = makeMailDoor(out, own, quick)
  return answerDesk({
    db: database.db,
    clock: systemClock,
    log: silentLog,
    mail,
    ownDomains: own.ownDomains,
    replyHoldSeconds: holdSeconds,
  })
}
const real = (changes: Record<string, unknown> = {}, hold = 0) =>
  deskAt({ port: servers.submission.port, caFile: servers.caFile, ...changes }, hold)
const broken = (hold = 0) => deskAt({ port: faulty.port, tls: 'none' }, hold)

const worker = (desk: AnswerDesk): Promise<Worker> =>
  startWorker({ url: database.url, node: newNodeId(), log: silentLog, tasks: desk.jobs })

async function reaches(replyId: string, states: readonly Reply['state'][], msMax = 10_000): Promise<Reply> {
  const until = Date.now() + msMax
  for (;;) {
    const reply = await replyById(database.db, replyId)
    if (reply !== null && states.includes(reply.state)) return reply
    if (Date.now() > until) throw new Error(`still ${reply?.state}, not ${states.join(' or ')}: ${reply?.receipt}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function ledgerOf(replyId: string): Promise<string[]> {
  const rows = await database.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('subject', '=', `reply:${replyId}`)
    .orderBy('id')
    .execute()
  return rows.map((row) => row.kind)
}

/** Runs the job once by hand, without a worker. */
const runOnce = (desk: AnswerDesk, replyId: string, attempt = 1) => desk.jobs['send-reply']({ replyId, attempt })
const fetchReply = async (id: string): Promise<Reply> => {
  const reply = await replyById(database.db, id)
  if (reply === null) throw new Error('no reply')
  return reply
}
const drafted = async (desk: AnswerDesk, sample: Parameters<typeof putAlert>[1] = {}, reason?: string) => {
  const alert = await putAlert(database.db, sample)
  await decideAlert(database.db, alert.alertId, 'false-alarm-benign', reason)
  return { ...alert, replyId: await desk.draft(alert.alertId, 'user:1') }
}

test("a released reply lands in the provider's mailbox once: threaded, signed, with valid JSON, receipted in the ledger", async () => {
  const desk = real()
  const working = await worker(desk)
  const alert = await putAlert(database.db)
  await decideAlert(database.db, alert.alertId)
  const replyId = await answerAll(database.db, desk, alert.alertId)
  const reply = await reaches(replyId, ['sent'])
  const [received] = await servers.waitForMail('soc@provider.example', 1)
  await working.stop()
  expect(await servers.mailboxOf('soc@provider.example')).toHaveLength(1)
  const sent = (await replyRecord(database.db, replyId))?.bytes ?? Buffer.alloc(0)
  expect(received?.subarray(received.length - sent.length).equals(sent)).toBe(true)
  expect(sha256Hex(sent)).toBe(reply.digest)
  const mail = await simpleParser(received ?? '')
  expect(mail.subject).toBe(`Re: [${alert.ticket}] Suspicious sign-in`)
  expect(mail.inReplyTo).toBe(`<${alert.messageId}>`)
  expect(mail.references).toEqual([`<root.${alert.alertId}@provider.example>`, `<${alert.messageId}>`])
  expect(mail.messageId).toBe(`<${reply.messageId}>`)
  const json = Exchange.parse(JSON.parse(mail.attachments[0]?.content.toString() ?? ''))
  expect(json).toMatchObject({
    ticket: alert.ticket,
    verdict_id: 5,
    reason: 'A planned test of our own.',
    observables: [{ type: 'ipv4', value: '192.0.2.66' }],
  })
  const { results } = await dkimVerify(sent, { resolver: async () => [[record]] })
  expect(results[0]?.status?.result).toBe('pass')
  expect(reply.receipt).toMatch(/^250 2\.0\.0 Ok: queued as/)
  expect(await ledgerOf(replyId)).toEqual([
    'reply.drafted',
    'reply.reviewed',
    'reply.released',
    'reply.sending',
    'reply.sent',
  ])
  expect((await getAlert(database.db, alert.alertId))?.alert.state).toBe('closed')
  // The job may come again (a job is done at least once): nothing happens.
  await runOnce(desk, replyId)
  expect(await servers.mailboxOf('soc@provider.example')).toHaveLength(1)
})

describe('before it may leave', () => {
  test('drafting twice makes one draft; without a decision there is none', async () => {
    const desk = real()
    const { alertId, replyId } = await drafted(desk)
    expect(await desk.draft(alertId, 'user:2')).toBe(replyId)
    expect(await Promise.all([1, 2, 3].map(() => desk.draft(alertId, 'user:2')))).toEqual([replyId, replyId, replyId])
    const undecided = await putAlert(database.db)
    await expect(desk.draft(undecided.alertId, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
  })

  test('an unreviewed place, an older version, an undone decision and a missing mail server each stop the release', async () => {
    const desk = real()
    const { alertId, replyId } = await drafted(desk, { host: 'plant-7' }, 'plant-7 is a test machine.')
    const reply = await fetchReply(replyId)
    expect(reply.spans.map((span) => span.text)).toContain('plant-7')
    await expect(desk.release(replyId, reply.version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    const verdicts = reply.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, reply.version, 'user:1')
    await expect(desk.release(replyId, reply.version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    const offline = answerDesk({
      db: database.db,
      clock: systemClock,
      log: silentLog,
      mail: null,
      ownDomains: [],
      replyHoldSeconds: 0,
    })
    await expect(offline.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'mail.not-configured' })
    const decisionId = (await replyRecord(database.db, replyId))?.decisionId ?? ''
    await undo({ db: database.db, clock: systemClock }, { alertId, decisionId, by: 'user:1' })
    await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    expect((await fetchReply(replyId)).state).toBe('draft')
    await decideAlert(database.db, alertId, 'tune')
    const second = await desk.draft(alertId, 'user:1')
    expect(second).not.toBe(replyId)
    expect((await fetchReply(replyId)).state).toBe('cancelled')
  })

  test('a secret cannot be kept; keeping needs a reason unless the agreement shares the class; pseudonyms are stable', async () => {
    const desk = real()
    const { replyId } = await drafted(
      desk,
      { host: 'press-3' },
      'On press-3 the password was Hase17blau. HR knows of the sick leave.',
    )
    const reply = await fetchReply(replyId)
    const id = (kind: string) => reply.spans.find((span) => span.class === kind)?.id ?? ''
    const say = (kind: string, verdict: 'keep' | 'pseudonym' | 'redact', keepReason: string | null = null) =>
      desk.review(replyId, [{ spanId: id(kind), verdict, keepReason }], reply.version, 'user:1')
    await expect(say('secret', 'keep', 'they need it')).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(say('host', 'keep', '  ')).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(say('health', 'pseudonym')).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(
      desk.review(replyId, [{ spanId: 'nope', verdict: 'redact', keepReason: null }], reply.version, 'user:1'),
    ).rejects.toMatchObject({ code: 'not.found' })
    await say('host', 'pseudonym')
    const { spans } = await fetchReply(replyId)
    const host = spans.find((span) => span.class === 'host' && span.verdict === 'pseudonym')
    expect(host?.pseudonym).toMatch(/^HOST-\d+$/)
    expect(await valueBehind(database.db, 'acme', host?.pseudonym ?? '')).toBe('press-3')
    const again = await drafted(desk, { host: 'PRESS-3' }, 'PRESS-3 is a test machine.')
    const other = await fetchReply(again.replyId)
    const spanId = other.spans.find((span) => span.text === 'PRESS-3')?.id ?? ''
    await desk.review(again.replyId, [{ spanId, verdict: 'pseudonym', keepReason: null }], other.version, 'user:1')
    const replaced = (await fetchReply(again.replyId)).spans.find((span) => span.id === spanId)
    expect(replaced?.pseudonym).toBe(host?.pseudonym)
  })

  test('a saved text has its places found anew, and those that were reviewed keep their verdicts', async () => {
    const desk = real()
    const { replyId } = await drafted(desk, { host: 'press-4' }, 'press-4 is fine.')
    const reply = await fetchReply(replyId)
    const verdicts = reply.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, reply.version, 'user:1')
    const next = await desk.saveText(replyId, 'Now press-4 and 10.1.2.3.', version, 'user:1')
    const saved = await fetchReply(replyId)
    expect(saved.spans.map((span) => [span.text, span.verdict])).toEqual([
      ['press-4', 'redact'],
      ['10.1.2.3', null],
    ])
    await expect(desk.saveText(replyId, 'older', version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    await expect(desk.saveText(replyId, '   ', next, 'user:1')).rejects.toMatchObject({ code: 'input.invalid' })
    const { text, bytes } = await desk.preview(replyId)
    expect(text).toBe('Now [redacted: host] and 10.1.2.3.')
    expect((await simpleParser(Buffer.from(bytes))).text?.trim()).toBe(text)
  })

  test('a name that our lists learnt after the review stops the release until somebody has looked', async () => {
    const desk = real()
    const { replyId } = await drafted(desk, {}, 'Wilhelmina Zorn did it.')
    const before = await fetchReply(replyId)
    expect(before.spans.some((span) => span.class === 'person')).toBe(false)
    const verdicts = before.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, before.version, 'user:1')
    const facts = JSON.stringify({ id: 'p9', name: 'Wilhelmina Zorn' })
    await database.db
      .insertInto('person')
      .values({ id: 'p9', name: 'Wilhelmina Zorn', facts, keys: ['wilhelmina zorn'], source: 's', as_of: new Date() })
      .execute()
    await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    const after = await fetchReply(replyId)
    expect(after.spans.find((span) => span.text === 'Wilhelmina Zorn')).toMatchObject({
      class: 'person',
      verdict: null,
    })
  })

  test('a dry run keeps the bytes and sends nothing; once live, a new draft begins with the same text', async () => {
    const desk = broken()
    await saveProvider(database.db, { ...sampleProvider, id: 'dry', dryRun: true }, 0, new Date())
    const alert = await putAlert(database.db, { provider: { id: 'dry', dryRun: true } })
    await decideAlert(database.db, alert.alertId)
    const connections = faulty.connections()
    const replyId = await answerAll(database.db, desk, alert.alertId)
    const reply = await fetchReply(replyId)
    expect(reply).toMatchObject({ state: 'dry-run', digest: expect.stringMatching(/^[0-9a-f]{64}$/) })
    await runOnce(desk, replyId)
    expect(faulty.connections()).toBe(connections)
    expect(await desk.draft(alert.alertId, 'user:1')).toBe(replyId)
    await saveProvider(database.db, { ...sampleProvider, id: 'dry', dryRun: false }, 1, new Date())
    const live = await desk.draft(alert.alertId, 'user:1')
    expect(live).not.toBe(replyId)
    expect((await fetchReply(live)).text).toBe(reply.text)
  })

  test('answers go to the provider only, whatever Reply-To says', async () => {
    const desk = real()
    const { replyId } = await drafted(desk)
    await database.db
      .updateTable('reply')
      .set({ recipients: ['thief@evil.test'] })
      .where('id', '=', replyId)
      .execute()
    const reply = await fetchReply(replyId)
    const verdicts = reply.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, reply.version, 'user:1')
    await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
  })
})

describe('while it is held', () => {
  test('it can be taken back, and then never leaves; afterwards it cannot', async () => {
    const desk = broken(60)
    const alert = await putAlert(database.db)
    await decideAlert(database.db, alert.alertId)
    const connections = faulty.connections()
    const replyId = await answerAll(database.db, desk, alert.alertId)
    expect((await fetchReply(replyId)).state).toBe('held')
    await runOnce(desk, replyId)
    expect((await fetchReply(replyId)).state).toBe('held')
    await desk.cancel(replyId, 'user:1')
    await runOnce(desk, replyId)
    expect((await fetchReply(replyId)).state).toBe('cancelled')
    expect(faulty.connections()).toBe(connections)
    await expect(desk.cancel(replyId, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
  })

  test('a decision that was taken back takes the reply back', async () => {
    const desk = broken()
    const alert = await putAlert(database.db)
    const decisionId = await decideAlert(database.db, alert.alertId)
    const replyId = await answerAll(database.db, desk, alert.alertId)
    await undo({ db: database.db, clock: systemClock }, { alertId: alert.alertId, decisionId, by: 'user:1' })
    await runOnce(desk, replyId)
    expect((await fetchReply(replyId)).state).toBe('cancelled')
  })

  test('bytes that were changed in the database are stopped at the door', async () => {
    const desk = broken()
    const alert = await putAlert(database.db)
    await decideAlert(database.db, alert.alertId)
    const replyId = await answerAll(database.db, desk, alert.alertId)
    const bytes = (await replyRecord(database.db, replyId))?.bytes ?? Buffer.alloc(0)
    await changeReply(database.db, replyId, { state: 'held', bytes: Buffer.concat([bytes, Buffer.from('more\r\n')]) })
    const connections = faulty.connections()
    await runOnce(desk, replyId)
    expect(await fetchReply(replyId)).toMatchObject({
      state: 'failed',
      receipt: 'the bytes are not those that were released',
    })
    expect(faulty.connections()).toBe(connections)
  })
})

describe('when sending goes wrong', () => {
  const released = async (desk: AnswerDesk) => {
    const alert = await putAlert(database.db)
    await decideAlert(database.db, alert.alertId)
    return answerAll(database.db, desk, alert.alertId)
  }

  test('broken off after the last dot: unconfirmed, never sent again by itself, settled by a person', async () => {
    const desk = broken()
    for (const after of [undefined, '25', '250 2.0.0 Ok: que']) {
      faulty.setFault({ at: 'dot', drop: true, ...(after === undefined ? {} : { after }) })
      const [arrived, working] = [faulty.arrived.length, await worker(desk)]
      const replyId = await released(desk)
      await reaches(replyId, ['unconfirmed'])
      for (let i = 0; i < 3; i++) await runOnce(desk, replyId)
      await new Promise((resolve) => setTimeout(resolve, 300))
      await working.stop()
      expect(faulty.arrived.length - arrived).toBe(1)
      expect((await fetchReply(replyId)).state).toBe('unconfirmed')
      await expect(desk.settle(replyId, true, ' ', 'user:1')).rejects.toMatchObject({ code: 'input.invalid' })
      await desk.settle(replyId, true, 'The provider has it.', 'user:1')
      expect(await fetchReply(replyId)).toMatchObject({
        state: 'sent',
        receipt: 'Settled by a person: The provider has it.',
      })
      await expect(desk.settle(replyId, false, 'no', 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    }
  })

  test('a resend that a person asks for is the very same mail', async () => {
    const desk = broken()
    faulty.setFault({ at: 'dot', drop: true })
    const replyId = await released(desk)
    await runOnce(desk, replyId)
    await desk.settleAs(replyId, 'resend', 'user:1', 'They say that nothing came.')
    faulty.setFault({ at: 'none' })
    await runOnce(desk, replyId)
    expect((await fetchReply(replyId)).state).toBe('sent')
    const [second, first] = [faulty.arrived.at(-1), faulty.arrived.at(-2)]
    expect(second !== undefined && first?.equals(second)).toBe(true)
    expect(await ledgerOf(replyId)).toEqual([
      ...['reply.drafted', 'reply.reviewed', 'reply.released', 'reply.sending', 'reply.unconfirmed', 'reply.settled'],
      ...['reply.sending', 'reply.sent'],
    ])
  })

  test('said not to have arrived: it is over, and a new draft may follow', async () => {
    const desk = broken()
    faulty.setFault({ at: 'dot', drop: true })
    const replyId = await released(desk)
    await runOnce(desk, replyId)
    await desk.settle(replyId, false, 'Their log has no trace.', 'user:1')
    const reply = await fetchReply(replyId)
    expect(reply.state).toBe('failed')
    expect(await desk.draft(reply.alertId, 'user:1')).not.toBe(replyId)
  })

  test('a reply found being sent by an earlier life is unconfirmed, or sent when its copy came back', async () => {
    const desk = broken()
    faulty.setFault({ at: 'none' })
    const arrived = faulty.arrived.length
    const [lost, copied] = [await released(desk), await released(desk)]
    for (const id of [lost, copied]) await changeReply(database.db, id, { state: 'sending' })
    const bytes = Buffer.from(`copy of ${copied}`)
    const { messageId } = await fetchReply(copied)
    const raw = {
      bytes,
      form: 'mail' as const,
      channel: 'imap' as const,
      sourceAddress: null,
      heloName: null,
      envelopeFrom: null,
    }
    await insertMessage(
      database.db,
      sha256Hex(bytes),
      { ...raw, envelopeTo: [], providerId: null, origin: 'x' },
      new Date(),
      false,
    )
    await database.db
      .updateTable('message')
      .set({ message_id_header: messageId })
      .where('id', '=', sha256Hex(bytes))
      .execute()
    await runOnce(desk, lost)
    await runOnce(desk, copied)
    expect((await fetchReply(lost)).state).toBe('unconfirmed')
    expect(await fetchReply(copied)).toMatchObject({ state: 'sent', receipt: 'A copy came to our own mailbox' })
    expect(faulty.arrived.length).toBe(arrived)
  })

  test('evidence settles: a copy, a delivery report; a report of failure overrules "sent"', async () => {
    const desk = broken()
    const seen = (replyId: string, by: Parameters<AnswerDesk['forHouse']['replySeen']>[1]['by']) =>
      desk.forHouse.replySeen(database.db, { replyId, messageId: 'x', by })
    faulty.setFault({ at: 'dot', drop: true })
    const [first, second] = [await released(desk), await released(desk)]
    for (const id of [first, second]) await runOnce(desk, id)
    await seen(first, { kind: 'copy' })
    await seen(second, { kind: 'delivery-report', failed: true, says: '5.1.1 no such user' })
    expect((await fetchReply(first)).state).toBe('sent')
    expect(await fetchReply(second)).toMatchObject({ state: 'failed', receipt: 'Delivery report: 5.1.1 no such user' })
    await seen(first, { kind: 'delivery-report', failed: true, says: 'mailbox full' })
    expect((await fetchReply(first)).state).toBe('failed')
  })

  test('a server that is down or puts us off: held, visible, tried later, and at last sent once', async () => {
    const desk = broken()
    const arrived = faulty.arrived.length
    faulty.setFault({ at: 'RCPT', say: '451 4.7.1 greylisted' })
    const replyId = await released(desk)
    await runOnce(desk, replyId)
    const held = await fetchReply(replyId)
    expect(held).toMatchObject({ state: 'held', receipt: expect.stringContaining('Try 1 of 40: 451 4.7.1 greylisted') })
    expect(new Date(held.holdUntil ?? 0).getTime()).toBeGreaterThan(Date.now() + 20_000)
    const { rows } = await sql<{ payload: unknown }>`
      select payload from graphile_worker._private_jobs where key = ${`reply:${replyId}`}`.execute(database.db)
    expect(rows).toEqual([{ payload: { replyId, attempt: 2 } }])
    faulty.setFault({ at: 'none' })
    await changeReply(database.db, replyId, { state: 'held', holdUntil: new Date() })
    await runOnce(desk, replyId, 2)
    expect((await fetchReply(replyId)).state).toBe('sent')
    expect(faulty.arrived.length - arrived).toBe(1)
  })

  test('tries end: after the last one it has failed', async () => {
    const desk = broken()
    faulty.setFault({ at: 'connect', drop: true })
    const replyId = await released(desk)
    await runOnce(desk, replyId, 40)
    expect((await fetchReply(replyId)).state).toBe('failed')
  })

  test('refused for good by the real server: failed, with its words', async () => {
    const desk = real()
    await saveProvider(
      database.db,
      { ...sampleProvider, id: 'gone', addresses: [], domains: [], replyAddress: 'gone@provider.example' },
      0,
      new Date(),
    )
    const alert = await putAlert(database.db, { provider: { id: 'gone' } })
    await decideAlert(database.db, alert.alertId)
    const replyId = await answerAll(database.db, desk, alert.alertId)
    await runOnce(desk, replyId)
    const failed = await fetchReply(replyId)
    expect(failed).toMatchObject({ state: 'failed', receipt: expect.stringMatching(/^550.*gone@provider\.example/) })
  })
})

describe('mail to our own people', () => {
  const notice = (id: string, to = ['owner@customer.example']) => ({
    id,
    kind: 'notify' as const,
    to,
    subject: 'Was this\r\nBcc: x@evil.test you?',
    text: 'Please look.',
  })

  test('the same id is one mail, and it arrives', async () => {
    const desk = real()
    const id = '00000000-0000-8000-8000-000000000001'
    for (let i = 0; i < 2; i++) await desk.forHouse.mailNotice(database.db, notice(id))
    const working = await worker(desk)
    const mails = await servers.waitForMail('owner@customer.example', 1)
    await working.stop()
    expect(mails).toHaveLength(1)
    expect(mails[0]?.toString()).toContain(`Message-ID: <notice.${id}@customer.example>`)
    expect((await noticeById(database.db, id))?.state).toBe('sent')
  })

  test('nobody else gets one', async () => {
    const desk = real()
    await expect(
      desk.forHouse.mailNotice(database.db, notice('00000000-0000-8000-8000-000000000002', ['soc@provider.example'])),
    ).rejects.toMatchObject({ code: 'input.invalid' })
  })

  test('a server that is down: queued, visible, tried again', async () => {
    const desk = broken()
    const id = '00000000-0000-8000-8000-000000000003'
    faulty.setFault({ at: 'connect', say: '421 busy' })
    await desk.forHouse.mailNotice(database.db, notice(id))
    await desk.jobs['send-notice']({ noticeId: id, attempt: 1 })
    expect(await noticeById(database.db, id)).toMatchObject({
      state: 'queued',
      receipt: expect.stringContaining('421'),
    })
    faulty.setFault({ at: 'none' })
    await desk.jobs['send-notice']({ noticeId: id, attempt: 2 })
    expect((await noticeById(database.db, id))?.state).toBe('sent')
  })
})
