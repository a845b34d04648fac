import type { ColumnType, Generated, GeneratedAlways } from 'kysely'

/** timestamptz: read as Date, written as Date or ISO 8601. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>
type TimestampOrNull = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
type TimestampByDefault = ColumnType<Date, Date | string | undefined, Date | string>
/** jsonb: read as whatever it holds (parse it with its schema), written as JSON text by `jsonb()` of db/jsonb.ts. */
export type Jsonb = ColumnType<unknown, string, string>
type JsonbOrNull = ColumnType<unknown, string | null | undefined, string | null>
type JsonbByDefault = ColumnType<unknown, string | undefined, string>
/** text[] with an empty default. */
type Texts = ColumnType<string[], string[] | undefined, string[]>
/** bigint: pg reads it as text, so that nothing is rounded. */
type Bigint = ColumnType<string, string | number | bigint, string | number | bigint>
type BigintByDefault = ColumnType<string, string | number | bigint | undefined, string | number | bigint>
type OrNull<T> = ColumnType<T | null, T | null | undefined, T | null>

export type MessageTable = {
  id: string
  bytes: Buffer
  size_bytes: GeneratedAlways<number>
  form: 'mail' | 'json'
  channel: string
  origin: string
  source_address: OrNull<string>
  helo_name: OrNull<string>
  envelope_from: OrNull<string>
  envelope_to: Texts
  door_provider_id: OrNull<string>
  received_at: Timestamp
  state: Generated<string>
  state_reason: Generated<string>
  kind: OrNull<string>
  provider_id: OrNull<string>
  authentication: JsonbOrNull
  letter: JsonbOrNull
  message_id_header: OrNull<string>
  in_reply_to: OrNull<string>
  thread_ids: Texts
  from_address: OrNull<string>
  subject: OrNull<string>
  reading: JsonbOrNull
  alert_id: OrNull<string>
  released_by: OrNull<string>
  released_at: TimestampOrNull
  sample: Generated<boolean>
  search: GeneratedAlways<string | null>
}

export type MessageAgainTable = {
  message_id: string
  received_at: Timestamp
  channel: string
  origin: string
  source_address: OrNull<string>
}

export type IntakePositionTable = {
  door: string
  position: Jsonb
  state: Generated<string>
  says: Generated<string>
  last_success_at: TimestampOrNull
  changed_at: TimestampByDefault
}

export type ProviderTable = {
  id: string
  config: Jsonb
  intake_key_digest: OrNull<string>
  version: Generated<number>
  changed_at: TimestampByDefault
}

export type AlertTable = {
  id: string
  number: Generated<number>
  provider_id: string
  state: Generated<string>
  kind: string
  ticket: OrNull<string>
  rule: OrNull<string>
  severity: string
  title: string
  entity: OrNull<string>
  host: OrNull<string>
  account: OrNull<string>
  source: OrNull<string>
  destination: OrNull<string>
  occurred_at: TimestampOrNull
  received_at: Timestamp
  reading: Jsonb
  judgement: JsonbOrNull
  priority: Generated<number>
  filled_at: TimestampOrNull
  outcome: OrNull<string>
  decided_at: TimestampOrNull
  version: Generated<number>
  sample: Generated<boolean>
  assignee: OrNull<string>
  merged_into: OrNull<string>
  snooze_for: OrNull<string>
  snooze_until: TimestampOrNull
  snoozed_by: OrNull<string>
  snoozed_at: TimestampOrNull
  tab: GeneratedAlways<string>
  search: GeneratedAlways<string>
  level: GeneratedAlways<string | null>
  proposed: GeneratedAlways<string | null>
  words: GeneratedAlways<string>
  question_key: GeneratedAlways<string | null>
}

export type TallyTable = { place: string; kind: Generated<string>; n: Bigint }

export type QueueViewTable = {
  id: string
  name: string
  search: Jsonb
  version: Generated<number>
  saved_by: string
  saved_at: Timestamp
}

export type SightingTable = {
  alert_id: string
  message_id: string
  type: string
  value: string
  part: string
  span_start: number
  span_end: number
  text: string
}

export type FindingTable = {
  id: string
  alert_id: string
  run_id: OrNull<string>
  question: string
  ask: Jsonb
  connector: string
  kind: string
  answer: JsonbOrNull
  why: Generated<string>
  query: Generated<string>
  window_from: TimestampOrNull
  window_to: TimestampOrNull
  cost_ms: number
  asked_at: Timestamp
}

