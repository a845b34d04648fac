import { generateKeyPairSync } from 'node:crypto'
import { dkimSign, sealMessage } from 'mailauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../kit/clock.ts'
import type { Raw } from '../../model/message.ts'
import { Authentication } from '../../model/message.ts'
import { Provider } from '../../model/provider.ts'
import { tryAgain } from './accept.ts'
import { makeAuthenticate } from './authenticate.ts'
import { readLetter } from './read-letter.ts'

const keys = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
const heron = keys()
const relay = keys()
const stranger = keys()
const record = (pair: ReturnType<typeof keys>) => `v=DKIM1; k=rsa; p=${pair.publicKey.toString('base64')}`

/** The world's DNS. A value of "SERVFAIL" is a server that fails. */
const table: Record<string, string[]> = {
  'TXT k1._domainkey.heron.example': [record(heron)],
  'TXT k1._domainkey.relay.example': [record(relay)],
  'TXT k1._domainkey.stranger.example': [record(stranger)],
  'TXT k1._domainkey.broken.example': ['SERVFAIL'],
  'TXT heron.example': ['v=spf1 ip4:192.0.2.0/24 -all'],
  'TXT _dmarc.heron.example': ['v=DMARC1; p=reject'],
  'TXT _dmarc.broken.example': ['v=DMARC1; p=reject'],
}
let lookups = 0
const resolver = async (name: string, rrtype: string) => {
  lookups++
  const rows = table[`${rrtype} ${name.toLowerCase()}`]
  if (rows?.[0] === 'SERVFAIL') throw Object.assign(new Error('queryTxt ESERVFAIL'), { code: 'ESERVFAIL' })
  if (rows === undefined) throw Object.assign(new Error('queryTxt ENOTFOUND'), { code: 'ENOTFOUND' })
  return rrtype === 'TXT' ? rows.map((row) => [row]) : rows
}

const provider = (change: Partial<Provider> = {}) =>
  Provider.parse({
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
    ...change,
  })

const authenticate = makeAuthenticate({ resolver, clock: systemClock })
afterAll(() => authenticate.close())

const raw = (bytes: Buffer | string, change: Partial<Raw> = {}): Raw => ({
  bytes: Buffer.from(bytes),
  form: 'mail',
  channel: 'smtp',
  sourceAddress: '192.0.2.10',
  heloName: 'mx.heron.example',
  envelopeFrom: 'bounce@heron.example',
  envelopeTo: ['desk@example.com'],
  providerId: null,
  origin: 'test',
  ...change,
})
const judge = (bytes: Buffer | string, change: Partial<Raw> = {}, providers = [provider()]) =>
  authenticate(raw(bytes, change), readLetter(Buffer.from(bytes)), providers)

const text = (lines: string[] = []) =>
  [
    'From: Blue Heron <soc@heron.example>',
    'To: desk@example.com',
    'Subject: Alert HR-1',
    'Date: Mon, 2 Nov 2026 09:15:00 +0000',
    'Message-ID: <1@heron.example>',
    ...lines,
    '',
    'Host: WS-17',
    '',
  ].join('\r\n')

async function sign(
  mail: string,
  options: { domain?: string; pair?: typeof heron; maxBodyLength?: number; headerList?: string[] } = {},
): Promise<string> {
  const { signatures, errors } = await dkimSign(mail, {
    canonicalization: 'relaxed/relaxed',
    algorithm: 'rsa-sha256',
    signingDomain: options.domain ?? 'heron.example',
    selector: 'k1',
    privateKey: (options.pair ?? heron).privateKey,
    ...(options.headerList === undefined ? {} : { headerList: options.headerList }),
    signatureData: [
      {
        signingDomain: options.domain ?? 'heron.example',
        selector: 'k1',
        privateKey: (options.pair ?? heron).privateKey,
        ...(options.maxBodyLength === undefined ? {} : { maxBodyLength: options.maxBodyLength }),
      },
    ],
  })
  expect(errors).toEqual([])
  return signatures + mail
}

let signed = ''
beforeAll(async () => {
  signed = await sign(text())
})

