import type { Generated } from 'kysely'
import type { BigintByDefault, Jsonb, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type ConnectorTable = {
  id: string
  kind: string
  title: string
  settings: Jsonb
  answers: string[]
  enabled: Generated<boolean>
  version: Generated<number>
  changed_by: string
  changed_at: Timestamp
}

type ConnectorStateTable = {
  connector: string
  last_success_at: TimestampOrNull
  last_failure_at: TimestampOrNull
  last_why: Generated<string>
  asked: BigintByDefault
  failed: BigintByDefault
  failing_since: TimestampOrNull
  last_ms: OrNull<number>
  silent_after_hours: OrNull<number>
}

type ConnectorSecretTable = {
  connector: string
  field: string
  key_id: string
  wrapped: Buffer
  sealed: Buffer
  changed_at: Timestamp
}

type ConnectorDayTable = { connector: string; day: string; asked: BigintByDefault; failed: BigintByDefault }

export type ConnectorTables = {
  connector: ConnectorTable
  connector_state: ConnectorStateTable
  connector_secret: ConnectorSecretTable
  connector_day: ConnectorDayTable
}
