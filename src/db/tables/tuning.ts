import type { Generated } from 'kysely'
import type { OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type TuningRequestTable = {
  id: string
  number: Generated<number>
  decision_id: string
  alert_id: string
  provider_id: string
  rule: string
  entity: OrNull<string>
  state: Generated<string>
  state_by: OrNull<string>
  state_at: TimestampOrNull
  note: Generated<string>
  due_at: TimestampOrNull
  followed: OrNull<string>
  change: OrNull<unknown>
  sample: Generated<boolean>
  created_at: Timestamp
}

export type TuningTables = {
  tuning_request: TuningRequestTable
}
