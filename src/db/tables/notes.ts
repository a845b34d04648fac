import type { Generated } from 'kysely'
import type { OrNull, Timestamp, TimestampOrNull } from './columns.ts'

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

export type NoteTables = {
  note: NoteTable
}
