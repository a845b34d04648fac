import type { Jsonb, Timestamp } from './columns.ts'

type TaughtReaderTable = {
  id: string
  version: number
  switched_on: boolean
  description: Jsonb
  yaml: string
  changed_at: Timestamp
  changed_by: string
}

type TaughtReaderVersionTable = Omit<TaughtReaderTable, 'id' | 'description'> & { reader_id: string }

export type ReaderTables = {
  taught_reader: TaughtReaderTable
  taught_reader_version: TaughtReaderVersionTable
}
