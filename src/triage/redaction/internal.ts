import ipaddr from 'ipaddr.js'
import type { Found } from './found.ts'
import { placesOf } from './found.ts'

export type Ours = {
  readonly ownNetworks: readonly string[]
  readonly ownDomains: readonly string[]
  /** Mail domains of the provider: its own addresses are no secret to it. */
  readonly providerDomains: readonly string[]
}

/** ".", "[.]", "(.)", "{.}", "[dot]": addresses and names are often written so that nobody clicks them. */
const dot = String.raw`(?:\.|\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\))`
const ipv4 = new RegExp(String.raw`(?<![\d.])\d{1,3}(?:${dot}\d{1,3}){3}(?!\d)(?!\.\d)(?:/\d{1,2})?`, 'gi')
/** Candidates only; ipaddr.js decides. At most 45 characters (RFC 4291 text with an IPv4 tail) and a prefix length. */
const ipv6 =
  /(?<![0-9a-z:.])[0-9a-f]{0,4}:[0-9a-f:]{1,39}(?:\d{1,3}(?:\.\d{1,3}){3})?(?:%[0-9a-z]{1,15})?(?:\/\d{1,3})?(?![0-9a-z:]|\.\d)/gi
const hostName = new RegExp(
  String.raw`(?<![\w@.-])[a-z0-9_](?:[\w-]{0,62})(?:${dot}[a-z0-9][\w-]{0,62}){1,10}(?![\w-])`,
  'gi',
)
const email = new RegExp(
  String.raw`(?<![\w.+%-])[\p{L}\p{N}][\p{L}\p{N}._%+'-]{0,63}(?:@|\[@\]|\[at\]|\(at\))[a-z0-9][a-z0-9-]{0,62}(?:${dot}[a-z0-9-]{1,63}){1,10}`,
  'giu',
)
/** hxxp and "://" in brackets are how links are defanged. */
const url =
  /\b(?:h[tx]{2}ps?|ftp|sftp|ssh|smb|ldaps?|file|rdp|git|jdbc:[a-z]{2,12}|mongodb|postgres(?:ql)?|redis|amqps?)(?::|\[:\])\/{2,3}[^\s<>"'`]{1,2000}/gi
const trailing = /[.,;:!?)\]}>]+$/
/** Zones that never resolve outside (RFC 6762, RFC 8375, ICANN's .internal) and what people use instead. */
const innerZones = [
  'local',
  'internal',
  'intern',
  'intra',
  'intranet',
  'corp',
  'lan',
  'home.arpa',
  'private',
  'localdomain',
  'ad',
]

export function refang(text: string): string {
  return text
    .replace(/\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)/gi, '.')
    .replace(/\[@\]|\[at\]|\(at\)/gi, '@')
    .replace('[:]', ':')
}

type Range = ReturnType<typeof ipaddr.parseCIDR>

/** Our own ranges, parsed once; what is no CIDR was refused by the import and is passed over here. */
export function parseNetworks(cidrs: readonly string[]): Range[] {
  return cidrs.flatMap((cidr) => (ipaddr.isValidCIDR(cidr) ? [ipaddr.parseCIDR(cidr)] : []))
}

/** Addresses as names of reverse look-ups (RFC 1035, 3.5; RFC 3596, 2.5). */
const reversed = /(?<![\d.])(?:\d{1,3}\.){4}in-addr\.arpa\b|(?<![0-9a-z.])(?:[0-9a-f]\.){32}ip6\.arpa\b/gi
/** As clouds and providers name machines: "ip-10-20-30-40", "10_20_30_40". */
const dashed = /(?<![\d._-])(?:\d{1,3}-){3}\d{1,3}(?![\d-])|(?<![\d._-])(?:\d{1,3}_){3}\d{1,3}(?![\d_])/g
/** Numbers that programs take for an address: one of 32 bits, or four in hexadecimal or octal (inet_aton). */
const odd =
  /(?<![\w.])0x[0-9a-f]{8}(?![\w.])|(?<=:\/\/)\d{8,10}(?![\w.])|(?<![\w.])(?:(?:0x[0-9a-f]{1,2}|0[0-7]{1,3})\.){3}(?:0x[0-9a-f]{1,2}|0[0-7]{1,3})(?![\w.])/gi

