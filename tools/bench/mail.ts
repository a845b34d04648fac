import { generateKeyPairSync } from 'node:crypto'
import { dkimSign } from 'mailauth'
import { makeAuthenticate } from '../../src/intake/mail/authenticate.ts'
import { makeParse } from '../../src/intake/mail/parse.ts'
import { readLetter } from '../../src/intake/mail/read-letter.ts'
import { systemClock } from '../../src/kit/clock.ts'
import type { Raw } from '../../src/model/message.ts'
import { Provider } from '../../src/model/provider.ts'
import type { BenchResult } from './result.ts'

const crlf = '\r\n'
const cells = (rows: number) =>
  Array.from(
    { length: rows },
    (_, i) => `<tr><td style="font-weight:bold">Field ${i}</td><td>WS-${i} at 192.0.2.${i % 250}</td></tr>`,
  ).join(crlf)
const lines = (rows: number) =>
  Array.from({ length: rows }, (_, i) => `Field ${i}: WS-${i} at 192.0.2.${i % 250}`).join(crlf)

/** An alert as providers send them: text and HTML of the same, `rows` rows each. */
function alert(rows: number): string {
  const head = [
    'From: Blue Heron <soc@heron.example>',
    'To: desk@example.com',
    'Subject: =?utf-8?Q?Alert_HR-1_=E2=80=93_beacon?=',
    'Date: Mon, 2 Nov 2026 09:15:00 +0000',
    'Message-ID: <1@heron.example>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary=b',
  ]
  const parts = [
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    lines(rows),
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    `<html><body><table>${cells(rows)}</table></body></html>`,
    '--b--',
    '',
  ]
  return [...head, '', ...parts].join(crlf)
}

const hostile: Record<string, () => Buffer> = {
  '40,000 recipients': () =>
    Buffer.from(
      `From: a@b.example\r\nTo: ${Array.from({ length: 40_000 }, (_, i) => `r${i}@b.example`).join(',\r\n ')}\r\n\r\nx`,
    ),
  '1.9 MB of encoded words': () =>
    Buffer.from(`From: a@b.example\r\nSubject: ${'=?utf-8?Q?=41?=\r\n '.repeat(110_000)}\r\n\r\nx`),
  '20 MB of CRLF': () => Buffer.concat([Buffer.from('From: a@b.example\r\n\r\n'), Buffer.alloc(20_000_000, crlf)]),
  '100,000 parts': () =>
    Buffer.from(
      `From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(100_000)}`,
    ),
  '2 MB of open tags': () =>
    Buffer.from(
      `From: a@b.example\r\nContent-Type: text/html\r\n\r\n${'<b>'.repeat(350_000)}${'</i>'.repeat(250_000)}`,
    ),
}

async function eachMs(times: number, work: () => unknown): Promise<number> {
  for (let i = 0; i < Math.min(times, 50); i++) await work()
  const start = performance.now()
  for (let i = 0; i < times; i++) await work()
  return (performance.now() - start) / times
}

async function signedAlert(): Promise<{ bytes: Buffer; resolver: (name: string, type: string) => Promise<unknown> }> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const mail = alert(20)
  const key = { signingDomain: 'heron.example', selector: 'k1', privateKey }
  const { signatures } = await dkimSign(mail, {
    canonicalization: 'relaxed/relaxed',
    algorithm: 'rsa-sha256',
    ...key,
    signatureData: [key],
  })
  const table: Record<string, string> = {
    'k1._domainkey.heron.example': `v=DKIM1; k=rsa; p=${publicKey.toString('base64')}`,
    'heron.example': 'v=spf1 ip4:192.0.2.0/24 -all',
    '_dmarc.heron.example': 'v=DMARC1; p=reject',
  }
  const resolver = async (name: string, type: string) => {
    const found = table[name]
    if (type !== 'TXT' || found === undefined) throw Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' })
    return [[found]]
  }
  return { bytes: Buffer.from(signatures + mail), resolver }
}

/** Reading and verifying mail, without a network: the DNS answers come from memory. */
export async function bench(): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  const { bytes, resolver } = await signedAlert()
  for (const [rows, max] of [
    [20, 2],
    [500, 10],
    [15_000, 200],
  ] as const) {
    const mail = Buffer.from(alert(rows))
    const ms = await eachMs(rows > 1000 ? 5 : 300, () => readLetter(mail))
    results.push({
      name: `mail: reading ${Math.round(mail.length / 1024)} KB`,
      value: ms,
      unit: 'ms',
      goal: `<= ${max}`,
      ok: ms <= max,
    })
  }
  const parse = makeParse()
  const viaThread = await eachMs(500, () => parse(bytes))
  results.push({
    name: `mail: reading ${Math.round(bytes.length / 1024)} KB in its thread, one after the other`,
    value: viaThread,
    unit: 'ms',
    goal: '<= 5',
    ok: viaThread <= 5,
  })
  await parse.close()

  const authenticate = makeAuthenticate({ resolver, clock: systemClock })
  const raw: Raw = {
    bytes,
    form: 'mail',
    channel: 'smtp',
    sourceAddress: '192.0.2.10',
    heloName: 'mx.heron.example',
    envelopeFrom: 'a@heron.example',
    envelopeTo: ['desk@example.com'],
    providerId: null,
    origin: 'bench',
  }
  const heron = Provider.parse({
    id: 'heron',
    name: 'Blue Heron',
    format: 'generic',
    addresses: ['soc@heron.example'],
    domains: [],
    sourceRanges: [],
    trustedSealers: [],
    replyAddress: null,
    dryRun: false,
    mayShare: [],
  })
  const letter = readLetter(bytes)
  const judge = () => authenticate(raw, letter, [heron])
  if (!(await judge()).accepted) throw new Error('the signed alert was not accepted')
  const start = performance.now()
  await Promise.all(Array.from({ length: 1000 }, judge))
  const perSecond = 1000 / ((performance.now() - start) / 1000)
  results.push({
    name: 'mail: SPF, DKIM, ARC and DMARC of a signed mail, one thread',
    value: perSecond,
    unit: 'mails/s',
    goal: '>= 200',
    ok: perSecond >= 200,
  })
  await authenticate.close()

  for (const [name, make] of Object.entries(hostile)) {
    const mail = make()
    const begin = performance.now()
    readLetter(mail)
    const ms = performance.now() - begin
    results.push({ name: `mail: hostile, ${name}`, value: ms, unit: 'ms', goal: '<= 2500', ok: ms <= 2500 })
  }
  return results
}