describe('accepted', () => {
  test('signed by the domain in From, all of it, from a pinned address', async () => {
    const found = await judge(signed)
    expect(Authentication.parse(found)).toEqual(found)
    expect(found).toMatchObject({
      accepted: true,
      provider: { id: 'heron', by: 'address' },
      sourceAllowed: 'not-pinned',
      spf: { result: 'pass' },
      dmarc: { result: 'pass', policy: 'reject' },
    })
    expect(found.dkim[0]).toMatchObject({
      result: 'pass',
      aligned: true,
      lengthLimited: false,
      domain: 'heron.example',
      selector: 'k1',
    })
    expect(found.reasons.join(' ')).toMatch(/is an address of Blue Heron.*signature of heron.example holds/)
  })
  test('pinned by domain, from inside the ranges, also as IPv4 in IPv6', async () => {
    const pinned = [provider({ addresses: [], domains: ['heron.example'], sourceRanges: ['192.0.2.0/28'] })]
    expect(await judge(signed, { sourceAddress: '::ffff:192.0.2.10' }, pinned)).toMatchObject({
      accepted: true,
      sourceAllowed: 'yes',
      provider: { by: 'domain' },
    })
  })
  test('from a mailbox, where there is no peer: SPF says nothing, DKIM decides', async () => {
    expect(await judge(signed, { channel: 'imap', sourceAddress: null, envelopeFrom: null })).toMatchObject({
      accepted: true,
      spf: { result: 'none' },
    })
  })
  test('changed by a forwarder that we trust and that saw the signature hold', async () => {
    const found = await judge(await forwarded('dkim=pass header.d=heron.example'), { sourceAddress: '198.51.100.7' }, [
      provider({ trustedSealers: ['relay.example'] }),
    ])
    expect(found).toMatchObject({ accepted: true, arc: { result: 'pass', sealers: ['relay.example'] } })
    expect(found.dkim[0]?.result).not.toBe('pass')
    expect(found.reasons.join(' ')).toMatch(/relay.example, a sealer we trust/)
  })
})

/** A list that adds a footer and seals what it did (RFC 8617). */
async function forwarded(authResults: string): Promise<string> {
  const changed = `${signed}-- \r\nThe list\r\n`
  const seal = await sealMessage(changed, {
    signingDomain: 'relay.example',
    selector: 'k1',
    privateKey: relay.privateKey,
    cv: 'none',
    authResults: `relay.example; ${authResults}`,
  })
  return seal.toString() + changed
}

