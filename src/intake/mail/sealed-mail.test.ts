import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailAuthority, type MailIdentity, mailAuthority } from '../../../test/mail-certificates.ts'
import type { KeysToOpen, OpenSealed } from '../../model/doors.ts'
import { protectMail } from '../../outbox/mail/compose.ts'
import { makeOpenSealed } from './open-sealed.ts'
import { readLetter } from './read-letter.ts'
import { openSealed } from './sealed-mail.ts'

const us = 'desk@customer.example'
const them = 'soc@provider.example'
const text = 'Ticket: NW-9\r\nRule: Odd sign-in\r\n'
const entity = Buffer.from(`Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`)
const header = `From: Acme <${them}>\r\nTo: ${us}\r\nSubject: [NW-9] Odd sign-in\r\nMessage-ID: <1@provider.example>\r\n`

let mails: MailAuthority
let ours: MailIdentity
let theirs: MailIdentity
let pinned: KeysToOpen
let open: OpenSealed & { close: () => Promise<void> }
beforeAll(() => {
  mails = mailAuthority()
  ours = mails.issue(us)
  theirs = mails.issue(them)
  pinned = keysWith(theirs.certificate)
  open = makeOpenSealed()
})
afterAll(async () => {
  mails.close()
  await open.close()
})

function keysWith(...publicTexts: readonly string[]): KeysToOpen {
  return {
    own: [{ method: 'smime', certificate: ours.certificate, privateKey: ours.privateKey }],
    theirs: publicTexts.map((publicText) => ({ method: 'smime', providerId: 'acme', publicText })),
    at: new Date().toISOString(),
  }
}

/** What OpenSSL makes of the entity, under our header: as a mail that came. */
function mailOf(made: Buffer): Buffer {
  return Buffer.concat([Buffer.from(header), made])
}
function signed(by: MailIdentity, ...options: string[]): Buffer {
  return mails.openssl(
    ['cms', '-sign', '-signer', by.certificateFile, '-inkey', by.keyFile, '-md', 'sha256', ...options],
    entity,
  )
}
function encrypted(what: Buffer, to: MailIdentity, ...options: string[]): Buffer {
  // Who is named with options of their own is not named once more without.
  const plainly = options.includes('-recip') ? [] : [to.certificateFile]
  return mails.openssl(['cms', '-encrypt', ...options, ...plainly], what)
}
const openWith = (mail: Uint8Array, keys = pinned) =>
  open(mail, async () => ({ ...keys, at: new Date().toISOString() }))
const textIn = (bytes: Uint8Array | null) =>
  readLetter(bytes ?? new Uint8Array()).parts.find((part) => part.path !== 'subject')?.text

