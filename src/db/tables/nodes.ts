import type { OrNull, Timestamp } from './columns.ts'

type NodeTable = {
  id: string
  host: string
  pid: number
  started_at: Timestamp
  heartbeat_at: Timestamp
  /** What graphile-worker writes into `locked_by` for this process; null until its worker pool exists. */
  worker_pool: OrNull<string>
}

export type NodeTables = {
  node: NodeTable
}
