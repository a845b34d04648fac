import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseRig } from '../../../test/parse.ts'
import { lineBytesMax } from '../../model/lake.ts'
import { loadLogParsers, loadSignatures } from './parser-files.ts'
import { groupsOf, text } from './sql-text.ts'

const parsers = await loadLogParsers()
const samples = parsers.flatMap((parser) => parser.samples.map(({ line }) => line))

describe('no line makes a load fail or loses a byte', () => {
  let rig: Awaited<ReturnType<typeof parseRig>>
  beforeAll(async () => {
    rig = await parseRig(parsers, await loadSignatures())
  }, 60_000)
  afterAll(() => rig.close())

  const hex = (lines: readonly Uint8Array[]): readonly string[] =>
    lines.map((line) => Buffer.from(line).toString('hex'))
  type Bound = { readonly line: Uint8Array; readonly source: string }
  /** Reads lines as a load does, each as the parser that its source names; the bytes of the events that came of them, in order. */
  const keptBy = async (lines: readonly Bound[], parserOf: (source: string) => string | null) => {
    const named = [...new Set(lines.map(({ source }) => source))]
    const sources = named.map((id) => ({ id, parser: parserOf(id), timeZone: 'Europe/Berlin' }))
    return (await rig.read(lines, { sources })).map(({ event }) => String(event['raw_hex']).toLowerCase())
  }
  const kept = (lines: readonly Uint8Array[], parser: string | null = null): Promise<readonly string[]> =>
    keptBy(
      lines.map((line) => ({ line, source: 'test' })),
      () => parser,
    )

  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 })
  /** A sample with some of its bytes replaced, cut, or doubled: what breaks a reader is nearly right. */
  const damaged = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
      fc.nat(),
      fc.boolean(),
    )
    .map(([sample, changes, cut, twice]) => {
      const line = Buffer.from(sample)
      for (const [at, byte] of changes) line[at % line.length] = byte
      const short = line.subarray(0, 1 + (cut % line.length))
      return new Uint8Array(twice ? Buffer.concat([line, short]) : short)
    })

  test('random bytes, and samples that are damaged', { timeout: 120_000 }, async () => {
    const lines = fc.sample(fc.oneof({ arbitrary: bytes, weight: 1 }, { arbitrary: damaged, weight: 4 }), {
      numRuns: 1_500,
      seed: 20_261_123,
    })
    const some = lines.filter((line) => line.length > 0)
    expect(await kept(some)).toEqual(hex(some))
  })

  test('lines of other formats, and damaged ones, read by every parser as the one its source names', {
    timeout: 300_000,
  }, async () => {
    const lines = [
      ...samples.filter((_, at) => at % 5 === 0).map((line) => new Uint8Array(Buffer.from(line))),
      ...fc.sample(fc.oneof(bytes, damaged), { numRuns: 60, seed: 7 }),
    ]
    // Eight parsers a load: a load of its own for each spent most of its time on the tables around it.
    for (let at = 0; at < parsers.length; at += 8) {
      const bound = parsers.slice(at, at + 8).flatMap(({ id }) => lines.map((line) => ({ line, source: id })))
      expect(await keptBy(bound, (id) => id)).toEqual(hex(bound.map(({ line }) => line)))
    }
  })

  test('1 MiB: one word, only quotes, only pairs, only nesting, only addresses', { timeout: 120_000 }, async () => {
    const filled = (piece: string): Uint8Array =>
      new Uint8Array(Buffer.from(piece.repeat(Math.ceil(lineBytesMax / piece.length)).slice(0, lineBytesMax)))
    const lines = [
      ...[
        'a',
        '"',
        'a=b ',
        '{"a":',
        '192.0.2.1 ',
        'CEF:0|',
        '\\',
        '[x y="',
        ',',
        '\u0000',
        '<13>',
        'a@b.example ',
        ': ',
      ].map(filled),
      new Uint8Array(
        Buffer.concat([Buffer.from('{"event_type":"dns","x":"'), filled('y').subarray(0, 900_000), Buffer.from('"}')]),
      ),
      new Uint8Array(Buffer.concat([Buffer.from('CEF:0|a|b|c|d|e|5|'), filled('k=v ').subarray(0, 900_000)])),
    ]
    expect(await kept(lines)).toEqual(hex(lines))
  })

  test('1 MiB of what each kind of parser takes apart, read by one of that kind', { timeout: 240_000 }, async () => {
    const filled = (before: string, piece: string): Uint8Array =>
      new Uint8Array(
        Buffer.from((before + piece.repeat(Math.ceil(lineBytesMax / piece.length))).slice(0, lineBytesMax)),
      )
    const lines = [
      filled('', 'a=b '),
      filled('CEF:0|a|b|c|d|e|5|', 'csLabel=v '),
      filled('LEEF:1.0|a|b|c|d|', 'k=v\t'),
      filled('<Event>', '<Data Name="x">y</Data>'),
      filled('', 'a,"b",'),
      filled('{"Event":{"System":{', '"k":1,'),
      filled('', '1.2.3.4 https://a.example '),
    ]
    for (const id of [
      'generic-kv',
      'fortigate',
      'cef',
      'leef',
      'windows-xml',
      'windows-json',
      'csv-header',
      'pan-os',
      'sshd',
      'squid',
    ])
      for (const line of lines) expect(await kept([line, line], id)).toEqual(hex([line, line]))
  })

  test('NUL, invalid UTF-8, a byte order mark, line ends within', async () => {
    const lines = [
      Buffer.from('<13>Nov 23 09:00:00 host app[1]: a\0b'),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('\ufeff{"a":1}'),
      Buffer.from('<13>Nov 23 09:00:00 host app: one\r\ntwo\n'),
      Buffer.concat([
        Buffer.from('<38>Nov 23 09:00:00 host sshd[1]: Failed password for m'),
        Buffer.from([0xfc]),
        Buffer.from('ller from 192.0.2.7 port 22 ssh2'),
      ]),
    ]
    expect(await kept(lines)).toEqual(hex(lines))
  })

  test('a Latin-1 letter does not hide the rest of its line from the parser', async () => {
    const line = Buffer.concat([
      Buffer.from('<38>Nov 23 09:00:00 host sshd[1]: Failed password for m'),
      Buffer.from([0xfc]),
      Buffer.from('ller from 192.0.2.7 port 22 ssh2'),
    ])
    const [read] = await rig.read([{ line }])
    expect(read?.event).toMatchObject({ parser: 'sshd', src_endpoint_ip: '::ffff:192.0.2.7' })
  })

  test('a text is the same text on the other side of SQL', { timeout: 60_000 }, async () => {
    const values = fc.sample(fc.string({ unit: 'binary', maxLength: 40 }), { numRuns: 300, seed: 11 })
    const [row] = await rig.rows(`SELECT [${values.map((value) => `hex(${text(value)})`).join(', ')}] AS back`)
    expect(row?.['back']).toEqual(values.map((value) => Buffer.from(value).toString('hex').toUpperCase()))
  })
})

