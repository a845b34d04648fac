import { Readable } from 'node:stream'
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Trouble } from '../../kit/errors.ts'
import { type LogBatch, lineBytesMax } from '../../model/lake.ts'
import type { LogPost } from '../../model/log-post.ts'
import { makeTakeLogPost } from './take.ts'
import type { TextLimits } from './text.ts'

type Given = Partial<Omit<LogPost, 'body'>> & {
  readonly chunk?: number
  readonly limits?: TextLimits
  readonly fails?: number
}

/** What becomes of a body that comes in chunks of `chunk` bytes; `fails` is the batch that the lake refuses. */
async function post(bytes: Buffer | string, given: Given = {}) {
  const { chunk = 7, limits, fails, ...more } = given
  const whole = Buffer.from(bytes)
  const batches: LogBatch[] = []
  const take = makeTakeLogPost({
    takeLogs: async (batch) => {
      if (batches.length === fails) throw new Trouble('lake.full')
      batches.push(batch)
    },
    ...(limits === undefined ? {} : { limits }),
  })
  function* chunks() {
    for (let at = 0; at < whole.length; at += chunk) yield whole.subarray(at, at + chunk)
  }
  const taken = await take({
    form: 'lines',
    body: Readable.from(chunks(), { objectMode: false }),
    contentType: '',
    contentEncoding: '',
    source: 'web',
    peer: '::ffff:192.0.2.7',
    idempotencyKey: null,
    said: {},
    ...more,
  })
  return { taken, batches, lines: batches.flatMap((batch) => batch.lines.map((line) => Buffer.from(line).toString())) }
}

const linesOf = async (bytes: Buffer | string, given: Given = {}): Promise<string[]> => (await post(bytes, given)).lines

describe('lines of a body', () => {
  test.each<[string, string, string, string[]]>([
    ['text', 'text/plain', 'a\nb\r\n\n c \nno end', ['a', 'b', ' c ', 'no end']],
    ['nothing', 'text/plain', '', []],
    ['NDJSON', 'application/x-ndjson', '{"a":1}\n{"b":[1]}\n', ['{"a":1}', '{"b":[1]}']],
    ['NDJSON that says JSON', 'application/json', '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    [
      'a JSON list',
      'application/json; charset=utf-8',
      ' [{"a":1},\n {"b":"],{"}, [2], "text \\"x\\"", 7, null]',
      ['{"a":1}', '{"b":"],{"}', '[2]', 'text "x"', '7', 'null'],
    ],
    ['a list that says nothing of itself', 'application/octet-stream', '[ {"a":1},{"b":2} ]', ['{"a":1}', '{"b":2}']],
    [
      'text that begins like a list',
      '',
      '[Fri Nov 20] [error] x\n[Fri Nov 20] y\n',
      ['[Fri Nov 20] [error] x', '[Fri Nov 20] y'],
    ],
    [
      'an object over many lines',
      'application/json',
      '{\n  "a": "x  y",\r\n  "b": [1,\n 2]\n}',
      ['{"a":"x  y","b":[1,2]}'],
    ],
    [
      'numbers as they were sent',
      'application/json',
      '[{"id":12345678901234567890,"f":1.0}]',
      ['{"id":12345678901234567890,"f":1.0}'],
    ],
    ['the records of a delivery', 'application/json', '{"Records":[{"a":1},{"b":2}]}', ['{"a":1}', '{"b":2}']],
    [
      'an object that has records further in',
      'application/json',
      '{"x":1,"Records":[{"a":1}]}',
      ['{"x":1,"Records":[{"a":1}]}'],
    ],
    [
      'what is no JSON though it says so',
      'application/json',
      'plain line\n{"a":1} rest\nlast',
      ['plain line', '{"a":1}', 'rest', 'last'],
    ],
    ['JSON that breaks off', 'application/json', '[{"a":1},{"b":', ['{"a":1}', '{"b":']],
  ])('%s', async (_name, contentType, body, lines) => {
    for (const chunk of [1, 3, 1000])
      expect(await linesOf(body, { contentType, chunk }), `chunks of ${chunk}`).toEqual(lines)
  })

  test('a line and a JSON value longer than the longest line come in pieces, with every byte', async () => {
    const long = 'x'.repeat(2 * lineBytesMax + 3)
    const lines = await linesOf(`${long}\nshort\n`, { chunk: 65_536 })
    expect(lines.map((line) => line.length)).toEqual([lineBytesMax, lineBytesMax, 3, 5])
    const value = `{"a":"${long}"}`
    const pieces = await linesOf(`[${value},{"b":2}]`, { chunk: 65_536, contentType: 'application/json' })
    expect(pieces.slice(0, -1).join('')).toBe(value)
    expect(pieces.at(-1)).toBe('{"b":2}')
  })

  test('whatever comes, no byte is dropped but line ends', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 20 }), async (bytes, chunk) => {
        const { batches } = await post(Buffer.from(bytes), { contentType: 'text/plain', chunk })
        const kept = Buffer.concat(batches.flatMap((batch) => batch.lines)).toString('latin1')
        expect(kept.replaceAll('\r', '')).toBe(
          Buffer.from(bytes)
            .toString('latin1')
            .replaceAll(/[\r\n]/g, ''),
        )
      }),
    ))

  test('JSON of any shape comes out as the same values', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue().filter((value) => typeof value === 'object' && value !== null)),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        async (values, chunk, isList) => {
          const texts = values.map((value) => JSON.stringify(value))
          // A list that stands first would be taken for the list of all.
          if (!isList && texts[0]?.startsWith('[') === true) return
          const body = isList ? `[${texts.join(',\n')}]` : texts.join('\n')
          expect(await linesOf(body, { contentType: 'application/json', chunk })).toEqual(
            texts[0]?.startsWith('{"Records":[') === true ? expect.anything() : texts,
          )
        },
      ),
    ))
})