/** An address out of a name or number that stands for one, as it is written otherwise. */
function plainAddress(written: string): string {
  const parts = written.toLowerCase().split(/[.\-_]/)
  if (written.toLowerCase().endsWith('.ip6.arpa'))
    return (parts.slice(0, 32).reverse().join('').match(/.{4}/g) ?? []).join(':')
  if (written.toLowerCase().endsWith('.arpa')) return parts.slice(0, 4).reverse().join('.')
  if (/^[\d_-]+$/.test(written) && parts.length === 4) return parts.map(Number).join('.')
  return ipaddr.IPv4.isValid(written) ? ipaddr.IPv4.parse(written).toString() : ''
}

const innerRanges = new Set(['private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'])

/** Why an address is ours, or null where it is not. Takes "a/n" too. */
function whyInternal(text: string, networks: readonly Range[]): string | null {
  const [bare = ''] = refang(text).replace(/%.*$/, '').split('/')
  if (!ipaddr.isValid(bare) || (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare))) return null
  const address = ipaddr.process(bare)
  if (networks.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits)))
    return 'In one of our networks'
  const range = address.range()
  if (range === 'carrierGradeNat') return 'A shared address (RFC 6598)'
  if (range === 'linkLocal') return 'A link-local address'
  return innerRanges.has(range) ? 'A private address (RFC 1918, RFC 4193)' : null
}

function whyInnerName(name: string, ownDomains: readonly string[]): string | null {
  const plain = refang(name).toLowerCase()
  const own = ownDomains.find((domain) => plain.endsWith(`.${domain.toLowerCase()}`))
  if (own !== undefined) return `A name under our domain ${own}`
  return innerZones.some((zone) => plain.endsWith(`.${zone}`)) ? 'A name of an internal zone' : null
}

function isUnder(domain: string, domains: readonly string[]): boolean {
  return domains.some((one) => domain === one.toLowerCase() || domain.endsWith(`.${one.toLowerCase()}`))
}

function findMails(text: string, ours: Ours, isListed: (mail: string) => boolean): Found[] {
  return placesOf(text, email, (match) => {
    const plain = refang(match[0]).toLowerCase()
    if (isListed(plain)) return { class: 'person', reason: 'A mail address on our people list', confidence: 0.98 }
    const domain = plain.slice(plain.lastIndexOf('@') + 1)
    if (isUnder(domain, ours.providerDomains)) return null
    if (isUnder(domain, ours.ownDomains))
      return { class: 'account', reason: 'A mail address of ours', confidence: 0.95 }
    return { class: 'personal', reason: 'A mail address of somebody else', confidence: 0.5 }
  })
}

/** Ends a link where the sentence goes on. */
function linkIn(text: string): string {
  return text.replace(trailing, '')
}

