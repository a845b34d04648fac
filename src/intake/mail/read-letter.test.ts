import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTrouble } from '../../kit/errors.ts'
import { Letter } from '../../model/letter.ts'
import { mailBytesMax } from '../../model/message.ts'
import { partsMax } from './limits.ts'
import { readLetter, unflow } from './read-letter.ts'

const mail = (...lines: string[]) => Buffer.from(lines.join('\r\n'))
const textOf = (letter: Letter, path: string) => letter.parts.find((part) => part.path === path)?.text

const alert = mail(
  'From: =?utf-8?Q?Blue_Heron=2C_SOC?= <soc@heron.example>',
  'To: "Desk, Security" <desk@example.com>, ops@example.com',
  'Cc: Team: a@example.com, B <b@example.com>;',
  'Subject: =?utf-8?B?QWxlcnQg4oCTIA==?= =?utf-8?Q?HR-77?=',
  'Date: Mon, 2 Nov 2026 09:15:00 +0100 (CET)',
  'Message-ID: <hr-77.1@heron.example>',
  'In-Reply-To: <hr-77.0@heron.example>',
  'References: <a@heron.example>',
  ' <b@heron.example>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="outer"',
  '',
  '--outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Ger=E4t: WS-17=',
  ' up',
  '--inner',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<table><tr><td>Host</td><td>WS-17</td></tr></table>',
  '--inner--',
  '--outer',
  'Content-Type: application/json; name="event.json"',
  "Content-Disposition: attachment; filename*=UTF-8''ev%C3%A9nement.json",
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('{"host":"WS-17"}').toString('base64'),
  '--outer',
  'Content-Type: application/zip',
  'Content-Disposition: attachment; filename="logs.zip"',
  '',
  'PK not unpacked',
  '--outer--',
  '',
)

describe('a mail of a provider', () => {
  const letter = readLetter(alert)

  test('is a Letter', () => {
    expect(Letter.parse(letter)).toEqual(letter)
    expect(letter.warnings).toEqual([])
  })
  test('says who, to whom, what about and when', () => {
    expect(letter.from).toEqual({ name: 'Blue Heron, SOC', address: 'soc@heron.example' })
    expect(letter.to).toEqual([
      { name: 'Desk, Security', address: 'desk@example.com' },
      { name: '', address: 'ops@example.com' },
    ])
    expect(letter.cc.map((box) => box.address)).toEqual(['a@example.com', 'b@example.com'])
    expect(letter.subject).toBe('Alert – HR-77')
    expect(letter.date).toBe('2026-11-02T08:15:00.000Z')
    expect(letter.messageId).toBe('hr-77.1@heron.example')
    expect(letter.inReplyTo).toBe('hr-77.0@heron.example')
    expect(letter.references).toEqual(['a@heron.example', 'b@heron.example'])
  })
  test('gives each part with its path, decoded', () => {
    expect(letter.parts.map((part) => [part.path, part.type])).toEqual([
      ['subject', 'text/plain'],
      ['1.1', 'text/plain'],
      ['1.2', 'text/html'],
      ['attachment:2', 'application/json'],
    ])
    expect(textOf(letter, '1.1')).toBe('Gerät: WS-17 up')
    expect(textOf(letter, '1.2')).toBe('Host\tWS-17')
    expect(textOf(letter, 'attachment:2')).toBe('{"host":"WS-17"}')
  })
  test('lists attachments and opens no archive', () => {
    expect(letter.attachments.map((attachment) => [attachment.path, attachment.filename, attachment.type])).toEqual([
      ['2', 'evénement.json', 'application/json'],
      ['3', 'logs.zip', 'application/zip'],
    ])
  })
})