describe('made by OpenSSL', () => {
  test('a signature holds, detached, inside the structure, by key id, with PSS and on a curve; what is read is what was signed', async () => {
    const curve = mails.issue(them, { key: 'ec' })
    const ways: readonly (readonly [MailIdentity, readonly string[]])[] = [
      [theirs, ['-crlfeol']],
      [theirs, ['-nodetach', '-crlfeol']],
      [theirs, ['-keyid', '-crlfeol']],
      [theirs, ['-keyopt', 'rsa_padding_mode:pss', '-crlfeol']],
      [theirs, ['-md', 'sha512', '-crlfeol']],
      [curve, ['-crlfeol']],
    ]
    for (const [by, options] of ways) {
      const { bytes, seen } = await openWith(mailOf(signed(by, ...options)), keysWith(by.certificate))
      expect([options, seen]).toMatchObject([options, { signature: 'valid', encrypted: 'no', problem: null }])
      expect(seen?.vouchers).toEqual([{ providerId: 'acme', by: 'pinned' }])
      expect(seen?.signer?.emails).toEqual([them])
      expect(textIn(bytes)?.trim()).toBe(text.trim().replaceAll('\r\n', '\n'))
      expect(readLetter(bytes ?? new Uint8Array())).toMatchObject({
        subject: '[NW-9] Odd sign-in',
        from: { address: them },
      })
    }
  })

  test('a mail whose line ends became line feeds on its way into a file still holds', async () => {
    const lines = Buffer.from(mailOf(signed(theirs, '-crlfeol')).toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
    expect((await openWith(lines)).seen).toMatchObject({ signature: 'valid' })
  })

  test('an envelope to us opens, by every cipher and padding in use, and the signature inside is checked', async () => {
    for (const options of [
      ['-aes256'],
      ['-aes-256-gcm'],
      ['-des3'],
      ['-aes128', '-recip', ours.certificateFile, '-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256'],
      ['-aes256', '-keyid'],
    ]) {
      const { bytes, seen } = await openWith(mailOf(encrypted(signed(theirs, '-crlfeol'), ours, ...options)))
      expect([options, seen]).toMatchObject([options, { encrypted: 'opened', signature: 'valid', problem: null }])
      expect(textIn(bytes)).toContain('NW-9')
    }
    const inside = await openWith(mailOf(encrypted(entity, ours, '-aes256')))
    expect(inside.seen).toMatchObject({ encrypted: 'opened', signature: 'none' })
    expect(textIn(inside.bytes)).toContain('NW-9')
  })

  test('an envelope to a key of ours on a curve opens, by every digest and wrap in use, and by key id', async () => {
    const extra = 'keyUsage=digitalSignature,keyAgreement'
    for (const key of ['P-256', 'P-384', 'P-521'] as const) {
      const mine = mails.issue(us, { key, extra })
      const other = mails.issue(us, { key, extra })
      const own = { method: 'smime' as const, certificate: mine.certificate, privateKey: mine.privateKey }
      const keys = { ...pinned, own: [...pinned.own, own] }
      for (const options of [
        ['-aes256'],
        ['-aes128', '-keyid'],
        ['-aes-256-gcm'],
        ['-aes256', '-recip', mine.certificateFile, '-keyopt', 'ecdh_kdf_md:sha256'],
        ['-aes192', '-recip', mine.certificateFile, '-keyopt', 'ecdh_kdf_md:sha512', '-keyopt', 'ecdh_cofactor_mode:1'],
      ]) {
        const mail = mailOf(encrypted(signed(theirs, '-crlfeol'), mine, ...options))
        const { bytes, seen } = await openWith(mail, keys)
        expect([key, options, seen]).toMatchObject([key, options, { encrypted: 'opened', signature: 'valid' }])
        expect(textIn(bytes)).toContain('NW-9')
      }
      const to = encrypted(entity, other, '-aes256')
      expect(await openWith(mailOf(to), keys)).toMatchObject({ bytes: null, seen: { encrypted: 'not-to-us' } })
      // Somebody else's private key under our certificate: it does not come out.
      const wrong = { ...keys, own: [{ ...own, privateKey: other.privateKey }] }
      expect(await openWith(mailOf(encrypted(entity, mine, '-aes256')), wrong)).toMatchObject({
        ...{ bytes: null, seen: { encrypted: 'broken' } },
      })
    }
  })

  test('an envelope to somebody else, and one that was changed, are said and do not open', async () => {
    const mail = mailOf(encrypted(entity, theirs, '-aes256'))
    expect(await openWith(mail)).toMatchObject({ bytes: null, seen: { encrypted: 'not-to-us' } })
    for (const options of ['-aes256', '-aes-256-gcm']) {
      const lines = mailOf(encrypted(entity, ours, options))
        .toString('latin1')
        .split('\n')
      const at = lines.length - 5
      const changed = lines
        .with(
          at,
          (lines[at] ?? '').replace(/[A-Za-z]/g, (one) => (one === 'A' ? 'B' : 'A')),
        )
        .join('\n')
      const { bytes, seen } = await openWith(Buffer.from(changed, 'latin1'))
      // Cipher block chaining alone does not notice every change; what it then gives is never said to be signed.
      expect(seen?.signature).not.toBe('valid')
      if (options === '-aes-256-gcm')
        expect({ bytes, encrypted: seen?.encrypted }).toEqual({ bytes: null, encrypted: 'broken' })
    }
  })

  test('a changed word breaks the signature, and the mail is read as it came', async () => {
    const mail = mailOf(signed(theirs, '-crlfeol'))
      .toString('latin1')
      .replace('Odd sign-in\r\n\r\n--', 'Odd sign-out\r\n\r\n--')
    const { bytes, seen } = await openWith(Buffer.from(mail.replace('NW-9\r\nRule', 'NW-8\r\nRule'), 'latin1'))
    expect(seen).toMatchObject({ signature: 'broken', problem: 'the content is not the one that was signed' })
    expect(bytes).toBeNull()
  })

  test('a signature by another certificate with the same name is not of the pinned one', async () => {
    const same = mails.issue(them)
    const { seen } = await openWith(mailOf(signed(same, '-crlfeol')))
    expect(seen).toMatchObject({ signature: 'valid', vouchers: [] })
    const chained = await openWith(mailOf(signed(same, '-crlfeol')), keysWith(mails.authority))
    expect(chained.seen?.vouchers).toEqual([{ providerId: 'acme', by: 'chain' }])
    const alone = await openWith(mailOf(signed(mails.selfSigned(them), '-crlfeol')), keysWith(mails.authority))
    expect(alone.seen).toMatchObject({ signature: 'valid', vouchers: [] })
  })

  test('somebody with a certificate of the authority cannot issue one in its name', async () => {
    const forged = mails.issueBy(theirs, them)
    const { seen } = await openWith(
      mailOf(signed(forged, '-crlfeol', '-certfile', theirs.certificateFile)),
      keysWith(mails.authority),
    )
    expect(seen).toMatchObject({ signature: 'valid', vouchers: [] })
  })

  test('SHA-1, a certificate for web servers and a part outside of the signature do not count, and the reason is said', async () => {
    expect((await openWith(mailOf(signed(theirs, '-crlfeol', '-md', 'sha1')))).seen).toMatchObject({
      signature: 'unchecked',
      problem: expect.stringContaining('SHA-1'),
    })
    const web = mails.issue(them, { extra: 'extendedKeyUsage=serverAuth' })
    expect((await openWith(mailOf(signed(web, '-crlfeol')))).seen).toMatchObject({ signature: 'unchecked' })
    const mail = mailOf(signed(theirs, '-crlfeol')).toString('latin1')
    const boundary = /boundary="([^"]+)"/.exec(mail)?.[1] ?? ''
    const third = mail.replace(
      `--${boundary}--`,
      `--${boundary}\r\nContent-Type: text/plain\r\n\r\nPay now.\r\n--${boundary}--`,
    )
    expect((await openWith(Buffer.from(third, 'latin1'))).seen).toMatchObject({ signature: 'unchecked' })
    const noAttributes = mailOf(signed(theirs, '-crlfeol', '-noattr'))
    expect((await openWith(noAttributes)).seen).toMatchObject({ signature: 'unchecked' })
  })

  test('a mail without all of this is left alone, and no key is asked for', async () => {
    const never = () => Promise.reject(new Error('nobody asked for a key'))
    expect(await open(mailOf(entity), never)).toEqual({ bytes: null, seen: null })
  })
})

