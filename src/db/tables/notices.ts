import type { Generated } from 'kysely'
import type { OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type NoticeTable = {
  id: string
  kind: string
  recipients: string[]
  bytes: Buffer
  state: Generated<string>
  receipt: OrNull<string>
  created_at: Timestamp
  sent_at: TimestampOrNull
}

export type NoticeTables = {
  notice: NoticeTable
}
