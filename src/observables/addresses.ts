import { isDigit, isHex } from './chars.ts'

/** Four octets without leading zeros (RFC 6943, 3.1.1: other spellings are read differently by different programs). */
export const ipv4Pattern = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(?:\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)){3}'
const ipv4Whole = new RegExp(`^${ipv4Pattern}$`)

export function isIpv4(text: string): boolean {
  return ipv4Whole.test(text)
}

/**
 * The end of the address that begins at `start`, or -1: what `isIpv4` accepts, with no further digit or number behind it.
 * By hand, because a list of addresses asks nothing else.
 */
export function ipv4End(text: string, start: number): number {
  let i = start
  for (let octets = 1; ; octets++) {
    const first = text.charCodeAt(i)
    if (!isDigit(first)) return -1
    let value = first - 48
    let digits = 1
    for (let c = text.charCodeAt(++i); isDigit(c); c = text.charCodeAt(++i)) {
      value = value * 10 + c - 48
      if (first === 48 || ++digits > 3 || value > 255) return -1
    }
    if (octets === 4) return text.charCodeAt(i) === 46 && isDigit(text.charCodeAt(i + 1)) ? -1 : i
    if (text.charCodeAt(i++) !== 46) return -1
  }
}

/** Netmasks look like addresses and never are one of interest. */
export function isNetmask(address: string): boolean {
  return address.startsWith('255.255.') && address !== '255.255.255.255'
}

export function ipv4Number(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
}

/** True when no host bit is set, so that the text names a network and no host in it. */
export function isNetwork(address: string, bits: number): boolean {
  return bits === 0 ? address === '0.0.0.0' : ipv4Number(address) % 2 ** (32 - bits) === 0
}

/** The longest text an IPv6 address can have, with an IPv4 tail (RFC 4291, 2.2). */
const ipv6LengthMax = 45

/** Eight 16-bit groups of an IPv6 address in any RFC 4291 spelling, or undefined. */
export function ipv6Groups(text: string): number[] | undefined {
  if (text.length < 2 || text.length > ipv6LengthMax) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1] as string, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  return [...head, ...new Array<number>(missing).fill(0), ...tail]
}

function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const out: number[] = []
  const parts = text.split(':')
  for (const [k, part] of parts.entries()) {
    if (last && k === parts.length - 1 && isIpv4(part)) {
      const n = ipv4Number(part)
      out.push(Math.floor(n / 65536), n % 65536)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) out.push(Number.parseInt(part, 16))
    else return undefined
  }
  return out
}

/**
 * Only what IANA has given out (global unicast 2000::/3, unique local, link local, multicast, NAT64, mapped, loopback):
 * `3::1` is a ratio, `::12` a ticket and `de::ad` a name in code, and nothing in the text itself tells them apart.
 */
export function isAllocated(g: readonly number[]): boolean {
  const first = g[0] as number
  if (first >= 0x2000 && first <= 0x3fff) return true
  if (first >= 0xfc00 && first <= 0xfdff) return true
  if (first >= 0xfe80 && first <= 0xfebf) return true
  if (first >= 0xff00) return true
  if (first === 0x64 && g[1] === 0xff9b) return true
  if (!g.slice(0, 5).every((n) => n === 0)) return false
  return g[5] === 0xffff || (g[5] === 0 && g[6] === 0 && g[7] === 1)
}

/** RFC 5952: lower case, the longest run of zero groups (of at least two) shortened, mapped addresses with dots. */
export function ipv6Text(g: readonly number[]): string {
  if (g.slice(0, 5).every((n) => n === 0) && g[5] === 0xffff) {
    const [a, b] = [g[6] as number, g[7] as number]
    return `::ffff:${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`
  }
  let best = { from: 0, length: 1 }
  for (let i = 0; i < 8; i++) {
    let j = i
    while (j < 8 && g[j] === 0) j++
    if (j - i > best.length) best = { from: i, length: j - i }
  }
  const hex = g.map((n) => n.toString(16))
  if (best.length < 2) return hex.join(':')
  return `${hex.slice(0, best.from).join(':')}::${hex.slice(best.from + best.length).join(':')}`
}

/** Where a run of hex digits, colons and (after the last colon) dots ends; the raw material of IPv6 and MAC addresses. */
export function colonRunEnd(text: string, start: number): number {
  let i = start
  let dots = false
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 58 && !dots) continue
    if (c === 46 && isDigit(text.charCodeAt(i + 1)) && isDigit(text.charCodeAt(i - 1))) {
      dots = true
      continue
    }
    if (!isHex(c)) break
  }
  return i
}

const macColons = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i

/** Six octets with colons. Longer rows of octets are serial numbers and fingerprints. */
export function isColonMac(text: string): boolean {
  return macColons.test(text)
}

/** One spelling for all notations: six lower-case octets with colons. */
export function macText(text: string): string {
  const digits = text.replace(/[^0-9a-f]/gi, '').toLowerCase()
  return digits.match(/../g)?.join(':') ?? digits
}
