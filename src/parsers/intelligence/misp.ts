import { z } from 'zod'
import {
  type IndicatorType,
  type IntelligenceRead,
  readTlp,
  type Stance,
  strictest,
  type Threat,
  type Tlp,
} from '../../model/intelligence.ts'
import { type Normal, normalOf } from '../../observables/normal.ts'
import { isOutOfPlace } from './out-of-place.ts'
import { bounded, momentOf } from './texts.ts'

const yes = z
  .union([z.boolean(), z.literal('1'), z.literal('0'), z.literal(1), z.literal(0)])
  .transform((value) => value === true || value === '1' || value === 1)
const text = z.string().optional().catch(undefined)
const stamp = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined)
const Tags = z
  .array(z.object({ name: z.string() }))
  .default([])
  .catch([])

const Attribute = z.object({
  uuid: text,
  type: z.string(),
  value: z.union([z.string(), z.number()]).transform(String),
  to_ids: yes.default(false).catch(false),
  deleted: yes.default(false).catch(false),
  category: text,
  comment: text,
  timestamp: stamp,
  first_seen: text,
  last_seen: text,
  Tag: Tags,
  /** Where attributes come without their event (restSearch). */
  Event: z.object({ info: text, uuid: text }).optional().catch(undefined),
})
const MispObject = z.object({
  name: text,
  deleted: yes.default(false).catch(false),
  Attribute: z.array(z.unknown()).default([]).catch([]),
})
const Event = z.object({
  uuid: text,
  info: text,
  timestamp: stamp,
  date: text,
  Orgc: z.object({ name: z.string() }).optional().catch(undefined),
  Tag: Tags,
  Attribute: z.array(z.unknown()).default([]).catch([]),
  Object: z.array(z.unknown()).default([]).catch([]),
})

/** What attributes of MISP are to us; of those with a bar, each half. What is not here is text for people. */
const types: Readonly<Record<string, readonly (IndicatorType | null)[]>> = {
  'ip-src': ['ipv4'],
  'ip-dst': ['ipv4'],
  'ip-src|port': ['ipv4', null],
  'ip-dst|port': ['ipv4', null],
  domain: ['domain'],
  hostname: ['domain'],
  'hostname|port': ['domain', null],
  'domain|ip': ['domain', 'ipv4'],
  url: ['url'],
  uri: ['url'],
  link: ['url'],
  email: ['email'],
  'email-src': ['email'],
  'email-dst': ['email'],
  'email-reply-to': ['email'],
  md5: ['md5'],
  sha1: ['sha1'],
  sha256: ['sha256'],
  sha512: ['sha512'],
  ssdeep: ['ssdeep'],
  imphash: ['imphash'],
  'ja3-fingerprint-md5': ['ja3'],
  'jarm-fingerprint': [null],
  'x509-fingerprint-sha1': ['sha1'],
  'x509-fingerprint-sha256': ['sha256'],
  'x509-fingerprint-md5': ['md5'],
  filename: ['filename'],
  'filename|md5': [null, 'md5'],
  'filename|sha1': [null, 'sha1'],
  'filename|sha256': [null, 'sha256'],
  'filename|sha512': [null, 'sha512'],
  'filename|imphash': [null, 'imphash'],
  'filename|ssdeep': [null, 'ssdeep'],
  'malware-sample': [null, 'md5'],
  mutex: ['mutex'],
  regkey: ['regkey'],
  'regkey|value': ['regkey', null],
  'user-agent': ['useragent'],
  AS: ['asn'],
  'mac-address': ['mac'],
  btc: ['btc'],
  xmr: ['xmr'],
}

type About = { readonly tags: readonly string[]; readonly says: string; readonly modified: string | null }

/** The types of ours that a type of MISP speaks of. */
export function typesOfMisp(type: string): readonly IndicatorType[] {
  return (types[type] ?? []).flatMap((one) =>
    one === null ? [] : one === 'ipv4' ? (['ipv4', 'ipv6', 'cidr'] as const) : [one],
  )
}

/**
 * What an event of MISP says (with or without its envelope), or attributes that come without one. Attributes that MISP does not mean for
 * detection (to_ids) are told as skipped: they describe the event, not what to look for.
 */
export function* readMisp(json: unknown): Generator<IntelligenceRead> {
  const whole = z.object({ Event: z.unknown().optional() }).safeParse(json)
  const parsed = Event.safeParse(whole.success && whole.data.Event !== undefined ? whole.data.Event : json)
  if (!parsed.success) {
    yield { kind: 'skipped', where: 'an event', why: 'it is no event of MISP' }
    return
  }
  const event = parsed.data
  const about: About = {
    tags: event.Tag.map(({ name }) => name),
    says: [event.Orgc?.name, event.info].filter((part) => part !== undefined && part !== '').join(': '),
    modified: momentOf(event.timestamp ?? event.date),
  }
  for (const attribute of event.Attribute) yield* ofAttribute(attribute, about)
  for (const one of event.Object) {
    const object = MispObject.safeParse(one)
    if (!object.success) yield { kind: 'skipped', where: 'an object', why: 'it is no object of MISP' }
    else if (!object.data.deleted) for (const attribute of object.data.Attribute) yield* ofAttribute(attribute, about)
  }
}

