import type { Generated } from 'kysely'
import type { Jsonb, OrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

type ExpectationTable = {
  id: string
  number: Generated<number>
  provider_id: OrNull<string>
  rule: OrNull<string>
  host: OrNull<string>
  account: OrNull<string>
  range: OrNull<string>
  condition: Generated<string>
  outcome: string
  reason: string
  owner: string
  decides: Generated<boolean>
  source_alert: OrNull<string>
  sample: Generated<boolean>
  preview: Jsonb
  added_by: string
  added_at: Timestamp
  from_at: Timestamp
  expires_at: Timestamp
  retired_at: TimestampOrNull
  retired_by: OrNull<string>
  retire_reason: OrNull<string>
}

type ExpectationMatchTable = {
  expectation_id: string
  alert_id: string
  kind: string
  why: Generated<string>
  held: Generated<string>
  decided: Generated<boolean>
  at: Timestamp
}

type DraftedAnswerTable = {
  alert_id: string
  expectation_id: OrNull<string>
  from_alert: OrNull<string>
  outcome: string
  reason: string
  cites: Texts
  text: string
  drafted_at: Timestamp
}

export type ExpectationTables = {
  expectation: ExpectationTable
  expectation_match: ExpectationMatchTable
  drafted_answer: DraftedAnswerTable
}
