import type { ColumnType, Generated } from 'kysely'
import type { Bigint, Jsonb, Timestamp, TimestampOrNull } from './columns.ts'

type WebhookTable = { provider_id: string; scheme: Jsonb; version: Generated<number>; changed_at: Timestamp }

type WebhookSecretTable = {
  id: string
  provider_id: string
  sealed: Buffer
  made_at: Timestamp
  ends_at: TimestampOrNull
}

type WebhookRefusalTable = {
  provider_id: string
  /** A date ("2026-11-28") on the way in. */
  day: ColumnType<Date, string, string>
  reason: string
  count: Bigint
  last_at: Timestamp
  last_address: string
}

export type WebhookTables = {
  webhook: WebhookTable
  webhook_secret: WebhookSecretTable
  webhook_refusal: WebhookRefusalTable
}
