import type { Jsonb, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type HandoverTable = {
  id: string
  from_at: Timestamp
  to_at: Timestamp
  note: string
  facts: Jsonb
  signed_by: string
  signed_at: Timestamp
  taken_by: OrNull<string>
  taken_at: TimestampOrNull
}

export type HandoverTables = {
  handover: HandoverTable
}
