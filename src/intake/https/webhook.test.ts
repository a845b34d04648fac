import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../kit/digest.ts'
import type { Raw } from '../../model/message.ts'
import { Provider } from '../../model/provider.ts'
import { WebhookScheme } from '../../model/webhook.ts'
import { checkSecret, newWebhookSecret } from './secrets.ts'
import { type PostHeaders, verifySignature } from './signature.ts'
import { makeWebhookDoor, type SignedPost } from './webhook.ts'

const scheme = (value: unknown) => WebhookScheme.parse(value)
const standard = scheme({ kind: 'standard' })
/** The example of the Standard Webhooks libraries (github.com/standard-webhooks): secret, id, time, body and the signature that follows. */
const published = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}
const headersOf = (change: Record<string, string | undefined> = {}, name = 'webhook'): PostHeaders => ({
  [`${name}-id`]: published.id,
  [`${name}-timestamp`]: published.timestamp,
  [`${name}-signature`]: published.signature,
  ...change,
})
const at = (seconds: number) => new Date((Number(published.timestamp) + seconds) * 1000)
const verify = (
  headers: PostHeaders,
  {
    secrets = [published.secret],
    body = published.body,
    seconds = 0,
  }: { secrets?: string[]; body?: string; seconds?: number } = {},
  by = standard,
) => {
  const outcome = verifySignature(by, { secrets, headers, bytes: Buffer.from(body), now: at(seconds) })
  return outcome.ok ? 'ok' : outcome.reason
}

describe('Standard Webhooks', () => {
  const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
  const signed = (body: string, secret: string) =>
    `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
      .update(`${published.id}.${published.timestamp}.${body}`)
      .digest('base64')}`

  test('the published example holds, under the headers of the standard and of Svix', () => {
    expect(verify(headersOf())).toBe('ok')
    expect(verify(headersOf({}, 'svix'))).toBe('ok')
    expect(verify(headersOf(), { secrets: [published.secret.slice(6)] })).toBe('ok')
  })
  test('one right signature among several is enough, and one right secret among two', () => {
    const signatures = `v1,AAAA v1a,${published.signature.slice(3)} ${signed(published.body, other)} ${published.signature}`
    expect(verify(headersOf({ 'webhook-signature': signatures }))).toBe('ok')
    expect(verify(headersOf(), { secrets: [other, published.secret] })).toBe('ok')
    expect(verify(headersOf(), { secrets: [other] })).toBe('bad-signature')
  })
  test.each([
    ['a changed body', {}, { body: '{"test": 2432232315}' }, 'bad-signature'],
    ['a space more in the body', {}, { body: '{"test":  2432232314}' }, 'bad-signature'],
    ['another id', { 'webhook-id': 'msg_x' }, {}, 'bad-signature'],
    [
      'a signature of another version',
      { 'webhook-signature': published.signature.replace('v1,', 'v2,') },
      {},
      'bad-signature',
    ],
    ['half a signature', { 'webhook-signature': published.signature.slice(0, 20) }, {}, 'bad-signature'],
    ['an empty signature', { 'webhook-signature': 'v1,' }, {}, 'bad-signature'],
    ['no signature', { 'webhook-signature': undefined }, {}, 'no-signature'],
    ['no time', { 'webhook-timestamp': undefined }, {}, 'no-signature'],
    ['no id', { 'webhook-id': undefined }, {}, 'no-signature'],
    ['a time that is none', { 'webhook-timestamp': 'now' }, {}, 'bad-time'],
    ['a post of six minutes ago', {}, { seconds: 301 }, 'bad-time'],
    ['a post of the future', {}, { seconds: -301 }, 'bad-time'],
    ['a post of five minutes ago', {}, { seconds: 300 }, 'ok'],
    ['no secret', {}, { secrets: [] }, 'no-secret'],
  ])('%s: %s', (_, change, asked, outcome) => {
    expect(verify(headersOf(change), asked)).toBe(outcome)
  })
})

describe('an HMAC in a header', () => {
  // The example of GitHub's documentation of webhooks.
  const github = scheme({ kind: 'hmac', header: 'X-Hub-Signature-256', prefix: 'sha256=' })
  const secret = "It's a Secret to Everybody"
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  const check = (value: string, body = 'Hello, World!') =>
    verify({ 'x-hub-signature-256': value }, { secrets: [secret], body }, github)
  test('as GitHub documents it', () => {
    expect(check(signature)).toBe('ok')
    expect(check(signature.toUpperCase().replace('SHA256=', 'sha256='))).toBe('ok')
    expect(check(signature, 'Hello, World')).toBe('bad-signature')
    expect(check(signature.slice(7))).toBe('bad-signature')
    expect(check(signature.slice(0, -2))).toBe('bad-signature')
    expect(check('sha256=')).toBe('bad-signature')
  })
  test('in base64, of SHA-512, with the time signed along', () => {
    const timed = scheme({
      kind: 'hmac',
      header: 'X-Sig',
      algorithm: 'sha512',
      encoding: 'base64',
      timestampHeader: 'X-Time',
    })
    const value = createHmac('sha512', secret).update(`${published.timestamp}.${published.body}`).digest('base64')
    const headers = { 'x-sig': value, 'x-time': published.timestamp }
    expect(verify(headers, { secrets: [secret] }, timed)).toBe('ok')
    expect(
      verify({ ...headers, 'x-time': String(Number(published.timestamp) + 1) }, { secrets: [secret] }, timed),
    ).toBe('bad-signature')
    expect(verify(headers, { secrets: [secret], seconds: 400 }, timed)).toBe('bad-time')
    expect(verify({ 'x-sig': value }, { secrets: [secret] }, timed)).toBe('no-signature')
  })
})

