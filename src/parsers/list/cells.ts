import ipaddr from 'ipaddr.js'
import type { CalendarKind } from '../../model/calendar.ts'
import { LeaseKind } from '../../model/context.ts'
import type { Level } from '../../model/question.ts'

/** A cell that was understood, or what is wrong with it. */
export type Cell<T> = { readonly value: T } | { readonly problem: string }

// biome-ignore format: a table reads better in few lines
const levelWords: Record<Level, readonly string[]> = {
  low: ['low', 'minor', 'public', 'gering', 'niedrig', 'öffentlich', 'offen'],
  medium: ['medium', 'moderate', 'internal', 'mittel', 'intern', 'normal'],
  high: ['high', 'important', 'confidential', 'hoch', 'wichtig', 'vertraulich'],
  critical: ['critical', 'very high', 'mission critical', 'business critical', 'secret', 'strictly confidential', 'restricted', 'kritisch', 'sehr hoch', 'geheim', 'streng vertraulich', 'unternehmenskritisch'],
}
const yes = ['yes', 'y', 'true', '1', 'x', 'ja', 'j', 'wahr', 'external', 'extern', 'internet', 'public']
const no = ['no', 'n', 'false', '0', '-', 'nein', 'falsch', 'internal', 'intern', 'none', 'keine']

/** low, medium, high, critical; German and data-classification words too. Bare numbers are refused: 1 is the highest in some lists and the lowest in others. */
export function level(text: string): Cell<Level> {
  const word = text.toLowerCase()
  for (const [value, words] of Object.entries(levelWords)) if (words.includes(word)) return { value: value as Level }
  const numbered = /^(?:\d+\s*[-–:.]\s*)([a-zäöüß ]+)$/.exec(word)?.[1]
  if (numbered !== undefined) return level(numbered.trim())
  return { problem: 'is none of low, medium, high, critical' }
}

export function yesOrNo(text: string): Cell<boolean> {
  const word = text.toLowerCase()
  if (yes.includes(word)) return { value: true }
  return no.includes(word) ? { value: false } : { problem: 'is neither yes nor no' }
}

// biome-ignore format: a table reads better in few lines
const kindWords: Record<CalendarKind, readonly string[]> = {
  change: ['change', 'normal', 'standard', 'emergency', 'rfc', 'änderung', 'deployment', 'release'],
  maintenance: ['maintenance', 'patching', 'patch', 'wartung', 'wartungsfenster', 'downtime', 'outage'],
  pentest: ['pentest', 'penetration test', 'scan', 'vulnerability scan', 'red team', 'penetrationstest', 'schwachstellenscan', 'security test'],
  exercise: ['exercise', 'drill', 'übung', 'tabletop', 'test'],
  absence: ['absence', 'vacation', 'holiday', 'leave', 'out of office', 'oof', 'abwesenheit', 'urlaub', 'krank', 'sick'],
  other: ['other', 'meeting', 'sonstiges', 'termin'],
}

/** What kind of thing is planned, in English and German words. */
export function calendarKind(text: string): Cell<CalendarKind> {
  const word = text.trim().toLowerCase()
  for (const [kind, words] of Object.entries(kindWords))
    if (words.includes(word)) return { value: kind as CalendarKind }
  return { problem: 'is none of change, maintenance, pentest, exercise, absence, other' }
}

/** The kind that a title speaks of; null where it speaks of none. */
export function kindInTitle(title: string): CalendarKind | null {
  const text = ` ${title.toLowerCase()} `
  const order = ['pentest', 'absence', 'exercise', 'maintenance', 'change'] as const
  const found = order.find((kind) =>
    kindWords[kind].some((word) => word.length > 3 && word !== 'test' && text.includes(word)),
  )
  return found ?? null
}

export function leaseKind(text: string): Cell<LeaseKind> {
  const word = text.toLowerCase()
  const found = LeaseKind.options.find((kind) => word.includes(kind))
  return found === undefined ? { problem: 'is none of dhcp, vpn, static' } : { value: found }
}

/** A hardware address in any of its spellings, as "00:53:00:aa:bb:cc". */
export function hardwareAddress(text: string): Cell<string> {
  const digits = text.replaceAll(/[^0-9a-fA-F]/g, '').toLowerCase()
  if (digits.length !== 12 || !/^[0-9a-fA-F:.\s-]+$/.test(text)) return { problem: 'is no hardware address' }
  return { value: digits.match(/../g)?.join(':') ?? digits }
}

/** Several values in one cell, parted by commas, semicolons, bars or line breaks. */
export function several(text: string): string[] {
  return text
    .split(/[,;|\n\r]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** One address, in the form PostgreSQL and the alerts have it. No mask, no range, none of inet_aton's short forms. */
export function address(text: string): Cell<string> {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/\/(?:32|128)$/, '')
  if (
    ipaddr.IPv4.isValidFourPartDecimal(bare) ||
    (bare.includes(':') && !bare.includes('%') && ipaddr.IPv6.isValid(bare))
  ) {
    return { value: ipaddr.process(bare).toString() }
  }
  return { problem: 'is no IP address' }
}

/** One mail address. Loose on purpose (RFC 5321 allows nearly everything before the @): it must only not be something else. */
export function mailAddress(text: string): Cell<string> {
  const bare = /^[^<>]*<([^<>]+)>$/.exec(text)?.[1] ?? text
  if (/^[^\s@<>"]{1,64}@[^\s@<>"]{1,255}$/.test(bare)) return { value: bare.toLowerCase() }
  return { problem: 'is no mail address' }
}

/** A range as "192.0.2.0/24", with the mask in its own cell or as "192.0.2.0/255.255.255.0"; a bare address is one host. */
export function range(text: string, mask: string): Cell<string> {
  const [base = '', inline] = text.split('/').map((part) => part.trim())
  const parsed = address(base)
  if ('problem' in parsed) return { problem: 'is no range like 192.0.2.0/24' }
  const ip = ipaddr.parse(parsed.value)
  const widest = ip.kind() === 'ipv4' ? 32 : 128
  const said = (inline ?? mask.replace(/^\//, '')) || String(widest)
  const bits = /^\d{1,3}$/.test(said) ? Number(said) : maskBits(said)
  if (bits === null || bits > widest) return { problem: `has no mask between 0 and ${widest}` }
  const lib = ip.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  const network = lib.networkAddressFromCIDR(`${parsed.value}/${bits}`).toString()
  if (network !== parsed.value) return { problem: `has bits beyond its mask; ${network}/${bits} may be meant` }
  return { value: `${network}/${bits}` }
}

function maskBits(text: string): number | null {
  return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text).prefixLengthFromSubnetMask() : null
}

/** One address, or a range. */
export function rangeOrAddress(text: string): Cell<string> {
  const got = range(text, '')
  return 'value' in got ? { value: got.value.replace(/\/(?:32|128)$/, '') } : got
}
