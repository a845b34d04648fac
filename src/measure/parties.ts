import { getDomain } from 'tldts'
import { freemail } from '../providers/sightings.ts'

/** Systems that many firms send from, each under a name of its own: there the whole host is the firm. */
const platforms = [
  'zendesk.com',
  'service-now.com',
  'servicenowservices.com',
  'freshdesk.com',
  'freshservice.com',
  'atlassian.net',
  'jira.com',
  'salesforce.com',
  'force.com',
  'helpscout.net',
  'zohodesk.com',
  'zohodesk.eu',
  'happyfox.com',
  'kayako.com',
  'onmicrosoft.com',
  'pagerduty.com',
  'opsgenie.net',
  'statuspage.io',
  'otrs.com',
  'znuny.com',
  'manageengine.com',
  'teamwork.com',
  'intercom-mail.com',
  'hubspotemail.net',
]

/** The one who stands behind an address: a registered domain, a host on a shared system, or the whole address where the domain is everybody's. */
export function orgOf(address: string): string | null {
  const at = address.lastIndexOf('@')
  const host = address
    .slice(at + 1)
    .toLowerCase()
    .replaceAll(/[>\s.)\]]+$/g, '')
  if (at <= 0 || host === '') return null
  const platform = platforms.find((one) => host.endsWith(`.${one}`))
  if (platform !== undefined)
    return `${
      host
        .slice(0, -platform.length - 1)
        .split('.')
        .at(-1) ?? ''
    }.${platform}`
  // A ServiceNow instance writes as instance@service-now.com.
  if (platforms.includes(host)) return `${address.slice(0, at).toLowerCase()}@${host}`
  const domain = getDomain(host, { allowPrivateDomains: true }) ?? host
  return freemail.has(domain) ? address.toLowerCase() : domain
}

/** The word that is a name: "acme-mdr" of acme-mdr.co.uk, acme-mdr.zendesk.com, acme-mdr@service-now.com. Empty for a mail box at everybody's domain. */
export function labelOf(org: string): string {
  const [before = '', host] = org.split('@')
  if (host === undefined) return before.split('.')[0] ?? ''
  return platforms.includes(host) ? before : ''
}

const common = new Set(
  'security secure cyber cloud group mail mails support service services managed alert alerts portal tech technology technologies global systems solutions software digital data online network networks info help desk team office consulting partner partners international holding'.split(
    ' ',
  ),
)

function nameWordsOf(org: string): readonly string[] {
  return labelOf(org)
    .split(/[-_]/)
    .filter((word) => word.length >= 4 && !common.has(word))
}

/** True where two domains carry the same name ("nordhaven.example" and "nordhaven-group.example"). */
export function sameName(a: string, b: string): boolean {
  const [first, second] = [labelOf(a), labelOf(b)]
  if (first.length >= 4 && first === second) return true
  const words = nameWordsOf(a)
  const head = words[0]
  return head !== undefined && nameWordsOf(b)[0] === head
}

/** True where an org is one of these domains or below one of them. */
export function isAmong(org: string, domains: readonly string[]): boolean {
  return domains.some((domain) => org === domain || org.endsWith(`.${domain}`) || org.endsWith(`@${domain}`))
}
