import { describe, expect, test } from 'vitest'
import { answerThreadIndex, threadTopic } from './thread-index.ts'

/**
 * Vectors worked out by hand from [MS-OXOMSG] 2.2.1.3. A conversation that began at FILETIME 0x01D046C6FC060000, 130682209639464960 units of
 * 100 ns, which is 2015-02-12T13:22:43.946496Z; its GUID is made up.
 */
const guid = '00112233445566778899aabbccddeeff'
/** Before: the highest byte of the time is the 0x01 itself, then its next five. Today: 0x01, then its five highest. */
const older = `01d046c6fc06${guid}`
const newer = `0101d046c6fc${guid}`
const b64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
const hex = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64').toString('hex'))
const anHourLater = new Date('2015-02-12T14:22:43.946Z')

describe('the Thread-Index of an answer', () => {
  test('is theirs with five bytes more: an hour is 36,000,000,000 units, 137,329 of 2^18, 0x00021871', () => {
    expect(hex(answerThreadIndex(b64(older), anHourLater, 0xa7))).toBe(`${older}00021871a7`)
  })

  test('begins by the layout of today where theirs does: 0x01D046C6FC000000 is 393,216 units sooner, one and a half of 2^18 more', () => {
    expect(hex(answerThreadIndex(b64(newer), anHourLater, 0x00))).toBe(`${newer}0002187200`)
  })

  test('goes behind the answers before it, and counts from the beginning', () => {
    const answered = `${older}0000010011`
    expect(hex(answerThreadIndex(b64(answered), anHourLater, 0xff))).toBe(`${answered}00021871ff`)
  })

  test('two years are 630,720,000,000,000 units: the first bit is set, and 75,187,683 of 2^23 follow, 0x047B45E3', () => {
    const twoYearsOn = new Date('2017-02-11T13:22:43.947Z')
    expect(hex(answerThreadIndex(b64(older), twoYearsOn, 1))).toBe(`${older}847b45e301`)
  })

  test('a clock that is behind theirs makes no time before the beginning', () => {
    expect(hex(answerThreadIndex(b64(older), new Date('2015-02-12T13:00:00Z'), 2))).toBe(`${older}0000000002`)
  })

  test.each([
    ['nothing', ''],
    ['no base64', 'QUJD\r\nBcc: x@example.com'],
    ['a header cut short', b64(older.slice(0, 40))],
    ['half an answer', b64(`${older}0000`)],
    ['another first byte', b64(older.replace(/^01/, '02'))],
    ['a time that is none', b64(`0180ffffffff${guid}`)],
    ['a time of no year that had mail', b64(`010000000000${guid}`)],
    ['more answers than a line holds', b64(older + '0000000000'.repeat(100))],
  ])('%s is answered without one', (_what, theirs) => {
    expect(answerThreadIndex(theirs, anHourLater, 0)).toBeNull()
  })
})

test.each([
  ['Re: [INC-4711] Suspicious sign-in', '[INC-4711] Suspicious sign-in'],
  ['AW: RE: Fwd: Re: Beaconing', 'Beaconing'],
  ['SV: Beaconing: again', 'Beaconing: again'],
  ['Beaconing', 'Beaconing'],
])('%j is called %j', (subject, topic) => {
  expect(threadTopic(subject)).toBe(topic)
})
