import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../kit/digest.ts'
import type { Raw } from '../../model/message.ts'
import { mailBytesMax } from '../../model/message.ts'
import { Provider } from '../../model/provider.ts'
import type { Post } from './intake.ts'
import { jsonBytesMax, makeTakePost } from './intake.ts'

const provider = (sourceRanges: string[]) =>
  Provider.parse({
    id: 'heron',
    name: 'Blue Heron',
    format: 'generic',
    addresses: [],
    domains: [],
    sourceRanges,
    trustedSealers: [],
    replyAddress: null,
    dryRun: false,
    mayShare: [],
  })
const mail = Buffer.from('From: soc@heron.example\r\n\r\nHost: WS-17')

function house(sourceRanges: string[] = []) {
  const kept: Raw[] = []
  const take = makeTakePost({
    providerOfKey: async (key) => (sha256Hex(key) === sha256Hex('the-key') ? provider(sourceRanges) : null),
    receive: async (raw) => {
      kept.push(raw)
      return { id: sha256Hex(raw.bytes), fresh: true }
    },
  })
  const post = (change: Partial<Post> = {}) =>
    take({ bytes: mail, contentType: 'message/rfc822', key: 'the-key', sourceAddress: '192.0.2.9', ...change })
  return { kept, post }
}

describe('a post', () => {
  test.each([
    ['message/rfc822', mail, 'mail'],
    ['text/plain; charset=utf-8', mail, 'mail'],
    ['application/json', Buffer.from('{"host":"WS-17"}'), 'json'],
    ['application/vnd.heron+json', Buffer.from('[{}]'), 'json'],
  ])('as %s is kept byte for byte, with its provider', async (contentType, bytes, form) => {
    const { kept, post } = house()
    expect(await post({ contentType, bytes })).toEqual({ id: sha256Hex(bytes), fresh: true })
    expect(kept).toEqual([
      expect.objectContaining({ bytes, form, channel: 'https', providerId: 'heron', sourceAddress: '192.0.2.9' }),
    ])
  })
  test.each([[null], [''], ['another-key']])(
    'with the key %j is refused as not signed in, and nothing is kept',
    async (key) => {
      const { kept, post } = house()
      await expect(post({ key })).rejects.toMatchObject({ code: 'sign-in.needed', status: 401 })
      expect(kept).toEqual([])
    },
  )
  test.each<[string[], string, boolean]>([
    [['192.0.2.0/24'], '192.0.2.9', true],
    [['192.0.2.0/24'], '::ffff:192.0.2.9', true],
    [['192.0.2.9'], '192.0.2.9', true],
    [['2001:db8::/32'], '2001:db8::1', true],
    [['192.0.2.0/24'], '198.51.100.1', false],
    [['2001:db8::/32'], '192.0.2.9', false],
    [['0.0.0.0/0'], '::1', false],
    [['not a range'], '192.0.2.9', false],
    [['192.0.2.0/24'], 'unix:', false],
  ])('ranges %j and address %s', async (ranges, sourceAddress, allowed) => {
    const { kept, post } = house(ranges)
    if (allowed) await post({ sourceAddress })
    else await expect(post({ sourceAddress })).rejects.toMatchObject({ code: 'intake.refused', status: 403 })
    expect(kept).toHaveLength(allowed ? 1 : 0)
  })
  test.each<[string, Partial<Post>, number]>([
    ['too large', { bytes: new Uint8Array(mailBytesMax + 1) }, 413],
    ['JSON too large', { bytes: new Uint8Array(jsonBytesMax + 1), contentType: 'application/json' }, 413],
    ['empty', { bytes: new Uint8Array(0) }, 400],
    ['no JSON', { bytes: Buffer.from('{"a":'), contentType: 'application/json' }, 400],
    ['JSON that is not UTF-8', { bytes: Buffer.from([0x22, 0xff, 0x22]), contentType: 'application/json' }, 400],
    ['a bare number', { bytes: Buffer.from('1'), contentType: 'application/json' }, 400],
    ['JSON nested without end', { bytes: Buffer.from('['.repeat(1_000_000)), contentType: 'application/json' }, 400],
    ['another type', { contentType: 'image/png' }, 400],
  ])('%s is refused', async (_, change, status) => {
    const { kept, post } = house()
    await expect(post(change)).rejects.toMatchObject({ status })
    expect(kept).toEqual([])
  })
})