test('a shared secret and HTTP Basic', () => {
  const shared = scheme({ kind: 'shared-secret', header: 'X-Token' })
  expect(verify({ 'x-token': 'a-secret-of-ours-1' }, { secrets: ['a-secret-of-ours-1'] }, shared)).toBe('ok')
  expect(verify({ 'x-token': 'a-secret-of-ours-2' }, { secrets: ['a-secret-of-ours-1'] }, shared)).toBe('bad-signature')
  expect(verify({}, { secrets: ['a-secret-of-ours-1'] }, shared)).toBe('no-signature')
  const basic = scheme({ kind: 'basic', user: 'heron' })
  const asBasic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const secrets = ['pass:with:colons-1']
  expect(verify(asBasic('heron:pass:with:colons-1'), { secrets }, basic)).toBe('ok')
  expect(verify(asBasic('crane:pass:with:colons-1'), { secrets }, basic)).toBe('bad-signature')
  expect(verify(asBasic('pass:with:colons-1'), { secrets }, basic)).toBe('bad-signature')
  expect(verify(asBasic(''), { secrets }, basic)).toBe('no-signature')
  expect(verify({ authorization: 'Bearer x' }, { secrets }, basic)).toBe('no-signature')
})

test('whatever stands in the headers, nothing throws and nothing passes', () => {
  const schemes = [
    standard,
    scheme({ kind: 'hmac', header: 'x-a' }),
    scheme({ kind: 'shared-secret', header: 'x-a' }),
    scheme({ kind: 'basic', user: 'u' }),
  ]
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'x-a', 'authorization']
  fc.assert(
    fc.property(
      fc.constantFrom(...schemes),
      fc.dictionary(
        fc.constantFrom(...names),
        fc.oneof(fc.string(), fc.constantFrom('v1,', 'Basic dTo=', published.timestamp), fc.array(fc.string())),
      ),
      (by, headers) => {
        expect(verify(headers, {}, by)).not.toBe('ok')
      },
    ),
    { numRuns: 300 },
  )
})

test('secrets: what cannot be verified with is not taken, and a new one is of 256 bits', () => {
  for (const kind of [standard, scheme({ kind: 'shared-secret', header: 'X-Token' })]) {
    const secret = newWebhookSecret(kind)
    expect(() => checkSecret(kind, secret)).not.toThrow()
    expect(newWebhookSecret(kind)).not.toBe(secret)
    expect(() => checkSecret(kind, 'short')).toThrow()
  }
  expect(() => checkSecret(standard, 'whsec_not base64 at all')).toThrow()
  expect(() => checkSecret(scheme({ kind: 'shared-secret', header: 'X-Token' }), 'ends with a space  ')).toThrow()
})

describe('the door', () => {
  const provider = (sourceRanges: string[]) =>
    Provider.parse({
      ...{ id: 'heron', name: 'Blue Heron', format: 'huntress', addresses: [], domains: [], sourceRanges },
      ...{ trustedSealers: [], replyAddress: null, dryRun: false, mayShare: [] },
    })
  function house(sourceRanges: string[] = []) {
    const kept: Raw[] = []
    const counted: string[] = []
    const door = makeWebhookDoor({
      webhookOf: async (id) =>
        id === 'heron' ? { provider: provider(sourceRanges), scheme: standard, secrets: [published.secret] } : null,
      refused: async ({ reason }) => void counted.push(reason),
      receive: async (raw) => {
        kept.push(raw)
        return { id: sha256Hex(raw.bytes), fresh: kept.length === 1 }
      },
      clock: { now: () => at(10) },
    })
    const post = (change: Partial<SignedPost> = {}): SignedPost => ({
      ...{ providerId: 'heron', headers: headersOf(), sourceAddress: '192.0.2.9' },
      ...{ bytes: Buffer.from(published.body), contentType: 'application/json', ...change },
    })
    return { kept, counted, door, post }
  }
  const refused = { code: 'webhook.refused', status: 401 }

  test('keeps a signed post byte for byte, as its provider’s', async () => {
    const { kept, counted, door, post } = house(['192.0.2.0/24'])
    await door.knock(post())
    expect(await door.take(post())).toEqual({ id: sha256Hex(published.body), fresh: true })
    expect(kept).toEqual([
      expect.objectContaining({
        bytes: Buffer.from(published.body),
        form: 'json',
        channel: 'https',
        providerId: 'heron',
      }),
    ])
    expect(await door.take(post())).toMatchObject({ fresh: false })
    expect(counted).toEqual([])
  })
  test.each<[string, string[], Partial<SignedPost>, string[]]>([
    ['a wrong signature', [], { bytes: Buffer.from('{}') }, ['bad-signature']],
    ['a body that is not even JSON, unsigned', [], { bytes: Buffer.from('{"a":') }, ['bad-signature']],
    ['another address', ['198.51.100.0/24'], {}, ['address']],
    ['no headers', [], { headers: {} }, ['no-signature']],
    ['a provider that is none', [], { providerId: 'crane' }, []],
  ])('refuses %s, keeps nothing, and counts why', async (_, ranges, change, reasons) => {
    const { kept, counted, door, post } = house(ranges)
    await expect(door.take(post(change))).rejects.toMatchObject(refused)
    expect(kept).toEqual([])
    expect(counted).toEqual(reasons)
  })
  test('says no before the body where the head alone shows it', async () => {
    const { counted, door, post } = house(['192.0.2.0/24'])
    await expect(door.knock(post({ headers: {} }))).rejects.toMatchObject(refused)
    await expect(door.knock(post({ sourceAddress: '198.51.100.1' }))).rejects.toMatchObject(refused)
    await expect(door.knock(post({ providerId: 'crane' }))).rejects.toMatchObject(refused)
    expect(counted).toEqual(['no-signature', 'address'])
  })
})
