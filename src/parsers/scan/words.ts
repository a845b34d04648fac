import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { VulnerabilitySeverity } from '../../model/vulnerability.ts'

/** One check names at most so many CVEs: a cumulative kernel update has a few hundred. */
export const cvesOfCheckMax = 2_000

const cves = /CVE-\d{4}-\d{4,19}(?!\d)/gi

/** The CVE ids in a text, upper-case, each once. */
export function cvesIn(text: string): string[] {
  const found = text.match(cves)
  if (found === null) return []
  return [...new Set(found.slice(0, cvesOfCheckMax).map((cve) => cve.toUpperCase()))]
}

/** Before there were scanners, or a clock that was never set. */
const earliest = Date.UTC(1995, 0, 1)
const latest = Date.UTC(2100, 0, 1)
const zone = /(?:Z|GMT|UTC|[A-Z]{2,4}T|[+-]\d{2}:?\d{2})\)?$/

/**
 * A time as scanners write it, as ISO 8601; null where it is none. "2021-05-26T20:50:18Z", "20210211T164705486", seconds since 1970,
 * "Jan 5, 2021 10:24:08 MST", "05/13/2021 07:08:28" (month first). Without a zone it counts as UTC.
 */
export function timeOf(text: string | undefined): string | null {
  const bare = text?.trim() ?? ''
  if (bare === '' || bare.length > 60) return null
  if (/^\d{9,10}$/.test(bare)) return isoOf(Number(bare) * 1000)
  const compact = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})/.exec(bare)
  if (compact !== null) {
    const [, year, month, day, hour, minute, second] = compact
    return isoOf(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`))
  }
  if (!/\d{4}|\/\d{2}\b/.test(bare)) return null
  if (/^\d{4}-\d{2}-\d{2}$/.test(bare)) return isoOf(Date.parse(bare))
  const spaced = bare.replace(/^(\d{4}-\d{2}-\d{2}) (\d{2}:)/, '$1T$2').replace(/(\d)(AM|PM)\b/i, '$1 $2')
  return isoOf(Date.parse(zone.test(spaced) ? spaced : /T\d{2}:/.test(spaced) ? `${spaced}Z` : `${spaced} UTC`))
}

function isoOf(ms: number): string | null {
  return ms >= earliest && ms < latest ? new Date(ms).toISOString() : null
}

// biome-ignore format: a table reads better in few lines
const severityWords: Readonly<Record<string, VulnerabilitySeverity>> = {
  none: 'info', info: 'info', informational: 'info', log: 'info', '0': 'info',
  low: 'low', minimal: 'low', minor: 'low',
  medium: 'medium', moderate: 'medium',
  high: 'high', severe: 'high', serious: 'high', important: 'high', urgent: 'critical', alarm: 'critical', critical: 'critical',
}

/** A scanner's own word for how bad it is; null where it is no such word. */
export function severityOf(word: string | undefined): VulnerabilitySeverity | null {
  return severityWords[word?.trim().toLowerCase() ?? ''] ?? null
}

/** The qualitative bands of CVSS 3 and 4 (0, 0.1, 4, 7, 9). */
export function severityOfScore(score: number | null): VulnerabilitySeverity {
  if (score === null || score <= 0) return 'info'
  if (score < 4) return 'low'
  if (score < 7) return 'medium'
  return score < 9 ? 'high' : 'critical'
}

/** Nessus and Tenable: 0 to 4. */
export const severityByNessus: readonly VulnerabilitySeverity[] = ['info', 'low', 'medium', 'high', 'critical']
/** Qualys: 1 (minimal) to 5 (urgent). */
export const severityByQualys: readonly VulnerabilitySeverity[] = ['info', 'low', 'low', 'medium', 'high', 'critical']

/** Rapid7: 1 to 3 moderate, 4 to 7 severe, 8 to 10 critical. */
export function severityByRapid7(text: string | undefined): VulnerabilitySeverity {
  const rank = Number(text)
  if (!(rank >= 1)) return 'info'
  if (rank < 4) return 'medium'
  return rank < 8 ? 'high' : 'critical'
}

/** "443", "443/tcp", "general/tcp", "TCP/8080", "-": the port (0: none) and the protocol (empty: not said). */
export function portOf(
  text: string | undefined,
  protocol: string | undefined = '',
): { port: number; protocol: string } {
  const parts = (text ?? '')
    .toLowerCase()
    .split('/')
    .map((part) => part.trim())
  const number = parts.find((part) => /^\d{1,5}$/.test(part))
  const word = parts.find((part) => /^[a-z]{2,8}$/.test(part) && part !== 'general') ?? ''
  const port = number === undefined || Number(number) > 65_535 ? 0 : Number(number)
  const said = protocol.trim().toLowerCase()
  return { port, protocol: /^[a-z0-9]{1,8}$/.test(said) ? said : word }
}

/** A score between 0 and 10; null where it is none. "8.1 (AV:N...)" is read up to its vector. */
export function scoreOf(text: string | undefined): number | null {
  const found = /^\s*(\d{1,2}(?:\.\d{1,2})?)(?=\s|\(|$)/.exec(text ?? '')?.[1]
  const score = found === undefined ? Number.NaN : Number(found)
  return score >= 0 && score <= 10 ? score : null
}

/** Whatever names a machine, sorted: addresses in the form the record has them, and lower-case names. What has digits and dots only is the number of something. */
export function namesAndAddresses(words: readonly (string | undefined)[]): { names: string[]; addresses: string[] } {
  const names = new Set<string>()
  const addresses = new Set<string>()
  for (const word of words) {
    const bare = word?.trim() ?? ''
    if (bare === '' || bare.length > 253) continue
    if (isIP(bare) !== 0 && !bare.includes('%')) addresses.add(ipaddr.process(bare).toString())
    else if (/^[\p{L}\d._\\$@-]+$/u.test(bare) && !/^[-.\d]*$/.test(bare)) names.add(bare.toLowerCase())
  }
  return { names: [...names], addresses: [...addresses] }
}

/** A text in one line, cut to `max`. */
export function shortText(text: string | undefined, max: number): string {
  const line = (text ?? '')
    .replaceAll(/<[^<>]{0,500}>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length > max ? `${line.slice(0, max - 1)}…` : line
}
