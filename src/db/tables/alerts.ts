import type { Generated, GeneratedAlways } from 'kysely'
import type { Jsonb, JsonbOrNull, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

export type AlertTable = {
  id: string
  number: Generated<number>
  provider_id: string
  state: Generated<string>
  kind: string
  ticket: OrNull<string>
  rule: OrNull<string>
  severity: string
  title: string
  entity: OrNull<string>
  host: OrNull<string>
  account: OrNull<string>
  source: OrNull<string>
  destination: OrNull<string>
  occurred_at: TimestampOrNull
  received_at: Timestamp
  reading: Jsonb
  judgement: JsonbOrNull
  priority: Generated<number>
  filled_at: TimestampOrNull
  outcome: OrNull<string>
  decided_at: TimestampOrNull
  version: Generated<number>
  sample: Generated<boolean>
  assignee: OrNull<string>
  merged_into: OrNull<string>
  snooze_for: OrNull<string>
  snooze_until: TimestampOrNull
  snoozed_by: OrNull<string>
  snoozed_at: TimestampOrNull
  tab: GeneratedAlways<string>
  search: GeneratedAlways<string>
  level: GeneratedAlways<string | null>
  proposed: GeneratedAlways<string | null>
  words: GeneratedAlways<string>
  question_key: GeneratedAlways<string | null>
}

type SightingTable = {
  alert_id: string
  message_id: string
  type: string
  value: string
  part: string
  span_start: number
  span_end: number
  text: string
}

export type AlertTables = {
  alert: AlertTable
  sighting: SightingTable
}