export type DecisionTable = {
  id: string
  alert_id: string
  outcome: string
  reason: string
  cites: Texts
  without_evidence: Generated<boolean>
  decided_by: string
  decided_at: Timestamp
  undone_at: TimestampOrNull
  undone_by: OrNull<string>
  batch: OrNull<string>
}

export type RunTable = {
  id: string
  playbook_id: string
  playbook_version: number
  playbook: Jsonb
  alert_id: string
  state: Generated<string>
  dry_run: Generated<boolean>
  trigger: string
  started_at: Timestamp
  ended_at: TimestampOrNull
  resumed_times: Generated<number>
  epoch: Generated<number>
  error: Generated<string>
  resumed_at_path: OrNull<string>
}

export type StepTable = {
  run_id: string
  path: string
  step_id: string
  kind: string
  title: string
  csf: string
  phase: string
  why: Generated<string>
  state: string
  attempt: Generated<number>
  input: JsonbOrNull
  output: JsonbOrNull
  error: OrNull<string>
  waiting_for: OrNull<string>
  deadline: TimestampOrNull
  started_at: Timestamp
  ended_at: TimestampOrNull
  node: string
  ordinal: GeneratedAlways<string>
  nudges: Generated<number>
  nudged_at: TimestampOrNull
}

export type StepPastTable = {
  run_id: string
  path: string
  attempt: number
  line: Jsonb
  put_aside_by: string
  put_aside_at: Timestamp
  reason: string
}

export type PersonQuestionTable = {
  token_digest: string
  alert_id: string
  run_id: OrNull<string>
  step_path: OrNull<string>
  finding_id: OrNull<string>
  email: string
  name: OrNull<string>
  what: string
  asked_at: Timestamp
  expires_at: Timestamp
  answered_at: TimestampOrNull
  answer: OrNull<string>
  comment: OrNull<string>
}

export type ReplyTable = {
  id: string
  alert_id: string
  provider_id: string
  state: Generated<string>
  text: string
  spans: JsonbByDefault
  machine: JsonbByDefault
  recipients: string[]
  subject: string
  message_id: string
  in_reply_to: OrNull<string>
  reference_ids: Texts
  bytes: OrNull<Buffer>
  digest: OrNull<string>
  decision_id: OrNull<string>
  released_by: OrNull<string>
  released_at: TimestampOrNull
  hold_until: TimestampOrNull
  sent_at: TimestampOrNull
  receipt: OrNull<string>
  version: Generated<number>
  created_at: Timestamp
  first_by: OrNull<string>
  first_at: TimestampOrNull
  second_because: Texts
  second_by_playbook: Generated<boolean>
  search: GeneratedAlways<string>
}

export type PresenceTable = {
  tab: string
  user_id: string
  alert_id: string
  doing: 'reading' | 'deciding' | 'answering'
  since: Timestamp
  seen_at: Timestamp
}

export type HandoverTable = {
  id: string
  from_at: Timestamp
  to_at: Timestamp
  note: string
  facts: Jsonb
  signed_by: string
  signed_at: Timestamp
  taken_by: OrNull<string>
  taken_at: TimestampOrNull
}

export type AuditRemarkTable = {
  id: string
  sample: Jsonb
  alert_id: string
  decision_id: OrNull<string>
  conclusion: string
  remark: string
  said_by: string
  said_at: Timestamp
}

export type PseudonymTable = { provider_id: string; class: string; value: string; pseudonym: string }

export type NoticeTable = {
  id: string
  kind: string
  recipients: string[]
  bytes: Buffer
  state: Generated<string>
  receipt: OrNull<string>
  created_at: Timestamp
  sent_at: TimestampOrNull
}

export type AssetTable = {
  id: string
  name: string
  facts: Jsonb
  names: string[]
  addresses: Texts
  source: string
  as_of: Timestamp
  entity: string
  fields: JsonbOrNull
}

export type PersonTable = {
  id: string
  name: string
  facts: Jsonb
  keys: string[]
  source: string
  as_of: Timestamp
  entity: string
  fields: JsonbOrNull
}

