import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

/** Longer texts are looked at as they are and folded; what is decoded of them is bounded. */
const decodedCharsMax = 200_000

/** Scripts carry programs packed and then written in base64: gzip, zlib or bare deflate. */
function unpacked(bytes: Buffer): Buffer | null {
  const [first = 0, second = 0] = bytes
  const isZlib = first === 0x78 && ((first << 8) | second) % 31 === 0
  const unpack = first === 0x1f && second === 0x8b ? gunzipSync : isZlib ? inflateSync : inflateRawSync
  try {
    return unpack(bytes, { maxOutputLength: decodedCharsMax })
  } catch {
    // It is not packed in this way, or is more than a person could mean.
    return null
  }
}

/** Bytes as the text they are, packed or not; null where they are no text. */
function textOf(bytes: Buffer): string | null {
  const text = plainTextOf(bytes)
  if (text !== null) return text
  const inside = unpacked(bytes)
  return inside === null ? null : plainTextOf(inside)
}

/** Bytes as the text they are in UTF-8, or in UTF-16 as Windows programs write it; null where they are no text. */
function plainTextOf(bytes: Buffer): string | null {
  const isText = (text: string): boolean => {
    const odd = text.match(/[^\P{C}\n\r\t]|\ufffd/gu)?.length ?? 0
    return text.length >= 3 && odd <= text.length / 20
  }
  const plain = bytes.toString('utf8')
  if (isText(plain)) return plain
  const wide = bytes.toString('utf16le')
  return bytes.length % 2 === 0 && isText(wide) && /^[\u0009-\u024f]+$/.test(wide) ? wide : null
}

const base64 = /(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{4}){3,}(?:[A-Za-z0-9+/_-]{1,4})?={0,2}(?![A-Za-z0-9+/_=-])/g
const hex = /(?<![0-9a-z])(?:0x)?(?:[0-9a-f]{2}[ :-]?){8,4000}(?![0-9a-z])/gi

/** RFC 4648, section 6; names in DNS carry it in small letters. */
const base32 = /(?<![A-Za-z0-9])(?:[A-Z2-7]{8}){2,2000}[A-Z2-7]{0,7}={0,6}(?![A-Za-z0-9])/gi
/** Letters by their numbers, as scripts make texts: "77, 97, 114" or "0x4d,0x61". */
const numbers = /(?<![\w.])(?:(?:0x[0-9a-f]{2}|\d{2,3})[ ,;]{1,2}){5,4000}(?:0x[0-9a-f]{2}|\d{2,3})(?![\w.])/gi

function fromBase32(text: string): Buffer {
  const bytes: number[] = []
  let [bits, held] = [0, 0]
  for (const letter of text.toUpperCase().replace(/=/g, '')) {
    held = ((held << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 0xff)
  }
  return Buffer.from(bytes)
}

export type TextInside = { readonly start: number; readonly end: number; readonly text: string; readonly how: string }

/** Stretches of a text that are another one in an encoding of whole words, each with what it says. */
export function textsInside(within: string): TextInside[] {
  const found: TextInside[] = []
  const take = (match: RegExpExecArray, text: string | null, how: string) => {
    if (text !== null && text.length <= decodedCharsMax)
      found.push({ start: match.index, end: match.index + match[0].length, text, how })
  }
  for (const match of within.matchAll(base64)) {
    // A word of ordinary letters is none; text in base64 has capitals, and digits or both cases mixed.
    if (!/[A-Z]/.test(match[0]) || !/[a-z]/.test(match[0])) continue
    take(match, textOf(Buffer.from(match[0].replaceAll('-', '+').replaceAll('_', '/'), 'base64')), 'in base64')
  }
  for (const match of within.matchAll(hex)) {
    const digits = match[0].replace(/^0x|[ :-]/gi, '')
    if (digits.length >= 16 && digits.length % 2 === 0)
      take(match, textOf(Buffer.from(digits, 'hex')), 'in hexadecimal')
  }
  for (const match of within.matchAll(base32)) take(match, textOf(fromBase32(match[0])), 'in base32')
  for (const match of within.matchAll(numbers)) {
    const codes = match[0].split(/[ ,;]+/).map(Number)
    if (codes.every((code) => code < 256)) take(match, textOf(Buffer.from(codes)), 'as numbers of letters')
  }
  return found
}
