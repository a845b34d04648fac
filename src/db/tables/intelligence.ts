import type { Generated } from 'kysely'
import type { Bigint, BigintByDefault, JsonbByDefault, OrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

type IntelligenceSourceTable = {
  id: string
  kind: string
  title: string
  tlp: OrNull<string>
  position: JsonbByDefault
  stale_after_hours: number
  indicators: BigintByDefault
  last_tried_at: TimestampOrNull
  last_success_at: TimestampOrNull
  failing_since: TimestampOrNull
  why: Generated<string>
}

type IndicatorTable = {
  type: string
  value: string
  source: string
  ref: Generated<string>
  stance: string
  tlp: OrNull<string>
  markings: Texts
  confidence: OrNull<number>
  first_seen: TimestampOrNull
  last_seen: TimestampOrNull
  valid_from: TimestampOrNull
  valid_until: TimestampOrNull
  revoked: Generated<boolean>
  withdrawn_at: TimestampOrNull
  modified: TimestampOrNull
  says: Generated<string>
  tags: Texts
  threats: JsonbByDefault
  host: OrNull<string>
  network: OrNull<string>
  first_heard_at: Timestamp
  last_heard_at: Timestamp
}

type IntelligenceObjectTable = { source: string; ref: string; kind: string; name: string; tlp: OrNull<string> }

type IntelligenceLinkTable = { source: string; ref: string; target: string }

type WarningListTable = {
  id: string
  description: string
  version: Bigint
  match: string
  types: Texts
  means: string
  entries: number
  imported_at: Timestamp
}

type WarningEntryTable = { list: string; match: string; value: string; network: OrNull<string> }

type AttackEntryTable = {
  id: string
  kind: string
  name: string
  short_name: OrNull<string>
  tactics: Texts
  revoked_by: OrNull<string>
  deprecated: Generated<boolean>
  version: string
  imported_at: Timestamp
}

type IntelligenceHuntTable = {
  one: Generated<boolean>
  hunted_until: Timestamp
  looked_at: TimestampOrNull
  says: Generated<string>
}

export type IntelligenceTables = {
  intelligence_source: IntelligenceSourceTable
  indicator: IndicatorTable
  intelligence_object: IntelligenceObjectTable
  intelligence_link: IntelligenceLinkTable
  warning_list: WarningListTable
  warning_entry: WarningEntryTable
  attack_entry: AttackEntryTable
  intelligence_hunt: IntelligenceHuntTable
}
