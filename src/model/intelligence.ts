import { z } from 'zod'

/** Traffic Light Protocol 2.0 (FIRST, 2022), from what anybody may see to what only the people in the room may. */
export const tlps = ['CLEAR', 'GREEN', 'AMBER', 'AMBER+STRICT', 'RED'] as const
export const Tlp = z.enum(tlps)
export type Tlp = z.infer<typeof Tlp>

/** "TLP:AMBER+STRICT", "tlp:amber", and version 1.0's "WHITE" for CLEAR; null for what is no such word. */
export function readTlp(text: string): Tlp | null {
  const word = text
    .trim()
    .toUpperCase()
    .replace(/^TLP[:\s_-]*/, '')
    .replace(/[\s_]*\+[\s_]*|[\s_-]+(?=STRICT$)/, '+')
  const plain = word === 'WHITE' ? 'CLEAR' : word
  return tlps.find((tlp) => tlp === plain) ?? null
}

/** The one that lets the least leave; null where none is given. */
export function strictest(given: readonly (Tlp | null)[]): Tlp | null {
  return tlps.findLast((tlp) => given.includes(tlp)) ?? null
}

/** What an indicator can be about: what lists, STIX patterns and MISP attributes name and alerts hold. */
// biome-ignore format: a table reads better in few lines
export const indicatorTypes = [
  'ipv4', 'ipv6', 'cidr', 'domain', 'url', 'email', 'md5', 'sha1', 'sha256', 'sha512', 'ssdeep', 'imphash', 'ja3', 'ja4',
  'filename', 'filepath', 'mutex', 'regkey', 'useragent', 'asn', 'mac', 'btc', 'eth', 'xmr',
] as const
export const IndicatorType = z.enum(indicatorTypes)
export type IndicatorType = z.infer<typeof IndicatorType>

export const ThreatKind = z.enum(['malware', 'actor', 'campaign', 'tool', 'technique'])
export type ThreatKind = z.infer<typeof ThreatKind>
/** What an indicator tells of: a malware family, an actor, a technique of ATT&CK by its id. */
export const Threat = z.object({ kind: ThreatKind, name: z.string() })
export type Threat = z.infer<typeof Threat>

/** What a source says of an observable: that it is bad, that it looks odd, that it is harmless. */
export const Stance = z.enum(['malicious', 'suspicious', 'benign'])
export type Stance = z.infer<typeof Stance>

/** One observable as a source gives it. Type and value are normalised; moments are ISO 8601. */
export type Indicator = {
  readonly type: IndicatorType
  readonly value: string
  /** The source's own id of it (STIX, MISP); "" where it has none. */
  readonly ref: string
  readonly stance: Stance
  readonly tlp: Tlp | null
  /** Markings that are told elsewhere, by their ids. */
  readonly markings: readonly string[]
  /** 0 to 100, as STIX has it; null: the source does not say. */
  readonly confidence: number | null
  readonly firstSeen: string | null
  readonly lastSeen: string | null
  readonly validFrom: string | null
  readonly validUntil: string | null
  readonly revoked: boolean
  /** When the source changed it last: of two versions the later counts. */
  readonly modified: string | null
  readonly says: string
  readonly tags: readonly string[]
  readonly threats: readonly Threat[]
}

/** Something that indicators point to: it may come before them, after them, or in another page. */
export type IntelligenceObject = {
  readonly ref: string
  readonly kind: ThreatKind | 'marking' | 'other'
  readonly name: string
  /** Of a marking; null for one that is no traffic light (a copyright). */
  readonly tlp: Tlp | null
}

/** What a reader gives, piece by piece. `skipped` is never silent: it is counted, and the first are named. */
export type IntelligenceRead =
  | { readonly kind: 'indicator'; readonly indicator: Indicator }
  | { readonly kind: 'object'; readonly object: IntelligenceObject }
  | { readonly kind: 'link'; readonly from: string; readonly to: string }
  /** The source took this id back. */
  | { readonly kind: 'gone'; readonly ref: string }
  | { readonly kind: 'skipped'; readonly where: string; readonly why: string }

/** A list of what is known to be good, or at least well known (MISP's warning lists). */
export const WarningList = z.object({
  name: z.string().min(1).max(300),
  description: z.string().max(2_000).default(''),
  version: z.number().default(0),
  /** How an entry is compared: with the whole, with the host or a domain above it, as a network, as a part, as a pattern. */
  match: z.enum(['string', 'hostname', 'cidr', 'substring', 'regex']),
  /** Types of observables it speaks of; empty: all that it can be compared with. */
  types: z.array(IndicatorType),
  /** `harmless`: who is on it is no threat by itself. `known`: it only says what it is (a sinkhole, a parked or throw-away domain). */
  means: z.enum(['harmless', 'known']),
})
export type WarningList = z.infer<typeof WarningList>

/** How what was asked for and what is listed belong together. */
export const Relation = z.enum(['exact', 'host-of-url', 'parent-domain', 'network', 'url-on-host'])
export type Relation = z.infer<typeof Relation>

/** What one source knows of an observable. */
export const Hit = z.object({
  source: z.string(),
  relation: Relation,
  /** What is listed there; the same as what was asked for where the relation is exact. */
  type: z.string(),
  value: z.string(),
  stance: Stance,
  /** live: it holds now. expired, revoked: the source said so once, and no longer. */
  state: z.enum(['live', 'expired', 'revoked']),
  /** null: nobody said. "unread": it has a marking that we do not know, and counts as AMBER+STRICT. */
  tlp: z.union([Tlp, z.literal('unread')]).nullable(),
  confidence: z.number().nullable(),
  /** When this house first and last heard it from the source, and until when the source said it holds. */
  firstHeard: z.string(),
  lastHeard: z.string(),
  validUntil: z.string().nullable(),
  says: z.string(),
  tags: z.array(z.string()),
  threats: z.array(Threat),
})
export type Hit = z.infer<typeof Hit>

/** A warning list that has it. */
export const WarningHit = z.object({
  list: z.string(),
  entry: z.string(),
  means: WarningList.shape.means,
  description: z.string(),
})
export type WarningHit = z.infer<typeof WarningHit>

/** Where intelligence comes from, and how it is. */
export const IntelligenceSource = z.object({
  id: z.string(),
  kind: z.enum(['file', 'taxii', 'misp', 'misp-feed', 'list']),
  title: z.string(),
  tlp: Tlp.nullable(),
  indicators: z.int(),
  lastTried: z.string().nullable(),
  lastSuccess: z.string().nullable(),
  failingSince: z.string().nullable(),
  why: z.string(),
  /** Older than this it is shown as stale, and finding nothing in it says little. */
  staleAfterHours: z.number(),
})
export type IntelligenceSource = z.infer<typeof IntelligenceSource>

/** Everything we know of one observable. */
export type Known = {
  readonly hits: readonly Hit[]
  readonly warnings: readonly WarningHit[]
  readonly sources: readonly IntelligenceSource[]
}
/** How far a light lets something go, from all the world to one person. What is marked in a way we cannot read stays with us like RED. */
const reach: Readonly<Record<Tlp | 'unread', number>> = {
  CLEAR: 0,
  GREEN: 1,
  AMBER: 2,
  'AMBER+STRICT': 3,
  unread: 4,
  RED: 4,
}

/** True when something of this marking may not go where only things up to `upTo` may. What is not marked may. */
export function exceeds(tlp: Hit['tlp'], upTo: Tlp): boolean {
  return tlp !== null && reach[tlp] > reach[upTo]
}
