import { Readable } from 'node:stream'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MailOut } from '../src/config/config.ts'
import { egressOfReply } from '../src/db/egress.ts'
import { saveProvider } from '../src/db/providers.ts'
import { replyById, replyRecord } from '../src/db/replies.ts'
import { systemClock } from '../src/kit/clock.ts'
import { makeInspect } from '../src/main/inspection.ts'
import { tlps } from '../src/model/intelligence.ts'
import type { Provider, Sharing } from '../src/model/provider.ts'
import { makeMailDoor } from '../src/outbox/mail/door.ts'
import { importIntelligenceFile } from '../src/playbooks/import-intelligence.ts'
import { type AnswerDesk, answerDesk } from '../src/playbooks/reply.ts'
import { decideAlert, putAlert, sampleProvider } from './answer-sample.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { silentLog } from './house.ts'

let house: FreshDatabase
let desk: AnswerDesk
beforeAll(async () => {
  house = await freshDatabase()
  const out = MailOut.parse({ host: '127.0.0.1', port: 1, from: 'Security desk <desk@customer.example>' })
  const mail = makeMailDoor(out, { ownDomains: [], people: {} }, async () => null)
  const parts = {
    db: house.db,
    clock: systemClock,
    sealKey: Buffer.alloc(32, 7),
    log: silentLog,
    approvalUrl: String,
    mail,
    ownDomains: ['customer.example'],
  }
  desk = answerDesk({ ...parts, inspect: makeInspect(), replyHoldSeconds: 30 })
  const lights = tlps.map((tlp) => `${tlp.toLowerCase().replace('+', '-')}.example.com,${tlp}\n`).join('')
  await importIntelligenceFile(house.db, {
    ...{ stream: Readable.from([Buffer.from(`indicator,tlp\n${lights}`)]), source: 'circle', tlp: null, column: null },
    ...{ by: 'user:test', clock: systemClock, dryRun: false },
  })
})
afterAll(() => house.close())

const sharing = (change: Partial<Sharing> = {}): Sharing => ({
  ...{ never: [], upToTlp: 'AMBER', recipientDomains: [], secondPerson: ['hr', 'health', 'secret'] },
  ...change,
})

/** A drafted answer with this reason, for a provider of its own. */
let made = 0
async function drafted(reason: string, change: Partial<Provider> = {}) {
  const id = `provider-${++made}`
  const provider = { ...sampleProvider, id, ...change }
  const { alertId } = await putAlert(house.db, { provider })
  await decideAlert(house.db, alertId, 'false-alarm-benign', reason)
  const replyId = await desk.draft(alertId, 'user:1')
  const change2 = async (next: Partial<Provider>) => {
    const { version } = await house.db
      .selectFrom('provider')
      .select('version')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    await saveProvider(house.db, { ...provider, ...next }, version, new Date())
  }
  return { replyId, change: change2 }
}

async function review(replyId: string, keep: (text: string) => boolean): Promise<number> {
  const reply = await replyById(house.db, replyId)
  const verdicts = (reply?.spans ?? []).map((span) =>
    keep(span.text)
      ? { spanId: span.id, verdict: 'keep' as const, keepReason: 'they need it' }
      : { spanId: span.id, verdict: 'redact' as const, keepReason: null },
  )
  return desk.review(replyId, verdicts, reply?.version ?? 0, 'user:1')
}

test.each(tlps)(
  'up to TLP:%s may leave, everything stricter is blocked with the reason and what to do',
  async (upTo) => {
    const names = tlps.map((tlp) => `${tlp.toLowerCase().replace('+', '-')}.example.com`)
    const { replyId } = await drafted(`We saw ${names.join(' and ')}.`, { sharing: sharing({ upToTlp: upTo }) })
    const reply = await replyById(house.db, replyId)
    const blocked = names.slice(tlps.indexOf(upTo) + 1)
    for (const name of names) {
      const span = reply?.spans.find((one) => one.text === name)
      const keep = { spanId: span?.id ?? '', verdict: 'keep' as const, keepReason: 'they need it' }
      const trying = () => desk.review(replyId, [keep], reply?.version ?? 0, 'user:1')
      if (blocked.includes(name))
        await expect(trying()).rejects.toMatchObject({
          code: 'input.invalid',
          details: { fields: { verdict: expect.stringMatching(/TLP:.*Redact it, or ask its source/) } },
        })
    }
    const version = await review(replyId, (text) => !blocked.includes(text))
    await desk.release(replyId, version, 'user:1')
    const sent = (await simpleParser((await replyRecord(house.db, replyId))?.bytes ?? Buffer.alloc(0))).text ?? ''
    for (const name of names) expect(sent.includes(name)).toBe(!blocked.includes(name))
  },
)

