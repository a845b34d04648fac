import type { ColumnType } from 'kysely'
import type { Bigint, Timestamp } from './columns.ts'

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

export type LedgerTables = {
  ledger_entry: LedgerEntryTable
  ledger_checkpoint: LedgerCheckpointTable
  ledger_node: LedgerNodeTable
}