test.each(['rsa', 'P-256', 'P-384'] as const)(
  'what we send ourselves opens and holds here (%s): both ends say the same',
  async (kind) => {
    const mine = mails.issue(us, kind === 'rsa' ? {} : { key: kind, extra: 'keyUsage=keyAgreement' })
    const own = { method: 'smime' as const, certificate: mine.certificate, privateKey: mine.privateKey }
    const letter = {
      ...{ to: [them], subject: 'Re: [NW-9]', text: 'Größe: expected.', files: [], messageId: 'r1@customer.example' },
      ...{ inReplyTo: null, references: [], date: new Date() },
    }
    const sign = { certificates: theirs.certificate, privateKey: theirs.privateKey }
    const { bytes, clear } = await protectMail(letter, them, null, {
      method: 'smime',
      sign,
      encryptTo: [mine.certificate],
    })
    const opened = await openWith(bytes, { ...pinned, own: [own] })
    expect(opened.seen).toMatchObject({ encrypted: 'opened', signature: 'valid' })
    expect(readLetter(opened.bytes ?? new Uint8Array()).parts).toEqual(readLetter(clear).parts)
  },
)

test('whatever bytes come, the reader answers, and what it calls validly signed is what was signed', async () => {
  const curve = mails.issue(us, { key: 'P-256', extra: 'keyUsage=keyAgreement' })
  const onCurve = { method: 'smime' as const, certificate: curve.certificate, privateKey: curve.privateKey }
  const keys = { ...pinned, own: [...pinned.own, onCurve] }
  const seeds = [
    mailOf(signed(theirs, '-crlfeol')),
    mailOf(signed(theirs, '-nodetach', '-crlfeol')),
    mailOf(encrypted(signed(theirs, '-crlfeol'), ours, '-aes256')),
    mailOf(encrypted(entity, ours, '-aes-256-gcm')),
    mailOf(encrypted(signed(theirs, '-crlfeol'), curve, '-aes256')),
  ]
  const said = text.trim().replaceAll('\r\n', '\n')
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'cut', 'put')), {
        maxLength: 6,
      }),
      async (seed, edits) => {
        let bytes = Buffer.from(seed)
        for (const [place, value, edit] of edits) {
          const at = place % bytes.length
          if (edit === 'set') bytes[at] = value
          else if (edit === 'cut') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + (value % 40))])
          else bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([value, value, 0x0a]), bytes.subarray(at)])
        }
        const { bytes: inside, seen } = await openSealed(bytes, keys)
        if (seen?.signature === 'valid') expect(textIn(inside)?.trim()).toBe(said)
      },
    ),
    { numRuns: 400 },
  )
}, 120_000)

test('structures nested without end, and bytes that are none, are answered within the bound', async () => {
  const nested = Buffer.concat([Buffer.alloc(200_000, Buffer.from([0x30, 0x80])), Buffer.alloc(10)])
  const indefinite = Buffer.concat([Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(1000, 0x24)])
  for (const der of [nested, indefinite, Buffer.alloc(0), Buffer.from('hello')]) {
    const body = `Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n${der.toString('base64')}\r\n`
    const { bytes, seen } = await openWith(mailOf(Buffer.from(body)))
    expect(bytes).toBeNull()
    expect(seen).toMatchObject({ encrypted: 'broken', signature: 'none' })
  }
})
