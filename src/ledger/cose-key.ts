import { createPublicKey, type KeyObject } from 'node:crypto'

/** How a key of a passkey signs; `hash` null where the algorithm brings its own (Ed25519). */
export type CredentialKey = { readonly key: KeyObject; readonly hash: 'sha256' | null }

/** The public key in a COSE_Key (RFC 9052): ES256, EdDSA (Ed25519) or RS256, which is what registration allows. Null for anything else. */
export function readCoseKey(bytes: Uint8Array): CredentialKey | null {
  const map = readMap(bytes)
  if (map === null) return null
  const base64url = (label: number): string => {
    const value = map.get(label)
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : ''
  }
  const kind = [1, 3, -1]
    .map((label) => map.get(label))
    .map((value) => (typeof value === 'number' ? value : ''))
    .join('/')
  try {
    switch (kind) {
      case '2/-7/1':
        return {
          key: createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: base64url(-2), y: base64url(-3) } }),
          hash: 'sha256',
        }
      case '1/-8/6':
        return {
          key: createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: base64url(-2) } }),
          hash: null,
        }
      case '3/-257/':
        return {
          key: createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: base64url(-1), e: base64url(-2) } }),
          hash: 'sha256',
        }
      default:
        return null
    }
  } catch {
    // Numbers that are no point of the curve, or no key at all: the caller says so.
    return null
  }
}

/** The one shape of CBOR (RFC 8949) that a COSE_Key has: a map of integers to integers and byte strings. */
function readMap(bytes: Uint8Array): Map<number, number | Uint8Array> | null {
  let at = 0
  const head = (): { major: number; value: number } | null => {
    const first = bytes[at++]
    if (first === undefined) return null
    const small = first & 31
    const width = small < 24 ? 0 : small <= 26 ? 2 ** (small - 24) : -1
    if (width < 0 || at + width > bytes.length) return null
    let value = width === 0 ? small : 0
    for (let n = 0; n < width; n += 1) value = value * 256 + (bytes[at++] ?? 0)
    return { major: first >> 5, value }
  }
  const item = (): number | Uint8Array | null => {
    const read = head()
    if (read === null) return null
    if (read.major === 0) return read.value
    if (read.major === 1) return -1 - read.value
    if (read.major !== 2 || at + read.value > bytes.length) return null
    at += read.value
    return bytes.subarray(at - read.value, at)
  }
  const map = head()
  if (map === null || map.major !== 5 || map.value > 16) return null
  const found = new Map<number, number | Uint8Array>()
  for (let n = 0; n < map.value; n += 1) {
    const label = item()
    const value = item()
    if (typeof label !== 'number' || value === null || found.has(label)) return null
    found.set(label, value)
  }
  return at === bytes.length ? found : null
}
