import type { Jsonb, Timestamp } from './columns.ts'

export type PlaybookTable = {
  id: string
  version: number
  playbook: Jsonb
  source: string
  form: 'cacao' | 'yaml'
  added_by: string
  added_at: Timestamp
}

export type PlaybookTables = {
  playbook: PlaybookTable
}
