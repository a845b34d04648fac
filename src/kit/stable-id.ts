import { createHash } from 'node:crypto'

/**
 * A UUID (RFC 9562 version 8) worked out from its parts, always the same for the same parts: what makes a step safe to run twice.
 * Parts are told apart, so ("a", "bc") and ("ab", "c") differ.
 */
export function stableId(...parts: readonly string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
