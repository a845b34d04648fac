import { z } from 'zod'
import type { ShareableClass } from './provider.ts'
import { Level } from './question.ts'

/** What of an asset a pack may hold, and the class of sensitive words that the field is (null: looked through word by word). */
export const packFields = {
  name: 'host',
  aliases: 'host',
  addresses: 'internal-address',
  owner: 'person',
  ownerEmail: 'person',
  role: null,
  application: null,
  environment: null,
  criticality: null,
  sensitivity: null,
  regulatory: null,
  exposed: null,
  site: null,
  tags: null,
  software: null,
} as const satisfies Record<string, ShareableClass | null>
export const packFieldNames = Object.keys(packFields) as [PackField, ...PackField[]]
export const PackField = z.enum(packFieldNames)
export type PackField = keyof typeof packFields

/** Assets of one pack; their JSON stays below what a mail gateway lets through. More is no minimum any more: narrow the scope. */
export const packAssetsMax = 50_000
/** Open vulnerabilities of one pack. */
export const packVulnerabilitiesMax = 200_000

/** Which assets: each list that is not empty must be met by the asset. */
export const PackScope = z.object({
  criticality: z.array(Level).max(4).default([]),
  environments: z.array(z.string().max(100)).max(50).default([]),
  tags: z.array(z.string().max(100)).max(50).default([]),
  sites: z.array(z.string().max(200)).max(50).default([]),
  exposedOnly: z.boolean().default(false),
})
export type PackScope = z.infer<typeof PackScope>

/** What is shared with one provider about our assets: agreed once, made again and again. */
export const PackDefinition = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'letters, digits and hyphens'),
  title: z.string().min(1).max(200),
  providerId: z.string().max(64),
  scope: PackScope.prefault({}),
  /** The name, or what stands for it, is always there: rows need one. */
  fields: z.array(PackField).min(1).max(packFieldNames.length),
  vulnerabilities: z.enum(['none', 'known-exploited', 'all']).default('none'),
})
export type PackDefinition = z.infer<typeof PackDefinition>

const Cell = z.union([z.string(), z.boolean(), z.array(z.string()), z.null()])
/** One asset as it leaves: `name` and the fields that were chosen. */
export const PackAsset = z.record(z.string(), Cell)
export type PackAsset = z.infer<typeof PackAsset>

export const PackVulnerability = z.object({
  asset: z.string(),
  cve: z.string(),
  severity: z.string().nullable(),
  since: z.string().nullable(),
  due: z.string().nullable(),
  knownExploited: z.boolean(),
})
export type PackVulnerability = z.infer<typeof PackVulnerability>

export const PackChanges = z.object({
  /** The version this is compared with; null: there is none before. */
  since: z.int().nullable(),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.object({ asset: z.string(), field: z.string(), before: Cell, after: Cell })),
  opened: z.array(z.object({ asset: z.string(), cve: z.string() })),
  closed: z.array(z.object({ asset: z.string(), cve: z.string() })),
})
export type PackChanges = z.infer<typeof PackChanges>

export const packFormat = 'counterfoil.context-pack/1'

/** A pack as it leaves, in `pack.json`. The tables are the same in CSV. */
export const PackContent = z.object({
  format: z.literal(packFormat),
  pack: z.string(),
  title: z.string(),
  provider: z.string(),
  version: z.int(),
  madeAt: z.iso.datetime(),
  scope: PackScope,
  fields: z.array(PackField),
  /** What was not shared as it is: fields under a pseudonym, fields left out, places of a text that were blacked out. */
  withheld: z.object({
    pseudonyms: z.array(PackField),
    leftOut: z.array(PackField),
    placesRedacted: z.int(),
    assetsOutOfScope: z.int(),
  }),
  assets: z.array(PackAsset),
  vulnerabilities: z.array(PackVulnerability),
  changes: PackChanges,
})
export type PackContent = z.infer<typeof PackContent>
