import { createHmac, randomBytes } from 'node:crypto'
import { sameSecret } from './digest.ts'

const stepSeconds = 30
const digits = 6
/** One step either way: a phone's clock that is half a minute off still works. RFC 6238, section 5.2. */
const driftSteps = 1
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A new secret of 160 bits, in base32 as authenticator applications take it. */
export function newTotpSecret(): string {
  const bits = [...randomBytes(20)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join('')
}

/** The code of one 30 s step (RFC 6238 over RFC 4226, SHA-1, as every authenticator application speaks it). */
export function totpCode(secret: string, step: number): string {
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 0x0f
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, '0')
}

/** The step a code is of, or null. The caller keeps the step and refuses it (and all before it) from then on: a code counts once. */
export function totpStepOf(secret: string, code: string, now: Date): number | null {
  const current = Math.floor(now.getTime() / 1000 / stepSeconds)
  let found: number | null = null
  for (let step = current - driftSteps; step <= current + driftSteps; step++) {
    if (sameSecret(totpCode(secret, step), code)) found = step
  }
  return found
}

/** What the QR code or link for an authenticator application says. */
export function totpUri(secret: string, account: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`
}
