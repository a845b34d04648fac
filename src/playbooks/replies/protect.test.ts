import { sql } from 'kysely'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AnswerRig, startAnswerRig } from '../../../test/answer-rig.ts'
import { answerAll, decideAlert, putAlert, sampleProvider } from '../../../test/answer-sample.ts'
import { type Gpg, startGpg } from '../../../test/gpg.ts'
import { type MailAuthority, type MailIdentity, mailAuthority } from '../../../test/mail-certificates.ts'
import { lookAtMailKeys } from '../../cli/doctor/mail-keys.ts'
import { egressOfReply } from '../../db/egress.ts'
import { removeTheirMailKey, retireOwnMailKey } from '../../db/mail-keys.ts'
import { saveProvider } from '../../db/providers.ts'
import { repliesOf, replyRecord } from '../../db/replies.ts'
import { systemClock } from '../../kit/clock.ts'
import { sha256Hex } from '../../kit/digest.ts'
import type { MailRule } from '../../model/mail-key.ts'
import type { Sharing } from '../../model/provider.ts'
import { takeOwnKey, takeTheirKey } from '../mail-keys.ts'

const sealKey = Buffer.alloc(32, 7)
const agreed: Sharing = { never: [], upToTlp: 'AMBER', recipientDomains: [], secondPerson: [] }
const must: MailRule = { protect: 'encrypt', method: 'smime', mustEncrypt: true }

let rig: AnswerRig
let mails: MailAuthority
let ours: MailIdentity
beforeAll(async () => {
  rig = await startAnswerRig()
  mails = mailAuthority()
  ours = mails.issue('desk@customer.example')
})
afterAll(async () => {
  mails.close()
  await rig.stop()
})

const parts = () => ({ db: rig.db, clock: systemClock, sealKey })
const address = 'soc@provider.example'
let providers = 0

/** A decided alert of a provider of its own, under this rule and with these certificates of it. */
async function alertUnder(mail: MailRule, theirs: readonly MailIdentity[], reason?: string) {
  const id = `acme-${++providers}`
  await saveProvider(rig.db, { ...sampleProvider, id, mail }, 0, new Date())
  for (const one of theirs) await takeTheirKey(parts(), { providerId: id, publicText: one.certificate }, 'user:1')
  const alert = await putAlert(rig.db, { provider: { id } })
  await decideAlert(rig.db, alert.alertId, undefined, reason)
  return { ...alert, providerId: id }
}

test('without a certificate of ours nothing that must be signed is released, and the next step is said', async () => {
  const { alertId } = await alertUnder({ protect: 'sign', method: 'smime', mustEncrypt: false }, [])
  await expect(answerAll(rig.db, rig.real(), alertId)).rejects.toMatchObject({
    code: 'reply.blocked',
    details: { fields: { to: expect.stringMatching(/we have no certificate.*Settings, Mail keys/) } },
  })
})

test('the doctor names a provider to whom nothing can be sent under its rule, before somebody wants to', async () => {
  expect(await lookAtMailKeys(rig.db, new Date())).toMatchObject({
    state: 'broken',
    says: expect.stringMatching(/^mail to Acme MDR: Not sent: .*we have no certificate/),
    mend: 'Put our certificate under Settings, Mail keys.',
  })
})

