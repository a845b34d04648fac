import { colonRunEnd, ipv6Groups, ipv6Text, isIpv4 } from './addresses.ts'
import { bitOf, isAlnum, isDigit } from './chars.ts'
import { hostDomain } from './names.ts'

export type Url = {
  value: string
  start: number
  end: number
  host: { type: 'domain' | 'ipv4' | 'ipv6'; value: string; start: number; end: number } | undefined
}

/** No browser sends more, and a longer "URL" is a blob. */
const urlLengthMax = 8192
const schemeLengthMax = 16
/** A host has at most 253 characters; the rest is room for a user name and password before it. */
const authorityLengthMax = 340
const authorityPattern = /^(?:([^/?#@\s"'<>`|\\]*)@)?(\[[0-9a-fA-F:.%\w]*\]|[\w.\-\u00a1-\uffff]+)/

/** Schemes as people write and break them. `meow` and `fxp` are what two widespread defanging tools write. */
const schemes: readonly [RegExp, string][] = [
  [/(?:h(?:tt|xx|\*\*|__|--|tx|xt|\.\.|xxx|ttx|t|x|XX)p|meow|htt\*|hxxx?p?)$/i, 'http'],
  [/(?:h(?:tt|xx|\*\*|__|--|tx|xt|\.\.|xxx|ttx|t|x|XX)ps|meows)$/i, 'https'],
  [/(?:ftp|fxp|f\*p|f_p)$/i, 'ftp'],
  [/(?:ftps|fxps)$/i, 'ftps'],
  [
    /(sftp|tftp|wss|ws|tcp|udp|ldaps|ldap|smb|ssh|rdp|rtsp|rtmp|telnet|irc|ircs|socks4|socks5|gopher|nfs|dns|doh|tls|ssl|quic|mqtt|amqp|redis|mongodb|mysql|postgres|postgresql|jdbc|rmi|vnc|magnet|git|svn|stratum\+tcp|stratum\+ssl)$/i,
    '',
  ],
]

/** The scheme that ends at `end` (where `://` or its like begins): how it is rightly written, and where it starts. */
export function schemeBefore(text: string, end: number): { scheme: string; start: number } | undefined {
  // The four that nearly all are, without a pattern.
  if (text.startsWith('http', end - 4)) return { scheme: 'http', start: end - 4 }
  if (text.startsWith('https', end - 5)) return { scheme: 'https', start: end - 5 }
  if (text.startsWith('hxxp', end - 4)) return { scheme: 'http', start: end - 4 }
  if (text.startsWith('hxxps', end - 5)) return { scheme: 'https', start: end - 5 }
  const before = text.slice(Math.max(0, end - schemeLengthMax), end)
  let best: { scheme: string; start: number } | undefined
  for (const [pattern, scheme] of schemes) {
    const match = pattern.exec(before)
    if (match === null) continue
    const start = end - match[0].length
    if (best === undefined || start < best.start)
      best = { scheme: scheme === '' ? match[0].toLowerCase() : scheme, start }
  }
  return best
}

/** A URL whose scheme is [schemeStart, colon) and whose authority begins at `authority`. */
export function urlAt(text: string, scheme: string, schemeStart: number, authority: number): Url | undefined {
  let start = authority
  while (text.charCodeAt(start) === 47 || text.charCodeAt(start) === 32) start++
  if (start - authority > 2) return undefined
  // The host first, and cheaply: whoever writes `://` a hundred thousand times must not buy a long look each time.
  const split = authorityPattern.exec(text.slice(start, start + authorityLengthMax))
  if (split === null) return undefined
  const userInfo = split[1]
  const written = (split[2] as string).replace(/[._-]+$/, '')
  const from = start + (userInfo === undefined ? 0 : userInfo.length + 1)
  const hostEnd = from + written.length
  // `http://http://…`: what stands where the host should is another scheme.
  if (text.charCodeAt(hostEnd) === 58 && text.charCodeAt(hostEnd + 1) === 47) return undefined
  const read = hostOf(written, from)
  // Over a space (`hxxp:// evil.example`) only to a real host: "http:// and" is prose about schemes.
  if (read === undefined || (read.host === undefined && text.charCodeAt(start - 1) === 32)) return undefined
  const end = trimmed(text, hostEnd, bodyEnd(text, hostEnd, text.charAt(schemeStart - 1)))
  const rest = text.slice(hostEnd, end).replaceAll('\\', '/')
  const prefix = userInfo === undefined ? '' : `${userInfo}@`
  return { value: `${scheme}://${prefix}${read.text}${rest}`, start: schemeStart, end, host: read.host }
}

/** A URL without a scheme: a host (already recognised, at [start, hostEnd)) with a path behind it. */
export function barePath(
  text: string,
  name: { type: 'domain' | 'ipv4'; value: string },
  start: number,
  hostEnd: number,
): Url | undefined {
  const next = text.charCodeAt(hostEnd)
  if (next !== 47 && next !== 58) return undefined
  const port = /^:\d{1,5}(?=\/)/.exec(text.slice(hostEnd, hostEnd + 7))?.[0] ?? ''
  const path = hostEnd + port.length
  if (text.charCodeAt(path) !== 47 || !isPathStart(text, path + 1)) return undefined
  const end = trimmed(text, path, bodyEnd(text, path, text.charAt(start - 1)))
  if (end <= path + 1) return undefined
  return { value: name.value + port + text.slice(path, end), start, end, host: { ...name, start, end: hostEnd } }
}

function isPathStart(text: string, at: number): boolean {
  const c = text.charCodeAt(at)
  return isAlnum(c) || '[?#-_.~%@!$&+'.includes(text.charAt(at) || ' ')
}

function hostOf(host: string, start: number): { text: string; host: Url['host'] } | undefined {
  const end = start + host.length
  if (host.startsWith('[')) {
    const groups = ipv6Groups(host.slice(1, -1).replace(/%.*$/, ''))
    if (groups === undefined) return undefined
    const value = ipv6Text(groups)
    return { text: `[${value}]`, host: { type: 'ipv6', value, start: start + 1, end: end - 1 } }
  }
  if (isIpv4(host)) return { text: host, host: { type: 'ipv4', value: host, start, end } }
  const value = hostDomain(host.replace(/\.$/, ''))
  if (value !== undefined) return { text: value, host: { type: 'domain', value, start, end } }
  // A name without a public suffix is a host inside somebody's network: the scheme makes it a URL all the same.
  return /^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?$/i.test(host) ? { text: host.toLowerCase(), host: undefined } : undefined
}

/** Where the characters of a URL end. Quotes end it, brackets do when they were opened outside. */
function bodyEnd(text: string, start: number, opener: string): number {
  const limit = Math.min(text.length, start + urlLengthMax)
  let depth = 0
  let hasQuery = false
  for (let i = start; i < limit; i++) {
    const c = text.charCodeAt(i)
    switch (c) {
      case 34: // "
      case 60: // <
      case 62: // >
      case 96: // `
      case 94: // ^
      case 124: // |
        return i
      case 39: // '
        if (opener === "'" || opener === '"') return i
        break
      case 40:
      case 91:
      case 123:
        // `host["caption"]` is AsciiDoc: what it opens is no part of the URL.
        if (
          c === 91 &&
          !/^\[[\w .-]{1,40}\](?=[/?&.\w-]|$)/.test(text.slice(i, i + 44)) &&
          !(i === start && isIpv6Open(text, i))
        )
          return i
        depth++
        break
      case 41:
      case 93:
      case 125:
        if (--depth < 0) return i
        break
      case 44: // a list without spaces: "http://a.example/x,http://b.example/y"
      case 59:
        if (/^.(?:h[tx*_]{2}ps?|ftp)[:[]/i.test(text.slice(i, i + 8))) return i
        break
      case 63:
      case 35:
        hasQuery = true
        break
      case 92:
        if (!isAlnum(text.charCodeAt(i + 1))) return i
        break
      case 47:
        // The next URL, glued on. In a query it is a parameter, in an archive's path it is what was archived.
        if (
          !hasQuery &&
          /^\/(?:h[tx]{2}ps?|ftp):\/\//i.test(text.slice(i, i + 9)) &&
          !/archive\.|\/\d{14}$/.test(text.slice(Math.max(start, i - 60), i))
        )
          return i + 1
        break
      default:
        if (c <= 32 || c === 0x7f) return i
        if (c > 127 && bitOf(c) === 0) return i
    }
  }
  return limit
}

function isIpv6Open(text: string, at: number): boolean {
  const end = colonRunEnd(text, at + 1)
  return end > at + 2 && (text.charCodeAt(end) === 93 || text.charCodeAt(end) === 37)
}

const trailing = new Set(Array.from('.,;:!?\'"*_)]}~-', (c) => c.charCodeAt(0)))

/** Without the punctuation of the sentence around it. A closing bracket stays when the URL opened it. */
function trimmed(text: string, start: number, end: number): number {
  let to = end
  while (to > start && trailing.has(text.charCodeAt(to - 1))) {
    const c = text.charAt(to - 1)
    if (c === '-' || c === '~') break
    if (c === '_' && text.charCodeAt(to) !== 42 && text.charCodeAt(to) !== 95) break
    if (c === ')' && text.slice(start, to).includes('(')) break
    if (c === ']' && text.slice(start, to).includes('[')) break
    if (c === '}' && text.slice(start, to).includes('{')) break
    to--
  }
  return to
}

/** `203.0.113.9:8080/x` is no URL: in logs a path behind an address and port is what that request asked for. */
export function portEnd(text: string, at: number): number {
  if (text.charCodeAt(at) !== 58) return at
  let i = at + 1
  while (i < text.length && i - at <= 5 && isDigit(text.charCodeAt(i))) i++
  return i > at + 1 && !isDigit(text.charCodeAt(i)) ? i : at
}
