import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { sql } from 'kysely'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packById } from '../src/db/context-packs.ts'
import { changeEgress, egressOfReply, listEgress } from '../src/db/egress.ts'
import { removeTheirMailKey, theirMailKeys } from '../src/db/mail-keys.ts'
import { saveProvider } from '../src/db/providers.ts'
import { repliesOf, replyRecord } from '../src/db/replies.ts'
import { systemClock } from '../src/kit/clock.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { loadOrCreateKey } from '../src/ledger/key.ts'
import { PackDefinition } from '../src/model/context-pack.ts'
import type { Sharing } from '../src/model/provider.ts'
import { definePack, draftPack, releasePack } from '../src/playbooks/context-packs.ts'
import { importList } from '../src/playbooks/import-list.ts'
import { takeOwnKey, takeTheirKey } from '../src/playbooks/mail-keys.ts'
import { type AnswerAct, actOn, answerActs, setDryRun, tryTo } from './answer-acts.ts'
import { type AnswerRig, startAnswerRig } from './answer-rig.ts'
import { answerAll, decideAlert, putAlert, sampleProvider } from './answer-sample.ts'
import { type Gpg, startGpg } from './gpg.ts'
import { type MailAuthority, mailAuthority } from './mail-certificates.ts'

/** How mail to a provider leaves: as it is, or as its rule says, and never with less. */
const protections = ['plain', 'smime', 'curve', 'openpgp'] as const
type Protection = (typeof protections)[number]
/** Certificate or key of the provider with this rule, and who opens what was encrypted to it. */
type Theirs = { readonly publicText: string; readonly open: (mail: Buffer) => Buffer }

let rig: AnswerRig
let mails: MailAuthority
let gpg: Gpg
let theirs: Readonly<Record<Exclude<Protection, 'plain'>, Theirs>>
beforeAll(async () => {
  rig = await startAnswerRig()
  mails = mailAuthority()
  gpg = startGpg()
  theirs = await exchangeKeys()
}, 120_000)
afterAll(async () => {
  mails?.close()
  gpg?.close()
  await rig?.stop()
})

const parts = () => ({ db: rig.db, clock: systemClock, sealKey: Buffer.alloc(32, 7) })
const providerOf = (protection: Protection) => (protection === 'plain' ? 'acme' : `acme-${protection}`)

/** Keys of ours, and three providers whose mail must be encrypted: with RSA, on a curve, with OpenPGP. */
async function exchangeKeys(): Promise<typeof theirs> {
  const ours = mails.issue('desk@customer.example')
  const { privateText } = gpg.makeKey('desk@customer.example')
  const certificate = { publicText: ours.certificate, privateText: ours.privateKey, passphrase: null }
  await takeOwnKey(parts(), certificate, 'user:1')
  await takeOwnKey(parts(), { publicText: '', privateText, passphrase: null }, 'user:1')
  const rsa = mails.issue('soc@provider.example')
  const curve = mails.issue('soc@provider.example', { key: 'P-256', extra: 'keyUsage=digitalSignature,keyAgreement' })
  const pgp = gpg.makeKey('soc@provider.example')
  const openWith = (one: typeof rsa) => (mail: Buffer) =>
    mails.openssl(
      ['cms', '-verify', '-CAfile', 'ca.pem'],
      mails.openssl(['cms', '-decrypt', '-recip', one.certificateFile, '-inkey', one.keyFile], mail),
    )
  const made = {
    smime: { publicText: rsa.certificate, open: openWith(rsa) },
    curve: { publicText: curve.certificate, open: openWith(curve) },
    openpgp: {
      publicText: pgp.publicText,
      open: (mail: Buffer) => {
        const armor =
          /-----BEGIN PGP MESSAGE-----[^]*-----END PGP MESSAGE-----/.exec(mail.toString('latin1'))?.[0] ?? ''
        const { out, says } = gpg.run(['--decrypt'], Buffer.from(armor))
        if (!says.includes('GOODSIG')) throw new Error(says)
        return out
      },
    },
  }
  for (const [protection, { publicText }] of Object.entries(made)) {
    const id = providerOf(protection as Protection)
    const method = protection === 'openpgp' ? 'openpgp' : 'smime'
    await saveProvider(rig.db, { ...sampleProvider, id, mail: { ...must, method } }, 0, new Date())
    await takeTheirKey(parts(), { providerId: id, publicText }, 'user:1')
  }
  return made
}
const must = { protect: 'encrypt', mustEncrypt: true } as const