describe('times', () => {
  let rig: Awaited<ReturnType<typeof parseRig>>
  beforeAll(async () => {
    rig = await parseRig([])
  }, 60_000)
  afterAll(() => rig.close())
  const header = async (line: string, received: string, timeZone = 'UTC'): Promise<unknown> =>
    (await rig.read([{ line }], { received, sources: [{ id: 'test', parser: null, timeZone }] }))[0]?.event

  test.each([
    [
      'without a year: that of the receipt',
      '<13>Nov 23 09:00:00 h a: x',
      '2026-11-23 10:00:00',
      'UTC',
      '2026-11-23 09:00:00.000',
    ],
    [
      'a December line in January is of the year before',
      '<13>Dec 31 23:59:59 h a: x',
      '2027-01-01 00:00:05',
      'UTC',
      '2026-12-31 23:59:59.000',
    ],
    [
      'up to a day ahead is believed',
      '<13>Nov 24 09:00:00 h a: x',
      '2026-11-23 10:00:00',
      'UTC',
      '2026-11-24 09:00:00.000',
    ],
    [
      'without a zone: that of the source, in winter',
      '<13>Nov 23 09:00:00 h a: x',
      '2026-11-23 10:00:00',
      'Europe/Berlin',
      '2026-11-23 08:00:00.000',
    ],
    ['and in summer', '<13>Jul 23 09:00:00 h a: x', '2026-11-23 10:00:00', 'Europe/Berlin', '2026-07-23 07:00:00.000'],
    [
      'a zone that is said counts',
      '<13>1 2026-11-23T09:00:00+05:00 h a - - - x',
      '2026-11-23 10:00:00',
      'Europe/Berlin',
      '2026-11-23 04:00:00.000',
    ],
    [
      'a zone by name',
      '<13>Nov 23 2026 09:00:00 CET: %SYS-5-X: x',
      '2026-11-23 10:00:00',
      'UTC',
      '2026-11-23 08:00:00.000',
    ],
    [
      'Cisco: number, star, fraction',
      '<189>45: *Nov 23 09:00:00.483 UTC: %SYS-5-CONFIG_I: x',
      '2026-11-23 10:00:00',
      'UTC',
      '2026-11-23 09:00:00.483',
    ],
  ])('%s', async (_, line, received, zone, time) => {
    expect(await header(line, received, zone)).toMatchObject({ time, time_from: 'header' })
  })

  test.each([
    ['more than a day ahead', '<13>1 2026-11-25T09:00:00Z h a - - - x'],
    ['before logs were written', '<13>1 1971-01-01T00:00:00Z h a - - - x'],
    ['none at all', 'x'],
  ])('%s: the time of receipt, and it is said', async (_, line) => {
    expect(await header(line, '2026-11-23 10:00:00')).toMatchObject({
      time: '2026-11-23 10:00:00.000',
      time_from: 'received',
    })
  })
})

test('groups of a pattern are counted as RE2 does', () => {
  expect(groupsOf('(?P<a>x)(?:y)(z)(?<b>[()\\]]\\()')).toEqual(['a', null, 'b'])
})
