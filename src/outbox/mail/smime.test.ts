import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailAuthority, mailAuthority } from '../../../test/mail-certificates.ts'
import { readCertificate } from '../../kit/certificate.ts'
import type { LetterOut, Sealing } from '../../model/doors.ts'
import { protectMail } from './compose.ts'

let mails: MailAuthority
beforeAll(() => {
  mails = mailAuthority()
})
afterAll(() => mails.close())

const letter: LetterOut = {
  to: ['soc@provider.example'],
  subject: 'Re: [INC-1] Grüße',
  text: 'Expected: the change CHG-7.\n\nFrom the desk. Größe 5 = 5\n  indented \n',
  files: [{ name: 'counterfoil.json', type: 'application/json', content: Buffer.from('{"answer":1}\n') }],
  messageId: 'reply.1@customer.example',
  inReplyTo: 'alert.1@provider.example',
  references: ['alert.1@provider.example'],
  date: new Date('2026-11-28T10:00:00Z'),
}
/** What a certificate on a curve says that is also for encryption. */
const agreement = 'keyUsage=digitalSignature,keyAgreement'
const from = 'Security desk <desk@customer.example>'
const seal = (sealing: Sealing, one = letter) => protectMail(one, from, null, sealing)

/** What OpenSSL takes out of a signed mail once it believes the signature. */
function verified(bytes: Uint8Array, ...more: string[]): string {
  const args = ['cms', '-verify', '-CAfile', 'ca.pem', '-purpose', 'any', ...more]
  return mails.openssl(args, bytes).toString('utf8')
}

describe('judged by OpenSSL', () => {
  for (const key of ['rsa', 'ec'] as const)
    test(`a mail signed with ${key} holds, and what it signs is what the mail says in the clear`, async () => {
      const own = mails.issue('desk@customer.example', { key })
      const sign = { certificates: `${own.certificate}${mails.authority}`, privateKey: own.privateKey }
      const { bytes, clear } = await seal({ method: 'smime', sign, encryptTo: [] })
      const said = verified(bytes)
      expect(said).toContain('CHG-7')
      expect(clear.toString('latin1').endsWith(said.slice(said.indexOf('\r\n\r\n')))).toBe(true)
      const tampered = Buffer.from(bytes.toString('latin1').replace('CHG-7', 'CHG-8'), 'latin1')
      expect(() => verified(tampered)).toThrow()
    })

  test('an encrypted mail opens with each key it was encrypted to and no other, and inside it is signed', async () => {
    const own = mails.issue('desk@customer.example')
    const theirs = [mails.issue('soc@provider.example'), mails.selfSigned('lead@provider.example')]
    const stranger = mails.issue('else@provider.example')
    const sign = { certificates: own.certificate, privateKey: own.privateKey }
    const { bytes } = await seal({ method: 'smime', sign, encryptTo: theirs.map((one) => one.certificate) })
    expect(bytes.toString('latin1')).not.toContain('CHG-7')
    expect(bytes.toString('latin1')).toContain('In-Reply-To: <alert.1@provider.example>')
    const open = (one: { certificateFile: string; keyFile: string }) =>
      mails.openssl(['cms', '-decrypt', '-recip', one.certificateFile, '-inkey', one.keyFile], bytes)
    for (const one of theirs) {
      const inside = open(one)
      expect(verified(inside)).toContain('counterfoil.json')
    }
    expect(() => open(stranger)).toThrow()
  })

  test('an encrypted mail opens with keys on each curve beside one of RSA, and with no other', async () => {
    const own = mails.issue('desk@customer.example', { key: 'ec' })
    const sign = { certificates: own.certificate, privateKey: own.privateKey }
    const to = (key: 'P-256' | 'P-384' | 'P-521') => mails.issue('soc@provider.example', { key, extra: agreement })
    const theirs = [to('P-256'), to('P-384'), to('P-521'), mails.issue('lead@provider.example')]
    const stranger = to('P-256')
    const { bytes } = await seal({ method: 'smime', sign, encryptTo: theirs.map((one) => one.certificate) })
    expect(bytes.toString('latin1')).not.toContain('CHG-7')
    const open = (one: { certificateFile: string; keyFile: string }) =>
      mails.openssl(['cms', '-decrypt', '-recip', one.certificateFile, '-inkey', one.keyFile], bytes)
    for (const one of theirs) expect(verified(open(one))).toContain('CHG-7')
    expect(() => open(stranger)).toThrow()
    const shown = mails.openssl(['cms', '-cmsout', '-print', '-noout'], bytes).toString()
    expect(shown).toMatch(/version: 2[\s\S]*d\.kari[\s\S]*dhSinglePass-stdDH-sha256kdf-scheme/)
    expect(shown).toContain('id-aes256-wrap')
    // Our half is made anew for each: one that is lost opens nothing else.
    const points = [...shown.matchAll(/publicKey:[\s\S]{0,200}?0000 - ([0-9a-f -]+)/g)].map(([, point]) => point)
    expect(new Set(points).size).toBe(3)
  })

  test('a mail that OpenSSL reads as signed is one that its own signature tool would have made: the digest and time are of ours', async () => {
    const own = mails.issue('desk@customer.example')
    const { bytes } = await seal({
      method: 'smime',
      sign: { certificates: own.certificate, privateKey: own.privateKey },
      encryptTo: [],
    })
    writeFileSync(path.join(mails.folder, 'signed.eml'), bytes)
    const shown = mails.openssl(['cms', '-cmsout', '-print', '-noout', '-in', 'signed.eml']).toString()
    expect(shown).toContain('sha256')
    expect(shown).toContain('Nov 28 10:00:00 2026 GMT')
  })
})

describe('a certificate', () => {
  test('is for signing, for encryption or for neither, as it says of itself', () => {
    const both = readCertificate(mails.issue('soc@provider.example').certificate)
    expect(both).toMatchObject({ forSigning: true, forEncryption: true, isAuthority: false, algorithm: 'RSA 2048' })
    expect(both.emails).toEqual(['soc@provider.example'])
    const signs = mails.issue('soc@provider.example', { extra: 'keyUsage=digitalSignature' })
    expect(readCertificate(signs.certificate)).toMatchObject({ forSigning: true, forEncryption: false })
    const enciphers = mails.issue('soc@provider.example', { extra: 'keyUsage=keyEncipherment' })
    expect(readCertificate(enciphers.certificate)).toMatchObject({ forSigning: false, forEncryption: true })
    const web = mails.issue('soc@provider.example', { extra: 'extendedKeyUsage=serverAuth' })
    expect(readCertificate(web.certificate)).toMatchObject({ forSigning: false, forEncryption: false })
    // To a key on a curve nothing is enciphered, a key is agreed on with it.
    const curve = mails.issue('soc@provider.example', { key: 'ec' })
    const sealing = { forSigning: true, forEncryption: false, algorithm: 'EC P-256' }
    expect(readCertificate(curve.certificate)).toMatchObject(sealing)
    const agrees = mails.issue('soc@provider.example', { key: 'P-384', extra: agreement })
    expect(readCertificate(agrees.certificate)).toMatchObject({ forEncryption: true, algorithm: 'EC P-384' })
    const other = mails.issue('soc@provider.example', { key: 'secp256k1', extra: agreement })
    expect(readCertificate(other.certificate)).toMatchObject({ forEncryption: false })
    expect(readCertificate(mails.authority)).toMatchObject({ isAuthority: true, forEncryption: false })
  })
})
