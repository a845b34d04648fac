import { z } from 'zod'
import { endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const Yaml = z.string().min(1).max(4_000_000)
const Base = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('Digest of what ran when the difference was looked at')
const Note = z.string().trim().max(500).default('')

export const ConfigVersionRow = z.object({
  version: z.int(),
  kind: z.enum(['before', 'applied', 'rolled-back']),
  digest: z.string(),
  note: z.string(),
  by: z.string(),
  at: when,
})
export type ConfigVersionRow = z.infer<typeof ConfigVersionRow>

const Change = z.object({ path: z.string(), running: z.string().nullable(), wanted: z.string().nullable() })
export const ConfigDifference = z.object({
  base: z.string(),
  changes: z.array(Change),
  stays: z.array(z.string()).describe('What runs, is not in the file, and stays'),
})
export type ConfigDifference = z.infer<typeof ConfigDifference>
const Applied = z.object({ version: z.int().nullable().describe('null: nothing differed'), changes: z.array(Change) })
const params = z.object({ version: z.coerce.number().int().positive() })

export const configApi = {
  'GET /api/config': endpoint({
    permission: 'setting.change',
    says: 'The settings of the page as one YAML document, secrets by name only, and its versions',
    answer: z.object({ yaml: z.string(), digest: z.string(), versions: z.array(ConfigVersionRow) }),
  }),
  'POST /api/config/diff': endpoint({
    permission: 'setting.change',
    says: 'What a document would change of what runs; changes nothing',
    body: z.object({ yaml: Yaml }),
    answer: ConfigDifference,
  }),
  'POST /api/config/apply': endpoint({
    permission: 'setting.change',
    says: 'Makes what runs what the document says: all of it or nothing',
    body: z.object({ yaml: Yaml, base: Base, note: Note }),
    answer: Applied,
  }),
  'GET /api/config/versions/:version': endpoint({
    permission: 'setting.change',
    says: 'A version, and what going back to it would change',
    params,
    answer: z.object({ yaml: z.string(), difference: ConfigDifference }),
  }),
  'POST /api/config/versions/:version/rollback': endpoint({
    permission: 'setting.change',
    says: 'Applies an earlier version',
    params,
    body: z.object({ base: Base, note: Note }),
    answer: Applied,
  }),
} as const