describe('packed bodies', () => {
  const text = 'one\ntwo\n'.repeat(1000)
  test.each<[string, string, Buffer]>([
    ['gzip', 'gzip', gzipSync(text)],
    ['gzip, two members', 'gzip', Buffer.concat([gzipSync('one\ntw'), gzipSync(`o\n${text.slice(8)}`)])],
    ['zlib', 'deflate', deflateSync(text)],
    ['bare deflate', 'deflate', deflateRawSync(text)],
    ['zstd', 'zstd', zstdCompressSync(text)],
    ['zstd, two frames', 'ZSTD', Buffer.concat([zstdCompressSync('one\ntw'), zstdCompressSync(`o\n${text.slice(8)}`)])],
    ['not at all', 'identity', Buffer.from(text)],
  ])('%s', async (_name, contentEncoding, bytes) => {
    expect(await linesOf(bytes, { contentEncoding, chunk: 100 })).toEqual(text.trimEnd().split('\n'))
  })

  test.each<[string, string, Buffer, string]>([
    ['cut short', 'gzip', gzipSync(text).subarray(0, -9), 'input.invalid'],
    ['zstd cut short', 'zstd', zstdCompressSync(text).subarray(0, -2), 'input.invalid'],
    ['not packed', 'gzip', Buffer.from(text), 'input.invalid'],
    ['an encoding nobody knows', 'br', Buffer.from(text), 'input.invalid'],
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(32 * 1024 * 1024)), 'input.too-large'],
    ['a zstd bomb', 'zstd', zstdCompressSync(Buffer.alloc(32 * 1024 * 1024)), 'input.too-large'],
  ])('%s is refused', async (_name, contentEncoding, bytes, code) => {
    await expect(post(bytes, { contentEncoding, chunk: 1000 })).rejects.toMatchObject({ code })
  })

  test('empty bodies are empty in every encoding', async () => {
    for (const contentEncoding of ['gzip', 'deflate', 'zstd', ''])
      expect(await linesOf('', { contentEncoding })).toEqual([])
  })

  test('bodies are bounded on the wire and unpacked', async () => {
    await expect(post(text, { limits: { wireBytesMax: 1000 } })).rejects.toMatchObject({ code: 'input.too-large' })
    const packed = { contentEncoding: 'gzip', limits: { textBytesMax: 1000 } }
    await expect(post(gzipSync(text), packed)).rejects.toMatchObject({ code: 'input.too-large' })
  })
})

describe('batches', () => {
  const body = Array.from({ length: 25_000 }, (_, n) => `line ${n} ${'x'.repeat(n % 90)}`).join('\n')

  test('a body is cut in the same places however it arrives, so that sent again it is stored once', async () => {
    const cuts = async (chunk: number): Promise<unknown> => {
      const { batches } = await post(body, { chunk, idempotencyKey: 'a-name' })
      return batches.map((batch) => [batch.position, batch.lines.length])
    }
    const first = await cuts(65_536)
    expect(first).toHaveLength(3)
    expect(await cuts(999)).toEqual(first)
    expect(await cuts(1_000_000)).toEqual(first)
    const { batches } = await post(body, { chunk: 65_536, idempotencyKey: 'another' })
    expect(batches[0]?.position).not.toBe((first as [string][])[0]?.[0])
  })

  test('without a key of the sender there is no position, and the peer is a plain address', async () => {
    const { batches } = await post('a\n')
    expect(batches).toMatchObject([{ source: 'web', peer: '192.0.2.7', position: null }])
  })

  test('a lake that is full in the middle is said', async () => {
    await expect(post(body, { chunk: 65_536, fails: 1 })).rejects.toMatchObject({ code: 'lake.full' })
  })

  test('a key of the sender has a bound', async () => {
    await expect(post('a', { idempotencyKey: 'x'.repeat(300) })).rejects.toMatchObject({ code: 'input.invalid' })
  })
})