function* ofAttribute(json: unknown, about: About): Generator<IntelligenceRead> {
  const parsed = Attribute.safeParse(json)
  if (!parsed.success) {
    yield { kind: 'skipped', where: 'an attribute', why: 'it is no attribute of MISP' }
    return
  }
  const attribute = parsed.data
  const ref = attribute.uuid ?? ''
  const where = `${attribute.type} ${bounded(attribute.value).slice(0, 100)}`
  if (attribute.deleted) {
    if (ref !== '') yield { kind: 'gone', ref }
    return
  }
  if (!attribute.to_ids) {
    yield { kind: 'skipped', where, why: 'MISP does not mean it for detection (to_ids)' }
    return
  }
  const found = normalsOf(attribute.type, attribute.value)
  if (typeof found === 'string') {
    yield { kind: 'skipped', where, why: found }
    return
  }
  const tags = [...new Set([...about.tags, ...attribute.Tag.map(({ name }) => name)])]
  for (const normal of found) {
    const why = isOutOfPlace(normal)
    if (why !== null) yield { kind: 'skipped', where, why }
    else yield { kind: 'indicator', indicator: { ...normal, ref, ...told(attribute, about, tags) } }
  }
}

function told(attribute: z.infer<typeof Attribute>, about: About, tags: readonly string[]) {
  const says = [about.says || (attribute.Event?.info ?? ''), attribute.comment ?? '']
    .filter((part) => part.trim() !== '')
    .join(' · ')
  return {
    stance: stanceOf(tags),
    tlp: tlpOf(tags),
    markings: [],
    confidence: confidenceOf(tags),
    firstSeen: momentOf(attribute.first_seen),
    lastSeen: momentOf(attribute.last_seen),
    validFrom: null,
    validUntil: null,
    revoked: false,
    modified: momentOf(attribute.timestamp) ?? about.modified,
    says: bounded(says),
    tags: tags.slice(0, 20).map((tag) => bounded(tag)),
    threats: threatsOf(tags),
  } as const
}

function normalsOf(type: string, value: string): readonly Normal[] | string {
  const halves = types[type]
  if (halves === undefined || halves.every((half) => half === null))
    return `attributes of the type ${type} are not compared`
  const bar = halves.length === 1 ? -1 : value.indexOf('|')
  const parts = bar === -1 ? [value] : [value.slice(0, bar), value.slice(bar + 1)]
  const found: Normal[] = []
  for (const [place, half] of halves.entries()) {
    if (half === null) continue
    const normal = normalOf(half, parts[place] ?? '')
    if (normal === null) return `its value is no ${half}`
    found.push(normal)
  }
  return found
}

/** TLP of an event and its attribute: the stricter. A tag of TLP that we cannot read ("tlp:ex:chr") keeps it in the house. */
function tlpOf(tags: readonly string[]): Tlp | null {
  const words = tags.filter((tag) => /^tlp\s*:/i.test(tag))
  return strictest(words.map((word) => readTlp(word) ?? 'AMBER+STRICT'))
}

/** The taxonomy `misp`, its numerical values; what cannot be evaluated is left unsaid. */
const confidences: Readonly<Record<string, number>> = {
  'completely-confident': 100,
  'usually-confident': 75,
  'fairly-confident': 50,
  'rarely-confident': 25,
  unconfident: 0,
}

function confidenceOf(tags: readonly string[]): number | null {
  for (const tag of tags) {
    const level = /^misp:confidence-level="([a-z-]+)"$/.exec(tag)?.[1]
    const certainty = /^osint:certainty="(\d{1,3})"$/.exec(tag)?.[1]
    if (level !== undefined && confidences[level] !== undefined) return confidences[level]
    if (certainty !== undefined && Number(certainty) <= 100) return Number(certainty)
  }
  return null
}

function stanceOf(tags: readonly string[]): Stance {
  return tags.some((tag) => /^false-positive:risk="(?:high|confirmed)"$/.test(tag)) ? 'suspicious' : 'malicious'
}

/** Galaxies that name what an indicator belongs to. */
const galaxies: Readonly<Record<string, Threat['kind']>> = {
  'threat-actor': 'actor',
  'mitre-intrusion-set': 'actor',
  'mitre-enterprise-attack-intrusion-set': 'actor',
  'microsoft-activity-group': 'actor',
  'mitre-malware': 'malware',
  'mitre-enterprise-attack-malware': 'malware',
  malpedia: 'malware',
  ransomware: 'malware',
  rat: 'malware',
  stealer: 'malware',
  banker: 'malware',
  botnet: 'malware',
  backdoor: 'malware',
  cryptominers: 'malware',
  tool: 'tool',
  'mitre-tool': 'tool',
  'mitre-enterprise-attack-tool': 'tool',
  'exploit-kit': 'tool',
}
const threatsMax = 20

function threatsOf(tags: readonly string[]): readonly Threat[] {
  const found = tags.flatMap((tag): readonly Threat[] => {
    const [, galaxy = '', name = ''] = /^misp-galaxy:([^=]+)="(.+)"$/.exec(tag) ?? []
    const technique = galaxy.endsWith('attack-pattern') ? /\b(T\d{4}(?:\.\d{3})?)$/.exec(name)?.[1] : undefined
    if (technique !== undefined) return [{ kind: 'technique', name: technique }]
    const kind = galaxies[galaxy]
    return kind === undefined ? [] : [{ kind, name: bounded(name).replace(/ - [GS]\d{4}$/, '') }]
  })
  return found.slice(0, threatsMax)
}
