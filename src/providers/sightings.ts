import { getDomain } from 'tldts'
import type { Sighting } from '../model/observable.ts'
import { extract } from '../observables/extract.ts'
import type { Matter, Page } from './matter.ts'

/** Hosts of providers' consoles: a link there is a way to the alert, not a part of it. */
const consoles = [
  'security.microsoft.com',
  'portal.azure.com',
  'securitycenter.windows.com',
  'login.microsoftonline.com',
  'my.redcanary.co',
  'redcanary.com',
  'portal.xdr.trendmicro.com',
  'trendmicro.com',
  'arcticwolf.com',
  'trustwave.com',
  'levelblue.com',
  'go.microsoft.com',
  'aka.ms',
  'zendesk.com',
  'service-now.com',
  'atlassian.net',
  'freshdesk.com',
  'safelinks.protection.outlook.com',
  'urldefense.com',
  'urldefense.proofpoint.com',
]
/** Mail boxes for everybody: their domain is nobody's. */
export const freemail = new Set([
  'gmail.com',
  'googlemail.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'yahoo.com',
  'gmx.de',
  'gmx.net',
  'gmx.com',
  'web.de',
  'icloud.com',
  'me.com',
  'proton.me',
  'protonmail.com',
  'aol.com',
  't-online.de',
  'freenet.de',
  'posteo.de',
  'mailbox.org',
  'orange.fr',
  'laposte.net',
  'free.fr',
  'yandex.com',
  'mail.com',
  'zoho.com',
])

/** Observables of one message that are kept. Longer lists are indicator feeds, not alerts. */
const sightingsMax = 1000

function hostOf(sighting: Sighting): string {
  if (sighting.type === 'email') return sighting.value.slice(sighting.value.lastIndexOf('@') + 1)
  if (sighting.type !== 'url') return sighting.value
  try {
    return new URL(sighting.value).hostname
  } catch {
    return ''
  }
}

function within(host: string, domains: ReadonlySet<string>): boolean {
  const name = host.toLowerCase()
  for (const domain of domains) if (name === domain || name.endsWith(`.${domain}`)) return true
  return false
}

function addressDomain(address: string): string {
  const host = address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .replaceAll(/[>\s)\]]+$/g, '')
  return getDomain(host, { allowPrivateDomains: true }) ?? host
}

/** Whose names are boilerplate here: the provider's, or the sender's where he writes to somebody else's domain. */
function senders(matter: Matter): ReadonlySet<string> {
  const domains = new Set(consoles)
  for (const domain of matter.provider?.domains ?? []) domains.add(domain.toLowerCase())
  const { from, to, cc, replyTo } = matter.letter
  const got = new Set([...to, ...cc].map(({ address }) => addressDomain(address)))
  const inner = matter.subject.forward ? /[\w.+-]+@[\w.-]+/.exec(matter.inner?.from ?? '')?.[0] : undefined
  const said = inner === undefined ? [from?.address ?? '', ...replyTo.map(({ address }) => address)] : [inner]
  for (const address of said) {
    const domain = addressDomain(address)
    if (domain.includes('.') && !freemail.has(domain) && (inner !== undefined || !got.has(domain))) domains.add(domain)
  }
  return domains
}

/** Whether a place is content. Lines are in order, so the one that holds it is found by halving. */
function inContent(page: Page, start: number): boolean {
  let low = 0
  let high = page.lines.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((page.lines[middle]?.start ?? 0) <= start) low = middle
    else high = middle - 1
  }
  const line = page.lines[low]
  return line === undefined || line.role === 'own' || line.role === 'forwarded'
}

/** Observables of the alert: of the subject and of all content, without history, footers, and the sender's own names and portals. */
export function sightingsOf(matter: Matter): readonly Sighting[] {
  const theirs = senders(matter)
  const found: Sighting[] = extract(matter.letter.subject).map((one) => ({ ...one, part: 'subject' }))
  for (const page of matter.pages) {
    for (const one of extract(page.text)) if (inContent(page, one.start)) found.push({ ...one, part: page.part })
    if (found.length > sightingsMax) break
  }
  return found
    .filter(
      (one) =>
        !(one.type === 'url' || one.type === 'domain' || one.type === 'email' || one.type === 'hostname') ||
        !within(hostOf(one), theirs),
    )
    .slice(0, sightingsMax)
}
