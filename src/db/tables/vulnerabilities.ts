import type { Generated } from 'kysely'
import type { OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type CveTable = {
  id: string
  title: OrNull<string>
  published_at: TimestampOrNull
  cvss_v2: OrNull<string>
  cvss_v3: OrNull<string>
  cvss_v4: OrNull<string>
  score: OrNull<number>
  score_version: OrNull<string>
  kev_added: TimestampOrNull
  kev_name: OrNull<string>
  kev_action: OrNull<string>
  kev_ransomware: OrNull<boolean>
  epss: OrNull<number>
  epss_percentile: OrNull<number>
  ssvc_exploitation: OrNull<string>
  ssvc_automatable: OrNull<string>
  ssvc_impact: OrNull<string>
  ssvc_at: TimestampOrNull
}

type VulnerabilityFeedTable = {
  feed: string
  version: OrNull<string>
  model: OrNull<string>
  released_at: TimestampOrNull
  rows: number
  imported_by: string
  imported_at: Timestamp
}

type VexStatementTable = {
  id: Generated<number>
  document: string
  publisher: string
  document_title: string
  document_version: string
  released_at: Timestamp
  cve: string
  product: string
  cpe: OrNull<string>
  purl: OrNull<string>
  status: string
  justification: OrNull<string>
  detail: Generated<string>
  publisher_category: OrNull<string>
  document_status: OrNull<string>
}

/** A finding that a vendor's statement clears, as it was counted last. */
type VexClearedTable = { host_id: number; check_id: number }

type VulnerabilityWordTable = {
  id: string
  cve: string
  host: OrNull<string>
  status: string
  justification: OrNull<string>
  reason: string
  until_at: TimestampOrNull
  said_by: string
  said_at: Timestamp
  withdrawn_by: OrNull<string>
  withdrawn_at: TimestampOrNull
}

export type VulnerabilityTables = {
  cve: CveTable
  vulnerability_feed: VulnerabilityFeedTable
  vex_statement: VexStatementTable
  vex_cleared: VexClearedTable
  vulnerability_word: VulnerabilityWordTable
}
