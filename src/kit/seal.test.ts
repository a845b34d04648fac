import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { seal, sealKeyIn, unseal } from './seal.ts'

const key = randomBytes(32)

test('what was sealed opens with its key, for whom it was sealed, and not otherwise', () => {
  const sealed = seal(key, 'a secret', 'totp|1')
  expect(sealed.toString('utf8')).not.toContain('a secret')
  expect(unseal(key, sealed, 'totp|1')).toBe('a secret')
  expect(() => unseal(key, sealed, 'totp|2')).toThrow(/internal/)
  expect(() => unseal(randomBytes(32), sealed, 'totp|1')).toThrow(/internal/)
  expect(() => unseal(key, sealed.subarray(0, sealed.length - 12), 'totp|1')).toThrow(/internal/)
  const changed = Buffer.from(sealed)
  changed.writeUInt8((changed[14] ?? 0) ^ 1, 14)
  expect(() => unseal(key, changed, 'totp|1')).toThrow(/internal/)
})

test('the key of a data folder is made once, for its owner only, and a broken one is said', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-seal-'))
  try {
    const made = sealKeyIn(folder)
    expect(made).toHaveLength(32)
    expect(sealKeyIn(folder).equals(made)).toBe(true)
    expect(statSync(path.join(folder, 'seal.key')).mode & 0o777).toBe(0o600)
    writeFileSync(path.join(folder, 'seal.key'), 'short')
    expect(() => sealKeyIn(folder)).toThrow(/file\.unreadable/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
