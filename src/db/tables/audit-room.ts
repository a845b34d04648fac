import type { Jsonb, OrNull, Timestamp } from './columns.ts'

type AuditRemarkTable = {
  id: string
  sample: Jsonb
  alert_id: string
  decision_id: OrNull<string>
  conclusion: string
  remark: string
  said_by: string
  said_at: Timestamp
}

export type AuditRoomTables = {
  audit_remark: AuditRemarkTable
}
