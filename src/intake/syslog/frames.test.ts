import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Frames, withoutLineEnd } from './frames.ts'

const lineBytesMax = 1024 * 1024

function linesOf(chunks: readonly (string | Buffer)[], most = lineBytesMax): string[] {
  const lines: string[] = []
  const frames = new Frames(most, (line) => lines.push(line.toString('latin1')))
  for (const chunk of chunks) frames.push(Buffer.from(chunk))
  frames.end()
  return lines
}

const counted = (text: string): string => `${Buffer.byteLength(text)} ${text}`

describe('messages of a stream', () => {
  test.each<[string, string[], string[]]>([
    ['by newline', ['<1>a\n<2>b\n'], ['<1>a', '<2>b']],
    ['by CR and newline', ['<1>a\r\n<2>b\r\n'], ['<1>a', '<2>b']],
    ['by NUL, with newlines inside', ['<1>a\0<2>b\nc\0'], ['<1>a', '<2>b\nc']],
    ['by newline, with NUL inside', ['<1>a\n<2>b\0c\n'], ['<1>a', '<2>b\0c']],
    ['by count', [counted('<1>a') + counted('<2>bc')], ['<1>a', '<2>bc']],
    ['by count, newlines inside', [counted('<1>a\nb') + counted('<2>c')], ['<1>a\nb', '<2>c']],
    ['by count and newline', [`${counted('<1>a')}\n${counted('<2>b')}\n`], ['<1>a', '<2>b']],
    ['newline inside the count', [counted('<1>a\n') + counted('<2>b\n')], ['<1>a', '<2>b']],
    ['count and newline by turns', [`${counted('<1>a')}<2>b\n${counted('<3>c')}`], ['<1>a', '<2>b', '<3>c']],
    ['a count, once seen, needs no "<"', [counted('<1>a') + counted('plain')], ['<1>a', 'plain']],
    ['numbers that are no count', ['2 123456789012 eni-1 ok\n3 4\n'], ['2 123456789012 eni-1 ok', '3 4']],
    ['a year is no count', ['2026-11-20T10:00:00Z a b\n'], ['2026-11-20T10:00:00Z a b']],
    ['nine digits are no count', ['123456789 <1>a\n'], ['123456789 <1>a']],
    ['a count in single bytes', [...counted('<1>abc'), ...counted('<2>d')], ['<1>abc', '<2>d']],
    ['empty lines are skipped', ['\n\r\n\0\n<1>a\n\n'], ['<1>a']],
    ['the last one without its end', ['<1>a\n<2>b'], ['<1>a', '<2>b']],
    ['a counted one cut short', ['10 <1>a'], ['<1>a']],
    ['a count and nothing else', ['12'], ['12']],
  ])('%s', (_name, chunks, lines) => {
    expect(linesOf(chunks)).toEqual(lines)
  })

  test('bytes stay as they are, also when they are no UTF-8', () => {
    const line = Buffer.from([0x3c, 0x31, 0x3e, 0xff, 0xfe, 0x80])
    expect(linesOf([Buffer.concat([line, Buffer.from('\n')])])).toEqual([line.toString('latin1')])
  })

  test('a line longer than the longest comes in pieces, by newline and by count, and the next one is whole', () => {
    const long = `<1>${'x'.repeat(25)}`
    expect(linesOf([`${long}\n<2>b\n`], 10)).toEqual([long.slice(0, 10), long.slice(10, 20), long.slice(20), '<2>b'])
    expect(linesOf([counted(long) + counted('<2>b')], 10)).toEqual([
      long.slice(0, 10),
      long.slice(10, 20),
      long.slice(20),
      '<2>b',
    ])
  })

  test('what was begun can be given out early, and its rest follows', () => {
    const lines: string[] = []
    const frames = new Frames(lineBytesMax, (line) => lines.push(line.toString()))
    frames.push(Buffer.from('<1>half'))
    expect(frames.unfinishedBytes).toBe(7)
    frames.cut()
    expect(frames.unfinishedBytes).toBe(0)
    frames.push(Buffer.from(' rest\n'))
    expect(lines).toEqual(['<1>half', ' rest'])
  })

  test('however a stream is cut into chunks, the same messages come out of it', () => {
    const message = fc
      .array(
        fc.integer({ min: 1, max: 255 }).filter((byte) => byte !== 10 && byte !== 13),
        { minLength: 1, maxLength: 40 },
      )
      .map((bytes) => Buffer.concat([Buffer.from('<13>'), Buffer.from(bytes)]))
    const framed = fc.tuple(message, fc.boolean()).map(([bytes, count]) => ({
      bytes,
      wire: count ? Buffer.concat([Buffer.from(`${bytes.length} `), bytes]) : Buffer.concat([bytes, Buffer.from('\n')]),
    }))
    fc.assert(
      fc.property(
        fc.array(framed, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (sent, steps) => {
          const wire = Buffer.concat(sent.map((one) => one.wire))
          const chunks: Buffer[] = []
          for (let at = 0; at < wire.length; ) {
            const step = Number(steps.next().value)
            chunks.push(wire.subarray(at, at + step))
            at += step
          }
          expect(linesOf(chunks)).toEqual(sent.map((one) => one.bytes.toString('latin1')))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('no byte of any stream is lost but line ends', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 10 }), (chunks) => {
        const frames = linesOf(
          chunks.map((chunk) => Buffer.from(chunk)),
          16,
        )
        const sent = Buffer.concat(chunks)
          .toString('latin1')
          .replaceAll(/[\r\n\0]/g, '')
        const kept = frames.join('').replaceAll(/[\r\n\0]/g, '')
        // A count that was believed is not part of its message.
        if (!/\d </.test(Buffer.concat(chunks).toString('latin1'))) expect(kept).toBe(sent)
        expect(frames.every((line) => line.length > 0 && line.length <= 16)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

test.each<[string, string]>([
  ['a\n', 'a'],
  ['a\r\n', 'a'],
  ['a\n\0', 'a'],
  ['a\nb\n', 'a\nb'],
  ['\0', ''],
])('the line end of the datagram %j is no part of it', (sent, kept) => {
  expect(withoutLineEnd(Buffer.from(sent)).toString()).toBe(kept)
})