function findUrls(text: string, ours: Ours, networks: readonly Range[]): Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(url)) {
    const link = linkIn(match[0])
    const authority = /^[^/]*\/{2,3}([^/?#]*)/.exec(refang(link))?.[1] ?? ''
    const host = authority
      .slice(authority.lastIndexOf('@') + 1)
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase()
    const why =
      whyInternal(host, networks) ??
      whyInnerName(host, ours.ownDomains) ??
      (isUnder(host, ours.ownDomains) && link.length > authority.length + 9 ? 'A page of ours' : null) ??
      (host !== '' && !host.includes('.') && !host.includes(':') ? 'A name without a domain: an internal host' : null)
    if (why === null) continue
    found.push({
      start: match.index,
      end: match.index + link.length,
      class: 'internal-url',
      reason: why,
      confidence: 0.95,
    })
  }
  return found
}

/** Paths with a user's folder, and shares. A path ends at white space unless it is a Windows profile in quotes. */
const windowsProfile = /[a-z]:[\\/](?:users|benutzer|documents and settings)[\\/][^\s"'<>|:*?]{1,400}/gi
const unixHome = /(?<![\w/])\/(?:home|Users|export\/home|var\/home)\/[^\s"'<>|:;,)]{1,400}/g
const share = /(?<![\\\w])\\\\[\w.-]{1,253}\\[^\s"'<>|:*?]{1,400}/g
const profileNames = /[\\/](?:users|benutzer|home)[\\/](?:public|default|all users|shared)(?:[\\/]|$)/i

function findPaths(text: string): Found[] {
  const profile = (match: RegExpExecArray) =>
    profileNames.test(match[0])
      ? null
      : ({ class: 'path', reason: 'A path with a user name', confidence: 0.85 } as const)
  return [
    ...placesOf(text, windowsProfile, profile),
    ...placesOf(text, unixHome, profile),
    ...placesOf(text, share, () => ({ class: 'path', reason: 'A share on a host of ours', confidence: 0.85 })),
  ]
}

/** Accounts that every Windows has. */
const wellKnownDomain =
  /^(nt authority|authority|builtin|nt service|window manager|font driver host|hk(?:lm|cu|ey\w*))$/i
const domainUser = /(?<![\\\w.:-])(?<domain>[A-Za-z][A-Za-z0-9-]{1,14})\\(?<user>[A-Za-z0-9_][\w.$-]{1,40})(?![\\\w])/g
const labelledUser =
  /\b(?:user(?:[ _-]?(?:name|id))?|account(?:[ _-]?name)?|log[io]n(?:[ _-]?name)?|sam ?account ?name|upn|benutzer(?:name|konto)?|konto|anmeldename)\s{0,3}[:=]\s{0,3}["']?(?<it>[\p{L}\p{N}_][\p{L}\p{N}_.$@-]{0,80})/giu
/** What follows such a label without being a name: "user: the", "host: unknown". */
const noName =
  /^(?:the|a|an|is|was|has|not|no|none|unknown|null|and|or|of|in|on|to|n\/?a|der|die|das|ein|eine|ist|war|unbekannt|keine?r?)$/i
const sid = /\bS-1-5-21-\d{1,10}-\d{1,10}-\d{1,10}-\d{1,10}\b/g
const labelledHost =
  /\b(?:host(?:[ _-]?name)?|computer(?:[ _-]?name)?|device(?:[ _-]?name)?|machine|workstation|server|rechner(?:name)?|gerät)\s{0,3}[:=]\s{0,3}["']?(?<it>[A-Za-z0-9][\w.-]{1,100}\w)/giu

function findAccounts(text: string): Found[] {
  return [
    ...placesOf(text, domainUser, (match) =>
      wellKnownDomain.test(match.groups?.['domain'] ?? '')
        ? null
        : { class: 'account', reason: 'Domain and user name', confidence: 0.8 },
    ),
    ...placesOf(text, labelledUser, (_match, value) =>
      noName.test(value) ? null : { class: 'account', reason: 'Named as an account', confidence: 0.7 },
    ),
    ...placesOf(text, sid, () => ({
      class: 'account',
      reason: 'A security identifier of an account',
      confidence: 0.7,
    })),
    ...placesOf(text, labelledHost, (_match, value) =>
      ipaddr.isValid(value) || noName.test(value)
        ? null
        : { class: 'host', reason: 'Named as a host', confidence: 0.7 },
    ),
  ]
}

/** Addresses, names, links, paths and accounts that tell how we are built inside. */
export function findInternal(
  text: string,
  ours: Ours,
  networks: readonly Range[],
  isListed: (mail: string) => boolean,
): Found[] {
  const address = (match: RegExpExecArray) => {
    const why = whyInternal(match[0], networks)
    return why === null ? null : ({ class: 'internal-address', reason: why, confidence: 0.97 } as const)
  }
  const written = (confidence: number) => (match: RegExpExecArray) => {
    const why = whyInternal(plainAddress(match[0]), networks)
    return why === null
      ? null
      : ({ class: 'internal-address', reason: `${why}, written otherwise`, confidence } as const)
  }
  return [
    ...placesOf(text, ipv4, address),
    ...placesOf(text, ipv6, address),
    ...placesOf(text, reversed, written(0.95)),
    ...placesOf(text, dashed, written(0.7)),
    ...placesOf(text, odd, written(0.6)),
    ...placesOf(text, hostName, (match) => {
      const why = whyInnerName(match[0], ours.ownDomains)
      return why === null ? null : { class: 'host', reason: why, confidence: 0.9 }
    }),
    ...findMails(text, ours, isListed),
    ...findUrls(text, ours, networks),
    ...findPaths(text),
    ...findAccounts(text),
  ]
}
