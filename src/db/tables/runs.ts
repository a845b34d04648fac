import type { Generated, GeneratedAlways } from 'kysely'
import type { Jsonb, JsonbOrNull, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

export type RunTable = {
  id: string
  playbook_id: string
  playbook_version: number
  playbook: Jsonb
  alert_id: string
  state: Generated<string>
  dry_run: Generated<boolean>
  trigger: string
  started_at: Timestamp
  ended_at: TimestampOrNull
  resumed_times: Generated<number>
  epoch: Generated<number>
  error: Generated<string>
  resumed_at_path: OrNull<string>
}

export type StepTable = {
  run_id: string
  path: string
  step_id: string
  kind: string
  title: string
  csf: string
  phase: string
  why: Generated<string>
  state: string
  attempt: Generated<number>
  input: JsonbOrNull
  output: JsonbOrNull
  error: OrNull<string>
  waiting_for: OrNull<string>
  deadline: TimestampOrNull
  started_at: Timestamp
  ended_at: TimestampOrNull
  node: string
  ordinal: GeneratedAlways<string>
  nudges: Generated<number>
  nudged_at: TimestampOrNull
}

type StepPastTable = {
  run_id: string
  path: string
  attempt: number
  line: Jsonb
  put_aside_by: string
  put_aside_at: Timestamp
  reason: string
}

export type RunMarkTable = {
  run_id: string
  path: string
  item_id: string
  state: string
  note: Generated<string>
  marked_by: string
  marked_at: Timestamp
}

export type RunTables = {
  run: RunTable
  step: StepTable
  step_past: StepPastTable
  run_mark: RunMarkTable
}