async function drafted(protection: Protection = 'plain'): Promise<string> {
  const { alertId } = await putAlert(rig.db, { provider: { id: providerOf(protection) } })
  await decideAlert(rig.db, alertId)
  return rig.broken().draft(alertId, 'user:1')
}

const bodyOf = (mail: Buffer) => Buffer.from(mail.toString('latin1').replaceAll('\r\n..', '\r\n.'), 'latin1')
const idOf = (mail: Buffer) => /^Message-ID: <([^>]+)>/im.exec(mail.toString('latin1'))?.[1] ?? ''

test('PostgreSQL itself refuses to hand over a reply that nobody released, and to change what was released', async () => {
  const replyId = await drafted()
  const sending = () => rig.db.updateTable('reply').set({ state: 'sending' }).where('id', '=', replyId).execute()
  await expect(sending()).rejects.toThrow(/nobody let these bytes leave/)
  const { alertId } = await putAlert(rig.db)
  await decideAlert(rig.db, alertId)
  const released = await answerAll(rig.db, rig.broken(60), alertId)
  const entry = await egressOfReply(rig.db, released)
  expect(entry).toMatchObject({ state: 'released', releasedBy: 'user:1', recipients: ['soc@provider.example'] })
  for (const change of [
    { sha256: '0'.repeat(64) },
    { recipients: ['other@provider.example'] },
    { released_by: 'user:2' },
    { rule: 'none' },
    { size_bytes: 1 },
  ])
    await expect(
      rig.db
        .updateTable('egress')
        .set(change)
        .where('id', '=', entry?.id ?? '')
        .execute(),
    ).rejects.toThrow(/never changed/)
  await expect(changeEgress(rig.db, entry?.id ?? '', { state: 'left', leftAt: new Date() })).rejects.toThrow(
    /cannot go from/,
  )
  const other = { recipients: ['other@provider.example'], state: 'sending' }
  await expect(rig.db.updateTable('reply').set(other).where('id', '=', released).execute()).rejects.toThrow(
    /nobody let/,
  )
  const nobody = { released_by: 'playbook:x' }
  await expect(
    sql`insert into egress select (jsonb_populate_record(e, ${JSON.stringify({ ...nobody, id: '0190a5f0-0000-7000-8000-0000000000e9' })}::jsonb)).* from egress e where e.id = ${entry?.id}`.execute(
      rig.db,
    ),
  ).rejects.toThrow(/released_by|unique/)
})

const acts = [...answerActs, 'key-out', 'key-in'] as const
const faults = [
  { at: 'none' },
  { at: 'dot', drop: true },
  { at: 'half', drop: true },
  { at: 'dot', say: '451 later' },
  { at: 'RCPT', say: '550 nobody here' },
  { at: 'dot', drop: true, after: '25' },
] as const

/** The provider's key is taken out, as when it fell into wrong hands, or put in again. */
async function changeKey(protection: Protection, what: 'key-out' | 'key-in'): Promise<void> {
  if (protection === 'plain') return
  const providerId = providerOf(protection)
  const [known] = await theirMailKeys(rig.db, providerId)
  if (what === 'key-out' && known !== undefined) await removeTheirMailKey(rig.db, providerId, known.facts.fingerprint)
  if (what === 'key-in' && known === undefined)
    await takeTheirKey(parts(), { providerId, publicText: theirs[protection].publicText }, 'user:1')
}

const act = (replyId: string, what: AnswerAct) => {
  const desk = rig.broken()
  return actOn({ db: rig.db, desk, send: () => rig.runOnce(desk, replyId) }, replyId, what)
}

