import type { Generated, GeneratedAlways } from 'kysely'
import type { JsonbByDefault, JsonbOrNull, OrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

export type ReplyTable = {
  id: string
  alert_id: string
  provider_id: string
  state: Generated<string>
  text: string
  spans: JsonbByDefault
  machine: JsonbByDefault
  recipients: string[]
  subject: string
  message_id: string
  in_reply_to: OrNull<string>
  reference_ids: Texts
  bytes: OrNull<Buffer>
  digest: OrNull<string>
  decision_id: OrNull<string>
  released_by: OrNull<string>
  released_at: TimestampOrNull
  hold_until: TimestampOrNull
  sent_at: TimestampOrNull
  receipt: OrNull<string>
  version: Generated<number>
  created_at: Timestamp
  first_by: OrNull<string>
  first_at: TimestampOrNull
  second_because: Texts
  second_by_playbook: Generated<boolean>
  clear_bytes: OrNull<Buffer>
  protection: JsonbOrNull
  search: GeneratedAlways<string>
}

export type ReplyFileTable = {
  id: string
  reply_id: string
  name: string
  name_spans: JsonbByDefault
  spans: JsonbByDefault
  kind: string
  media_type: string
  bytes: OrNull<Buffer>
  text: string
  unread_from: OrNull<number>
  is_plain: boolean
  stripped: string[]
  blocked_why: OrNull<string>
  blocked_next: OrNull<string>
  came_sha256: string
  came_bytes: number
  ticket_file_id: OrNull<string>
  added_by: string
  added_at: Timestamp
}

type ReplyRequestTable = {
  reply_id: string
  n: number
  tells: Texts
  state: string
  at: Timestamp
}

type PseudonymTable = { provider_id: string; class: string; value: string; pseudonym: string }

export type ReplyTables = {
  reply: ReplyTable
  reply_file: ReplyFileTable
  reply_request: ReplyRequestTable
  pseudonym: PseudonymTable
}