describe('quarantined, with the reason', () => {
  test('the body was changed: DMARC passes by SPF, and that is not enough', async () => {
    const found = await judge(signed.replace('WS-17', 'WS-99'))
    expect(found).toMatchObject({ accepted: false, dmarc: { result: 'pass' }, spf: { result: 'pass' } })
    expect(found.reasons.join(' ')).toMatch(/does not hold.*only because the sending server is allowed/)
  })
  test.each([
    'Subject: planted',
    'Message-ID: <9@evil.example>',
    'Content-Type: text/html',
    'From: ceo@heron.example',
    'References: <9@evil.example>',
    'Reply-To: thief@evil.example',
    'Content-Transfer-Encoding: base64',
    'MIME-Version: 2.0',
  ])('a second header, "%s", put in front', async (line) => {
    const mail = await sign(
      text([
        'Content-Type: text/plain',
        'Content-Transfer-Encoding: 7bit',
        'MIME-Version: 1.0',
        'References: <0@heron.example>',
        'Reply-To: soc@heron.example',
      ]),
    )
    const found = await judge(`${line}\r\n${mail}`)
    expect(found.accepted).toBe(false)
    expect(found.reasons.join(' ')).toMatch(/more than one/)
  })
  test('a signature with l=, over which anything can be added', async () => {
    const mail = await sign(text(), { maxBodyLength: 13 })
    expect(mail).toMatch(/\bl=13\b/)
    const found = await judge(`${mail}Ignore the above.\r\n`)
    expect(found.dkim[0]).toMatchObject({ result: 'pass', lengthLimited: true })
    expect(found.accepted).toBe(false)
    expect(found.reasons.join(' ')).toMatch(/only the beginning of the body/)
  })
  test('a signature that leaves the subject open', async () => {
    const mail = await sign(text(), { headerList: ['From', 'To', 'Date'] })
    const found = await judge(mail.replace('Alert HR-1', 'Anything'))
    expect(found.dkim[0]?.result).toBe('pass')
    expect(found.reasons.join(' ')).toMatch(/does not cover the subject/)
    expect(found.accepted).toBe(false)
  })
  test('a Reply-To that the signature does not cover: answers would go to whoever added it', async () => {
    const found = await judge(`Reply-To: thief@evil.example\r\n${signed}`)
    expect(found.dkim[0]?.result).toBe('pass')
    expect(found.accepted).toBe(false)
    expect(found.reasons.join(' ')).toMatch(/does not cover the reply-to header/)
  })
  test('an added Content-Type is named', async () => {
    const found = await judge(`Content-Type: text/html\r\n${signed}`)
    expect(found.accepted).toBe(true)
    expect(found.reasons.join(' ')).toMatch(/leaves content-type open/)
  })
  test('an Outlook file wrapped round a genuine mail', async () => {
    const wrapped = Buffer.concat([
      Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
      Buffer.alloc(600, 'x'),
      Buffer.from(`\r\n${signed}`),
    ])
    const found = await authenticate(raw(wrapped), readLetter(Buffer.from(signed)), [provider()])
    expect(found.accepted).toBe(false)
    expect(found.reasons.join(' ')).toMatch(/Outlook file/)
  })
  test("a genuine signature of somebody else's domain", async () => {
    const found = await judge(await sign(text(), { domain: 'stranger.example', pair: stranger }), {
      sourceAddress: '203.0.113.5',
    })
    expect(found.dkim[0]).toMatchObject({ result: 'pass', aligned: false })
    expect(found).toMatchObject({ accepted: false, dmarc: { result: 'fail' } })
  })
  test('two addresses in From', async () => {
    const mail = await sign(text().replace('<soc@heron.example>', '<soc@heron.example>, evil@stranger.example'))
    const found = await judge(mail)
    expect(found.accepted).toBe(false)
    expect(found.reasons.join(' ')).toMatch(/more than one address/)
  })
  test.each([
    ['From: "soc@heron.example" <evil@stranger.example>'],
    ['From: =?utf-8?Q?soc=40heron.example=2C?= <evil@stranger.example>'],
    ['From: soc@heron.example <evil@stranger.example>'],
  ])('a From that shows one and means another: %s', async (from) => {
    const found = await judge(
      await sign(text().replace(/^From: .*/, from), { domain: 'stranger.example', pair: stranger }),
    )
    expect(found).toMatchObject({ accepted: false, provider: null })
  })
  test('an unknown sender', async () => {
    const found = await judge(signed, {}, [])
    expect(found).toMatchObject({ accepted: false, provider: null })
    expect(found.reasons).toContain('soc@heron.example is no address of a provider we know.')
  })
  test.each([
    ['an address', (odd: string) => text().replace(/^From: .*/, `From: <${odd}@x.example>`)],
    [
      'the domains of 15 signatures',
      (odd: string) => {
        const one = `DKIM-Signature: v=1; a=rsa-sha256; d=${odd.slice(0, 8000)}.example; s=s; h=from; bh=x; b=y\r\n`
        return `${one.repeat(15)}${text()}`
      },
    ],
  ])('%s as long as the header may be: the reasons stay sentences', async (_, make) => {
    const found = await judge(make('\x01'.repeat(100_000)))
    expect(found.accepted).toBe(false)
    expect(JSON.stringify(found.reasons).length).toBeLessThan(30_000)
    expect(found.reasons.join('')).not.toMatch(/\p{Cc}/u)
  })
  test('a look-alike domain is no subdomain', async () => {
    expect(
      await judge(signed.replaceAll('soc@heron.example', 'soc@evilheron.example'), {}, [
        provider({ addresses: [], domains: ['heron.example'] }),
      ]),
    ).toMatchObject({ provider: null, accepted: false })
  })
  test('from outside the pinned ranges, or where no range can be checked', async () => {
    const pinned = [provider({ sourceRanges: ['198.51.100.0/24', '2001:db8::/32'] })]
    const outside = await judge(signed, {}, pinned)
    expect(outside).toMatchObject({ accepted: false, sourceAllowed: 'no' })
    expect(outside.reasons.join(' ')).toMatch(/192\.0\.2\.10, which is none of/)
    expect(await judge(signed, { channel: 'imap', sourceAddress: null }, pinned)).toMatchObject({
      accepted: false,
      sourceAllowed: 'no',
    })
  })
  test('no signature at all', async () => {
    const found = await judge(text())
    expect(found).toMatchObject({ accepted: false, dkim: [] })
    expect(found.reasons.join(' ')).toMatch(/no DKIM signature/)
  })
  test('sealed by a forwarder nobody named, or one that saw no signature hold', async () => {
    expect(await judge(await forwarded('dkim=pass header.d=heron.example'))).toMatchObject({
      accepted: false,
      arc: { result: 'pass' },
    })
    const trusting = [provider({ trustedSealers: ['relay.example'] })]
    for (const says of [
      'dkim=fail header.d=heron.example',
      'spf=pass smtp.mailfrom=heron.example',
      'dkim=pass header.d=stranger.example',
      'dkim=none (dkim=pass header.d=heron.example)',
      // A stranger's envelope sender, copied by a sealer as it came.
      'spf=pass smtp.mailfrom="x; dkim=pass header.d=heron.example; y"@stranger.example',
      'spf=pass (domain of "x) y; dkim=pass header.d=heron.example; (z"@stranger.example designates 192.0.2.1) smtp.helo=a',
      'spf=pass (domain of "\\"x) y; dkim=pass header.d=heron.example; (z"@stranger.example is fine) smtp.helo=a',
      'dkim=pass header.i="x header.d=heron.example y"@stranger.example header.s=s',
    ]) {
      expect((await judge(await forwarded(says), {}, trusting)).accepted, says).toBe(false)
    }
    expect((await judge(`${await forwarded('dkim=pass header.d=heron.example')}more`, {}, trusting)).accepted).toBe(
      false,
    )
  })
  test('what Google, Microsoft and OpenDKIM write of a signature that held is understood', async () => {
    const trusting = [provider({ trustedSealers: ['relay.example'] })]
    for (const says of [
      'dkim=pass header.i=@heron.example header.s=20230601 header.b="KdE/abc+="; spf=pass (relay.example: domain of soc@heron.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=soc@heron.example; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=heron.example',
      'spf=pass (sender ip is 192.0.2.1) smtp.rcpttodomain=c.example smtp.mailfrom=heron.example; dmarc=pass (p=reject sp=reject pct=100) action=none header.from=heron.example; dkim=pass (signature was verified) header.d=heron.example; arc=none (0)',
      'dkim=pass (2048-bit key; unprotected) header.d=heron.example header.i="@heron.example" header.a=rsa-sha256 header.s=s',
    ]) {
      expect((await judge(await forwarded(says), {}, trusting)).accepted, says).toBe(true)
    }
  })
  test('DNS that fails is temperror, and is to be tried again', async () => {
    const found = await judge(
      await sign(text().replaceAll('heron.example', 'broken.example'), { domain: 'broken.example' }),
      {},
      [provider({ addresses: ['soc@broken.example'] })],
    )
    expect(found.dkim[0]?.result).toBe('temperror')
    expect(found.accepted).toBe(false)
    expect(found.reasons.join(' ')).toMatch(/tried again/)
    expect(tryAgain(found)).toBe(true)
    expect(tryAgain(await judge(text()))).toBe(false)
  })
  test('RSA-SHA1 and keys nobody published do not count', async () => {
    const mail = await sign(text(), { domain: 'nobody.example' })
    expect((await judge(mail)).dkim[0]?.result).not.toBe('pass')
  })
})