export type AddressLeaseTable = {
  address: string
  from_at: Timestamp
  to_at: TimestampOrNull
  source: string
  kind: string
  host: string | null
  account: string | null
  mac: string | null
}

export type ContextEditTable = {
  id: string
  noun: string
  entity: string
  field: string
  before: Jsonb
  after: Jsonb
  given_back: boolean
  note: string
  done_by: string
  done_at: Timestamp
}

export type CalendarEntryTable = {
  id: string
  source: string
  from_at: Timestamp
  to_at: Timestamp
  facts: Jsonb
  names: Texts
  targets: Texts
  origins: Texts
}

export type ListMappingTable = {
  noun: string
  name: string
  mapping: Jsonb
  saved_by: string
  saved_at: Timestamp
}

export type NetworkTable = { cidr: string; facts: Jsonb; source: string; as_of: Timestamp }

export type ImportBatchTable = {
  id: string
  noun: string
  source: string
  mapping: Jsonb
  rows_in: number
  rows_taken: number
  rows_refused: Jsonb
  done_by: string
  done_at: Timestamp
  added: number | null
  changed: number | null
  gone: number | null
}

export type ScanImportTable = {
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

export type ScanHostTable = {
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

export type ScanCheckTable = {
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

export type ScanFindingTable = {
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

export type ScanOpenTable = {
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

export type ConfigVersionTable = {
  version: number
  kind: string
  yaml: string
  digest: string
  note: string
  made_by: string
  made_at: Timestamp
}

export type SourceWatchTable = {
  source: string
  silent_after_minutes: number
  set_by: string
  set_at: Timestamp
}

export type SourceSilenceTable = {
  id: string
  source: string
  title: string
  since: Timestamp
  limit_minutes: number
  noticed_at: Timestamp
  ended_at: TimestampOrNull
  ended_why: OrNull<string>
}

export type SourceRhythmTable = {
  source: string
  day: Timestamp
  signs: number
  longest_minutes: number
  last_at: Timestamp
}

/** A finding that a vendor's statement clears, as it was counted last. */
export type VexClearedTable = { host_id: number; check_id: number }

export type CveTable = {
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

export type VulnerabilityFeedTable = {
  feed: string
  version: OrNull<string>
  model: OrNull<string>
  released_at: TimestampOrNull
  rows: number
  imported_by: string
  imported_at: Timestamp
}

export type VexStatementTable = {
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

export type VulnerabilityWordTable = {
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

export type ConnectorStateTable = {
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

export type ConnectorTable = {
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

export type ConnectorSecretTable = {
  connector: string
  field: string
  key_id: string
  wrapped: Buffer
  sealed: Buffer
  changed_at: Timestamp
}

export type ConnectorDayTable = { connector: string; day: string; asked: BigintByDefault; failed: BigintByDefault }

export type SettingTable = { key: string; value: Jsonb; changed_by: string; changed_at: Timestamp }

export type AppUserTable = {
  id: string
  email: string
  name: string
  role: string
  password_hash: OrNull<string>
  totp_secret_sealed: OrNull<Buffer>
  totp_last_step: BigintByDefault
  disabled: Generated<boolean>
  created_at: Timestamp
  kind: Generated<'person' | 'service'>
  coaching: Generated<boolean>
  provider_id: OrNull<string>
}

export type SsoFlowTable = {
  cookie_digest: string
  state: string
  nonce: string
  verifier: string
  user_id: OrNull<string>
  created_at: Timestamp
  expires_at: Timestamp
}

export type SsoIdentityTable = {
  issuer: string
  subject: string
  user_id: string
  managed: boolean
  created_at: Timestamp
}

export type ApiKeyTable = {
  id: string
  account_id: string
  name: string
  prefix: string
  digest: string
  scopes: string[]
  allow_from: Texts
  made_by: string
  made_at: Timestamp
  expires_at: Timestamp
  revoked_at: TimestampOrNull
  last_used_at: TimestampOrNull
  last_used_from: OrNull<string>
}

export type SuggestionTable = {
  id: string
  alert_id: string
  kind: 'decision' | 'remark'
  outcome: OrNull<string>
  text: string
  cites: string[]
  made_by: string
  made_at: Timestamp
  closed_at: TimestampOrNull
  closed_by: OrNull<string>
  closed_as: OrNull<'taken' | 'dismissed'>
}

export type SignInMissTable = {
  user_id: string
  network: string
  misses: number
  locked_until: TimestampOrNull
  last_at: Timestamp
}

export type PasskeyTable = {
  credential_id: string
  user_id: string
  public_key: Buffer
  counter: Bigint
  transports: Texts
  backed_up: boolean
  attestation: Buffer
  name: string
  created_at: Timestamp
  last_used_at: TimestampOrNull
}

export type SessionTable = {
  token_digest: string
  user_id: string
  created_at: Timestamp
  expires_at: Timestamp
  last_seen_at: Timestamp
  user_agent: Generated<string>
  address: Generated<string>
  method: string
}

export type OneTimeLinkTable = {
  token_digest: string
  purpose: string
  payload: Jsonb
  created_at: Timestamp
  expires_at: Timestamp
  used_at: TimestampOrNull
}

export type WebauthnChallengeTable = {
  challenge: string
  purpose: string
  user_id: OrNull<string>
  created_at: Timestamp
  expires_at: Timestamp
}

export type LedgerEntryTable = {
  id: string
  at: Timestamp
  kind: string
  actor: string
  subject: string
  leaf: string
  leaf_index: ColumnType<string | null, undefined, string | number | bigint>
  leaf_hash: ColumnType<Buffer | null, undefined, Buffer>
}

export type LedgerCheckpointTable = { tree_size: Bigint; root_hash: Buffer; note: string; at: Timestamp }

export type LedgerNodeTable = { level: number; index: Bigint; hash: Buffer }

export type NodeTable = {
  id: string
  host: string
  pid: number
  started_at: Timestamp
  heartbeat_at: Timestamp
  /** What graphile-worker writes into `locked_by` for this process; null until its worker pool exists. */
  worker_pool: OrNull<string>
}

/** Every table of migrations/*.sql, as Kysely sees it. */
export type DetectionWatermarkTable = {
  one: Generated<boolean>
  looked_until: Timestamp
  under_way_to: TimestampOrNull
  looked_at: TimestampOrNull
  says: Generated<string>
}

export type DetectionOpenTable = {
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

export type DetectionRuleTable = {
  rule_id: string
  title: string
  level: OrNull<string>
  looked_at: Timestamp
  not_run: OrNull<string>
  hits: BigintByDefault
  last_hit_at: TimestampOrNull
}

export type WebhookTable = { provider_id: string; scheme: Jsonb; version: Generated<number>; changed_at: Timestamp }

export type WebhookSecretTable = {
  id: string
  provider_id: string
  sealed: Buffer
  made_at: Timestamp
  ends_at: TimestampOrNull
}

export type WebhookRefusalTable = {
  provider_id: string
  /** A date ("2026-11-28") on the way in. */
  day: ColumnType<Date, string, string>
  reason: string
  count: Bigint
  last_at: Timestamp
  last_address: string
}

export type TaughtReaderTable = {
  id: string
  version: number
  switched_on: boolean
  description: Jsonb
  yaml: string
  changed_at: Timestamp
  changed_by: string
}

export type TaughtReaderVersionTable = Omit<TaughtReaderTable, 'id' | 'description'> & { reader_id: string }
export type ContextPackTable = {
  id: string
  definition: Jsonb
  version: Generated<number>
  draft: OrNull<Buffer>
  draft_digest: OrNull<string>
  draft_by: OrNull<string>
  draft_at: TimestampOrNull
  changed_by: string
  changed_at: Timestamp
}

export type ContextPackVersionTable = {
  pack_id: string
  version: number
  files: Jsonb
  pack_json: Buffer
  assets_csv: Buffer
  vulnerabilities_csv: Buffer
  changes_csv: Buffer
  signature: string
  counts: Jsonb
  released_by: string
  released_at: Timestamp
}

export type RunMarkTable = {
  run_id: string
  path: string
  item_id: string
  state: string
  note: Generated<string>
  marked_by: string
  marked_at: Timestamp
}

export type PlaybookTable = {
  id: string
  version: number
  playbook: Jsonb
  source: string
  form: 'cacao' | 'yaml'
  added_by: string
  added_at: Timestamp
}

export type BacktestTable = {
  id: string
  kind: 'playbook' | 'reader' | 'expectation'
  subject: string
  title: string
  candidate: Jsonb
  days: number
  state: Generated<string>
  done: Generated<number>
  total: OrNull<number>
  summary: JsonbOrNull
  error: Generated<string>
  asked_by: string
  asked_at: Timestamp
  ended_at: TimestampOrNull
}

export type BacktestRowTable = {
  backtest_id: string
  ordinal: number
  subject_id: string
  verdict: string
  row: Jsonb
}

export type IntelligenceSourceTable = {
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

export type IndicatorTable = {
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

export type IntelligenceObjectTable = { source: string; ref: string; kind: string; name: string; tlp: OrNull<string> }

export type IntelligenceLinkTable = { source: string; ref: string; target: string }

export type WarningListTable = {
  id: string
  description: string
  version: Bigint
  match: string
  types: Texts
  means: string
  entries: number
  imported_at: Timestamp
}

export type WarningEntryTable = { list: string; match: string; value: string; network: OrNull<string> }

export type AttackEntryTable = {
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

export type IntelligenceHuntTable = {
  one: Generated<boolean>
  hunted_until: Timestamp
  looked_at: TimestampOrNull
  says: Generated<string>
}

export type TicketTable = {
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

export type TicketWaitTable = { alert_id: string; from_at: Timestamp; to_at: TimestampOrNull }

export type TicketTaskTable = {
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

export type TicketCommentTable = {
  id: string
  alert_id: string
  written_by: string
  written_at: Timestamp
  text: string
  mentions: Texts
}

export type TicketFileTable = {
  id: string
  alert_id: string
  name: string
  bytes: Buffer
  size_bytes: GeneratedAlways<number>
  sha256: string
  added_by: string
  added_at: Timestamp
}

export type TicketReferenceTable = {
  alert_id: string
  system: string
  reference: string
  added_by: string
  added_at: Timestamp
}

export type TicketEscalationTable = {
  alert_id: string
  clock: string
  due_at: Timestamp
  level: number
  told: Texts
  told_at: Timestamp
}

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
}

type ExpectationTable = {
  id: string
  number: Generated<number>
  provider_id: OrNull<string>
  rule: OrNull<string>
  host: OrNull<string>
  account: OrNull<string>
  range: OrNull<string>
  condition: Generated<string>
  outcome: string
  reason: string
  owner: string
  decides: Generated<boolean>
  source_alert: OrNull<string>
  sample: Generated<boolean>
  preview: Jsonb
  added_by: string
  added_at: Timestamp
  from_at: Timestamp
  expires_at: Timestamp
  retired_at: TimestampOrNull
  retired_by: OrNull<string>
  retire_reason: OrNull<string>
}

type ExpectationMatchTable = {
  expectation_id: string
  alert_id: string
  kind: string
  why: Generated<string>
  held: Generated<string>
  decided: Generated<boolean>
  at: Timestamp
}

type DraftedAnswerTable = {
  alert_id: string
  expectation_id: OrNull<string>
  from_alert: OrNull<string>
  outcome: string
  reason: string
  cites: Texts
  text: string
  drafted_at: Timestamp
}

type TuningRequestTable = {
  id: string
  number: Generated<number>
  decision_id: string
  alert_id: string
  provider_id: string
  rule: string
  entity: OrNull<string>
  state: Generated<string>
  state_by: OrNull<string>
  state_at: TimestampOrNull
  note: Generated<string>
  due_at: TimestampOrNull
  followed: OrNull<string>
  change: OrNull<unknown>
  sample: Generated<boolean>
  created_at: Timestamp
}

type NoteTable = {
  id: string
  about: string
  known_good: Generated<boolean>
  text: string
  written_by: string
  written_at: Timestamp
  expires_at: TimestampOrNull
  removed_by: OrNull<string>
  removed_at: TimestampOrNull
}

export type Tables = {
  ticket: TicketTable
  ticket_wait: TicketWaitTable
  ticket_task: TicketTaskTable
  ticket_comment: TicketCommentTable
  ticket_file: TicketFileTable
  ticket_reference: TicketReferenceTable
  ticket_escalation: TicketEscalationTable
  message: MessageTable
  message_again: MessageAgainTable
  intake_position: IntakePositionTable
  detection_watermark: DetectionWatermarkTable
  detection_open: DetectionOpenTable
  detection_rule: DetectionRuleTable
  intelligence_source: IntelligenceSourceTable
  indicator: IndicatorTable
  intelligence_object: IntelligenceObjectTable
  intelligence_link: IntelligenceLinkTable
  warning_list: WarningListTable
  warning_entry: WarningEntryTable
  attack_entry: AttackEntryTable
  intelligence_hunt: IntelligenceHuntTable
  provider: ProviderTable
  webhook: WebhookTable
  webhook_secret: WebhookSecretTable
  webhook_refusal: WebhookRefusalTable
  taught_reader: TaughtReaderTable
  taught_reader_version: TaughtReaderVersionTable
  alert: AlertTable
  tally: TallyTable
  queue_view: QueueViewTable
  sighting: SightingTable
  finding: FindingTable
  decision: DecisionTable
  run: RunTable
  step: StepTable
  step_past: StepPastTable
  run_mark: RunMarkTable
  playbook: PlaybookTable
  backtest: BacktestTable
  backtest_row: BacktestRowTable
  person_question: PersonQuestionTable
  reply: ReplyTable
  reply_file: ReplyFileTable
  pseudonym: PseudonymTable
  notice: NoticeTable
  asset: AssetTable
  person: PersonTable
  network: NetworkTable
  address_lease: AddressLeaseTable
  context_edit: ContextEditTable
  calendar_entry: CalendarEntryTable
  list_mapping: ListMappingTable
  context_pack: ContextPackTable
  context_pack_version: ContextPackVersionTable
  import_batch: ImportBatchTable
  scan_import: ScanImportTable
  scan_host: ScanHostTable
  scan_check: ScanCheckTable
  scan_finding: ScanFindingTable
  scan_open: ScanOpenTable
  cve: CveTable
  vulnerability_feed: VulnerabilityFeedTable
  vex_statement: VexStatementTable
  vex_cleared: VexClearedTable
  config_version: ConfigVersionTable
  source_watch: SourceWatchTable
  source_silence: SourceSilenceTable
  source_rhythm: SourceRhythmTable
  vulnerability_word: VulnerabilityWordTable
  connector_state: ConnectorStateTable
  connector: ConnectorTable
  connector_secret: ConnectorSecretTable
  connector_day: ConnectorDayTable
  setting: SettingTable
  app_user: AppUserTable
  api_key: ApiKeyTable
  sso_flow: SsoFlowTable
  sso_identity: SsoIdentityTable
  suggestion: SuggestionTable
  sign_in_miss: SignInMissTable
  passkey: PasskeyTable
  session: SessionTable
  one_time_link: OneTimeLinkTable
  webauthn_challenge: WebauthnChallengeTable
  ledger_entry: LedgerEntryTable
  ledger_checkpoint: LedgerCheckpointTable
  ledger_node: LedgerNodeTable
  node: NodeTable
  handover: HandoverTable
  presence: PresenceTable
  audit_remark: AuditRemarkTable
  approval: ApprovalTable
  approval_seat: ApprovalSeatTable
  approval_link: ApprovalLinkTable
  approval_challenge: ApprovalChallengeTable
  approval_answer: ApprovalAnswerTable
  egress: EgressTable
  expectation: ExpectationTable
  expectation_match: ExpectationMatchTable
  elsewhere_system: ElsewhereSystemTable
  elsewhere_link: ElsewhereLinkTable
  elsewhere_item: ElsewhereItemTable
  elsewhere_post: ElsewherePostTable
  chat_channel: ChatChannelTable
  chat_post: ChatPostTable
  outside_send: OutsideSendTable
  provider_door: ProviderDoorTable
  provider_request: ProviderRequestTable
  provider_look: ProviderLookTable
  drafted_answer: DraftedAnswerTable
  tuning_request: TuningRequestTable
  note: NoteTable
}

export type ElsewhereSystemTable = {
  id: string
  kind: string
  title: string
  settings: Jsonb
  sealed: OrNull<Buffer>
  enabled: Generated<boolean>
  since: TimestampOrNull
  version: Generated<number>
  changed_by: string
  changed_at: Timestamp
  not_before: TimestampOrNull
  misses: Generated<number>
  failing_since: TimestampOrNull
  says: Generated<string>
  answered_at: TimestampOrNull
  polled_at: TimestampOrNull
  held_by: OrNull<string>
  held_until: TimestampOrNull
  hook_sealed: OrNull<Buffer>
  hooked_at: TimestampOrNull
  unmapped: ColumnType<unknown, string | undefined, string>
}

export type ElsewhereLinkTable = {
  system_id: string
  alert_id: string
  state: Generated<string>
  their_id: OrNull<string>
  their_key: OrNull<string>
  their_url: OrNull<string>
  says: Generated<string>
  tries: Generated<number>
  looks: Generated<number>
  changes: BigintByDefault
  done: BigintByDefault
  due_at: TimestampOrNull
  sent_digest: OrNull<string>
  our_state: OrNull<string>
  their_status: OrNull<string>
  posted_status: OrNull<string>
  posted_at: TimestampOrNull
  synced_at: TimestampOrNull
}

export type ElsewhereItemTable = {
  id: GeneratedAlways<string>
  system_id: string
  alert_id: string
  kind: string
  direction: string
  our_id: OrNull<string>
  their_id: OrNull<string>
  digest: string
  state: string
  at: Timestamp
}

export type ElsewherePostTable = { system_id: string; id: string; at: Timestamp }

export type ApprovalTable = {
  id: string
  alert_id: string
  run_id: string
  step_path: string
  subject: string
  subject_sha256: string
  matter: Jsonb
  rule: string
  asked_by: string
  asked_at: Timestamp
  expires_at: Timestamp
  place_now: Generated<number>
  state: Generated<string>
  ended_at: TimestampOrNull
}
export type ApprovalSeatTable = {
  approval_id: string
  place: number
  user_id: string
  deputy: boolean
  asked_at: TimestampOrNull
  stands_for: OrNull<string>
  handed_to: OrNull<string>
  handed_at: TimestampOrNull
  questions: Generated<number>
}
export type ApprovalLinkTable = {
  token_digest: string
  approval_id: string
  place: number
  user_id: string
  made_at: Timestamp
  expires_at: Timestamp
  used_at: TimestampOrNull
}
export type ApprovalChallengeTable = {
  challenge: string
  token_digest: string
  statement: string
  expires_at: Timestamp
}
export type ApprovalAnswerTable = {
  approval_id: string
  place: number
  user_id: string
  verdict: string
  reason: string
  statement: string
  statement_sha256: string
  credential_id: string
  public_key: Buffer
  counter: Bigint
  authenticator_data: Buffer
  client_data: Buffer
  signature: Buffer
  at: Timestamp
}
export type ProviderDoorTable = {
  provider_id: string
  ranges: Texts
  requests_per_day: Generated<number>
  version: Generated<number>
  changed_by: string
  changed_at: Timestamp
}

export type ProviderRequestTable = {
  id: string
  provider_id: string
  asked_by: string
  observable: string
  why: string
  message_id: string
  asked_at: Timestamp
}

export type ProviderLookTable = {
  provider_id: string
  user_id: string
  what: string
  subject: string
  hour: Timestamp
  at: Timestamp
  address: string
}

export type ReplyFileTable = {
  id: string
  reply_id: string
  name: string
  name_spans: JsonbByDefault
  spans: JsonbByDefault
  kind: string
  media_type: string
  bytes: OrNull<Buffer>
  text: string
  unread_from: OrNull<number>
  is_plain: boolean
  stripped: string[]
  blocked_why: OrNull<string>
  blocked_next: OrNull<string>
  came_sha256: string
  came_bytes: number
  ticket_file_id: OrNull<string>
  added_by: string
  added_at: Timestamp
}

export type ChatChannelTable = {
  id: string
  kind: string
  title: string
  settings: Jsonb
  host: string
  sealed: Buffer
  enabled: Generated<boolean>
  version: Generated<number>
  changed_by: string
  changed_at: Timestamp
  next_at: ColumnType<Date, Date | undefined, Date>
  not_before: TimestampOrNull
  misses: Generated<number>
  failing_since: TimestampOrNull
  says: Generated<string>
  answered_at: TimestampOrNull
}

export type ChatPostTable = {
  id: string
  channel_id: string
  alert_id: OrNull<string>
  matter: ColumnType<unknown, string | null, string | null>
  bytes: OrNull<Buffer>
  made_under: OrNull<number>
  send_id: OrNull<string>
  state: Generated<string>
  tries: Generated<number>
  says: Generated<string>
  created_at: Timestamp
  sent_at: TimestampOrNull
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
