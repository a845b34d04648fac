import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** SHA-256 as 64 lower-case hex digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** A secret of 256 bits as base64url (43 characters), for one-time links, session and API keys. Store only its digest. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Compares in constant time (over digests, so that lengths do not leak either). */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}
