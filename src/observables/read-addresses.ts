import {
  colonRunEnd,
  ipv4End,
  ipv6Groups,
  ipv6Text,
  isAllocated,
  isColonMac,
  isIpv4,
  isNetmask,
  isNetwork,
  macText,
} from './addresses.ts'
import { dash, digit, dot, isAlnum, isDigit, isHex, underscore } from './chars.ts'
import { ssdeepEnd } from './digests.ts'
import { addUrl } from './read-urls.ts'
import type { Scanner, Word } from './scanner.ts'
import { barePath, portEnd } from './urls.ts'
import { isVersion } from './versions.ts'

const spacedQuad = /(\d{1,3}) \. (\d{1,3}) \. (\d{1,3}) \. (\d{1,3})(?![\d]| ?\. ?\d)/y

/** IPv4 addresses and networks. Returns where to go on, or -1 when the word holds none. */
export function readAddress(scanner: Scanner, word: Word): number {
  const { text } = scanner
  const { start, bits } = word
  if (!isDigit(text.charCodeAt(start))) return -1
  if ((bits & dot) === 0) return bits === digit ? readSpaced(scanner, start) : -1
  // Addresses joined by dashes or underscores are ranges and file-like names; letters make the word a name.
  if ((bits & ~(digit | dot | dash | underscore)) !== 0 && !/^[\d.]+-\d*[a-zA-Z]/.test(text.slice(start, word.end)))
    return -1
  const end = ipv4End(text, start)
  if (end < 0) return -1
  if (end < word.end && text.charCodeAt(end) !== 45 && text.charCodeAt(end) !== 95) return -1
  if (scanner.columnAt(start) === 'version') return end
  if (!scanner.refanged.defanged(start, end) && isVersion(text, start, end, scanner.versions)) return word.end
  return addAddress(scanner, text.slice(start, end), start, end, word.end)
}

function addAddress(scanner: Scanner, address: string, start: number, end: number, wordEnd: number): number {
  const { text } = scanner
  const bits = text.charCodeAt(end) === 47 ? /^\/(3[0-2]|[12]?\d)(?!\w|\.\d)/.exec(text.slice(end, end + 6)) : null
  if (bits !== null && text.charAt(start - 1) !== ':') {
    const to = end + bits[0].length
    const network = isNetwork(address, Number(bits[1]))
    scanner.add('cidr', address + bits[0], start, to)
    // With host bits set the text names a host and says how large its network is; a /32 is a host by definition.
    if (!network || bits[1] === '32') scanner.add('ipv4', address, start, end)
    return to
  }
  if (isNetmask(address)) return end
  // In a log, a path behind address and port is what a request asked for; defanged, somebody meant a web address.
  if (scanner.refanged.defanged(start, end)) {
    const url = barePath(text, { type: 'ipv4', value: address }, start, end)
    if (url !== undefined && /\/[A-Za-z_~.-]/.test(url.value)) return addUrl(scanner, url)
  }
  scanner.add('ipv4', address, start, end)
  if (text.charCodeAt(end) === 45 && end < wordEnd) {
    const other = /^\d{1,3}(?:\.\d{1,3}){3}/.exec(text.slice(end + 1, wordEnd))?.[0] ?? ''
    if (isIpv4(other) && end + 1 + other.length === wordEnd) scanner.add('ipv4', other, end + 1, wordEnd)
    return wordEnd
  }
  return Math.max(end, portEnd(text, end))
}

/** `192 . 0 . 2 . 1`, where every dot stands between spaces. */
function readSpaced(scanner: Scanner, start: number): number {
  const { text } = scanner
  if (text.charCodeAt(start + 1) > 57) return -1
  spacedQuad.lastIndex = start
  const match = spacedQuad.exec(text)
  if (match === null) return -1
  const address = match.slice(1).join('.')
  return isIpv4(address) ? scanner.add('ipv4', address, start, start + match[0].length) : -1
}

/** Groups with colons from `start`: an ssdeep hash, a MAC or an IPv6 address. Returns where to go on, at least one further. */
export function readColons(scanner: Scanner, start: number): number {
  const { text } = scanner
  const before = text.charCodeAt(start - 1)
  const fuzzy = isDigit(text.charCodeAt(start)) ? ssdeepEnd(text, start) : -1
  if (fuzzy >= 0) return scanner.add('ssdeep', text.slice(start, fuzzy), start, fuzzy)
  if (isHex(before) && text.charCodeAt(start) === 58) return start + 1
  let end = colonRunEnd(text, start)
  const runEnd = end
  if (end === start || isAlnum(text.charCodeAt(end))) return Math.max(end, start + 1)
  while (end > start + 2 && text.charCodeAt(end - 1) === 58 && text.charCodeAt(end - 2) !== 58) end--
  const run = text.slice(start, Math.min(end, start + 64))
  if (isAlnum(before) || before === 58 || end - start > 64) return Math.max(runEnd, start + 1)
  if (run.length === 17 && isColonMac(run)) return scanner.add('mac', macText(run), start, end)
  return Math.max(readIpv6(scanner, run, start, end), runEnd, start + 1)
}

function readIpv6(scanner: Scanner, run: string, start: number, end: number): number {
  const { text } = scanner
  let value = run
  let to = end
  let groups = ipv6Groups(value)
  // An unbracketed port, as some appliances print it: `2001:db8::1.443` or a last group that does not fit.
  if (groups === undefined && /\.\d+$/.test(value)) {
    value = value.replace(/\.\d+$/, '')
    to = start + value.length
    groups = ipv6Groups(value)
  }
  if (groups === undefined || !isAllocated(groups)) return -1
  const zone = /^%[A-Za-z0-9._~-]{1,20}/.exec(text.slice(to, to + 24))?.[0] ?? ''
  const bits = /^\/(12[0-8]|1[01]\d|[1-9]?\d)(?!\w|\.\d)/.exec(text.slice(to, to + 7))
  if (bits !== null && zone === '') {
    const whole = to + bits[0].length
    scanner.add('cidr', ipv6Text(groups) + bits[0], start, whole)
    if (hasHostBits(groups, Number(bits[1]))) scanner.add('ipv6', ipv6Text(groups), start, to)
    return whole
  }
  // The zone names an interface of whoever wrote it down; the address is the same without.
  return scanner.add('ipv6', ipv6Text(groups), start, to + zone.length)
}

function hasHostBits(groups: readonly number[], bits: number): boolean {
  if (bits === 128) return true
  return groups.some((group, k) => {
    const inside = Math.min(16, Math.max(0, bits - 16 * k))
    return (group & (0xffff >> inside)) !== 0
  })
}
