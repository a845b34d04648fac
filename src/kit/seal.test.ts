import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { keyRingIn, newSealKey, openEnvelope, readKeyRing, rewrapped, seal, sealEnvelope, unseal } from './seal.ts'

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
    const made = keyRingIn(folder).current
    expect(made.bytes).toHaveLength(32)
    expect(keyRingIn(folder).current).toEqual(made)
    expect(statSync(path.join(folder, 'seal.key')).mode & 0o777).toBe(0o600)
    writeFileSync(path.join(folder, 'seal.key'), 'short')
    expect(() => keyRingIn(folder)).toThrow(/file\.unreadable/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('an envelope opens for its place only, and a rotation rewraps its data key and leaves the secret as it is', () => {
  const [older, newer] = [newSealKey(), newSealKey()]
  const before = readKeyRing(older, 'test')
  const envelope = sealEnvelope(before, 'a password', 'connector|corp|password')
  expect(openEnvelope(before, envelope, 'connector|corp|password')).toBe('a password')
  for (const about of ['connector|corp|other', 'connector|other|password'])
    expect(() => openEnvelope(before, envelope, about)).toThrow(/internal/)
  const other = sealEnvelope(before, 'another', 'connector|corp|password')
  expect(() => openEnvelope(before, { ...envelope, sealed: other.sealed }, 'connector|corp|password')).toThrow(
    /internal/,
  )

  const both = readKeyRing(`${newer}\n${older}\n`, 'test')
  const turned = rewrapped(both, envelope, 'connector|corp|password')
  expect(turned.sealed).toEqual(envelope.sealed)
  expect(turned.keyId).toBe(both.current.id)
  const after = readKeyRing(newer, 'test')
  expect(openEnvelope(after, turned, 'connector|corp|password')).toBe('a password')
  expect(() => openEnvelope(after, envelope, 'connector|corp|password')).toThrow(/seal.key-missing/)
  expect(() => readKeyRing(' \n', 'test')).toThrow(/file.unreadable/)
})
