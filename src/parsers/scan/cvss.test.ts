import { expect, test } from 'vitest'
import { cvssOf, scored } from './cvss.ts'

// Base scores that the specifications and user guides of FIRST give for these vectors.
test.each([
  ['AV:N/AC:L/Au:N/C:C/I:C/A:C', '2.0', 10],
  ['AV:N/AC:L/Au:N/C:N/I:N/A:C', '2.0', 7.8],
  ['CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', '3.0', 10],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', '3.1', 6.1],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', '3.1', 9.8],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O', '3.1', 9.8],
  ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H', '4.0', 10],
  ['CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U', '4.0', 8.5],
])('%s is %s and scores %d', (vector, version, score) => {
  expect(scored(vector)).toEqual({ vector, version, score })
})

test('what scanners put around a vector comes off', () => {
  expect(scored('CVSS2#AV:N/AC:L/Au:N/C:P/I:P/A:P')).toMatchObject({ version: '2.0', score: 7.5 })
  expect(scored('(AV:N/AC:L/Au:N/C:P/I:P/A:P)')).toMatchObject({ score: 7.5 })
  expect(scored('8.1 (AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H)')).toMatchObject({ version: '3.1', score: 8.1 })
})

test.each([
  '',
  'nonsense',
  'CVSS:3.1/AV:N',
  'CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  'AV:Q/AC:L/Au:N/C:P/I:P/A:P',
  'CVSS:4.0/AV:N',
  'x'.repeat(100_000),
])('%.40s is no vector', (text) => expect(scored(text)).toBeNull())

test('the newest version counts; without a vector what the report says, between 0 and 10', () => {
  const vectors = ['AV:N/AC:L/Au:N/C:C/I:C/A:C', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N']
  expect(cvssOf({ vectors, scores: ['10'] })).toMatchObject({ score: 6.9, version: '4.0', v2: vectors[0] })
  expect(cvssOf({ vectors: [undefined], scores: ['50', '', '7.5'] })).toMatchObject({ score: 7.5, version: null })
})
