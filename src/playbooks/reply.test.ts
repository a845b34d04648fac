import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AnswerRig, startAnswerRig } from '../../test/answer-rig.ts'
import { answerAll, decideAlert, putAlert, sampleProvider } from '../../test/answer-sample.ts'
import { plainParse } from '../../test/house.ts'
import { getAlert } from '../db/alerts.ts'
import { undoDecision } from '../db/decisions.ts'
import { insertMessage, updateMessage } from '../db/messages.ts'
import { saveProvider } from '../db/providers.ts'
import { valueBehind } from '../db/pseudonyms.ts'
import { changeReply, replyRecord } from '../db/replies.ts'
import { systemClock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Exchange } from '../triage/exchange.ts'
import { undo } from './decide.ts'
import type { AnswerDesk } from './reply.ts'

let rig: AnswerRig
beforeAll(async () => {
  rig = await startAnswerRig()
})
afterAll(() => rig.stop())

const drafted = async (desk: AnswerDesk, sample: Parameters<typeof putAlert>[1] = {}, reason?: string) => {
  const alert = await putAlert(rig.db, sample)
  await decideAlert(rig.db, alert.alertId, 'false-alarm-benign', reason)
  return { ...alert, replyId: await desk.draft(alert.alertId, 'user:1') }
}

test("a released reply lands in the provider's mailbox once: threaded, signed, with valid JSON, receipted in the ledger", async () => {
  const desk = rig.real()
  const working = await rig.worker(desk)
  const alert = await putAlert(rig.db)
  await decideAlert(rig.db, alert.alertId)
  const replyId = await answerAll(rig.db, desk, alert.alertId)
  const reply = await rig.reaches(replyId, ['sent'])
  const [received] = await rig.servers.waitForMail('soc@provider.example', 1)
  await working.stop()
  expect(await rig.servers.mailboxOf('soc@provider.example')).toHaveLength(1)
  const sent = (await replyRecord(rig.db, replyId))?.bytes ?? Buffer.alloc(0)
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
  const { results } = await dkimVerify(sent, { resolver: async () => [[rig.dkimRecord]] })
  expect(results[0]?.status?.result).toBe('pass')
  expect(reply.receipt).toMatch(/^250 2\.0\.0 Ok: queued as/)
  expect(await rig.ledgerOf(replyId)).toEqual([
    'reply.drafted',
    'reply.reviewed',
    'reply.released',
    'reply.sending',
    'reply.sent',
  ])
  expect((await getAlert(rig.db, alert.alertId))?.alert.state).toBe('closed')
  // The job may come again (a job is done at least once): nothing happens.
  await rig.runOnce(desk, replyId)
  expect(await rig.servers.mailboxOf('soc@provider.example')).toHaveLength(1)
})

