import type { OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type SourceWatchTable = {
  source: string
  silent_after_minutes: number
  set_by: string
  set_at: Timestamp
}

type SourceSilenceTable = {
  id: string
  source: string
  title: string
  since: Timestamp
  limit_minutes: number
  noticed_at: Timestamp
  ended_at: TimestampOrNull
  ended_why: OrNull<string>
}

type SourceRhythmTable = {
  source: string
  day: Timestamp
  signs: number
  longest_minutes: number
  last_at: Timestamp
}

export type SourceWatchTables = {
  source_watch: SourceWatchTable
  source_silence: SourceSilenceTable
  source_rhythm: SourceRhythmTable
}
