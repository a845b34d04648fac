import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256Hex } from '../../src/kit/digest.ts'
import type { ReleaseStatement } from '../../src/model/release.ts'
import { type Signer, signer } from '../approval-desk.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, apiAs, type Desk, signedIn, startDesk, until } from '../desk.ts'
import { type Gpg, startGpg } from '../gpg.ts'
import { type MailAuthority, mailAuthority } from '../mail-certificates.ts'
import { runCommand } from '../program.ts'
import { answerForTwo, bring, clickAs, replyPage, signReleaseAs, statementOf } from '../release-desk.ts'

const script = path.resolve(import.meta.dirname, '../../tools/verify-export.mjs')
const us = 'desk@halden.example'
const them = 'soc@northwatch.example'

let database: FreshDatabase
let desk: Desk
let mails: MailAuthority
let gpg: Gpg
let lead: Signer
let second: Signer
let administrator: string
beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url, config: { replyHoldSeconds: 0 } })
  mails = mailAuthority()
  gpg = startGpg()
  lead = await signer(desk, 'lead', 'Kari Dahl', 'kari@halden.example')
  second = await signer(desk, 'approver', 'Ana Ruiz', 'ana@halden.example')
  administrator = (await signedIn(desk, 'administrator')).cookie
  await addProvider(desk)
}, 600_000)
afterAll(async () => {
  gpg?.close()
  mails?.close()
  await desk?.stop()
  await database?.close()
})

const bodyOf = (mail: Buffer) => Buffer.from(mail.toString('latin1').replaceAll('\r\n..', '\r\n.'), 'latin1')

/** Mails to the provider; the second person is asked by mail as well. */
const mailsToThem = () =>
  desk.mailServer.arrived.filter((mail) => /^To: .*soc@northwatch\.example/im.test(mail.toString('latin1')))

/** A key of ours and one of theirs for this way, and the rule that mail must be encrypted so. What opens it as they do comes back. */
async function protect(way: 'rsa' | 'curve' | 'openpgp'): Promise<(mail: Buffer) => Buffer> {
  const rule = { protect: 'encrypt', method: way === 'openpgp' ? 'openpgp' : 'smime', mustEncrypt: true }
  await sql`update provider set config = jsonb_set(config, '{mail}', ${JSON.stringify(rule)}::jsonb)`.execute(
    database.db,
  )
  const give = async (own: object, publicText: string): Promise<void> => {
    await apiAs(desk, administrator, 'POST', '/api/mail-keys', { passphrase: null, ...own })
    await apiAs(desk, administrator, 'POST', '/api/providers/northwatch/mail-keys', { publicText })
  }
  if (way === 'openpgp') {
    const [own, theirs] = [gpg.makeKey(us), gpg.makeKey(them)]
    await give({ publicText: '', privateText: own.privateText }, theirs.publicText)
    return (mail) => {
      const armor = /-----BEGIN PGP MESSAGE-----[^]*-----END PGP MESSAGE-----/.exec(mail.toString('latin1'))?.[0] ?? ''
      const { out, says } = gpg.run(['--decrypt'], Buffer.from(armor))
      if (!says.includes('GOODSIG')) throw new Error(says)
      return out
    }
  }
  const extra = 'keyUsage=digitalSignature,keyAgreement'
  const own = mails.issue(us)
  const theirs = mails.issue(them, way === 'rsa' ? {} : { key: 'P-384', extra })
  await give({ publicText: own.certificate, privateText: own.privateKey }, theirs.certificate)
  return (mail) => {
    const to = ['-recip', theirs.certificateFile, '-inkey', theirs.keyFile]
    return mails.openssl(['cms', '-verify', '-CAfile', 'ca.pem'], mails.openssl(['cms', '-decrypt', ...to], mail))
  }
}

test.each(['rsa', 'curve', 'openpgp'] as const)(
  'the second person signs the very bytes that leave, encrypted (%s), sees what is inside, and all of it is verified outside of here',
  async (way) => {
    const open = await protect(way)
    const before = mailsToThem().length
    const replyId = await answerForTwo(desk, lead.cookie)
    expect(await signReleaseAs(desk, lead, replyId)).toMatchObject({ status: 200, json: { waitsForSecond: true } })
    // What waits is sealed already: a click of somebody with a passkey does not do, and nothing has left.
    expect((await clickAs(desk, second.cookie, replyId)).status).toBe(409)
    expect(mailsToThem().length).toBe(before)
    expect(desk.mailServer.arrived.join('')).not.toContain('sick leave')
    const waits = await replyPage(desk, second.cookie, replyId)
    expect(JSON.stringify(waits)).toContain('sick leave')
    const given = await statementOf(desk, second, replyId)
    expect(await bring(desk, second, replyId, given)).toMatchObject({ status: 200, json: { waitsForSecond: false } })
    await until('it to leave', async () => (await replyPage(desk, lead.cookie, replyId)).reply.state === 'sent')

    expect(mailsToThem().length).toBe(before + 1)
    const mail = bodyOf(mailsToThem().at(-1) ?? Buffer.alloc(0))
    expect(mail.toString('latin1')).not.toContain('sick leave')
    const said = JSON.parse(given.statement) as ReleaseStatement
    expect(said.subject).toMatchObject({ sha256: sha256Hex(mail), sizeBytes: mail.length })
    const row = await database.db.selectFrom('reply').selectAll().where('id', '=', replyId).executeTakeFirstOrThrow()
    expect(said).toMatchObject({
      clearSha256: sha256Hex(row.clear_bytes ?? ''),
      protection: { encryptedTo: [expect.any(String)] },
    })
    const inside = await simpleParser(open(mail))
    expect(inside.text).toContain('sick leave')
    expect(said.files).toEqual(
      inside.attachments.map(({ filename, contentType, content }) => ({
        ...{ name: filename, type: contentType, sha256: sha256Hex(content), sizeBytes: content.length },
      })),
    )

    // The auditor: by our command, and by a script that uses none of our code; the mail that left lies in the export.
    const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-protected-'))
    try {
      const env = { COUNTERFOIL_DATA: desk.settings.dataFolder, DATABASE_URL: database.url }
      await desk.running.settleLedger()
      const file = path.join(folder, 'all.jsonl')
      const exported = await runCommand(['audit', 'export', '--out', file, '--replies'], env)
      expect(exported.code, exported.err).toBe(0)
      const verify = async (of: string) => {
        const { out } = await runCommand(['audit', 'verify', of, '--json'], env)
        return JSON.parse(out) as { ok: boolean; releases: number; problems: { says: string }[] }
      }
      expect(await verify(file)).toMatchObject({ ok: true, problems: [] })
      const text = await readFile(file, 'utf8')
      expect(text).toContain(mail.toString('base64'))
      expect(execFileSync(process.execPath, [script, file], { encoding: 'utf8' })).toMatch(/release/)
      // One letter of the envelope changed in the export: the signature is over other bytes.
      const other = Buffer.from(mail)
      other.writeUInt8(other.readUInt8(mail.length - 200) ^ 1, mail.length - 200)
      const bent = path.join(folder, 'bent.jsonl')
      await writeFile(bent, text.replaceAll(mail.toString('base64'), other.toString('base64')))
      expect((await verify(bent)).ok).toBe(false)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    // For the next way: what is theirs goes, ours signs nothing any more.
    await database.db.deleteFrom('provider_mail_key').execute()
    await database.db.updateTable('mail_key').set({ retired_at: new Date() }).execute()
  },
  240_000,
)
