import type { Generated } from 'kysely'
import type { Bigint, BigintByDefault, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type DetectionWatermarkTable = {
  one: Generated<boolean>
  looked_until: Timestamp
  under_way_to: TimestampOrNull
  looked_at: TimestampOrNull
  says: Generated<string>
}

type DetectionOpenTable = {
  rule_id: string
  entity: string
  ticket: string
  part: number
  count: Bigint
  counted: string
  first_at: Timestamp
  last_at: Timestamp
  began_at: Timestamp
}

type DetectionRuleTable = {
  rule_id: string
  title: string
  level: OrNull<string>
  looked_at: Timestamp
  not_run: OrNull<string>
  hits: BigintByDefault
  last_hit_at: TimestampOrNull
}

export type DetectionTables = {
  detection_watermark: DetectionWatermarkTable
  detection_open: DetectionOpenTable
  detection_rule: DetectionRuleTable
}
