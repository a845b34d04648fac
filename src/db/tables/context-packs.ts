import type { Generated } from 'kysely'
import type { Jsonb, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type ContextPackTable = {
  id: string
  definition: Jsonb
  version: Generated<number>
  draft: OrNull<Buffer>
  draft_digest: OrNull<string>
  draft_by: OrNull<string>
  draft_at: TimestampOrNull
  changed_by: string
  changed_at: Timestamp
}

type ContextPackVersionTable = {
  pack_id: string
  version: number
  files: Jsonb
  pack_json: Buffer
  assets_csv: Buffer
  vulnerabilities_csv: Buffer
  changes_csv: Buffer
  signature: string
  counts: Jsonb
  released_by: string
  released_at: Timestamp
}

export type ContextPackTables = {
  context_pack: ContextPackTable
  context_pack_version: ContextPackVersionTable
}