describe('HEC events', () => {
  const hec = (body: string, more: Given = {}) => post(body, { form: 'hec-events', ...more })

  test.each<[string, string, string[]]>([
    ['a text', '{"event":"hello"}', ['hello']],
    [
      'an object, as it was sent',
      '{"event": {"id":12345678901234567890,\n "a":"b"}}',
      ['{"id":12345678901234567890,"a":"b"}'],
    ],
    ['several without anything between', '{"event":"a"}{"event":"b"}\n\n{"event":"c"}', ['a', 'b', 'c']],
    ['a list of them', '[{"event":"a"},{"event":"b"}]', ['a', 'b']],
    ['a number', '{"event":42}', ['42']],
    [
      'time, host and what else is said stand before the line',
      '{"time":1795168800.123,"host":"fw-1.example.com","source":"/var/log/x","sourcetype":"cisco:asa","index":"main","event":"%ASA-6-302013: Built"}',
      [
        '<14>1 2026-11-20T10:00:00.123Z fw-1.example.com - - - [shipper@32473 source="/var/log/x" sourcetype="cisco:asa" index="main"] %ASA-6-302013: Built',
      ],
    ],
    [
      'fields, and a host that is no host name',
      '{"host":"my host","fields":{"k":"a\\"b]c"},"event":{"x":1}}',
      ['<14>1 - - - - - [shipper@32473 host="my host" fields="{\\"k\\":\\"a\\\\\\"b\\]c\\"}"] {"x":1}'],
    ],
    [
      'a time that is none is kept as it is',
      '{"time":"soon","event":"a"}',
      ['<14>1 - - - - - [shipper@32473 time="soon"] a'],
    ],
    ['a text of several lines is one event', '{"event":"a\\n  at b\\n"}', ['a\n  at b']],
  ])('%s', async (_name, body, lines) => {
    const { taken, lines: kept } = await hec(body)
    expect(kept).toEqual(lines)
    expect(taken).toMatchObject({ kind: 'taken', lines: lines.length })
  })

  test.each<[string, string, object, string[]]>([
    ['nothing', '', { why: 'noData', event: 0 }, []],
    ['no JSON', 'hello', { why: 'invalidFormat', event: 0 }, []],
    ['no event', '{"event":"a"}{"time":1}', { why: 'eventNeeded', event: 1 }, ['a']],
    ['null', '{"event":null}', { why: 'eventNeeded', event: 0 }, []],
    ['an empty event', '{"event":" "}', { why: 'eventBlank', event: 0 }, []],
    [
      'broken in the middle',
      '{"event":"a"}{"event":"b"}}{"event":"c"}',
      { why: 'invalidFormat', event: 2 },
      ['a', 'b'],
    ],
    ['cut short', '{"event":"a"}{"event":"b', { why: 'invalidFormat', event: 1 }, ['a']],
    ['no object', '[1]', { why: 'invalidFormat', event: 0 }, []],
  ])('%s is refused by its number, what stood before it is kept', async (_name, body, refused, lines) => {
    const { taken, lines: kept } = await hec(body)
    expect(taken).toMatchObject({ kind: 'refused', ...refused })
    expect(kept).toEqual(lines)
  })

  test('no envelope that is JSON breaks it', () =>
    fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), async (more, event) => {
        const { taken, lines } = await hec(JSON.stringify({ ...more, event }), { chunk: 1000 })
        if (event === null || (typeof event === 'string' && event.trim() === '')) expect(taken.kind).toBe('refused')
        else expect(lines).toHaveLength(1)
        for (const line of lines) expect(line.split('] ')[0]).not.toContain('\n')
      }),
    ))

  test('raw lines are lines, under a header where the address says something of them', async () => {
    expect(await linesOf('a\nb\n', { form: 'hec-raw' })).toEqual(['a', 'b'])
    const said = { host: 'web-1', sourcetype: 'access' }
    expect(await linesOf('a\n', { form: 'hec-raw', said })).toEqual([
      '<14>1 - web-1 - - - [shipper@32473 sourcetype="access"] a',
    ])
  })
})