describe('with a certificate of ours', () => {
  beforeAll(() =>
    takeOwnKey(
      parts(),
      { publicText: `${ours.certificate}${mails.authority}`, privateText: ours.privateKey, passphrase: null },
      'user:1',
    ),
  )

  test('an answer arrives signed and encrypted, DKIM outermost, and the record keeps both digests and the keys', async () => {
    const theirs = mails.issue(address)
    const { alertId } = await alertUnder(must, [theirs])
    const desk = rig.real()
    const replyId = await answerAll(rig.db, desk, alertId)
    await rig.runOnce(desk, replyId)
    const [received] = await rig.servers.waitForMail(address, 1)
    const record = await replyRecord(rig.db, replyId)
    const sent = record?.bytes ?? Buffer.alloc(0)
    expect(received?.subarray(received.length - sent.length).equals(sent)).toBe(true)
    const { results } = await dkimVerify(sent, { resolver: async () => [[rig.dkimRecord]] })
    expect(results[0]?.status?.result).toBe('pass')
    const inside = mails.openssl(
      ['cms', '-decrypt', '-recip', theirs.certificateFile, '-inkey', theirs.keyFile],
      received,
    )
    const read = await simpleParser(mails.openssl(['cms', '-verify', '-CAfile', 'ca.pem'], inside))
    expect(read.text).toContain('A planned test of our own.')
    expect(read.attachments[0]?.filename).toBe('counterfoil.json')
    const clear = record?.clear?.bytes ?? Buffer.alloc(0)
    expect((await simpleParser(clear)).text).toBe(read.text)
    const entry = await egressOfReply(rig.db, replyId)
    expect(entry).toMatchObject({
      sha256: sha256Hex(sent),
      clearSha256: sha256Hex(clear),
      protection: { method: 'smime', signedBy: expect.any(String), encryptedTo: [expect.any(String)] },
    })
    const line = await rig.db
      .selectFrom('ledger_entry')
      .select('leaf')
      .where('kind', '=', 'reply.released')
      .where('subject', '=', `reply:${replyId}`)
      .executeTakeFirstOrThrow()
    expect(JSON.parse(line.leaf).body).toMatchObject({ clearSha256: sha256Hex(clear), protection: entry?.protection })
  })

  test('what must be encrypted and cannot be is not released: no certificate, one that only signs, one that has ended', async () => {
    const signs = mails.issue(address, { extra: 'keyUsage=digitalSignature' })
    for (const theirs of [[], [signs]]) {
      const { alertId } = await alertUnder(must, theirs)
      await expect(answerAll(rig.db, rig.real(), alertId)).rejects.toMatchObject({
        code: 'reply.blocked',
        details: { fields: { to: expect.stringMatching(/^Not sent: it must be encrypted.*Ask them/) } },
      })
    }
    const { alertId, providerId } = await alertUnder(must, [mails.issue(address)])
    const past = new Date(Date.now() - 86_400_000).toISOString()
    const row = rig.db.selectFrom('provider_mail_key').select('facts').where('provider_id', '=', providerId)
    const facts = (await row.executeTakeFirstOrThrow()).facts as object
    await rig.db
      .updateTable('provider_mail_key')
      .set({ facts: JSON.stringify({ ...facts, endsAt: past }) })
      .where('provider_id', '=', providerId)
      .execute()
    await expect(answerAll(rig.db, rig.real(), alertId)).rejects.toMatchObject({
      code: 'reply.blocked',
      details: { fields: { to: expect.stringContaining('has ended') } },
    })
  })

  test('the doctor names keys that end within a month', async () => {
    await rig.db.deleteFrom('provider_mail_key').execute()
    await rig.db.updateTable('provider').set({ config: sql`config - 'mail'` }).execute()
    expect(await lookAtMailKeys(rig.db, new Date())).toMatchObject({
      state: 'warn',
      says: 'the key of desk@customer.example ends in 20 days',
    })
    expect(await lookAtMailKeys(rig.db, new Date(Date.now() + 40 * 86_400_000))).toMatchObject({
      state: 'warn',
      says: 'the key of desk@customer.example cannot be used: it has ended',
    })
  })

  test('where encryption is no must, an answer without their certificate leaves signed, and the record says so', async () => {
    const { alertId } = await alertUnder({ ...must, mustEncrypt: false }, [])
    const desk = rig.broken()
    rig.faulty.setFault({ at: 'none' })
    const replyId = await answerAll(rig.db, desk, alertId)
    await rig.runOnce(desk, replyId)
    const arrived = rig.faulty.arrived.at(-1) ?? Buffer.alloc(0)
    expect(mails.openssl(['cms', '-verify', '-CAfile', 'ca.pem'], arrived).toString()).toContain('A planned test')
    expect((await egressOfReply(rig.db, replyId))?.protection?.encryptedTo).toEqual([])
  })

  test('a key that is taken out while the answer is held keeps it here, and so does a rule that became stricter', async () => {
    const desk = rig.broken(0)
    rig.faulty.setFault({ at: 'none' })
    const arrived = rig.faulty.arrived.length
    const first = await alertUnder(must, [mails.issue(address)])
    const lost = await answerAll(rig.db, desk, first.alertId)
    const row = rig.db.selectFrom('provider_mail_key').select('fingerprint').where('provider_id', '=', first.providerId)
    await removeTheirMailKey(rig.db, first.providerId, (await row.executeTakeFirstOrThrow()).fingerprint)
    await rig.runOnce(desk, lost)
    expect(await rig.fetchReply(lost)).toMatchObject({ state: 'failed', receipt: expect.stringContaining('taken out') })
    const second = await alertUnder({ ...must, protect: 'sign', mustEncrypt: false }, [])
    const plain = await answerAll(rig.db, desk, second.alertId)
    await saveProvider(rig.db, { ...sampleProvider, id: second.providerId, mail: must }, 1, new Date())
    await rig.runOnce(desk, plain)
    expect(await rig.fetchReply(plain)).toMatchObject({
      state: 'failed',
      receipt: expect.stringContaining('must be encrypted'),
    })
    const third = await alertUnder({ ...must, protect: 'none', mustEncrypt: false }, [])
    const bare = await answerAll(rig.db, desk, third.alertId)
    const sign = { ...must, protect: 'sign' as const, mustEncrypt: false }
    await saveProvider(rig.db, { ...sampleProvider, id: third.providerId, mail: sign }, 1, new Date())
    await rig.runOnce(desk, bare)
    expect(await rig.fetchReply(bare)).toMatchObject({
      state: 'failed',
      receipt: expect.stringContaining('must be signed'),
    })
    expect(rig.faulty.arrived.length).toBe(arrived)
    expect((await egressOfReply(rig.db, plain))?.state).toBe('refused')
  })

  test('a mail that was signed with a key that is retired while it is held stays here', async () => {
    const desk = rig.broken(0)
    rig.faulty.setFault({ at: 'none' })
    const arrived = rig.faulty.arrived.length
    const newer = mails.issue('desk@customer.example')
    const { id } = await takeOwnKey(
      parts(),
      { publicText: `${newer.certificate}${mails.authority}`, privateText: newer.privateKey, passphrase: null },
      'user:1',
    )
    const { alertId } = await alertUnder({ ...must, protect: 'sign', mustEncrypt: false }, [])
    const signed = await answerAll(rig.db, desk, alertId)
    await retireOwnMailKey(rig.db, id, new Date())
    await rig.runOnce(desk, signed)
    const receipt = expect.stringMatching(/^It was signed with our key .*, which was retired since. Draft it anew.$/)
    expect(await rig.fetchReply(signed)).toMatchObject({ state: 'failed', receipt })
    expect(rig.faulty.arrived.length).toBe(arrived)
  })

  test.each([
    ['addresses that changed', { replyAddress: 'desk@other.example', addresses: [], domains: [] }, 'is no address of'],
    ['other domains in the agreement', { sharing: { ...agreed, recipientDomains: ['other.example'] } }, 'names other'],
    [
      'a class that may not leave any more',
      { sharing: { ...agreed, never: ['account' as const] } },
      'may not leave by now',
    ],
  ])('%s while it is held keep an answer here', async (_, change, says) => {
    const desk = rig.broken(0)
    rig.faulty.setFault({ at: 'none' })
    const arrived = rig.faulty.arrived.length
    const open = { ...must, protect: 'none' as const, mustEncrypt: false }
    const { alertId, providerId } = await alertUnder(open, [], 'Asked anna.lind@customer.example, it was a test.')
    const replyId = await desk.draft(alertId, 'user:1')
    const [draft] = await repliesOf(rig.db, alertId)
    const spans = draft?.reply.spans ?? []
    expect(spans.map((span) => span.class)).toContain('account')
    const verdicts = spans.map(({ id }) => ({ spanId: id, verdict: 'keep' as const, keepReason: 'They named it.' }))
    const version = await desk.review(replyId, verdicts, draft?.reply.version ?? 0, 'user:1')
    await desk.release(replyId, version, 'user:1')
    await saveProvider(rig.db, { ...sampleProvider, id: providerId, ...change }, 1, new Date())
    await rig.runOnce(desk, replyId)
    expect(await rig.fetchReply(replyId)).toMatchObject({ state: 'failed', receipt: expect.stringContaining(says) })
    expect(rig.faulty.arrived.length).toBe(arrived)
    expect((await egressOfReply(rig.db, replyId))?.state).toBe('refused')
  })

  test('what was released of it is never changed, not even by PostgreSQL', async () => {
    const { alertId } = await alertUnder(must, [mails.issue(address)])
    const replyId = await answerAll(rig.db, rig.broken(60), alertId)
    const change = rig.db
      .updateTable('egress')
      .set({ clear_sha256: 'a'.repeat(64) })
      .where('reply_id', '=', replyId)
    await expect(change.execute()).rejects.toThrow('what was released is never changed')
  })
})