describe('odd mail becomes a letter with warnings', () => {
  test('a second Subject is said, and the signed (last) one is read', () => {
    const letter = readLetter(mail('Subject: planted', 'From: a@example.com', 'Subject: real', '', 'x'))
    expect(letter.warnings).toContain('2 Subject headers')
    expect(letter.subject).toBe('real')
  })
  test.each([
    [
      'an unknown charset',
      mail('From: a@example.com', 'Content-Type: text/plain; charset=x-nobody', '', 'h\xc3\xa9'),
      /unknown charset/,
    ],
    [
      'a multipart without boundary',
      mail('From: a@example.com', 'Content-Type: multipart/mixed', '', 'text'),
      /usable boundary/,
    ],
    [
      'a multipart that never ends',
      mail('From: a@example.com', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'text'),
      /not closed/,
    ],
    ['no header at all', Buffer.from('just some text\nand more'), /no header/],
    ['no From', mail('Subject: x', '', 'y'), /no From/],
    [
      'an unknown transfer encoding',
      mail('From: a@example.com', 'Content-Transfer-Encoding: x-uuencode', '', 'y'),
      /unknown encoding/,
    ],
  ])('%s', (_, bytes, warning) => {
    const letter = readLetter(bytes)
    expect(letter.warnings.join('; ')).toMatch(warning)
    expect(letter.parts[0]?.path).toBe('subject')
  })
  test('what cannot be a mail is refused by name', () => {
    for (const bytes of [new Uint8Array(0), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1])]) {
      expect(() => readLetter(bytes)).toThrowError(expect.objectContaining({ code: 'input.invalid' }) as Error)
    }
    expect(() => readLetter(new Uint8Array(mailBytesMax + 1))).toThrowError(
      expect.objectContaining({ code: 'input.too-large' }) as Error,
    )
  })
  test('NUL and half surrogates never reach the record', () => {
    const letter = readLetter(
      mail('From: a@example.com', 'Subject: a\0b', 'Content-Type: text/plain; charset=utf-16be', '', '\xd8\0'),
    )
    expect(JSON.stringify(letter)).not.toMatch(/\\u0000|\\ud[89ab]/i)
  })
})

describe('charsets', () => {
  test.each([
    ['windows-1252', Buffer.from([0x80, 0x93, 0x78, 0x94]), '€“x”'],
    ['utf-7', Buffer.from('Hi +AOk-'), 'Hi é'],
    ['koi8-r', Buffer.from([0xf0, 0xf2]), 'ПР'],
    ['iso-2022-jp', Buffer.from('\x1b$BF|K\\\x1b(B', 'latin1'), '日本'],
    ['gb18030', Buffer.from([0xd6, 0xd0]), '中'],
    ['cp1252', Buffer.from([0x80]), '€'],
  ])('%s', (charset, body, text) => {
    const bytes = Buffer.concat([
      mail('From: a@example.com', `Content-Type: text/plain; charset=${charset}`, '', ''),
      body,
    ])
    expect(textOf(readLetter(bytes), '1')).toBe(text)
  })
  test('undeclared bytes are UTF-8 when they are, else windows-1252', () => {
    expect(textOf(readLetter(Buffer.concat([mail('From: a@b.example', '', ''), Buffer.from('é')])), '1')).toBe('é')
    expect(textOf(readLetter(Buffer.concat([mail('From: a@b.example', '', ''), Buffer.from([0xe9])])), '1')).toBe('é')
  })
  test('a character cut between two encoded words is whole again', () => {
    expect(
      readLetter(mail('From: a@b.example', 'Subject: =?utf-8?B?4oI=?=', ' =?utf-8?B?rA==?= next', '', '')).subject,
    ).toBe('€ next')
  })
})

describe('forwarded mail and bounces', () => {
  const inner = [
    'From: soc@heron.example',
    'Subject: Alert HR-78',
    'Message-ID: <hr-78@heron.example>',
    '',
    'Host: WS-18',
  ]
  test('a forwarded mail is read as parts below its path', () => {
    const letter = readLetter(
      mail(
        'From: me@example.com',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        '',
        'see below',
        '--b',
        'Content-Type: message/rfc822',
        '',
        ...inner,
        '--b--',
      ),
    )
    expect(letter.parts.map((part) => part.path)).toEqual(['subject', '1', '2.header', '2.1'])
    expect(textOf(letter, '2.header')).toContain('Subject: Alert HR-78')
    expect(textOf(letter, '2.1')).toBe('Host: WS-18')
  })
  test('a delivery status names the mail it is about and each recipient', () => {
    const letter = readLetter(
      mail(
        ...[
          'From: MAILER-DAEMON@mx.example',
          'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
          '',
          '--b',
          '',
          'sorry',
        ],
        ...[
          '--b',
          'Content-Type: message/delivery-status',
          '',
          'Reporting-MTA: dns; mx.example',
          '',
          'Final-Recipient: rfc822; soc@heron.example',
        ],
        ...[
          'Action: failed',
          'Status: 5.1.1',
          'Diagnostic-Code: smtp; 550 no such user',
          '--b',
          'Content-Type: message/rfc822',
          '',
          ...inner,
          '--b--',
        ],
      ),
    )
    expect(letter.auto).toBe('bounce')
    expect(letter.deliveryStatus).toEqual({
      about: 'hr-78@heron.example',
      recipients: [{ address: 'soc@heron.example', action: 'failed', status: '5.1.1', diagnostic: '550 no such user' }],
    })
  })
  test.each([
    ['auto-reply', ['Auto-Submitted: auto-replied'], 'Away'],
    ['auto-reply', ['X-Auto-Response-Suppress: All'], 'Automatic reply: Alert'],
    ['list', ['List-Id: <alerts.heron.example>'], 'Digest'],
    ['none', ['Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All'], 'Alert HR-79'],
  ])('%s', (kind, headers, subject) => {
    expect(readLetter(mail('From: a@example.com', ...headers, `Subject: ${subject}`, '', 'x')).auto).toBe(kind)
  })
})

