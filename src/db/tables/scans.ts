import type { Generated } from 'kysely'
import type { BigintByDefault, OrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

type ScanImportTable = {
  id: Generated<number>
  source: string
  scanner: string
  format: string
  scanned_from: TimestampOrNull
  scanned_to: TimestampOrNull
  hosts: Generated<number>
  rows_in: BigintByDefault
  rows_refused: BigintByDefault
  opened: BigintByDefault
  closed: BigintByDefault
  done_by: string
  done_at: Timestamp
}

type ScanHostTable = {
  id: Generated<number>
  source: string
  key: string
  names: Texts
  addresses: Texts
  os: OrNull<string>
  first_scanned_at: Timestamp
  scanned_at: Timestamp
  seen_import: number
  seen_at: Timestamp
  by_login: OrNull<boolean>
  looked_for: string
  asset: OrNull<string>
  exposed: OrNull<boolean>
  criticality: OrNull<number>
}

type ScanCheckTable = {
  id: Generated<number>
  scanner: string
  code: string
  title: string
  severity: Generated<number>
  cves: Texts
  cvss_v2: OrNull<string>
  cvss_v3: OrNull<string>
  cvss_v4: OrNull<string>
  score: OrNull<number>
  score_version: OrNull<string>
  fix: OrNull<string>
  import: number
}

type ScanFindingTable = {
  host_id: number
  check_id: number
  port: number
  import: number
  first_seen: Timestamp
  last_seen: Timestamp
  fixed_at: TimestampOrNull
  reopened: Generated<number>
  by_login: boolean
  protocol: string
}

type ScanOpenTable = {
  check_id: number
  hosts: number
  exposed_hosts: number
  first_seen: Timestamp
  last_seen: Timestamp
  criticality: OrNull<number>
  kev_added: TimestampOrNull
  epss: OrNull<number>
  due_at: TimestampOrNull
  due_earliest: TimestampOrNull
  timeline: string
  timeline_earliest: string
  unknown: Texts
  counted_at: Timestamp
  cleared_hosts: Generated<number>
}

export type ScanTables = {
  scan_import: ScanImportTable
  scan_host: ScanHostTable
  scan_check: ScanCheckTable
  scan_finding: ScanFindingTable
  scan_open: ScanOpenTable
}
