import { RE2JS } from 're2js'
import { parse } from 'tldts'
import { ageDays } from '../model/context.ts'
import type { Hit, IndicatorType, IntelligenceSource, Known, Relation, WarningHit } from '../model/intelligence.ts'
import { hostOf, type Normal, normalOf } from '../observables/normal.ts'

/** One text that is looked for, and what finding it would mean. */
export type Wanted = { readonly type: IndicatorType; readonly value: string; readonly relation: Relation }

/** Everything that is looked up for one observable. */
export type LookUps = {
  readonly asked: Normal
  readonly wanted: readonly Wanted[]
  /** In which networks it is asked. */
  readonly address: string | null
  /** URLs on this host count, too. */
  readonly host: string | null
  /** The host and the domains above it, for lists of well-known names. */
  readonly names: readonly string[]
}

/** Names have at most 127 labels; nobody lists one of more than these. */
const labelsMax = 10

/** What is looked up for an observable: itself, the host and page of a URL, the domains above a name up to the one that was registered. */
export function lookUpsFor(asked: Normal): LookUps {
  const { type, value } = asked
  const self: Wanted = { type, value, relation: 'exact' }
  switch (type) {
    case 'ipv4':
    case 'ipv6':
      return { asked, wanted: [self], address: value, host: value, names: [] }
    case 'cidr':
      return { asked, wanted: [self], address: value, host: null, names: [] }
    case 'domain':
      return { asked, wanted: [self, ...parentsOf(value)], address: null, host: value, names: namesOf(value) }
    case 'email': {
      const domain = normalOf('domain', value.slice(value.lastIndexOf('@') + 1))
      const above: readonly Wanted[] = domain?.type === 'domain' ? [{ ...domain, relation: 'parent-domain' }] : []
      return {
        asked,
        wanted: [self, ...above],
        address: null,
        host: null,
        names: domain === null ? [] : namesOf(domain.value),
      }
    }
    case 'url':
      return ofUrl(asked, self)
    default:
      return { asked, wanted: [self], address: null, host: null, names: [] }
  }
}

function ofUrl(asked: Normal, self: Wanted): LookUps {
  const host = hostOf(asked.value)
  // Feeds list a page without the words that a victim's link carries.
  const page = asked.value.replace(/\?.*$/s, '')
  const bare: readonly Wanted[] = page === asked.value ? [] : [{ type: 'url', value: page, relation: 'exact' }]
  if (host === null) return { asked, wanted: [self, ...bare], address: null, host: null, names: [] }
  const isName = host.type === 'domain'
  return {
    asked,
    wanted: [self, ...bare, { ...host, relation: 'host-of-url' }, ...(isName ? parentsOf(host.value) : [])],
    address: isName ? null : host.value,
    host: null,
    names: isName ? namesOf(host.value) : [],
  }
}

/** The domains above a name, as far as somebody registered one: "co.uk" is nobody's. */
function parentsOf(name: string): readonly Wanted[] {
  const registered = parse(name, { allowPrivateDomains: true }).domain
  if (registered === null) return []
  return namesOf(name)
    .slice(1)
    .filter((parent) => parent.length >= registered.length)
    .map((value) => ({ type: 'domain', value, relation: 'parent-domain' }))
}

function namesOf(name: string): readonly string[] {
  const labels = name.split('.')
  return labels.map((_label, place) => labels.slice(place).join('.')).slice(-labelsMax)
}

const compiled = new Map<string, RE2JS>()
const compiledMax = 5_000

/** Whether a pattern of a warning list is in a text: RE2, whose time is linear in it. */
export function isInText(pattern: string, text: string): boolean {
  const known = compiled.get(pattern) ?? RE2JS.compile(pattern)
  if (compiled.size < compiledMax) compiled.set(pattern, known)
  return known.matcher(text).find()
}

export type Reputation = {
  readonly verdict: 'malicious' | 'suspicious' | 'harmless' | 'unknown'
  /** One text for each source that has it, with how old that is and whom it may be told. */
  readonly sources: readonly string[]
  readonly note: string | null
  readonly hits: readonly Hit[]
  readonly warnings: readonly WarningHit[]
}