test('whatever happens in whatever order, every mail that reaches a provider is exactly one that a person released, once for each time they said so', async () => {
  await saveProvider(rig.db, sampleProvider, 0, new Date())
  const counts: Record<Protection, number> = { plain: 0, smime: 0, curve: 0, openpgp: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...protections),
      // Sending as often as all faults together, or few stories would come that far.
      fc.array(fc.tuple(fc.constantFrom(...acts, 'send', 'send', 'send'), fc.constantFrom(...faults)), {
        minLength: 4,
        maxLength: 12,
      }),
      async (protection, steps) => {
        await changeKey(protection, 'key-in')
        await setDryRun(rig.db, false)
        const replyId = await drafted(protection)
        const before = rig.faulty.arrived.length
        let resends = 0
        let isKeyIn = true
        for (const [what, fault] of [['release', faults[0]] as const, ...steps]) {
          rig.faulty.setFault(fault)
          const state = (await replyRecord(rig.db, replyId))?.reply.state
          if (what === 'resend' && state === 'unconfirmed') resends += 1
          const soFar = rig.faulty.arrived.length
          if (what === 'key-out' || what === 'key-in') {
            await changeKey(protection, what)
            isKeyIn = what === 'key-in'
          } else await tryTo(() => act(replyId, what))
          // Under a key that somebody took out nothing leaves, not even what was released before.
          if (protection !== 'plain' && !isKeyIn) expect(rig.faulty.arrived.length, what).toBe(soFar)
        }
        const arrived = rig.faulty.arrived.slice(before)
        const entry = await egressOfReply(rig.db, replyId)
        const record = await replyRecord(rig.db, replyId)
        for (const mail of arrived) {
          expect(idOf(mail)).toBe(record?.reply.messageId)
          expect(sha256Hex(bodyOf(mail))).toBe(entry?.sha256)
          if (protection !== 'plain') await expectSealed(bodyOf(mail), protection, replyId)
        }
        const deferred = steps.filter(([, fault]) => 'say' in fault).length
        expect(arrived.length).toBeLessThanOrEqual(1 + resends + deferred)
        // Bytes that a server saw and put off are said so, also where somebody took the rest of the tries back.
        const says = ['withdrawn', 'dry-run'].includes(entry?.state ?? '')
          ? /^(?:Try \d+ of|Handed over and not confirmed)/
          : /(?:)/
        if (arrived.length > 0) expect(entry?.receipt ?? '').toMatch(says)
        counts[protection] += arrived.length
      },
    ),
    { numRuns: 80 },
  )
  for (const protection of protections) await changeKey(protection, 'key-in')
  await setDryRun(rig.db, false)
  process.stderr.write(`egress: ${JSON.stringify(counts)} mails in 80 stories\n`)
  for (const protection of protections) expect(counts[protection], protection).toBeGreaterThan(0)
}, 240_000)

/** What arrived says nothing in the clear, opens with their key, is signed by us, and is what people reviewed. */
async function expectSealed(mail: Buffer, protection: Exclude<Protection, 'plain'>, replyId: string): Promise<void> {
  const record = await replyRecord(rig.db, replyId)
  const entry = await egressOfReply(rig.db, replyId)
  const clear = record?.clear?.bytes ?? Buffer.alloc(0)
  expect(entry).toMatchObject({ clearSha256: sha256Hex(clear), protection: { encryptedTo: [expect.any(String)] } })
  const reviewed = (await simpleParser(clear)).text ?? ''
  const words = reviewed.split(/\s+/).filter((word) => word.length > 8)
  expect(words.length).toBeGreaterThan(5)
  const [head = '', ...rest] = mail.toString('latin1').split('\r\n\r\n')
  // Subject and thread stand in the header; nothing of the text does.
  for (const word of words.filter((one) => !head.includes(one))) expect(rest.join()).not.toContain(word)
  const inside = await simpleParser(theirs[protection].open(mail))
  expect(inside.text).toBe(reviewed)
  expect(inside.attachments.map(({ filename }) => filename)).toEqual(['counterfoil.json'])
}

