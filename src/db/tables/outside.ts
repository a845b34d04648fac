import type { Generated } from 'kysely'
import type { JsonbOrNull, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

export type EgressTable = {
  id: string
  kind: string
  reply_id: OrNull<string>
  pack_id: OrNull<string>
  pack_version: OrNull<number>
  provider_id: string
  channel: string
  recipients: string[]
  subject: string
  message_id: string
  sha256: string
  size_bytes: number
  bytes: OrNull<Buffer>
  released_by: string
  released_at: Timestamp
  rule: string
  hold_until: Timestamp
  state: string
  left_at: TimestampOrNull
  receipt: OrNull<string>
  clear_sha256: OrNull<string>
  protection: JsonbOrNull
}

export type OutsideSendTable = {
  id: string
  way: string
  place: string
  place_title: string
  alert_id: OrNull<string>
  act: string
  subject: string
  sha256: string
  size_bytes: number
  agreed_by: string
  rule: string
  at: Timestamp
  state: string
  left_at: TimestampOrNull
  says: Generated<string>
}

export type OutsideTables = {
  egress: EgressTable
  outside_send: OutsideSendTable
}
