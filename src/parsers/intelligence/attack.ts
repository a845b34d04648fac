import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { AttackEntry } from '../../model/attack.ts'
import { jsonElements } from './json-elements.ts'
import { bounded } from './texts.ts'

const Part = z.object({
  type: z.string(),
  id: z.string(),
  name: z.string().default(''),
  revoked: z.boolean().default(false),
  x_mitre_deprecated: z.boolean().default(false),
  x_mitre_version: z.string().optional().catch(undefined),
  x_mitre_shortname: z.string().optional(),
  external_references: z
    .array(z.object({ source_name: z.string(), external_id: z.string().optional() }))
    .default([])
    .catch([]),
  kill_chain_phases: z
    .array(z.object({ kill_chain_name: z.string(), phase_name: z.string() }))
    .default([])
    .catch([]),
  relationship_type: z.string().optional(),
  source_ref: z.string().optional(),
  target_ref: z.string().optional(),
})
type Part = z.infer<typeof Part>

export type ReadAttack = {
  /** As the bundle's collection names it; "unknown" where it has none. */
  readonly version: string
  readonly entries: readonly AttackEntry[]
}

const wanted: ReadonlySet<string> = new Set(['attack-pattern', 'x-mitre-tactic', 'x-mitre-collection', 'relationship'])

/**
 * Techniques and tactics of MITRE ATT&CK from its STIX bundle, with what took the place of those that were revoked. Everything in it is
 * data: version 19 split a tactic, and the next one may do so again. Throws Trouble('file.invalid').
 */
export async function readAttack(bytes: AsyncIterable<Uint8Array>): Promise<ReadAttack> {
  let version = 'unknown'
  const parts: Part[] = []
  const revokedBy = new Map<string, string>()
  for await (const { text } of jsonElements(bytes, ['objects'])) {
    const part = partOf(text)
    if (part === null) continue
    if (part.type === 'x-mitre-collection') version = part.x_mitre_version ?? version
    else if (part.type !== 'relationship') parts.push(part)
    else if (part.relationship_type === 'revoked-by' && part.source_ref !== undefined && part.target_ref !== undefined)
      revokedBy.set(part.source_ref, part.target_ref)
  }
  const idOf = new Map(
    parts.flatMap((part) => (mitreId(part) === null ? [] : [[part.id, mitreId(part) ?? ''] as const])),
  )
  const entries = parts.flatMap((part): readonly AttackEntry[] => {
    const id = mitreId(part)
    if (id === null) return []
    const isTactic = part.type === 'x-mitre-tactic'
    return [
      {
        ...{
          id,
          kind: isTactic ? 'tactic' : 'technique',
          name: bounded(part.name),
          deprecated: part.x_mitre_deprecated || part.revoked,
        },
        shortName: isTactic ? (part.x_mitre_shortname ?? null) : null,
        tactics: part.kill_chain_phases
          .filter(({ kill_chain_name }) => kill_chain_name.startsWith('mitre'))
          .map(({ phase_name }) => phase_name),
        revokedBy: idOf.get(revokedBy.get(part.id) ?? '') ?? null,
      },
    ]
  })
  if (!entries.some(({ kind }) => kind === 'technique'))
    throw new Trouble('file.invalid', { problem: 'it is no STIX bundle of MITRE ATT&CK: no technique was found' })
  // Of an id that stands twice the one that holds counts.
  const byId = new Map(
    entries.toSorted((a, b) => Number(b.deprecated) - Number(a.deprecated)).map((entry) => [entry.id, entry]),
  )
  return { version, entries: [...byId.values()] }
}

function partOf(text: string): Part | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Trouble('file.invalid', { problem: `it begins like JSON, but is none: ${wordsOf(error)}` }, error)
  }
  const parsed = Part.safeParse(json)
  return parsed.success && wanted.has(parsed.data.type) ? parsed.data : null
}

function mitreId(part: Part): string | null {
  const id = part.external_references.find(({ source_name }) => source_name.startsWith('mitre'))?.external_id
  return id !== undefined && /^TA?\d{4}(?:\.\d{3})?$/.test(id) ? id : null
}
