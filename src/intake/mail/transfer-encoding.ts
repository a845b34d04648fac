const underscore = 0x5f
const equals = 0x3d

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/**
 * Quoted-printable to bytes in one pass. A broken escape stays as it stands (RFC 2045 section 6.7). White space at the end of a
 * line is padding of some relay and goes. `inHeader` is the "Q" encoding of RFC 2047, where "_" is a space.
 */
export function decodeQuotedPrintable(bytes: Uint8Array, inHeader = false): Buffer {
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  // Where trailing white space of this line begins in `out`; -1 while the last byte is none.
  let blanksFrom = -1
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte === equals) {
      const high = hexDigit(bytes[i + 1])
      const low = hexDigit(bytes[i + 2])
      if (high >= 0 && low >= 0) {
        out[length++] = high * 16 + low
        i += 2
        blanksFrom = -1
        continue
      }
      const end = softBreakEnd(bytes, i + 1)
      if (end >= 0) {
        i = end
        blanksFrom = -1
        continue
      }
    }
    if (inHeader && byte === underscore) {
      out[length++] = 0x20
    } else if (byte === 0x20 || byte === 0x09) {
      if (blanksFrom < 0) blanksFrom = length
      out[length++] = byte
    } else {
      if (byte === 0x0a && blanksFrom >= 0) length = blanksFrom
      if (byte !== 0x0d) blanksFrom = -1
      out[length++] = byte
    }
  }
  return out.subarray(0, length)
}

/** "=" and blanks up to the end of the line is a soft break. Index of its last byte, or -1. At most 80 blanks are looked at. */
function softBreakEnd(bytes: Uint8Array, from: number): number {
  let i = from
  while (i < from + 80 && (bytes[i] === 0x20 || bytes[i] === 0x09)) i++
  if (bytes[i] === 0x0d && bytes[i + 1] === 0x0a) return i + 1
  if (bytes[i] === 0x0a || bytes[i] === 0x0d) return i
  return i >= bytes.length ? bytes.length - 1 : -1
}

/** Base64 to bytes; whatever is not of its alphabet is passed over. Pieces that were padded one by one are joined. */
export function decodeBase64(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const padding = text.indexOf('=')
  if (padding < 0 || !/[A-Za-z0-9+/]/.test(text.slice(padding, padding + 200).replace(/^[=\s]+/, '')))
    return Buffer.from(text, 'base64')
  return Buffer.concat(text.split(/=+/).map((piece) => Buffer.from(piece, 'base64')))
}

/** Content-Transfer-Encoding undone. An unknown encoding leaves the bytes as they are; `known` says so. */
export function decodeTransfer(bytes: Buffer, encoding: string): { readonly bytes: Buffer; readonly known: boolean } {
  switch (encoding) {
    case 'base64':
      return { bytes: decodeBase64(bytes), known: true }
    case 'quoted-printable':
      return { bytes: decodeQuotedPrintable(bytes), known: true }
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return { bytes, known: true }
    default:
      return { bytes, known: false }
  }
}