test('a class that the agreement never shares cannot be kept for any reason; a verdict from before it became so stops the release', async () => {
  const { replyId, change } = await drafted('It was on ws-0417.')
  const version = await review(replyId, () => true)
  await change({ sharing: sharing({ never: ['host'] }) })
  await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'reply.blocked' })
  const reply = await replyById(house.db, replyId)
  const host = reply?.spans.find((span) => span.class === 'host')
  const keep = { spanId: host?.id ?? '', verdict: 'keep' as const, keepReason: 'they know it' }
  await expect(desk.review(replyId, [keep], version, 'user:1')).rejects.toMatchObject({ code: 'input.invalid' })
  const pseudonym = { spanId: host?.id ?? '', verdict: 'pseudonym' as const, keepReason: null }
  const again = await desk.review(replyId, [pseudonym], version, 'user:1')
  await desk.release(replyId, again, 'user:1')
  expect((await replyRecord(house.db, replyId))?.bytes?.toString()).toContain('HOST-1')
})

test('recipients at a domain that the agreement does not name stop the release', async () => {
  const { replyId, change } = await drafted('Nothing happened.', {
    sharing: sharing({ recipientDomains: ['soc.provider.example'] }),
  })
  const version = await review(replyId, () => false)
  await expect(desk.release(replyId, version, 'user:1')).rejects.toMatchObject({ code: 'reply.blocked' })
  await change({ sharing: sharing({ recipientDomains: ['provider.example'] }) })
  await desk.release(replyId, version, 'user:1')
  expect((await egressOfReply(house.db, replyId))?.state).toBe('released')
})

test('words about health that stay need a second person, who releases exactly the bytes that the first one saw', async () => {
  const { replyId } = await drafted('The owner is on sick leave until Monday.')
  const version = await review(replyId, (text) => /sick/i.test(text))
  expect(await desk.release(replyId, version, 'user:1')).toBe('second')
  const record = await replyRecord(house.db, replyId)
  expect(record).toMatchObject({
    first: { by: 'user:1', because: ['it speaks of somebody’s health'] },
    reply: { state: 'draft' },
  })
  expect(await egressOfReply(house.db, replyId)).toBeNull()
  const digest = record?.reply.digest ?? ''
  await expect(desk.second(replyId, digest, true, '', 'user:1')).rejects.toMatchObject({ code: 'reply.same-person' })
  await expect(desk.second(replyId, '0'.repeat(64), true, '', 'user:2')).rejects.toMatchObject({
    code: 'state.conflict',
  })
  await expect(desk.release(replyId, record?.reply.version ?? 0, 'user:2')).rejects.toMatchObject({
    code: 'state.conflict',
  })
  await desk.second(replyId, digest, true, '', 'user:2')
  const entry = await egressOfReply(house.db, replyId)
  expect(entry).toMatchObject({ state: 'released', releasedBy: 'user:2', sha256: digest })
  expect(entry?.rule).toContain('released first by user:1')
})

test('the second person refuses with a reason, and any change of the draft asks for both again', async () => {
  const { replyId } = await drafted('The owner was dismissed; she is on sick leave.')
  const version = await review(replyId, () => true)
  await desk.release(replyId, version, 'user:1')
  const first = await replyRecord(house.db, replyId)
  const digest = first?.reply.digest ?? ''
  await expect(desk.second(replyId, digest, false, ' ', 'user:2')).rejects.toMatchObject({ code: 'input.invalid' })
  await desk.second(replyId, digest, false, 'Nobody needs to know that.', 'user:2')
  const back = await replyRecord(house.db, replyId)
  expect(back).toMatchObject({ first: null, bytes: null, reply: { state: 'draft', digest: null } })
  await desk.release(replyId, back?.reply.version ?? 0, 'user:1')
  const waiting = await replyRecord(house.db, replyId)
  await desk.saveText(replyId, 'We closed it.', waiting?.reply.version ?? 0, 'user:1')
  await expect(desk.second(replyId, digest, true, '', 'user:2')).rejects.toMatchObject({ code: 'state.conflict' })
  const changed = await replyRecord(house.db, replyId)
  expect(await desk.release(replyId, changed?.reply.version ?? 0, 'user:1')).toBe('held')
})

test('a secret that was found needs a second person although it is redacted, and never leaves', async () => {
  const { replyId } = await drafted('The password is Winter-Sun-2026! for all of them.')
  const version = await review(replyId, () => false)
  expect(await desk.release(replyId, version, 'user:1')).toBe('second')
  const record = await replyRecord(house.db, replyId)
  expect(record?.first?.because).toEqual(['a secret was found in the draft'])
  expect(record?.bytes?.toString()).not.toContain('Winter-Sun')
})

test('a name that is written backwards stands in the draft as it is read, and is found', async () => {
  const { replyId } = await drafted('It was \u202e7140-sw\u202c again.')
  const reply = await replyById(house.db, replyId)
  expect(reply?.text).toContain('It was ws-0417 again.')
  expect(reply?.spans.map(({ text }) => text)).toContain('ws-0417')
})

test('a playbook can ask for two, whatever stands in the answer', async () => {
  const provider = { ...sampleProvider, id: 'provider-two' }
  const { alertId } = await putAlert(house.db, { provider })
  await decideAlert(house.db, alertId)
  const { replyId } = await desk.forHouse.draftReply(house.db, alertId, null, true)
  const version = await review(replyId, () => false)
  expect(await desk.release(replyId, version, 'user:1')).toBe('second')
  expect((await replyRecord(house.db, replyId))?.first?.because).toEqual(['its playbook asks for two'])
})