describe('before it may leave', () => {
  test('drafting twice makes one draft; without a decision there is none', async () => {
    const desk = rig.real()
    const { alertId, replyId } = await drafted(desk)
    expect(await desk.draft(alertId, 'user:2')).toBe(replyId)
    expect(await Promise.all([1, 2, 3].map(() => desk.draft(alertId, 'user:2')))).toEqual([replyId, replyId, replyId])
    const undecided = await putAlert(rig.db)
    await expect(desk.draft(undecided.alertId, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
  })

  test('an unreviewed place, an older version, an undone decision and a missing mail server each stop the release', async () => {
    const desk = rig.real()
    const { alertId, replyId } = await drafted(desk, { host: 'plant-7' }, 'plant-7 is a test machine.')
    const reply = await rig.fetchReply(replyId)
    expect(reply.spans.map((span) => span.text)).toContain('plant-7')
    await expect(desk.release(replyId, reply.version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    const verdicts = reply.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, reply.version, 'user:1')
    await expect(desk.release(replyId, reply.version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    const offline = rig.offline()
    await expect(offline.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'mail.not-configured' })
    const decisionId = (await replyRecord(rig.db, replyId))?.decisionId ?? ''
    await undo({ db: rig.db, clock: systemClock }, { alertId, decisionId, by: 'user:1' })
    await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    expect((await rig.fetchReply(replyId)).state).toBe('draft')
    await decideAlert(rig.db, alertId, 'tune')
    const second = await desk.draft(alertId, 'user:1')
    expect(second).not.toBe(replyId)
    expect((await rig.fetchReply(replyId)).state).toBe('cancelled')
  })

  test('a secret cannot be kept; keeping needs a reason unless the agreement shares the class; pseudonyms are stable', async () => {
    const desk = rig.real()
    const { replyId } = await drafted(
      desk,
      { host: 'press-3' },
      'On press-3 the password was Hase17blau. HR knows of the sick leave.',
    )
    const reply = await rig.fetchReply(replyId)
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
    const { spans } = await rig.fetchReply(replyId)
    const host = spans.find((span) => span.class === 'host' && span.verdict === 'pseudonym')
    expect(host?.pseudonym).toMatch(/^HOST-\d+$/)
    expect(await valueBehind(rig.db, 'acme', host?.pseudonym ?? '')).toBe('press-3')
    const again = await drafted(desk, { host: 'PRESS-3' }, 'PRESS-3 is a test machine.')
    const other = await rig.fetchReply(again.replyId)
    const spanId = other.spans.find((span) => span.text === 'PRESS-3')?.id ?? ''
    await desk.review(again.replyId, [{ spanId, verdict: 'pseudonym', keepReason: null }], other.version, 'user:1')
    const replaced = (await rig.fetchReply(again.replyId)).spans.find((span) => span.id === spanId)
    expect(replaced?.pseudonym).toBe(host?.pseudonym)
  })

  test('a saved text has its places found anew, and those that were reviewed keep their verdicts', async () => {
    const desk = rig.real()
    const { replyId } = await drafted(desk, { host: 'press-4' }, 'press-4 is fine.')
    const reply = await rig.fetchReply(replyId)
    const verdicts = reply.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, reply.version, 'user:1')
    const next = await desk.saveText(replyId, 'Now press-4 and 10.1.2.3.', version, 'user:1')
    const saved = await rig.fetchReply(replyId)
    expect(saved.spans.map((span) => [span.text, span.verdict])).toEqual([
      ['press-4', 'redact'],
      ['10.1.2.3', null],
    ])
    expect(await rig.ledgerOf(replyId)).toEqual(['reply.drafted', 'reply.reviewed', 'reply.saved'])
    await expect(desk.saveText(replyId, 'older', version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    await expect(desk.saveText(replyId, '   ', next, 'user:1')).rejects.toMatchObject({ code: 'input.invalid' })
    const { text, bytes, machine } = await desk.preview(replyId)
    expect(text).toBe('Now [redacted: host] and 10.1.2.3.')
    const mail = await simpleParser(Buffer.from(bytes))
    expect(mail.text?.trim()).toBe(text)
    // What their system reads is shown as well: the very file in those bytes.
    expect(mail.attachments.map(({ content }) => content.toString())).toEqual([machine])
  })

  test('a name that our lists learnt after the review stops the release until somebody has looked', async () => {
    const desk = rig.real()
    const { replyId } = await drafted(desk, {}, 'Wilhelmina Zorn did it.')
    const before = await rig.fetchReply(replyId)
    expect(before.spans.some((span) => span.class === 'person')).toBe(false)
    const verdicts = before.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, before.version, 'user:1')
    const facts = JSON.stringify({ id: 'p9', name: 'Wilhelmina Zorn' })
    await rig.db
      .insertInto('person')
      .values({
        ...{ id: 'p9', name: 'Wilhelmina Zorn', facts, keys: ['wilhelmina zorn'] },
        ...{ source: 's', as_of: new Date(), entity: 'p9' },
      })
      .execute()
    await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    const after = await rig.fetchReply(replyId)
    expect(after.spans.find((span) => span.text === 'Wilhelmina Zorn')).toMatchObject({
      class: 'person',
      verdict: null,
    })
  })

  test('a dry run keeps the bytes and sends nothing; once live, a new draft begins with the same text', async () => {
    const desk = rig.broken()
    await saveProvider(rig.db, { ...sampleProvider, id: 'dry', dryRun: true }, 0, new Date())
    const alert = await putAlert(rig.db, { provider: { id: 'dry', dryRun: true } })
    await decideAlert(rig.db, alert.alertId)
    const connections = rig.faulty.connections()
    const replyId = await answerAll(rig.db, desk, alert.alertId)
    const reply = await rig.fetchReply(replyId)
    expect(reply).toMatchObject({ state: 'dry-run', digest: expect.stringMatching(/^[0-9a-f]{64}$/) })
    await rig.runOnce(desk, replyId)
    expect(rig.faulty.connections()).toBe(connections)
    expect(await desk.draft(alert.alertId, 'user:1')).toBe(replyId)
    await saveProvider(rig.db, { ...sampleProvider, id: 'dry', dryRun: false }, 1, new Date())
    const live = await desk.draft(alert.alertId, 'user:1')
    expect(live).not.toBe(replyId)
    expect((await rig.fetchReply(live)).text).toBe(reply.text)
  })

  test('what is put down beside an alert (a bounce, a copy of ours) changes neither thread nor recipient of the next answer', async () => {
    const alert = await putAlert(rig.db)
    await decideAlert(rig.db, alert.alertId)
    for (const [kind, providerId] of [
      ['bounce', 'acme'],
      ['notice', 'unknown'],
      ['update', 'rival'],
    ] as const) {
      const bytes = Buffer.from(
        `From: mailer-daemon@provider.example\r\nSubject: Undelivered\r\nMessage-ID: <${kind}.${alert.alertId}@evil.test>\r\n\r\nx\r\n`,
      )
      const id = sha256Hex(bytes)
      const where = { sourceAddress: null, heloName: null, envelopeFrom: null, envelopeTo: [], providerId: null }
      const raw = { bytes, form: 'mail' as const, channel: 'smtp' as const, ...where, origin: 'x' }
      await insertMessage(rig.db, id, raw, new Date(Date.now() + 1000), false)
      const letter = await plainParse(bytes)
      const read = { state: 'read' as const, stateReason: '', kind, providerId, authentication: null, reading: null }
      await updateMessage(rig.db, id, { ...read, letter, alertId: alert.alertId })
    }
    const reply = await rig.fetchReply(await rig.real().draft(alert.alertId, 'user:1'))
    expect(reply).toMatchObject({ inReplyTo: alert.messageId, to: ['soc@provider.example'] })
    expect(reply.subject).toBe(`Re: [${alert.ticket}] Suspicious sign-in`)
  })

  test('answers go to the provider only, whatever Reply-To says', async () => {
    const desk = rig.real()
    const { replyId } = await drafted(desk)
    await rig.db
      .updateTable('reply')
      .set({ recipients: ['thief@evil.test'] })
      .where('id', '=', replyId)
      .execute()
    const reply = await rig.fetchReply(replyId)
    const verdicts = reply.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
    const version = await desk.review(replyId, verdicts, reply.version, 'user:1')
    await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
  })
})

describe('while it is held', () => {
  test('it can be taken back, and then never leaves; afterwards it cannot', async () => {
    const desk = rig.broken(60)
    const alert = await putAlert(rig.db)
    await decideAlert(rig.db, alert.alertId)
    const connections = rig.faulty.connections()
    const replyId = await answerAll(rig.db, desk, alert.alertId)
    expect((await rig.fetchReply(replyId)).state).toBe('held')
    await rig.runOnce(desk, replyId)
    expect((await rig.fetchReply(replyId)).state).toBe('held')
    await desk.cancel(replyId, 'user:1')
    await rig.runOnce(desk, replyId)
    expect((await rig.fetchReply(replyId)).state).toBe('cancelled')
    expect(rig.faulty.connections()).toBe(connections)
    await expect(desk.cancel(replyId, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
  })

  test('its decision is not taken back under it; were it gone all the same, the reply does not leave', async () => {
    const desk = rig.broken(60)
    const alert = await putAlert(rig.db)
    const decisionId = await decideAlert(rig.db, alert.alertId)
    const replyId = await answerAll(rig.db, desk, alert.alertId)
    const house = { db: rig.db, clock: systemClock }
    await expect(undo(house, { alertId: alert.alertId, decisionId, by: 'user:1' })).rejects.toMatchObject({
      code: 'state.conflict',
    })
    const connections = rig.faulty.connections()
    await undoDecision(rig.db, alert.alertId, 'user:1', new Date())
    await changeReply(rig.db, replyId, { state: 'held', holdUntil: new Date() })
    await rig.runOnce(desk, replyId)
    expect((await rig.fetchReply(replyId)).state).toBe('cancelled')
    expect(rig.faulty.connections()).toBe(connections)
  })

  test('bytes that were changed in the database are stopped at the door', async () => {
    const desk = rig.broken()
    const alert = await putAlert(rig.db)
    await decideAlert(rig.db, alert.alertId)
    const replyId = await answerAll(rig.db, desk, alert.alertId)
    const bytes = (await replyRecord(rig.db, replyId))?.bytes ?? Buffer.alloc(0)
    await changeReply(rig.db, replyId, { state: 'held', bytes: Buffer.concat([bytes, Buffer.from('more\r\n')]) })
    const connections = rig.faulty.connections()
    await rig.runOnce(desk, replyId)
    expect(await rig.fetchReply(replyId)).toMatchObject({
      state: 'failed',
      receipt: 'the bytes are not those that were released',
    })
    expect(rig.faulty.connections()).toBe(connections)
  })
})
