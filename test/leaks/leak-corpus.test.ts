import { expect, test } from 'vitest'
import type { SensitiveSpan } from '../../src/model/reply.ts'
import { applyReview, findSensitive } from '../../src/triage/redact.ts'
import { clean, encodings, fixed, leakContext, leaks, planted } from './corpus.ts'

/** Of all planted places this share must be found (the goal of the product). */
const foundShareMin = 0.99
/** Places that may be marked in the clean texts; each costs a person one key. */
const falsePositivesMax = 4

const context = leakContext()

test('of what is planted in every way in every place at least 99 % is found, and what was found leaves no sign of its value', () => {
  let all = 0
  const missed = new Map<string, number>()
  const examples: string[] = []
  for (const one of leaks()) {
    all += 1
    const spans = findSensitive(one.text, context)
    // The whole of what was written must be covered: half a name is a name.
    const covered = (at: number) => spans.some((span) => span.start <= at && at < span.end)
    const letters = [...one.text.slice(one.start, one.end)].length
    let open = 0
    for (let at = one.start; at < one.end; at++)
      if (!covered(at) && /[\p{L}\p{N}]/u.test(one.text.charAt(at))) open += 1
    // A label before a secret or a date says only that there was one.
    const labelled = one.class === 'secret' || one.class === 'personal'
    const isFound = labelled
      ? open < letters * 0.75 && spans.some((span) => span.start < one.end && span.end > one.start)
      : open === 0
    const redacted = applyReview(
      one.text,
      spans.map((span): SensitiveSpan => ({ ...span, verdict: 'redact' })),
    ).text
    const stays = redacted.toLowerCase().includes(one.value.toLowerCase())
    if (isFound && !stays) continue
    missed.set(one.encoding, (missed.get(one.encoding) ?? 0) + 1)
    if (examples.length < 40)
      examples.push(
        `${one.encoding}: ${one.class} ${JSON.stringify(one.value)} in ${JSON.stringify(one.text.slice(0, 160))}`,
      )
  }
  const lost = [...missed.values()].reduce((sum, n) => sum + n, 0)
  const share = (all - lost) / all
  process.stderr.write(
    `leak corpus: ${planted.length} values x ${Object.keys(encodings).length} ways: ${all} places, ${all - lost} found (${(share * 100).toFixed(2)} %)${lost === 0 ? '' : `, missed: ${[...missed].map(([way, n]) => `${way} ${n}`).join(', ')}`}\n`,
  )
  expect(all).toBeGreaterThan(5000)
  expect(share, examples.join('\n')).toBeGreaterThanOrEqual(foundShareMin)
}, 120_000)

test.each(fixed)('found as people write it: %s', (text) => {
  expect(findSensitive(text, context).length).toBeGreaterThan(0)
})

test('clean answers are left alone, but for a few', () => {
  const found = clean.flatMap((text) =>
    findSensitive(text, context).map((span) => `${span.class} (${span.reason}): ${span.text}`),
  )
  process.stderr.write(
    `leak corpus: ${clean.length} clean texts, ${found.length} false positives${found.map((one) => `\n  ${one}`).join('')}\n`,
  )
  expect(clean.length).toBeGreaterThanOrEqual(40)
  expect(found.length, found.join('\n')).toBeLessThanOrEqual(falsePositivesMax)
})

test('texts made to be slow are looked through in time that grows with their length', () => {
  const hostile = [
    'a'.repeat(50_000),
    '=\n'.repeat(25_000),
    '&#'.repeat(25_000),
    '%4'.repeat(25_000),
    'ab'.repeat(25_000),
    'Ab1+'.repeat(12_500),
    '( '.repeat(25_000),
    'a dot '.repeat(8_000),
    '\u202e'.repeat(50_000),
    '1 . '.repeat(12_500),
    `${'0'.repeat(49_999)}z`,
    'QWJjZGVmZ2hpams= '.repeat(2_900),
    'e\u0301'.repeat(25_000),
    Buffer.from(Buffer.from(Buffer.from('x1 '.repeat(6_000)).toString('base64')).toString('base64'))
      .toString('base64')
      .slice(0, 50_000),
  ]
  for (const text of hostile) {
    const before = process.cpuUsage().user
    findSensitive(text, context)
    // CPU of this process, so that a busy machine does not count; the slowest takes 50 ms here.
    expect((process.cpuUsage().user - before) / 1000, text.slice(0, 20)).toBeLessThan(2000)
  }
}, 120_000)