/** STIX calls 30 to 69 medium: below the middle a source guesses. */
const confidenceSure = 50

/**
 * What all that is known comes to. Malicious: a source says so now, surely enough, of the very thing or of the host of the URL. Suspicious: it
 * is unsure, it speaks of the domain above, the network around or a page on it, or a warning list knows the thing to be good. Harmless:
 * only such a list has it. Both are always told. What expired or was taken back decides nothing.
 */
export function reputationOf({ hits: found, warnings }: Pick<Known, 'hits' | 'warnings'>, now: Date): Reputation {
  // The very thing first, and what holds before what is over.
  const hits = found.toSorted((a, b) => closeness(a) - closeness(b))
  const live = hits.filter(({ state, stance }) => state === 'live' && stance !== 'benign')
  const sure = live.filter(
    ({ stance, relation, confidence }) =>
      stance === 'malicious' &&
      (relation === 'exact' || relation === 'host-of-url') &&
      (confidence ?? 100) >= confidenceSure,
  )
  const harmless =
    warnings.some(({ means }) => means === 'harmless') ||
    hits.some(({ state, stance }) => state === 'live' && stance === 'benign')
  const verdict =
    sure.length > 0 && !harmless ? 'malicious' : live.length > 0 ? 'suspicious' : harmless ? 'harmless' : 'unknown'
  return {
    verdict,
    sources: [
      ...new Set([...hits.map((hit) => sourceText(hit, now)), ...warnings.map(({ list }) => `warning list "${list}"`)]),
    ],
    note: noteOf(hits, warnings, live.length > 0 && harmless),
    hits,
    warnings,
  }
}

const relationWords: Readonly<Record<Relation, string>> = {
  exact: 'it',
  'host-of-url': 'its host',
  'parent-domain': 'the domain above it',
  network: 'the network around it',
  'url-on-host': 'an address on it',
}
const relations = Object.keys(relationWords)

function closeness({ relation, state }: Hit): number {
  return relations.indexOf(relation) + (state === 'live' ? 0 : relations.length)
}

function sourceText({ source, state, tlp, lastHeard }: Hit, now: Date): string {
  const age = ageDays(lastHeard, now)
  const told = age === null || age <= 0 ? 'today' : age === 1 ? 'yesterday' : `${age} days ago`
  const marking = tlp === null ? '' : tlp === 'unread' ? ', a marking we cannot read' : `, TLP:${tlp}`
  return `${source} (${state === 'live' ? '' : `${state}, `}heard ${told}${marking})`
}

/** Sentences of a note; the hits have it all. */
const notedMax = 6

function noteOf(hits: readonly Hit[], warnings: readonly WarningHit[], disagree: boolean): string | null {
  const said = hits.map((hit) => {
    const about = hit.threats.map(({ name }) => name).join(', ')
    const what = hit.relation === 'exact' ? '' : ` (${hit.value})`
    const held = hit.state === 'live' ? 'lists' : hit.state === 'expired' ? 'once listed' : 'took back'
    return `${hit.source} ${held} ${relationWords[hit.relation]}${what} as ${hit.stance}${about === '' ? '' : `: ${about}`}.`
  })
  const known = warnings.map(({ list, means }) =>
    means === 'harmless' ? `"${list}" knows it to be good.` : `It is on "${list}".`,
  )
  const notes = [...(disagree ? ['They disagree: a person has to look.'] : []), ...new Set([...known, ...said])]
  if (notes.length === 0) return null
  return notes.length > notedMax
    ? `${notes.slice(0, notedMax).join(' ')} And ${notes.length - notedMax} more.`
    : notes.join(' ')
}

/** Whether a source was heard so long ago that its silence says little. */
export function isStale(source: Pick<IntelligenceSource, 'lastSuccess' | 'staleAfterHours'>, now: Date): boolean {
  const at = source.lastSuccess === null ? Number.NaN : Date.parse(source.lastSuccess)
  return Number.isNaN(at) || now.getTime() - at > source.staleAfterHours * 3_600_000
}
