import { alnumBits, dash, digit, dot, hexBits, isAlnum, underscore, unitAt } from './chars.ts'
import { digestAs, digestType } from './digests.ts'
import { isMachineName } from './labels.ts'
import type { Scanner, Word } from './scanner.ts'
import { walletOf } from './wallets.ts'

// Dashes as word processors and web pages write them: hyphen, no-break hyphen, figure, en, em, minus, small, full-width.
const dashes = '[-_\\u2010-\\u2015\\u2212\\ufe63\\uff0d]'
const cve = new RegExp(
  `CVE(?:${dashes}{1,2}|[ \\u00a0])((?:19|20)\\d{2})(?:${dashes}{1,2}|[ \\u00a0])(\\d{4,7})(?!\\d)`,
  'iy',
)
const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const sid = /^S-1-\d{1,2}(?:-\d{1,10}){1,14}$/i
const technique = /^(?:T(?:1[0-6]\d\d|08\d\d)(?:\.\d{3})?|TA(?:00[0-4]\d|01[01]\d))$/
const ja4 = /^[tqd](?:\d\d|s[23])[di]\d{4}[a-z0-9]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/
const dashedMac = /^(?:[0-9a-f]{2}-){5}[0-9a-f]{2}$/i
const dottedMac = /^(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$/i

/** What is known by the shape of one word. Returns where to go on, or -1 when the word is none of these. */
export function readIdentifier(scanner: Scanner, word: Word): number {
  const { text } = scanner
  const { start, end, bits } = word
  const length = end - start
  const first = text.charCodeAt(start) | 32
  if (first === 99 || (bits & dash) !== 0) {
    const vulnerability = readCve(scanner, word)
    if (vulnerability >= 0) return vulnerability
  }
  if ((bits & digit) === 0) return first === 97 && length <= 3 ? readSystem(scanner, word) : -1
  if ((bits & ~alnumBits) === 0) return readPlain(scanner, word, length)
  const value = text.slice(start, end)
  if ((bits & dash) !== 0) {
    const dashed = readDashed(scanner, word, value)
    if (dashed >= 0) return dashed
  }
  if ((bits & dot) !== 0) {
    if (length === 14 && dottedMac.test(value) && /[a-f]/i.test(value))
      return scanner.add('mac', macOf(value), start, end)
    if (length <= 9 && technique.test(value) && !isAlnum(text.charCodeAt(end)))
      return scanner.add('attack', value, start, end)
  }
  if ((bits & underscore) !== 0 && length === 36 && ja4.test(value)) return scanner.add('ja4', value, start, end)
  return -1
}

/** A word of letters and digits only. */
function readPlain(scanner: Scanner, word: Word, length: number): number {
  const { text } = scanner
  const { start, end, bits } = word
  const type = (bits & ~hexBits) === 0 ? digestType(length) : undefined
  if (type !== undefined) {
    if (bits === digit) return -1
    const column = scanner.columnAt(start)
    if (column === 'opaque') return end
    const as =
      column === 'imphash' || column === 'ja3'
        ? column
        : digestAs(type, text, start, column === undefined ? undefined : '')
    return as === undefined ? end : scanner.add(as, text.slice(start, end).toLowerCase(), start, end)
  }
  if (length <= 12) return readShort(scanner, word, length)
  const value = text.slice(start, end)
  const wallet = length >= 26 && length <= 106 ? walletOf(value, scanner.patience) : undefined
  if (wallet !== undefined) return scanner.add(wallet, value, start, end)
  return -1
}

function readShort(scanner: Scanner, word: Word, length: number): number {
  const { text } = scanner
  const { start, end } = word
  switch (text.charCodeAt(start)) {
    case 65: // A
      return length >= 4 ? readSystem(scanner, word) : -1
    case 84: // T
      if (length === 5 || length === 6) {
        const value = text.slice(start, end)
        if (technique.test(value) && value !== 'T1000') return scanner.add('attack', value, start, end)
      }
      return -1
    case 97: // a
      return length >= 4 ? readSystem(scanner, word) : -1
    default:
      return length === 12 &&
        /\bmac(?:[ _-]?addr(?:ess)?)?["']?\s*[:=]?\s*["']?$/i.test(text.slice(Math.max(0, start - 20), start)) &&
        /^[0-9a-f]{12}$/i.test(text.slice(start, end))
        ? scanner.add('mac', macOf(text.slice(start, end)), start, end)
        : -1
  }
}

function macOf(text: string): string {
  return (
    text
      .replace(/[^0-9a-f]/gi, '')
      .toLowerCase()
      .match(/../g) ?? []
  ).join(':')
}

const systemNumber = /(?:AS[N]?|as[n]?)(?:[ ]?[:#][ ]?|[ ]|)(\d{1,10})(?![\d.\w])/y
/** IBM's AS/400 and the EDI protocols AS2 to AS4 are older friends of prose than the networks with these numbers. */
const notSystems = new Set([1, 2, 3, 4, 400])

/** `AS64496`, `ASN 64496`, `ASN: 64496`. */
function readSystem(scanner: Scanner, word: Word): number {
  const { text } = scanner
  const { start, end } = word
  if ((unitAt(text, start + 1) | 32) !== 115) return -1
  systemNumber.lastIndex = start
  const match = systemNumber.exec(text)
  if (match === null) return -1
  const number = Number(match[1])
  const spelled = /^asn/i.test(match[0])
  // "as 443" in a sentence: only capitals without the N, and only when glued to the number.
  if (!spelled && (!match[0].startsWith('AS') || /[ :#]/.test(match[0]))) return -1
  if (number === 0 || number > 0xffffffff || (!spelled && notSystems.has(number))) return -1
  return scanner.add('asn', `AS${number}`, start, Math.max(end, start + match[0].length))
}

/** A CVE anywhere in a word: detection names and file names carry them (`Exploit.CVE-2021-1732.I`). */
function readCve(scanner: Scanner, word: Word): number {
  const { text } = scanner
  for (let i = word.start + 1; i < word.end - 1; i++) {
    if (
      (text.charCodeAt(i) | 32) !== 118 ||
      (text.charCodeAt(i - 1) | 32) !== 99 ||
      (text.charCodeAt(i + 1) | 32) !== 101
    )
      continue
    const at = i - 1
    if (isAlnum(text.charCodeAt(at - 1))) return -1
    cve.lastIndex = at
    const match = cve.exec(text)
    return match === null ? -1 : scanner.add('cve', `CVE-${match[1]}-${match[2]}`, at, at + match[0].length)
  }
  return -1
}

function readDashed(scanner: Scanner, word: Word, value: string): number {
  const { text } = scanner
  const { start, end } = word
  if (value.length >= 36) {
    // STIX ids put a type before the GUID, other programs put something behind it.
    for (const from of [value.length - 36, 0]) {
      const part = value.slice(from, from + 36)
      const edge = from === 0 ? value.charAt(36) : value.charAt(from - 1)
      if ((edge === '' || edge === '-') && guid.test(part)) {
        return scanner.add('guid', part.toLowerCase(), start + from, start + from + 36)
      }
    }
  }
  if (sid.test(value)) return scanner.add('sid', value.toUpperCase(), start, end)
  // Six pairs of digits are a date and a time; octets have letters, or somebody says MAC.
  if (value.length === 17 && dashedMac.test(value)) {
    const isMac = /[a-f]/i.test(value) || /mac/i.test(text.slice(Math.max(0, start - 16), start))
    if (isMac) return scanner.add('mac', macOf(value), start, end)
  }
  if (isMachineName(value)) return scanner.add('hostname', value, start, end)
  return -1
}
