import { isIpv4 } from './addresses.ts'
import { bitOf, letterBits } from './chars.ts'

/**
 * Four small numbers with dots are an address or a version, and only the words around tell. Everything here looks at a
 * bounded stretch on either side, so that a text of nothing but versions costs no more per byte than prose.
 */
const lookBackMax = 48

const cue =
  /(?:\b|_)(?:versions?|vers?|engine|firmware|release|build|ext|extension|oid|section|clause|chapter|paragraph|rev|revision|hotfix|kernel|driver|sdk|ruleset|upgraded? to|updated? to|fixed in|patched in|introduced in|before|prior to|earlier than|older than|newer than|up to|cost cent(?:re|er))[\s.:#="'_-]*$/i
/** The same inside a name in camel case: `agentVersion`. */
const camelCue = /[a-z](?:Version|Build|Release|Firmware)[\s.:#="'_-]*$/
const looseCue = /(?:before|prior to|earlier than|older than|newer than|up to)[\s]*$/i
const list = /^\s{0,3}(?:,|;|\/|\band|\bor|\bto|\bthrough|\bthru|-|–)?\s{0,3}(?:and|or|before)?\s{0,3}$/
const after =
  /(?:\s+\(?(?:or|and)\s+(?:later|earlier|below|above|prior|newer|older|higher|lower)\b|-\d{0,6}[a-zA-Z]|\s+(?:hotfix|SP\d|build|patch(?:es)?|HF\d)\b)/y

/** Before these an address is expected, however small its numbers are. */
const networkWords = new Set(
  `ip ips ipv4 host hosts device server source destination src dst dest address addr from to gateway client dns resolver
  attacker victim nat node target peer remote local proxy c2 c&c sensor endpoint workstation router switch firewall scanner
  sinkhole vpn relay nameserver ns mx interface network subnet range via at on and or by with between against is was the
  in for of machine computer system site user asset listener beacon callback domain port hosting probe scan login logon
  traffic connection connections session sessions request requests cloudflare google quad9 tor exit indicator ioc
  upstream downstream block blocked allow allowed deny denied contacted resolved pinged internal external public private`.split(
    /\s+/,
  ),
)
/** Words after which a number is never an address. */
const products =
  /^(?:fortios|openssl|tomcat|chrome|chromium|firefox|edge|exchange|php|nginx|apache|java|jre|jdk|jquery|openssh|pan-os|panos|windows|android|ios|macos|linux|junos|asa|confluence|jira|gitlab|jenkins|wordpress|drupal|oracle|weblogic|websphere|mysql|postgresql|postgres|mongodb|redis|vmware|esxi|vcenter|citrix|netscaler|log4j|struts|spring|python|perl|ruby|node|node\.js|curl|samba|bind|postfix|exim|sendmail|acrobat|reader|flash|office|outlook|teams|zoom|slack|splunk|sysmon|snort|suricata|zeek|squid|haproxy|kubernetes|docker|moveit|screenconnect|anydesk|teamviewer|winrar|7-zip|putty|notepad\+\+|vlc|safari|opera|bravE|ivanti|sonicos|globalprotect|anyconnect|forticlient|fortigate|fortiweb|veeam|zimbra|roundcube|magento|joomla|asp\.net|\.net|silverlight|qradar|arcsight|sap|solarwinds|orion|coldfusion|grafana|elasticsearch|kibana|logstash|winscp|filezilla|virtualbox|nessus|qualys|nmap)$/i
const resolvers = new Set([
  '8.8.8.8',
  '8.8.4.4',
  '1.1.1.1',
  '1.0.0.1',
  '9.9.9.9',
  '149.112.112.112',
  '4.2.2.1',
  '4.2.2.2',
])
const slashed = /^(?:inside|outside|dmz|wan|lan|host|src|dst|tcp|udp|ip|ips|and|or|as\d+|https?)$/i

export type VersionMemory = { lastEnd: number }

/** Whether the dotted quad at [start, end) reads as a version. `memory` lets a list of versions be recognised as a list. */
export function isVersion(text: string, start: number, end: number, memory: VersionMemory): boolean {
  const is = reads(text, start, end, memory)
  if (is) memory.lastEnd = end
  return is
}

function reads(text: string, start: number, end: number, memory: VersionMemory): boolean {
  if (memory.lastEnd >= 0 && start - memory.lastEnd < 16 && list.test(text.slice(memory.lastEnd, start)))
    return isSmall(text.slice(start, end))
  if (!hasWordsAround(text, start, end)) return false
  const quad = text.slice(start, end)
  const before = text.slice(Math.max(0, start - lookBackMax), start)
  if (before.endsWith('/') && (bitOf(before.charCodeAt(before.length - 2)) & letterBits) !== 0) {
    return !slashed.test(/[\w.+-]+(?=\/$)/.exec(before)?.[0] ?? '')
  }
  after.lastIndex = end
  const follows = after.exec(text)
  if (follows !== null && !isRange(text, end)) return true
  // "before 10.0.0.5 connected" is English; "before 7.2.4" is a version only when its numbers are small.
  if (camelCue.test(before)) return true
  if (cue.test(before)) return looseCue.test(before) ? isSmall(quad) : true
  if (/(?:CEF|LEEF):\s?\d(?:\.\d)?\|[^|\n]{0,40}\|[^|\n]{0,40}\|$/.test(text.slice(Math.max(0, start - 100), start)))
    return true
  return followsProduct(before, quad)
}

/**
 * Whether any of the patterns could hold at all: behind the quad stands a space or a dash, or before it (past what may stand between a
 * word and its number) a letter, a digit, a bracket, a slash or a bar. In a bare list of quads nothing does, and six patterns for each
 * of them were most of what such a list cost.
 */
const between = new Set(Array.from('.:#="\'_-', (c) => c.charCodeAt(0)))
const ends = new Set<number>()
for (let c = 0; c < 128; c++) if (/[\w)\]/|+&]/.test(String.fromCharCode(c))) ends.add(c)

function hasWordsAround(text: string, start: number, end: number): boolean {
  const next = text.charCodeAt(end)
  if (next === 45 || isSpace(next)) return true
  let at = start - 1
  const stop = Math.max(-1, start - lookBackMax)
  while (at > stop && (isSpace(text.charCodeAt(at)) || between.has(text.charCodeAt(at)))) at--
  return at >= 0 && ends.has(text.charCodeAt(at))
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0xa0
}

/** `10.0.0.1-10.0.0.20` and `10.0.0.1-20` are ranges, `6.5.4.15-117n` is a build. */
function isRange(text: string, end: number): boolean {
  if (text.charCodeAt(end) !== 45) return false
  return isIpv4(/^[\d.]*\d/.exec(text.slice(end + 1, end + 17))?.[0] ?? '')
}

const wordBefore = /(?:^|[\s("'[*`])([A-Za-z.][\w.+&-]{1,30})[ \t]$/

function followsProduct(before: string, quad: string): boolean {
  const word = wordBefore.exec(before)?.[1]
  if (word === undefined) return false
  if (networkWords.has(word.toLowerCase())) return false
  if (products.test(word)) return true
  if (/^[A-Z]?[a-zA-Z]*[A-Z](?:OS|SSL|SQL)$|^[A-Z][a-z]+(?:OS|SSL|SQL)$/.test(word)) return true
  // A capitalised name and four small numbers: "Harbour 9.1.18.3". Private ranges and public resolvers stay addresses.
  return /^[A-Z]/.test(word) && isSmall(quad) && !quad.startsWith('10.') && !resolvers.has(quad)
}

/** Version numbers are small; of random addresses, less than one in three thousand has all four numbers below 32. */
function isSmall(quad: string): boolean {
  let number = 0
  for (let i = 0; i < quad.length; i++) {
    const c = quad.charCodeAt(i)
    number = c === 46 ? 0 : number * 10 + c - 48
    if (number >= 32) return false
  }
  return true
}
