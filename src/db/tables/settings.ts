import type { Jsonb, Timestamp } from './columns.ts'

type SettingTable = { key: string; value: Jsonb; changed_by: string; changed_at: Timestamp }

type ConfigVersionTable = {
  version: number
  kind: string
  yaml: string
  digest: string
  note: string
  made_by: string
  made_at: Timestamp
}

export type SettingTables = {
  setting: SettingTable
  config_version: ConfigVersionTable
}
