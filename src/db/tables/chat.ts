import type { ColumnType, Generated } from 'kysely'
import type { Jsonb, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

export type ChatChannelTable = {
  id: string
  kind: string
  title: string
  settings: Jsonb
  host: string
  sealed: Buffer
  enabled: Generated<boolean>
  version: Generated<number>
  changed_by: string
  changed_at: Timestamp
  next_at: ColumnType<Date, Date | undefined, Date>
  not_before: TimestampOrNull
  misses: Generated<number>
  failing_since: TimestampOrNull
  says: Generated<string>
  answered_at: TimestampOrNull
}

export type ChatPostTable = {
  id: string
  channel_id: string
  alert_id: OrNull<string>
  matter: ColumnType<unknown, string | null, string | null>
  bytes: OrNull<Buffer>
  made_under: OrNull<number>
  send_id: OrNull<string>
  state: Generated<string>
  tries: Generated<number>
  says: Generated<string>
  created_at: Timestamp
  sent_at: TimestampOrNull
}

export type ChatTables = {
  chat_channel: ChatChannelTable
  chat_post: ChatPostTable
}
