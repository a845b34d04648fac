import type { AlertTables } from './tables/alerts.ts'
import type { ApprovalTables } from './tables/approvals.ts'
import type { AuditRoomTables } from './tables/audit-room.ts'
import type { BacktestTables } from './tables/backtests.ts'
import type { ChatTables } from './tables/chat.ts'
import type { ConnectorTables } from './tables/connectors.ts'
import type { ContextTables } from './tables/context.ts'
import type { ContextPackTables } from './tables/context-packs.ts'
import type { DecisionTables } from './tables/decisions.ts'
import type { DetectionTables } from './tables/detections.ts'
import type { ElsewhereTables } from './tables/elsewhere.ts'
import type { ExpectationTables } from './tables/expectations.ts'
import type { FindingTables } from './tables/findings.ts'
import type { HandoverTables } from './tables/handover.ts'
import type { IntelligenceTables } from './tables/intelligence.ts'
import type { LedgerTables } from './tables/ledger.ts'
import type { MailKeyTables } from './tables/mail-keys.ts'
import type { MessageTables } from './tables/messages.ts'
import type { NodeTables } from './tables/nodes.ts'
import type { NoteTables } from './tables/notes.ts'
import type { NoticeTables } from './tables/notices.ts'
import type { OutsideTables } from './tables/outside.ts'
import type { PlaybookTables } from './tables/playbooks.ts'
import type { ProviderDoorTables } from './tables/provider-door.ts'
import type { ProviderTables } from './tables/providers.ts'
import type { QueueTables } from './tables/queue.ts'
import type { ReaderTables } from './tables/readers.ts'
import type { ReplyTables } from './tables/replies.ts'
import type { RunTables } from './tables/runs.ts'
import type { ScanTables } from './tables/scans.ts'
import type { SettingTables } from './tables/settings.ts'
import type { SourceWatchTables } from './tables/source-watch.ts'
import type { TicketTables } from './tables/tickets.ts'
import type { TuningTables } from './tables/tuning.ts'
import type { UserTables } from './tables/users.ts'
import type { VulnerabilityTables } from './tables/vulnerabilities.ts'
import type { WebhookTables } from './tables/webhooks.ts'

/** Every table of migrations/*.sql, as Kysely sees it. Each stands with its noun in tables/. */
export interface Tables
  extends AlertTables,
    ApprovalTables,
    AuditRoomTables,
    BacktestTables,
    ChatTables,
    ConnectorTables,
    ContextTables,
    ContextPackTables,
    DecisionTables,
    DetectionTables,
    ElsewhereTables,
    ExpectationTables,
    FindingTables,
    HandoverTables,
    IntelligenceTables,
    LedgerTables,
    MailKeyTables,
    MessageTables,
    NodeTables,
    NoteTables,
    NoticeTables,
    OutsideTables,
    PlaybookTables,
    ProviderDoorTables,
    ProviderTables,
    QueueTables,
    ReaderTables,
    ReplyTables,
    RunTables,
    ScanTables,
    SettingTables,
    SourceWatchTables,
    TicketTables,
    TuningTables,
    UserTables,
    VulnerabilityTables,
    WebhookTables {}
