import type { ColumnType, Generated } from 'kysely'
import type { Bigint, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type LedgerEntryTable = {
  id: string
  at: Timestamp
  kind: string
  actor: string
  subject: string
  leaf: string
  leaf_index: ColumnType<string | null, undefined, string | number | bigint>
  leaf_hash: ColumnType<Buffer | null, undefined, Buffer>
}

type LedgerCheckpointTable = { tree_size: Bigint; root_hash: Buffer; note: string; at: Timestamp }

type LedgerNodeTable = { level: number; index: Bigint; hash: Buffer }

type LedgerStampTable = {
  id: string
  asked_at: Timestamp
  next_at: Timestamp
  tries: Generated<number>
  says: Generated<string>
  tree_size: ColumnType<string | null, number | undefined, number>
  note: OrNull<string>
  token: OrNull<Buffer>
  stamped_at: TimestampOrNull
  authority: OrNull<string>
}

export type LedgerTables = {
  ledger_entry: LedgerEntryTable
  ledger_checkpoint: LedgerCheckpointTable
  ledger_node: LedgerNodeTable
  ledger_stamp: LedgerStampTable
}
