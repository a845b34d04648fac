import type { ColumnType, Generated } from 'kysely'
import type { Bigint, Jsonb, OrNull, Timestamp, TimestampOrNull } from './columns.ts'

type ApprovalTable = {
  id: string
  alert_id: string
  /** Of a step of a run; of the release of an answer `reply_id`. */
  run_id: OrNull<string>
  step_path: OrNull<string>
  reply_id: OrNull<string>
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

type ApprovalSeatTable = {
  approval_id: string
  place: number
  user_id: string
  deputy: boolean
  asked_at: TimestampOrNull
  stands_for: OrNull<string>
  handed_to: OrNull<string>
  handed_at: TimestampOrNull
  questions: Generated<number>
  rank: Generated<number>
}

type ApprovalLinkTable = {
  token_digest: string
  approval_id: string
  place: number
  user_id: string
  made_at: Timestamp
  expires_at: Timestamp
  used_at: TimestampOrNull
}

type ApprovalChallengeTable = {
  challenge: string
  token_digest: string
  statement: string
  expires_at: Timestamp
}

type ApprovalAnswerTable = {
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

type ReleaseChallengeTable = {
  challenge: string
  reply_id: string
  user_id: string
  statement: string
  bytes: OrNull<Buffer>
  clear_bytes: OrNull<Buffer>
  protection: ColumnType<unknown, string | null, string | null>
  expires_at: Timestamp
}

type ReleaseSignatureTable = {
  statement_sha256: string
  reply_id: string
  part: string
  user_id: string
  sha256: string
  statement: string
  credential_id: string
  public_key: Buffer
  counter: Bigint
  authenticator_data: Buffer
  client_data: Buffer
  signature: Buffer
  at: Timestamp
}

export type ApprovalTables = {
  approval: ApprovalTable
  approval_seat: ApprovalSeatTable
  approval_link: ApprovalLinkTable
  approval_challenge: ApprovalChallengeTable
  approval_answer: ApprovalAnswerTable
  release_challenge: ReleaseChallengeTable
  release_signature: ReleaseSignatureTable
}
