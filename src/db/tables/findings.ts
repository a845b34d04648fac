import type { Generated } from 'kysely'
import type { Jsonb, JsonbOrNull, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

export type FindingTable = {
  id: string
  alert_id: string
  run_id: OrNull<string>
  question: string
  ask: Jsonb
  connector: string
  kind: string
  answer: JsonbOrNull
  why: Generated<string>
  query: Generated<string>
  window_from: TimestampOrNull
  window_to: TimestampOrNull
  around_minutes: Generated<number | null>
  cost_ms: number
  asked_at: Timestamp
}

export type PersonQuestionTable = {
  token_digest: string
  alert_id: string
  run_id: OrNull<string>
  step_path: OrNull<string>
  finding_id: OrNull<string>
  email: string
  name: OrNull<string>
  what: string
  asked_at: Timestamp
  expires_at: Timestamp
  answered_at: TimestampOrNull
  answer: OrNull<string>
  comment: OrNull<string>
}

export type FindingTables = {
  finding: FindingTable
  person_question: PersonQuestionTable
}
