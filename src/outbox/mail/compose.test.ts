import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { simpleParser } from 'mailparser'
import { afterAll, describe, expect, test } from 'vitest'
import { installMissing } from '../../../test/debian.ts'
import type { LetterOut } from '../../model/doors.ts'
import { composeMail } from './compose.ts'
import { dkimKey } from './dkim.ts'
import { splitMail, valueOf } from './headers.ts'

const letter: LetterOut = {
  to: ['soc@provider.example'],
  subject: 'Re: [INC-4711] Suspicious sign-in',
  text: 'Hello,\n\nGrüße aus dem Werk. A line of more than seventy-six characters, so that quoted-printable has to break it somewhere.\n.\nFrom here on\n',
  files: [
    { name: 'counterfoil.json', type: 'application/json', content: Buffer.from('{"format":"counterfoil-answer"}') },
  ],
  messageId: 'reply.1@customer.example',
  inReplyTo: 'alert-1@provider.example',
  references: ['root@provider.example', 'alert-1@provider.example'],
  date: new Date('2026-11-20T14:02:33Z'),
}
const from = 'Sicherheitsdienst Süd <desk@customer.example>'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const pem = (key: typeof rsa.privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const rsaKey = dkimKey('customer.example', 'desk', pem(rsa.privateKey))
const edKey = dkimKey('customer.example', 'desk', pem(ed.privateKey))
const rsaRecord = `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
const edRecord = `v=DKIM1; k=ed25519; p=${ed.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`

async function verify(bytes: Buffer, record: string): Promise<string> {
  const { results } = await dkimVerify(bytes, { resolver: async () => [[record]] })
  return String(results[0]?.status?.result)
}

describe('a mail of ours', () => {
  test('carries text and JSON, threads into the mail it answers, and has no other field', async () => {
    const bytes = await composeMail(letter, from, null)
    const mail = await simpleParser(bytes)
    expect(mail.subject).toBe(letter.subject)
    expect(mail.from?.value).toEqual([{ name: 'Sicherheitsdienst Süd', address: 'desk@customer.example' }])
    expect(mail.messageId).toBe('<reply.1@customer.example>')
    expect(mail.inReplyTo).toBe('<alert-1@provider.example>')
    expect(mail.references).toEqual(['<root@provider.example>', '<alert-1@provider.example>'])
    expect(mail.text).toBe(letter.text)
    expect(mail.date).toEqual(letter.date)
    expect(mail.attachments.map((part) => [part.filename, part.contentType, part.content.toString()])).toEqual([
      ['counterfoil.json', 'application/json', '{"format":"counterfoil-answer"}'],
    ])
    expect(
      splitMail(bytes)
        .headers.map((field) => field.name)
        .sort(),
    ).toEqual(
      [
        'content-type',
        'date',
        'from',
        'in-reply-to',
        'message-id',
        'mime-version',
        'references',
        'subject',
        'to',
      ].sort(),
    )
  })

  test('goes where Outlook puts it: their Thread-Index with our answer behind it, and our own subject as the topic', async () => {
    // A conversation of 13:00 on 2026-11-20 (FILETIME 0x01DD78EF0CE78800), in the older of the two layouts.
    const theirs = Buffer.from('01dd78ef0ce700112233445566778899aabbccddeeff', 'hex').toString('base64')
    const bytes = await composeMail(
      { ...letter, subject: 'Re: Anmeldung bei Süd', theirThreadIndex: theirs },
      from,
      null,
    )
    const mail = await simpleParser(bytes)
    const index = Buffer.from(String(mail.headers.get('thread-index')), 'base64')
    expect(index.subarray(0, 22).toString('base64')).toBe(theirs)
    expect(index).toHaveLength(27)
    expect(mail.headers.get('thread-topic')).toBe('=?UTF-8?Q?Anmeldung_bei_S=C3=BCd?=')
    expect(mail.references).toEqual(['<root@provider.example>', '<alert-1@provider.example>'])
    for (const none of [null, '', 'made up', `${theirs}\r\nBcc: x@example.com`]) {
      const names = splitMail(await composeMail({ ...letter, theirThreadIndex: none }, from, null)).headers
      expect(names.map(({ name }) => name)).not.toContain('thread-index')
      expect(names.map(({ name }) => name)).not.toContain('thread-topic')
    }
  })

  test('is the same bytes every time, signed or not', async () => {
    for (const key of [null, rsaKey, edKey]) {
      expect((await composeMail(letter, from, key)).equals(await composeMail(letter, from, key))).toBe(true)
    }
  })

  test('has only CRLF line ends and no line over 998 bytes, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 3000 }), async (text) => {
        const bytes = (
          await composeMail({ ...letter, text: `${text}\r\nlong ${'x'.repeat(2000)}\rbare` }, from, null)
        ).toString('latin1')
        expect(bytes.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
        expect(Math.max(...bytes.split('\r\n').map((one) => one.length))).toBeLessThanOrEqual(998)
      }),
      { numRuns: 60 },
    )
  })
})

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\r\n\r\n',
        '\u0085',
        '\u2028',
        '\0',
        'Bcc: evil@evil.test',
        'Content-Type: text/html',
        '--_NmP',
        '=?utf-8?B?DQpCY2M6IHhAeC54?=',
        '<',
        '>',
        ', ',
        '"',
        ';',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''))

test('no subject, thread id or text can add a field, a part or a recipient', async () => {
  await fc.assert(
    fc.asyncProperty(nasty, nasty, nasty, async (subject, id, text) => {
      const bytes = await composeMail(
        { ...letter, subject, text, inReplyTo: id, references: [id, 'ok@provider.example'] },
        from,
        rsaKey,
      )
      const names = splitMail(bytes).headers.map((field) => field.name)
      expect(new Set(names).size).toBe(names.length)
      expect(
        names.filter((name) => ['bcc', 'cc', 'reply-to', 'sender'].includes(name) || name.startsWith('x-')),
      ).toEqual([])
      const mail = await simpleParser(bytes)
      expect(mail.attachments).toHaveLength(1)
      expect(mail.html).toBe(false)
      expect(
        splitMail(bytes)
          .headers.filter((field) => field.name === 'to')
          .map(valueOf),
      ).toEqual(['soc@provider.example'])
    }),
    { numRuns: 150 },
  )
})

test('a recipient that is more than one plain address is refused', async () => {
  for (const to of [
    'a@b.example\r\nBcc: c@d.example',
    'a@b.example, c@d.example',
    '<a@b.example>',
    'a b@c.example',
    'a@b',
    '',
  ]) {
    await expect(composeMail({ ...letter, to: [to] }, from, null), to).rejects.toMatchObject({ code: 'input.invalid' })
  }
  await expect(composeMail({ ...letter, to: [] }, from, null)).rejects.toMatchObject({ code: 'input.invalid' })
})

describe('the signature', () => {
  test('verifies with mailauth, RSA and Ed25519', async () => {
    expect(await verify(await composeMail(letter, from, rsaKey), rsaRecord)).toBe('pass')
    expect(await verify(await composeMail(letter, from, edKey), edRecord)).toBe('pass')
  })

  test('verifies whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(nasty, nasty, async (subject, text) => {
        expect(await verify(await composeMail({ ...letter, subject, text }, from, edKey), edRecord)).toBe('pass')
      }),
      { numRuns: 60 },
    )
  })

  test('breaks when a field is added on the way, above or below, and when the body is touched', async () => {
    const bytes = (await composeMail(letter, from, rsaKey)).toString('latin1')
    const added = [
      'Subject: pay here',
      'From: ceo@evil.test',
      'Content-Type: text/html',
      'Reply-To: x@evil.test',
      'Cc: x@evil.test',
      'Message-ID: <x@y>',
    ]
    for (const field of added) {
      expect(await verify(Buffer.from(`${field}\r\n${bytes}`, 'latin1'), rsaRecord), field).toBe('fail')
      expect(
        await verify(Buffer.from(bytes.replace('\r\n\r\n', `\r\n${field}\r\n\r\n`), 'latin1'), rsaRecord),
        field,
      ).toBe('fail')
    }
    expect(await verify(Buffer.from(bytes.replace('Hello', 'Hullo'), 'latin1'), rsaRecord)).not.toBe('pass')
    expect(await verify(Buffer.from(`${bytes}appended\r\n`, 'latin1'), rsaRecord)).not.toBe('pass')
  })

  test('refuses a weak key', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
    expect(() => dkimKey('customer.example', 'desk', pem(weak.privateKey))).toThrow(/input.invalid/)
  })

  const folder = mkdtempSync(path.join(tmpdir(), 'cf-dkim-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('verifies with dkimpy, the implementation Debian ships beside OpenDKIM', async () => {
    if (!existsSync('/usr/bin/dkimverify')) {
      process.stderr.write('installing the Debian package python3-dkim for this test\n')
      execFileSync(
        'apt-get',
        ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', 'python3-dkim', 'python3-nacl'],
        {
          env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
          stdio: 'pipe',
        },
      )
    }
    const script =
      'import dkim,sys\nrecord=sys.argv[2].encode()\nprint(dkim.verify(open(sys.argv[1],"rb").read(),dnsfunc=lambda *a,**k: record))'
    const check = (bytes: Buffer, record: string) => {
      writeFileSync(path.join(folder, 'mail.eml'), bytes)
      return execFileSync('/usr/bin/python3', ['-c', script, path.join(folder, 'mail.eml'), record], {
        encoding: 'utf8',
      }).trim()
    }
    expect(check(await composeMail(letter, from, rsaKey), rsaRecord)).toBe('True')
    expect(check(await composeMail(letter, from, edKey), edRecord)).toBe('True')
    const forged = Buffer.concat([Buffer.from('Subject: pay here\r\n'), await composeMail(letter, from, rsaKey)])
    expect(check(forged, rsaRecord)).toBe('False')
  }, 120_000)

  test('verifies with OpenDKIM, which most receivers run, and what was changed or put before it does not', async () => {
    installMissing(['opendkim'], ['/usr/sbin/opendkim'])
    const at = (name: string) => path.join(folder, name)
    writeFileSync(at('keys'), `desk._domainkey.customer.example ${rsaRecord}\n`)
    writeFileSync(at('opendkim.conf'), `Mode v\nTestDNSData file:${at('keys')}\n`)
    const check = (bytes: Buffer): string => {
      writeFileSync(at('judged.eml'), bytes)
      const done = spawnSync('/usr/sbin/opendkim', ['-x', at('opendkim.conf'), '-vvv', '-t', at('judged.eml')], {
        encoding: 'utf8',
      })
      return done.stdout + done.stderr
    }
    const bytes = await composeMail(letter, from, rsaKey)
    expect(check(bytes)).toMatch(/verification .*succeeded/)
    for (const bent of [`Subject: pay here\r\n${bytes.toString('latin1')}`, `${bytes.toString('latin1')}appended\r\n`])
      expect(check(Buffer.from(bent, 'latin1'))).toMatch(/verification .*failed/)
  }, 120_000)
})