test('what left is listed newest first, found by hash and recipient, paged, and the draft is not there', async () => {
  rig.faulty.setFault({ at: 'none' })
  const draft = await drafted()
  const { alertId } = await putAlert(rig.db)
  await decideAlert(rig.db, alertId)
  const replyId = await answerAll(rig.db, rig.broken(), alertId)
  await rig.runOnce(rig.broken(), replyId)
  const [row] = await listEgress(rig.db, { q: (await repliesOf(rig.db, alertId))[0]?.reply.digest ?? '' }, 10)
  expect(row).toMatchObject({
    of: `reply:${replyId}`,
    state: 'left',
    providerName: 'Acme MDR',
    receipt: expect.stringMatching(/^250/),
  })
  expect(row?.rule).toContain('reviewed')
  const all = await listEgress(rig.db, {}, 100)
  expect(all.map(({ of }) => of)).not.toContain(`reply:${draft}`)
  const first = await listEgress(rig.db, {}, 1)
  const second = await listEgress(rig.db, { before: `${first[0]?.releasedAt} ${first[0]?.id}` }, 1)
  expect(second[0]?.id).toBe(all[1]?.id)
  expect(await listEgress(rig.db, { state: 'withdrawn', q: 'nobody@' }, 10)).toEqual([])
})

