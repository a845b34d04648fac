import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AnswerRig, startAnswerRig } from '../../test/answer-rig.ts'
import { answerAll, decideAlert, putAlert, sampleProvider } from '../../test/answer-sample.ts'
import { insertMessage } from '../db/messages.ts'
import { noticeById } from '../db/notices.ts'
import { saveProvider } from '../db/providers.ts'
import { changeReply, replyRecord } from '../db/replies.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { AnswerDesk } from './reply.ts'

let rig: AnswerRig
beforeAll(async () => {
  rig = await startAnswerRig()
})
afterAll(() => rig.stop())

describe('when sending goes wrong', () => {
  const released = async (desk: AnswerDesk) => {
    const alert = await putAlert(rig.db)
    await decideAlert(rig.db, alert.alertId)
    return answerAll(rig.db, desk, alert.alertId)
  }

  test('broken off after the last dot: unconfirmed, never sent again by itself, settled by a person', async () => {
    const desk = rig.broken()
    for (const after of [undefined, '25', '250 2.0.0 Ok: que']) {
      rig.faulty.setFault({ at: 'dot', drop: true, ...(after === undefined ? {} : { after }) })
      const [arrived, working] = [rig.faulty.arrived.length, await rig.worker(desk)]
      const replyId = await released(desk)
      await rig.reaches(replyId, ['unconfirmed'])
      for (let i = 0; i < 3; i++) await rig.runOnce(desk, replyId)
      await new Promise((resolve) => setTimeout(resolve, 300))
      await working.stop()
      expect(rig.faulty.arrived.length - arrived).toBe(1)
      expect((await rig.fetchReply(replyId)).state).toBe('unconfirmed')
      await expect(desk.settle(replyId, true, ' ', 'user:1')).rejects.toMatchObject({ code: 'input.invalid' })
      await desk.settle(replyId, true, 'The provider has it.', 'user:1')
      expect(await rig.fetchReply(replyId)).toMatchObject({
        state: 'sent',
        receipt: 'Settled by a person: The provider has it.',
      })
      await expect(desk.settle(replyId, false, 'no', 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
    }
  })

  test('a resend that a person asks for is the very same mail', async () => {
    const desk = rig.broken()
    rig.faulty.setFault({ at: 'dot', drop: true })
    const replyId = await released(desk)
    await rig.runOnce(desk, replyId)
    await desk.settleAs(replyId, 'resend', 'user:1', 'They say that nothing came.')
    rig.faulty.setFault({ at: 'none' })
    await rig.runOnce(desk, replyId)
    expect((await rig.fetchReply(replyId)).state).toBe('sent')
    const [second, first] = [rig.faulty.arrived.at(-1), rig.faulty.arrived.at(-2)]
    expect(second !== undefined && first?.equals(second)).toBe(true)
    expect(await rig.ledgerOf(replyId)).toEqual([
      ...['reply.drafted', 'reply.reviewed', 'reply.released', 'reply.sending', 'reply.unconfirmed', 'reply.settled'],
      ...['reply.sending', 'reply.sent'],
    ])
  })

  test('said not to have arrived: it is over, and a new draft may follow', async () => {
    const desk = rig.broken()
    rig.faulty.setFault({ at: 'dot', drop: true })
    const replyId = await released(desk)
    await rig.runOnce(desk, replyId)
    await desk.settle(replyId, false, 'Their log has no trace.', 'user:1')
    const reply = await rig.fetchReply(replyId)
    expect(reply.state).toBe('failed')
    expect(await desk.draft(reply.alertId, 'user:1')).not.toBe(replyId)
  })

  test('a reply found being sent by an earlier life is unconfirmed, or sent when its copy came back', async () => {
    const desk = rig.broken()
    rig.faulty.setFault({ at: 'none' })
    const arrived = rig.faulty.arrived.length
    const [lost, copied, forged] = [await released(desk), await released(desk), await released(desk)]
    for (const id of [lost, copied, forged]) await changeReply(rig.db, id, { state: 'sending' })
    const cameBack = async (replyId: string, bytes: Buffer) => {
      const { messageId } = await rig.fetchReply(replyId)
      const id = sha256Hex(bytes)
      const where = { sourceAddress: null, heloName: null, envelopeFrom: null, envelopeTo: [], providerId: null }
      const raw = { bytes, form: 'mail' as const, channel: 'imap' as const, ...where, origin: 'x' }
      await insertMessage(rig.db, id, raw, new Date(), false)
      await rig.db.updateTable('message').set({ message_id_header: messageId }).where('id', '=', id).execute()
    }
    const left = (await replyRecord(rig.db, copied))?.bytes ?? Buffer.alloc(0)
    await cameBack(copied, Buffer.concat([Buffer.from('Received: by mx.customer.example\r\n'), left]))
    await cameBack(forged, Buffer.from(`Message-ID: <${forged}>\r\n\r\nanything`))
    for (const id of [lost, copied, forged]) await rig.runOnce(desk, id)
    expect((await rig.fetchReply(lost)).state).toBe('unconfirmed')
    // Only the Message-ID is the same.
    expect((await rig.fetchReply(forged)).state).toBe('unconfirmed')
    expect(await rig.fetchReply(copied)).toMatchObject({ state: 'sent', receipt: 'A copy came to our own mailbox' })
    expect(rig.faulty.arrived.length).toBe(arrived)
  })

  test('a node that takes a living one for dead sends nothing; what the living one learns counts', async () => {
    const desk = rig.broken()
    const arrived = rig.faulty.arrived.length
    for (const [say, state] of [
      ['250 2.0.0 Ok: queued as SLOW', 'sent'],
      ['451 4.3.0 try again', 'held'],
    ] as const) {
      rig.faulty.setFault({ at: 'dot', say, delayMs: 300 })
      const replyId = await released(desk)
      const living = rig.runOnce(desk, replyId)
      await rig.reaches(replyId, ['sending'])
      await rig.runOnce(desk, replyId)
      expect((await rig.fetchReply(replyId)).state).toBe('unconfirmed')
      await living
      expect((await rig.fetchReply(replyId)).state).toBe(state)
    }
    expect(rig.faulty.arrived.length - arrived).toBe(2)
  })

  test('evidence settles: a copy, a delivery report; a report of failure overrules "sent"', async () => {
    const desk = rig.broken()
    const seen = (replyId: string, by: Parameters<AnswerDesk['forHouse']['replySeen']>[1]['by']) =>
      desk.forHouse.replySeen(rig.db, { replyId, messageId: 'x', by })
    rig.faulty.setFault({ at: 'dot', drop: true })
    const [first, second] = [await released(desk), await released(desk)]
    for (const id of [first, second]) await rig.runOnce(desk, id)
    await seen(first, { kind: 'copy' })
    await seen(second, { kind: 'delivery-report', failed: true, says: '5.1.1 no such user' })
    expect((await rig.fetchReply(first)).state).toBe('sent')
    expect(await rig.fetchReply(second)).toMatchObject({
      state: 'failed',
      receipt: 'Delivery report: 5.1.1 no such user',
    })
    await seen(first, { kind: 'delivery-report', failed: true, says: 'mailbox full' })
    expect((await rig.fetchReply(first)).state).toBe('failed')
  })

  test('a server that is down or puts us off: held, visible, tried later, and at last sent once', async () => {
    const desk = rig.broken()
    const arrived = rig.faulty.arrived.length
    rig.faulty.setFault({ at: 'RCPT', say: '451 4.7.1 greylisted' })
    const replyId = await released(desk)
    await rig.runOnce(desk, replyId)
    const held = await rig.fetchReply(replyId)
    expect(held).toMatchObject({ state: 'held', receipt: expect.stringContaining('Try 1 of 40: 451 4.7.1 greylisted') })
    expect(new Date(held.holdUntil ?? 0).getTime()).toBeGreaterThan(Date.now() + 20_000)
    const { rows } = await sql<{ payload: unknown }>`
      select payload from graphile_worker._private_jobs where key = ${`reply:${replyId}`}`.execute(rig.db)
    expect(rows).toEqual([{ payload: { replyId, attempt: 2 } }])
    rig.faulty.setFault({ at: 'none' })
    await changeReply(rig.db, replyId, { state: 'held', holdUntil: new Date() })
    await rig.runOnce(desk, replyId, 2)
    expect((await rig.fetchReply(replyId)).state).toBe('sent')
    expect(rig.faulty.arrived.length - arrived).toBe(1)
  })

  test('tries end: after the last one it has failed', async () => {
    const desk = rig.broken()
    rig.faulty.setFault({ at: 'connect', drop: true })
    const replyId = await released(desk)
    await rig.runOnce(desk, replyId, 40)
    expect((await rig.fetchReply(replyId)).state).toBe('failed')
  })

  test('refused for good by the real server: failed, with its words', async () => {
    const desk = rig.real()
    await saveProvider(
      rig.db,
      { ...sampleProvider, id: 'gone', addresses: [], domains: [], replyAddress: 'gone@provider.example' },
      0,
      new Date(),
    )
    const alert = await putAlert(rig.db, { provider: { id: 'gone' } })
    await decideAlert(rig.db, alert.alertId)
    const replyId = await answerAll(rig.db, desk, alert.alertId)
    await rig.runOnce(desk, replyId)
    const failed = await rig.fetchReply(replyId)
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
    const desk = rig.real()
    const id = '00000000-0000-8000-8000-000000000001'
    for (let i = 0; i < 2; i++) await desk.forHouse.mailNotice(rig.db, notice(id))
    const working = await rig.worker(desk)
    const mails = await rig.servers.waitForMail('owner@customer.example', 1)
    await working.stop()
    expect(mails).toHaveLength(1)
    expect(mails[0]?.toString()).toContain(`Message-ID: <notice.${id}@customer.example>`)
    expect((await noticeById(rig.db, id))?.state).toBe('sent')
  })

  test('what cannot be mailed is said beforehand, so that a playbook goes on', () => {
    expect(rig.real().forHouse.cannotMail(['owner@customer.example'])).toBeNull()
    expect(rig.real().forHouse.cannotMail(['owner@customer.example', 'x@evil.test'])).toContain('x@evil.test')
    expect(rig.offline().forHouse.cannotMail(['owner@customer.example'])).toContain('no mail server')
  })

  test('nobody else gets one', async () => {
    const desk = rig.real()
    await expect(
      desk.forHouse.mailNotice(rig.db, notice('00000000-0000-8000-8000-000000000002', ['soc@provider.example'])),
    ).rejects.toMatchObject({ code: 'input.invalid' })
  })

  test('one that never goes out is on record: whoever waits for an answer was not asked', async () => {
    const desk = rig.broken()
    const id = '00000000-0000-8000-8000-000000000004'
    rig.faulty.setFault({ at: 'RCPT', say: '550 5.1.1 no such user' })
    await desk.forHouse.mailNotice(rig.db, notice(id))
    await desk.jobs['send-notice']({ noticeId: id, attempt: 1 })
    expect((await noticeById(rig.db, id))?.state).toBe('failed')
    const lines = rig.db.selectFrom('ledger_entry').select('kind').where('subject', '=', `notice:${id}`)
    expect(await lines.execute()).toEqual([{ kind: 'notice.failed' }])
  })

  test('a server that is down: queued, visible, tried again', async () => {
    const desk = rig.broken()
    const id = '00000000-0000-8000-8000-000000000003'
    rig.faulty.setFault({ at: 'connect', say: '421 busy' })
    await desk.forHouse.mailNotice(rig.db, notice(id))
    await desk.jobs['send-notice']({ noticeId: id, attempt: 1 })
    expect(await noticeById(rig.db, id)).toMatchObject({
      state: 'queued',
      receipt: expect.stringContaining('421'),
    })
    rig.faulty.setFault({ at: 'none' })
    await desk.jobs['send-notice']({ noticeId: id, attempt: 2 })
    expect((await noticeById(rig.db, id))?.state).toBe('sent')
  })
})