describe('doors that know the provider', () => {
  test('a post with their key, and a file in their folder', async () => {
    const post = await judge(text(), { channel: 'https', providerId: 'heron' })
    expect(post).toMatchObject({ accepted: true, provider: { id: 'heron', by: 'key' } })
    expect(post.reasons.join(' ')).toMatch(/SPF, DKIM and DMARC were not asked/)
    expect(await judge(text(), { channel: 'file', providerId: 'heron', sourceAddress: null })).toMatchObject({
      accepted: true,
      provider: { by: 'folder' },
    })
    expect(
      await judge(text(), { channel: 'https', providerId: 'heron' }, [provider({ sourceRanges: ['203.0.113.0/24'] })]),
    ).toMatchObject({ accepted: false, sourceAllowed: 'no' })
  })
  test('a claim to a provider on another channel counts for nothing', async () => {
    expect((await judge(text(), { channel: 'smtp', providerId: 'heron' })).accepted).toBe(false)
    expect((await judge(text(), { channel: 'file', providerId: null, sourceAddress: null })).accepted).toBe(false)
    expect((await judge(text(), { channel: 'https', providerId: 'gone' })).accepted).toBe(false)
  })
})

describe('bounded', () => {
  test.each<[string, () => string]>([
    [
      '2,000 DKIM signatures',
      () => `${'DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=x; b=y\r\n'.repeat(2000)}${text()}`,
    ],
    [
      '40,000 recipients',
      () => text([`Cc: ${Array.from({ length: 40_000 }, (_, i) => `r${i}@example.com`).join(',\r\n ')}`]),
    ],
    ['a header just below the limits', () => text([`X-Folded: ${'a\r\n '.repeat(4900)}`])],
    ['a header that is all folds', () => text([`X-Folded: ${'a\r\n '.repeat(60_000)}`])],
  ])('%s: no look-up for each, and an answer in time', async (_, make) => {
    lookups = 0
    const start = performance.now()
    const found = await judge(make())
    expect(found.accepted).toBe(false)
    expect(performance.now() - start).toBeLessThan(12_000)
    expect(lookups).toBeLessThan(30)
  })
  test('a thread that is killed gives temperror, never a verdict', async () => {
    const hasty = makeAuthenticate({ resolver: () => new Promise(() => undefined), clock: systemClock, timeoutMs: 500 })
    const found = await hasty(raw(signed), readLetter(Buffer.from(signed)), [provider()])
    await hasty.close()
    expect(found).toMatchObject({ accepted: false, dmarc: { result: 'temperror' } })
    expect(tryAgain(found)).toBe(true)
  })
  test('100 at once are all verified', async () => {
    const found = await Promise.all(Array.from({ length: 100 }, () => judge(signed)))
    expect(found.filter((one) => one.accepted)).toHaveLength(100)
  })
})
