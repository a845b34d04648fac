import type { Generated } from 'kysely'
import type { Jsonb, OrNull, TimestampByDefault } from './columns.ts'

type ProviderTable = {
  id: string
  config: Jsonb
  intake_key_digest: OrNull<string>
  version: Generated<number>
  changed_at: TimestampByDefault
}

export type ProviderTables = {
  provider: ProviderTable
}
