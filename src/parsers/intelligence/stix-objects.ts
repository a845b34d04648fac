import { z } from 'zod'
import {
  type Indicator,
  type IntelligenceObject,
  type IntelligenceRead,
  readTlp,
  type Stance,
  strictest,
  type Tlp,
} from '../../model/intelligence.ts'
import { comparableOf } from './comparable.ts'
import { isOutOfPlace } from './out-of-place.ts'
import { PatternProblem, readPattern } from './stix-pattern.ts'
import { bounded, momentOf } from './texts.ts'

const texts = z.array(z.string()).optional().catch(undefined)
const text = z.string().optional().catch(undefined)

/** What we use of any object; of what is odd in the rest of it nothing is lost. */
const StixObject = z.object({
  type: z.string(),
  id: z.string().max(300),
  name: text,
  description: text,
  created: text,
  modified: text,
  revoked: z.boolean().optional().catch(undefined),
  confidence: z.number().min(0).max(100).optional().catch(undefined),
  labels: texts,
  indicator_types: texts,
  object_marking_refs: texts,
  pattern: text,
  pattern_type: text,
  valid_from: text,
  valid_until: text,
  external_references: z
    .array(z.object({ source_name: z.string().optional(), external_id: z.string().optional() }))
    .optional()
    .catch(undefined),
  relationship_type: text,
  source_ref: text,
  target_ref: text,
  definition: z.object({ tlp: z.string().optional() }).optional().catch(undefined),
  extensions: z.record(z.string(), z.unknown()).optional().catch(undefined),
})
type StixObject = z.infer<typeof StixObject>

/** The markings that STIX itself defines: of 2.0/2.1 for TLP 1.0 (STIX 2.1, 7.2.1.4), and those of the TLP 2.0 extension (OASIS, 2022). */
const markings: Readonly<Record<string, Tlp>> = {
  'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9': 'CLEAR',
  'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da': 'GREEN',
  'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82': 'AMBER',
  'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed': 'RED',
  'marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487': 'CLEAR',
  'marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb': 'GREEN',
  'marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421': 'AMBER',
  'marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003': 'AMBER+STRICT',
  'marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1': 'RED',
}

const kinds: Readonly<Record<string, IntelligenceObject['kind']>> = {
  malware: 'malware',
  'threat-actor': 'actor',
  'intrusion-set': 'actor',
  campaign: 'campaign',
  tool: 'tool',
  'attack-pattern': 'technique',
}

/** What one STIX object says of observables: indicators, what they indicate, how they are marked, what was taken back. */
export function readStixObject(json: unknown): readonly IntelligenceRead[] {
  const parsed = StixObject.safeParse(json)
  if (!parsed.success) return [{ kind: 'skipped', where: 'an object', why: 'it has no type and id of STIX' }]
  const object = parsed.data
  if (object.type === 'indicator') return ofIndicator(object)
  if (object.type === 'relationship') return ofRelationship(object)
  if (object.type === 'marking-definition') return [{ kind: 'object', object: markingOf(object) }]
  const kind = kinds[object.type]
  if (kind === undefined) return []
  const technique = object.external_references?.find(({ source_name }) => source_name?.startsWith('mitre') === true)
  const name = (kind === 'technique' ? technique?.external_id : undefined) ?? object.name ?? object.id
  return [{ kind: 'object', object: { ref: object.id, kind, name: bounded(name), tlp: null } }]
}

function markingOf(object: StixObject): IntelligenceObject {
  const extended = Object.values(object.extensions ?? {})
    .map((extension) => z.object({ tlp_2_0: z.string() }).safeParse(extension))
    .flatMap((found) => (found.success ? [found.data.tlp_2_0] : []))
  const word = extended[0] ?? object.definition?.tlp ?? object.name ?? ''
  return {
    ref: object.id,
    kind: 'marking',
    name: bounded(object.name ?? ''),
    tlp: markings[object.id] ?? readTlp(word),
  }
}

const tells: ReadonlySet<string> = new Set(['indicates', 'related-to', 'attributed-to', 'uses', 'derived-from'])

function ofRelationship({
  source_ref,
  target_ref,
  relationship_type,
  revoked,
}: StixObject): readonly IntelligenceRead[] {
  if (source_ref === undefined || target_ref === undefined || revoked === true) return []
  if (!source_ref.startsWith('indicator--') || !tells.has(relationship_type ?? '')) return []
  return [{ kind: 'link', from: source_ref.slice(0, 300), to: target_ref.slice(0, 300) }]
}

function ofIndicator(object: StixObject): readonly IntelligenceRead[] {
  const where = object.id
  if (object.pattern === undefined) {
    // A later version may say no more than that it was taken back.
    return object.revoked === true
      ? [{ kind: 'gone', ref: object.id }]
      : [{ kind: 'skipped', where, why: 'it has no pattern' }]
  }
  const language = object.pattern_type ?? 'stix'
  if (language !== 'stix')
    return [
      {
        kind: 'skipped',
        where,
        why: `its pattern is written in ${bounded(language)}, and only STIX patterns are compared`,
      },
    ]
  const comparable = comparableIn(object.pattern)
  if (!comparable.ok) return [{ kind: 'skipped', where, why: comparable.why }]
  return comparable.any.map((normal) => {
    const why = isOutOfPlace(normal)
    if (why !== null) return { kind: 'skipped', where: `${where}: ${normal.value}`, why }
    return { kind: 'indicator', indicator: { ...normal, ...aboutOf(object) } }
  })
}

function comparableIn(pattern: string): ReturnType<typeof comparableOf> {
  try {
    return comparableOf(readPattern(pattern))
  } catch (error) {
    if (error instanceof PatternProblem) return { ok: false, why: `its pattern is no STIX pattern: ${error.message}` }
    throw error
  }
}

function aboutOf(object: StixObject): Omit<Indicator, 'type' | 'value'> {
  const refs = object.object_marking_refs ?? []
  const known = refs.flatMap((ref) => markings[ref] ?? [])
  return {
    ref: object.id,
    stance: stanceOf(object.indicator_types ?? object.labels ?? []),
    tlp: strictest(known),
    markings: refs.filter((ref) => markings[ref] === undefined).slice(0, 20),
    confidence: object.confidence ?? null,
    firstSeen: null,
    lastSeen: null,
    validFrom: momentOf(object.valid_from),
    validUntil: momentOf(object.valid_until),
    revoked: object.revoked ?? false,
    modified: momentOf(object.modified ?? object.created),
    says: bounded(object.name ?? object.description ?? ''),
    tags: [...(object.indicator_types ?? []), ...(object.labels ?? [])].slice(0, 20).map((tag) => bounded(tag)),
    threats: [],
  }
}

function stanceOf(words: readonly string[]): Stance {
  if (words.includes('benign')) return 'benign'
  return words.length > 0 && words.every((word) => word === 'anomalous-activity' || word === 'unknown')
    ? 'suspicious'
    : 'malicious'
}
