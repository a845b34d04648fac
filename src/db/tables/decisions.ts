import type { Generated } from 'kysely'
import type { OrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

export type DecisionTable = {
  id: string
  alert_id: string
  outcome: string
  reason: string
  cites: Texts
  without_evidence: Generated<boolean>
  decided_by: string
  decided_at: Timestamp
  undone_at: TimestampOrNull
  undone_by: OrNull<string>
  batch: OrNull<string>
}

type SuggestionTable = {
  id: string
  alert_id: string
  kind: 'decision' | 'remark'
  outcome: OrNull<string>
  text: string
  cites: string[]
  made_by: string
  made_at: Timestamp
  closed_at: TimestampOrNull
  closed_by: OrNull<string>
  closed_as: OrNull<'taken' | 'dismissed'>
}

export type DecisionTables = {
  decision: DecisionTable
  suggestion: SuggestionTable
}