describe('with OpenPGP', () => {
  let gpg: Gpg
  beforeAll(async () => {
    gpg = startGpg()
    const { privateText } = gpg.makeKey('desk@customer.example', 'three words more')
    const give = (passphrase: string | null) =>
      takeOwnKey(parts(), { publicText: '', privateText, passphrase }, 'user:1')
    await expect(give('another')).rejects.toMatchObject({
      code: 'input.invalid',
      details: { fields: { privateText: 'The passphrase does not open this key' } },
    })
    await give('three words more')
  }, 60_000)
  afterAll(() => gpg.close())

  test('an answer leaves signed and encrypted, and GnuPG opens it and knows our signature', async () => {
    const { publicText, privateText } = gpg.makeKey(address)
    const id = `pgp-${++providers}`
    await saveProvider(rig.db, { ...sampleProvider, id, mail: { ...must, method: 'openpgp' } }, 0, new Date())
    await expect(takeTheirKey(parts(), { providerId: id, publicText: privateText }, 'user:1')).rejects.toMatchObject({
      details: { fields: { publicText: expect.stringContaining('private key') } },
    })
    const alert = await putAlert(rig.db, { provider: { id } })
    await decideAlert(rig.db, alert.alertId)
    const desk = rig.broken()
    await expect(answerAll(rig.db, desk, alert.alertId)).rejects.toMatchObject({
      code: 'reply.blocked',
      details: { fields: { to: expect.stringMatching(/must be encrypted with OpenPGP, and they have no key/) } },
    })
    await takeTheirKey(parts(), { providerId: id, publicText }, 'user:1')
    rig.faulty.setFault({ at: 'none' })
    const [draft] = await repliesOf(rig.db, alert.alertId)
    await desk.release(draft?.reply.id ?? '', draft?.reply.version ?? 0, 'user:1')
    await rig.runOnce(desk, draft?.reply.id ?? '')
    const arrived = rig.faulty.arrived.at(-1)?.toString('latin1') ?? ''
    expect(arrived).not.toContain('A planned test')
    const armor = /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----/.exec(arrived)?.[0] ?? ''
    const { out, says } = gpg.run(['--decrypt'], Buffer.from(armor))
    expect(says).toContain('GOODSIG')
    expect(out.toString()).toContain('A planned test')
  })
})
