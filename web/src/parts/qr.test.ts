import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { qrOf } from './qr.ts'

const link =
  'otpauth://totp/Counterfoil:ida%40halden.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Counterfoil&algorithm=SHA1&digits=6&period=30'
const digestOf = (rows: boolean[][] | null) =>
  createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 16)

// Each of these codes was read back, letter for letter, by zbarimg of Debian's zbar-tools 0.23.92.
test.each([
  ['A', 21, '91fdee75b6b679c7'],
  [link, 49, 'c8f2fadd095d64e2'],
  ['x'.repeat(60), 33, '85504393db4497fb'],
  ['y'.repeat(120), 45, '1d805a3d2dd5d03b'],
  ['z'.repeat(200), 57, 'a1d8bada4c0b2a03'],
  ['w'.repeat(213), 57, 'f79e7b1b06047458'],
])('the code of %j has %i modules a side, as a reader has read it', (text, size, digest) => {
  const rows = qrOf(text)
  expect(rows).toHaveLength(size)
  expect(digestOf(rows)).toBe(digest)
})

test('what does not fit is said, not cut', () => {
  expect(qrOf('x'.repeat(214))).toBeNull()
})
