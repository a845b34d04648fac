import { hash } from 'node:crypto'
import { keccak256 } from './keccak.ts'

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const base58Value = new Int8Array(128).fill(-1)
for (let i = 0; i < 58; i++) base58Value[base58.charCodeAt(i)] = i

/**
 * How many false checksums one text may cost. A report has none or a few; a text with more has them to keep us busy, and
 * from there on a candidate is believed by its shape, so that nothing can be hidden behind a wall of false ones.
 */
export const falseChecksumsMax = 500

export type Patience = { falseChecksums: number }

/** The wallet a word is, by its length and first character. */
export function walletOf(text: string, patience: Patience): 'btc' | 'eth' | 'xmr' | undefined {
  const type = shapeOf(text)
  if (type === undefined || patience.falseChecksums >= falseChecksumsMax) return type
  if (type === 'btc' ? isBitcoin(text) : type === 'eth' ? isEthereum(text) : isMonero(text)) return type
  patience.falseChecksums++
  return undefined
}

function shapeOf(text: string): 'btc' | 'eth' | 'xmr' | undefined {
  const first = text.charCodeAt(0)
  if (first === 48) return text.length === 42 && text.charCodeAt(1) === 120 ? 'eth' : undefined
  if (text.length >= 95)
    return (text.length === 95 || text.length === 106) && /^[48][1-9A-HJ-NP-Za-km-z]+$/.test(text) ? 'xmr' : undefined
  if (first === 49 || first === 51)
    return text.length >= 26 && text.length <= 35 && /^[1-9A-HJ-NP-Za-km-z]+$/.test(text) && /[A-Z]/.test(text)
      ? 'btc'
      : undefined
  return /^bc1[02-9ac-hj-np-z]{11,71}$/i.test(text) ? 'btc' : undefined
}

/** Bitcoin: base58check with version 0 (P2PKH) or 5 (P2SH), or bech32 / bech32m (BIP 173, BIP 350). */
export function isBitcoin(text: string): boolean {
  const first = text.charCodeAt(0)
  if (first === 49 || first === 51) return text.length >= 26 && text.length <= 35 && isBase58Check(text)
  return /^bc1/i.test(text) && isSegwit(text)
}

function isBase58Check(text: string): boolean {
  const bytes = fromBase58(text, 25)
  if (bytes === undefined || (bytes[0] !== 0 && bytes[0] !== 5)) return false
  const once = hash('sha256', bytes.subarray(0, 21), 'buffer')
  const twice = hash('sha256', once, 'buffer')
  return twice[0] === bytes[21] && twice[1] === bytes[22] && twice[2] === bytes[23] && twice[3] === bytes[24]
}

/** The number written in base 58 as exactly `size` bytes, or undefined when a digit is foreign or it does not fit. */
function fromBase58(text: string, size: number): Uint8Array | undefined {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    let carry = code < 128 ? (base58Value[code] as number) : -1
    if (carry < 0) return undefined
    for (let k = size - 1; k >= 0; k--) {
      carry += (bytes[k] as number) * 58
      bytes[k] = carry & 255
      carry >>= 8
    }
    if (carry !== 0) return undefined
  }
  return bytes
}

const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

function isSegwit(text: string): boolean {
  const lower = text.toLowerCase()
  if ((text !== lower && text !== text.toUpperCase()) || text.length < 14 || text.length > 74) return false
  const data = [...lower.slice(3)].map((c) => bech32.indexOf(c))
  if (data.includes(-1)) return false
  // Human-readable part "bc", expanded as BIP 173 prescribes.
  let check = 1
  for (const value of [3, 3, 0, 2, 3, ...data]) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    for (let k = 0; k < 5; k++) if ((top >> k) & 1) check ^= generators[k] as number
  }
  // Witness version 0 uses the old constant, all later ones that of bech32m.
  return check === (data[0] === 0 ? 1 : 0x2bc830a3)
}

/** Ethereum: mixed case must satisfy EIP-55; a single case carries no checksum and is taken as it is. */
export function isEthereum(text: string): boolean {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return false
  const digits = text.slice(2)
  const lower = digits.toLowerCase()
  if (/^(.)\1*$/.test(lower)) return false
  if (digits === lower || digits === digits.toUpperCase()) return true
  const digest = keccak256(Buffer.from(lower, 'latin1'))
  for (let i = 0; i < 40; i++) {
    const c = digits.charCodeAt(i)
    if (c < 58) continue
    const nibble = ((digest[i >> 1] as number) >> (i % 2 === 0 ? 4 : 0)) & 15
    if (c < 97 !== nibble >= 8) return false
  }
  return true
}

/** Bytes for each full block of 11 base-58 digits, and for the last block of 7 (95 digits = 8 blocks and 7). */
const blockBytes = 8
const lastBlockBytes = 5
const networks = new Set([18, 19, 42])

/** Monero: 95 digits (106 with a payment id), known network byte, Keccak checksum. */
export function isMonero(text: string): boolean {
  if ((text.length !== 95 && text.length !== 106) || (text[0] !== '4' && text[0] !== '8')) return false
  const parts: Uint8Array[] = []
  for (let i = 0; i < text.length; i += 11) {
    const block = text.slice(i, i + 11)
    const bytes = fromBase58(block, block.length === 11 ? blockBytes : lastBlockBytes)
    if (bytes === undefined) return false
    parts.push(bytes)
  }
  const body = Buffer.concat(parts)
  if (!networks.has(body[0] as number)) return false
  const digest = keccak256(body.subarray(0, body.length - 4))
  return Buffer.compare(digest.subarray(0, 4), body.subarray(body.length - 4)) === 0
}
