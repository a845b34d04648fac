import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { BigintByDefault, Jsonb, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

export type ElsewhereSystemTable = {
  id: string
  kind: string
  title: string
  settings: Jsonb
  sealed: OrNull<Buffer>
  enabled: Generated<boolean>
  since: TimestampOrNull
  version: Generated<number>
  changed_by: string
  changed_at: Timestamp
  not_before: TimestampOrNull
  misses: Generated<number>
  failing_since: TimestampOrNull
  says: Generated<string>
  answered_at: TimestampOrNull
  polled_at: TimestampOrNull
  held_by: OrNull<string>
  held_until: TimestampOrNull
  hook_sealed: OrNull<Buffer>
  hooked_at: TimestampOrNull
  unmapped: ColumnType<unknown, string | undefined, string>
}

export type ElsewhereLinkTable = {
  system_id: string
  alert_id: string
  state: Generated<string>
  their_id: OrNull<string>
  their_key: OrNull<string>
  their_url: OrNull<string>
  says: Generated<string>
  tries: Generated<number>
  looks: Generated<number>
  changes: BigintByDefault
  done: BigintByDefault
  due_at: TimestampOrNull
  sent_digest: OrNull<string>
  our_state: OrNull<string>
  their_status: OrNull<string>
  their_verdict: OrNull<string>
  posted_status: OrNull<string>
  posted_at: TimestampOrNull
  synced_at: TimestampOrNull
}

type ElsewhereItemTable = {
  id: GeneratedAlways<string>
  system_id: string
  alert_id: string
  kind: string
  direction: string
  our_id: OrNull<string>
  their_id: OrNull<string>
  digest: string
  state: string
  at: Timestamp
}

type ElsewherePostTable = { system_id: string; id: string; at: Timestamp }

export type ElsewhereTables = {
  elsewhere_system: ElsewhereSystemTable
  elsewhere_link: ElsewhereLinkTable
  elsewhere_item: ElsewhereItemTable
  elsewhere_post: ElsewherePostTable
}
