import type { Generated } from 'kysely'
import type { Bigint, Jsonb, Timestamp } from './columns.ts'

type TallyTable = { place: string; kind: Generated<string>; n: Bigint }

type QueueViewTable = {
  id: string
  name: string
  search: Jsonb
  version: Generated<number>
  saved_by: string
  saved_at: Timestamp
}

type PresenceTable = {
  tab: string
  user_id: string
  alert_id: string
  doing: 'reading' | 'deciding' | 'answering'
  since: Timestamp
  seen_at: Timestamp
}

export type QueueTables = {
  tally: TallyTable
  queue_view: QueueViewTable
  presence: PresenceTable
}
