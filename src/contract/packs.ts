import { z } from 'zod'
import { PackChanges, PackContent, PackDefinition } from '../model/context-pack.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const packId = z.object({ id: z.string().max(64) })
const Counts = z.object({ assets: z.int(), vulnerabilities: z.int(), changes: z.int() })

/** Rows of a draft that the page shows; the rest is counted. */
export const packRowsShown = 200

export const PackRow = z.object({
  definition: PackDefinition,
  version: z.int(),
  draft: z.object({ digest: z.string(), by: z.string(), at: when }).nullable(),
  released: z.array(
    z.object({
      version: z.int(),
      counts: Counts,
      files: z.record(z.string(), z.string()),
      releasedBy: z.string(),
      releasedAt: when,
    }),
  ),
})
export type PackRow = z.infer<typeof PackRow>

/** A draft for review: the rows are the first `packRowsShown`, the counts are of all. */
export const PackDraft = PackContent.extend({ digest: z.string(), counts: Counts, changes: PackChanges })
export type PackDraft = z.infer<typeof PackDraft>

export const packsApi = {
  'GET /api/packs': endpoint({
    permission: 'house.see',
    says: 'What is shared with providers about our assets, and its versions',
    answer: z.object({ packs: z.array(PackRow) }),
  }),
  'PUT /api/packs/:id': endpoint({
    permission: 'provider.change',
    says: 'Add or change a context pack; version 0 adds',
    params: packId,
    body: z.object({ definition: PackDefinition, version: z.int().nonnegative() }),
    answer: z.object({ version: z.int() }),
  }),
  'POST /api/packs/:id/draft': endpoint({
    permission: 'reply.write',
    says: 'Make what the next version would be, for review; nothing leaves',
    params: packId,
    answer: Done,
  }),
  'GET /api/packs/:id/draft': endpoint({
    permission: 'house.see',
    says: 'The draft: what would leave, under which names, and what changed',
    params: packId,
    answer: PackDraft,
  }),
  'POST /api/packs/:id/release': endpoint({
    permission: 'reply.release',
    says: 'Let the draft that was seen leave, as the next version',
    params: packId,
    body: z.object({ digest: z.string().length(64) }),
    answer: z.object({ version: z.int() }),
  }),
  'GET /api/packs/:id/:version/:file': endpoint({
    permission: 'reply.release',
    says: 'A file of a released version, as a download',
    params: packId.extend({ version: z.coerce.number().int().min(1), file: z.string().max(40) }),
  }),
} as const