test('format=flowed joins what the sender folded', () => {
  expect(unflow('see https://portal.example/a/ \nb for\nmore', true)).toBe('see https://portal.example/a/b for\nmore')
})

describe('hostile mail stays cheap', () => {
  const within = (ms: number, work: () => void) => {
    const start = performance.now()
    work()
    expect(performance.now() - start).toBeLessThan(ms)
  }
  test.each<[string, () => Buffer]>([
    [
      '40,000 recipients',
      () =>
        mail(
          'From: a@example.com',
          `To: ${Array.from({ length: 40_000 }, (_, i) => `r${i}@example.com`).join(',\r\n ')}`,
          '',
          'x',
        ),
    ],
    [
      '1.9 MB of encoded words',
      () => mail('From: a@example.com', `Subject: ${'=?utf-8?Q?=41?=\r\n '.repeat(110_000)}`, '', 'x'),
    ],
    ['200 KB of half encoded words', () => mail('From: a@example.com', `Subject: ${'=?a?q?'.repeat(33_000)}`, '', 'x')],
    ['20 MB of CRLF', () => Buffer.concat([mail('From: a@example.com', '', ''), Buffer.alloc(20_000_000, '\r\n')])],
    [
      '20 MB of CRLF in HTML',
      () =>
        Buffer.concat([
          mail('From: a@example.com', 'Content-Type: text/html', '', ''),
          Buffer.alloc(20_000_000, '\r\n'),
        ]),
    ],
    [
      '100,000 parts',
      () =>
        mail(
          'From: a@example.com',
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b\r\n\r\nx\r\n'.repeat(100_000),
        ),
    ],
    [
      '6 MB quoted-printable flowed',
      () =>
        mail(
          'From: a@example.com',
          'Content-Type: text/plain; format=flowed',
          'Content-Transfer-Encoding: quoted-printable',
          '',
          '=20 =\r\n'.repeat(900_000),
        ),
    ],
    [
      'deep multiparts',
      () =>
        mail(
          'From: a@example.com',
          ...Array.from({ length: 5000 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}`),
        ),
    ],
    [
      'deep HTML',
      () =>
        mail('From: a@example.com', 'Content-Type: text/html', '', `${'<b>'.repeat(300_000)}${'</i>'.repeat(300_000)}`),
    ],
    ['open quotes in addresses', () => mail(`From: ${'"('.repeat(100_000)}`, '', 'x')],
    [
      '2,000 DKIM signatures',
      () =>
        mail(
          ...Array.from({ length: 2000 }, () => 'DKIM-Signature: v=1; d=a.example; s=s; b=x; bh=y'),
          'From: a@example.com',
          '',
          'x',
        ),
    ],
  ])('%s', (_, make) => {
    const bytes = make()
    within(10_000, () => expect(Letter.safeParse(readLetter(bytes)).success).toBe(true))
  })
  test('parts beyond the limit are said, not read', () => {
    const letter = readLetter(
      mail('From: a@example.com', 'Content-Type: multipart/mixed; boundary=b', '', '--b\r\n\r\nx\r\n'.repeat(2000)),
    )
    expect(letter.warnings.join()).toContain(`more than ${partsMax} parts`)
    expect(letter.parts.length).toBeLessThanOrEqual(partsMax + 1)
  })
  test('a header over 256 KB is cut and said; the body is still read', () => {
    const letter = readLetter(
      mail('From: a@example.com', `To: ${'someone@example.com,\r\n '.repeat(20_000)}x@example.com`, '', 'body'),
    )
    expect(letter.warnings.join()).toContain('header cut at 256 KB')
    expect(textOf(letter, '1')).toBe('body')
    expect(letter.from?.address).toBe('a@example.com')
  })
})

test('no mutation of a mail throws anything but "no mail"', () => {
  const edit = fc.record({ at: fc.nat(alert.length), remove: fc.nat(40), insert: fc.uint8Array({ maxLength: 12 }) })
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
      let bytes = Buffer.from(alert)
      for (const { at, remove, insert } of edits)
        bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])
      try {
        const letter = readLetter(bytes)
        expect(Letter.safeParse(letter).success).toBe(true)
      } catch (error) {
        expect(isTrouble(error, 'input.invalid')).toBe(true)
      }
    }),
    { numRuns: 1500 },
  )
})
