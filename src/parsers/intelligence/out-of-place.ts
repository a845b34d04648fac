import ipaddr from 'ipaddr.js'
import { parse } from 'tldts'
import type { Normal } from '../../observables/normal.ts'

/** The largest networks that are still one party's: the largest allocation of IPv4 is a /8, of IPv6 a /19. */
const bitsMin = { ipv4: 8, ipv6: 19 } as const

/**
 * Why this can be nobody's indicator, or null. A feed that says 0.0.0.0/0, 192.168.1.1 or "com" by mistake would make every alert malicious;
 * what means another machine in each network means nothing here.
 */
export function isOutOfPlace({ type, value }: Normal): string | null {
  switch (type) {
    case 'ipv4':
    case 'ipv6':
      return ofRange(ipaddr.parse(value).range())
    case 'cidr': {
      const [base, bits] = ipaddr.parseCIDR(value)
      if (bits < bitsMin[base.kind()]) return `a network of /${bits} belongs to nobody in particular`
      return ofRange(base.range())
    }
    case 'domain':
      return ofDomain(value)
    case 'url':
      return ofHost(new URL(value).hostname.replace(/^\[(.*)\]$/, '$1'))
    case 'md5':
      return value === emptyFile.md5 ? 'it is the digest of an empty file' : null
    case 'sha1':
      return value === emptyFile.sha1 ? 'it is the digest of an empty file' : null
    case 'sha256':
      return value === emptyFile.sha256 ? 'it is the digest of an empty file' : null
    default:
      return null
  }
}

const emptyFile = {
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
} as const

// biome-ignore format: a table reads better in few lines
const placeless: ReadonlySet<string> = new Set([
  'unspecified', 'broadcast', 'multicast', 'linkLocal', 'loopback', 'carrierGradeNat', 'private', 'uniqueLocal',
])

function ofRange(range: string): string | null {
  return placeless.has(range) ? 'it means another machine in every network' : null
}

function ofDomain(domain: string): string | null {
  const { isIcann, isPrivate, domain: registered, publicSuffix } = parse(domain, { allowPrivateDomains: true })
  if (!domain.includes('.') || domain === 'localhost') return 'it is no name of the public internet'
  if ((isIcann === true || isPrivate === true) && registered === null && publicSuffix === domain)
    return 'it is a suffix under which anybody can have a name'
  return null
}

function ofHost(host: string): string | null {
  if (ipaddr.isValid(host)) return ofRange(ipaddr.process(host).range())
  return host.includes('.') ? null : 'its host is no name of the public internet'
}
