import { expect, test } from 'vitest'
import { newTotpSecret, totpCode, totpStepOf, totpUri } from './totp.ts'

// RFC 6238, appendix B: the SHA-1 secret "12345678901234567890" in base32; the last six of its eight digits.
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

test.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('at %i s the code is %s', (seconds, code) => {
  expect(totpCode(secret, Math.floor(seconds / 30))).toBe(code)
})

test('a code of one step before or after counts, and says which step it was', () => {
  const now = new Date(1_111_111_109_000)
  const step = Math.floor(1_111_111_109 / 30)
  for (const drift of [-1, 0, 1]) expect(totpStepOf(secret, totpCode(secret, step + drift), now)).toBe(step + drift)
  for (const drift of [-2, 2, 100]) expect(totpStepOf(secret, totpCode(secret, step + drift), now)).toBeNull()
})

test('a new secret has 160 bits in base32, and its link carries it', () => {
  const fresh = newTotpSecret()
  expect(fresh).toMatch(/^[A-Z2-7]{32}$/)
  expect(newTotpSecret()).not.toBe(fresh)
  expect(totpUri(fresh, 'a b@halden.example', 'Counterfoil')).toBe(
    `otpauth://totp/Counterfoil:a%20b%40halden.example?secret=${fresh}&issuer=Counterfoil&algorithm=SHA1&digits=6&period=30`,
  )
})
