import type { Generated, GeneratedAlways } from 'kysely'
import type { OrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

type TicketTable = {
  alert_id: string
  type: Generated<string>
  acknowledged_at: TimestampOrNull
  acknowledged_by: OrNull<string>
  closed_at: TimestampOrNull
  closed_by: OrNull<string>
  close_note: OrNull<string>
  reopened_at: TimestampOrNull
  ours_due_at: TimestampOrNull
  ours_state: OrNull<string>
  theirs_due_at: TimestampOrNull
  theirs_state: OrNull<string>
}

type TicketWaitTable = { alert_id: string; from_at: Timestamp; to_at: TimestampOrNull }

type TicketTaskTable = {
  id: string
  alert_id: string
  ordinal: GeneratedAlways<string>
  title: string
  owner: OrNull<string>
  due_at: TimestampOrNull
  added_by: string
  added_at: Timestamp
  done_at: TimestampOrNull
  done_by: OrNull<string>
  removed_at: TimestampOrNull
  removed_by: OrNull<string>
}

type TicketCommentTable = {
  id: string
  alert_id: string
  written_by: string
  written_at: Timestamp
  text: string
  mentions: Texts
}

type TicketFileTable = {
  id: string
  alert_id: string
  name: string
  bytes: Buffer
  size_bytes: GeneratedAlways<number>
  sha256: string
  added_by: string
  added_at: Timestamp
}

type TicketReferenceTable = {
  alert_id: string
  system: string
  reference: string
  added_by: string
  added_at: Timestamp
}

type TicketEscalationTable = {
  alert_id: string
  clock: string
  due_at: Timestamp
  level: number
  told: Texts
  told_at: Timestamp
}

export type TicketTables = {
  ticket: TicketTable
  ticket_wait: TicketWaitTable
  ticket_task: TicketTaskTable
  ticket_comment: TicketCommentTable
  ticket_file: TicketFileTable
  ticket_reference: TicketReferenceTable
  ticket_escalation: TicketEscalationTable
}