test('a context pack leaves by mail through the same gate: held, once, with its files, encrypted where it must be, and not under an agreement that became narrower', async () => {
  const { db } = rig
  const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-egress-'))
  try {
    const packs = { db, clock: systemClock, key: loadOrCreateKey(folder), ownDomains: ['customer.example'] }
    const share = (mayShare: string[]) =>
      sql`update provider set config = jsonb_set(config, '{mayShare}', ${JSON.stringify(mayShare)}::jsonb)`.execute(db)
    await importList(db, {
      ...{ noun: 'assets', source: 'cmdb', by: 'user:1', clock: systemClock, asOf: new Date() },
      stream: Readable.from([Buffer.from('name,ip,role\npay-01,192.0.2.7,Payroll\n')]),
    })
    await share(['host'])
    const definition = PackDefinition.parse({
      id: 'assets',
      title: 'Assets',
      providerId: 'acme',
      fields: ['name', 'role'],
    })
    await definePack(packs, { definition, version: 0, by: 'user:1' })
    await draftPack(packs, { id: 'assets', by: 'user:1' })
    const digest = (await packById(db, 'assets'))?.draft?.digest ?? ''
    await releasePack(packs, { id: 'assets', digest, by: 'user:1' })
    rig.faulty.setFault({ at: 'none' })
    const before = rig.faulty.arrived.length

    const held = await rig.broken(60).mailPack('assets', 1, 'user:2')
    await rig.broken().jobs['send-pack']({ id: held })
    expect(rig.faulty.arrived.length).toBe(before)
    await rig.broken().withdrawPack(held, 'user:2')
    await expect(rig.broken().withdrawPack(held, 'user:2')).rejects.toThrow(/state.conflict/)

    const id = await rig.broken().mailPack('assets', 1, 'user:2')
    await rig.broken().jobs['send-pack']({ id })
    await rig.broken().jobs['send-pack']({ id })
    expect(rig.faulty.arrived.length).toBe(before + 1)
    const mail = await simpleParser(bodyOf(rig.faulty.arrived.at(-1) ?? Buffer.alloc(0)))
    expect(mail.attachments.map(({ filename }) => filename)).toEqual([
      'pack.json',
      'assets.csv',
      'vulnerabilities.csv',
      'changes.csv',
      'signature.txt',
    ])
    expect(await listEgress(db, { kind: 'pack', state: 'left' }, 10)).toMatchObject([
      { id, of: 'pack:assets/1', releasedBy: 'user:2' },
    ])

    rig.faulty.setFault({ at: 'dot', drop: true })
    const lost = await rig.broken().mailPack('assets', 1, 'user:2')
    await rig.broken().jobs['send-pack']({ id: lost })
    await rig.broken().jobs['send-pack']({ id: lost })
    expect((await listEgress(db, { state: 'unconfirmed', kind: 'pack' }, 10)).map((row) => row.id)).toEqual([lost])
    expect(rig.faulty.arrived.length).toBe(before + 2)
    await rig.broken().settlePack(lost, true, 'they have it', 'user:2')

    // Under the rule of a provider it leaves signed and encrypted, or not at all.
    const rule = (mail: object | null) =>
      mail === null
        ? sql`update provider set config = config - 'mail' where id = 'acme'`.execute(db)
        : sql`update provider set config = jsonb_set(config, '{mail}', ${JSON.stringify(mail)}::jsonb) where id = 'acme'`.execute(
            db,
          )
    rig.faulty.setFault({ at: 'none' })
    const released = (await packById(db, 'assets'))?.released.find((one) => one.version === 1)
    for (const protection of ['smime', 'curve', 'openpgp'] as const) {
      await rule({ ...must, method: protection === 'openpgp' ? 'openpgp' : 'smime' })
      const arrived = rig.faulty.arrived.length
      await expect(rig.broken().mailPack('assets', 1, 'user:2')).rejects.toMatchObject({
        details: { fields: { to: expect.stringMatching(/^Not sent: it must be encrypted/) } },
      })
      const { fingerprint } = await takeTheirKey(
        parts(),
        { providerId: 'acme', publicText: theirs[protection].publicText },
        'user:1',
      )
      const sealed = await rig.broken().mailPack('assets', 1, 'user:2')
      await rig.broken().jobs['send-pack']({ id: sealed })
      expect(rig.faulty.arrived.length).toBe(arrived + 1)
      const bytes = bodyOf(rig.faulty.arrived.at(-1) ?? Buffer.alloc(0))
      expect(bytes.toString('latin1')).not.toMatch(/pay-01|Payroll|pack\.json/)
      const inside = await simpleParser(theirs[protection].open(bytes))
      const digests = inside.attachments.map(({ filename, content }) => [filename, sha256Hex(content)])
      expect(Object.fromEntries(digests)).toEqual({ ...released?.files, 'signature.txt': expect.any(String) })
      const [entry] = await listEgress(db, { kind: 'pack', q: sha256Hex(bytes) }, 10)
      expect(entry).toMatchObject({ id: sealed, state: 'left', sizeBytes: bytes.length })
      const ledger = db
        .selectFrom('ledger_entry')
        .select('leaf')
        .where('kind', '=', 'pack.mailed')
        .orderBy('id', 'desc')
      const line = JSON.parse((await ledger.executeTakeFirstOrThrow()).leaf) as { body: Record<string, unknown> }
      expect(line.body).toMatchObject({ sha256: sha256Hex(bytes), protection: { encryptedTo: [fingerprint] } })
      // Released, and the key taken out while it is held: it stays here, and says so.
      const held = await rig.broken().mailPack('assets', 1, 'user:2')
      await removeTheirMailKey(db, 'acme', fingerprint)
      await rig.broken().jobs['send-pack']({ id: held })
      expect(rig.faulty.arrived.length).toBe(arrived + 1)
      expect((await listEgress(db, { kind: 'pack', state: 'refused' }, 10))[0]).toMatchObject({
        ...{ id: held, receipt: expect.stringContaining('taken out') },
      })
    }
    await rule(null)

    const elsewhere: Sharing = { never: [], upToTlp: 'AMBER', recipientDomains: ['other.example'], secondPerson: [] }
    const agree = (sharing: Sharing | null) =>
      sharing === null
        ? sql`update provider set config = config - 'sharing' where id = 'acme'`.execute(db)
        : sql`update provider set config = jsonb_set(config, '{sharing}', ${JSON.stringify(sharing)}::jsonb) where id = 'acme'`.execute(
            db,
          )
    await agree(elsewhere)
    await expect(rig.broken().mailPack('assets', 1, 'user:2')).rejects.toMatchObject({
      details: { fields: { to: expect.stringContaining('names other domains') } },
    })
    await agree(null)
    await share([])
    await expect(rig.broken().mailPack('assets', 1, 'user:2')).rejects.toThrow(/state.conflict/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
