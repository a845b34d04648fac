import type { Jsonb, Timestamp, TimestampOrNull } from './columns.ts'

type MailKeyTable = {
  id: string
  fingerprint: string
  method: string
  facts: Jsonb
  public_text: string
  sealed: Buffer
  added_by: string
  added_at: Timestamp
  retired_at: TimestampOrNull
}

type ProviderMailKeyTable = {
  provider_id: string
  fingerprint: string
  method: string
  facts: Jsonb
  public_text: string
  added_by: string
  added_at: Timestamp
}

export type MailKeyTables = {
  mail_key: MailKeyTable
  provider_mail_key: ProviderMailKeyTable
}
