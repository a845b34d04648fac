import type { Generated, GeneratedAlways } from 'kysely'
import type { Jsonb, JsonbOrNull, OrNull, Texts, Timestamp, TimestampByDefault, TimestampOrNull } from './columns.ts'

export type MessageTable = {
  id: string
  bytes: Buffer
  size_bytes: GeneratedAlways<number>
  form: 'mail' | 'json'
  channel: string
  origin: string
  source_address: OrNull<string>
  helo_name: OrNull<string>
  envelope_from: OrNull<string>
  envelope_to: Texts
  door_provider_id: OrNull<string>
  received_at: Timestamp
  state: Generated<string>
  state_reason: Generated<string>
  kind: OrNull<string>
  provider_id: OrNull<string>
  authentication: JsonbOrNull
  letter: JsonbOrNull
  message_id_header: OrNull<string>
  in_reply_to: OrNull<string>
  thread_ids: Texts
  from_address: OrNull<string>
  subject: OrNull<string>
  reading: JsonbOrNull
  alert_id: OrNull<string>
  released_by: OrNull<string>
  released_at: TimestampOrNull
  sample: Generated<boolean>
  search: GeneratedAlways<string | null>
}

type MessageAgainTable = {
  message_id: string
  received_at: Timestamp
  channel: string
  origin: string
  source_address: OrNull<string>
}

type IntakePositionTable = {
  door: string
  position: Jsonb
  state: Generated<string>
  says: Generated<string>
  last_success_at: TimestampOrNull
  changed_at: TimestampByDefault
}

export type MessageTables = {
  message: MessageTable
  message_again: MessageAgainTable
  intake_position: IntakePositionTable
}
