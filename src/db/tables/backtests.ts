import type { Generated } from 'kysely'
import type { Jsonb, JsonbOrNull, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

export type BacktestTable = {
  id: string
  kind: 'playbook' | 'reader' | 'expectation'
  subject: string
  title: string
  candidate: Jsonb
  days: number
  state: Generated<string>
  done: Generated<number>
  total: OrNull<number>
  summary: JsonbOrNull
  error: Generated<string>
  asked_by: string
  asked_at: Timestamp
  ended_at: TimestampOrNull
}

type BacktestRowTable = {
  backtest_id: string
  ordinal: number
  subject_id: string
  verdict: string
  row: Jsonb
}

export type BacktestTables = {
  backtest: BacktestTable
  backtest_row: BacktestRowTable
}
