import type { Db } from '../../db/open.ts'
import { type ReplyRecord, saveReplyDraft } from '../../db/replies.ts'
import type { SensitiveSpan } from '../../model/reply.ts'
import { endAsking } from '../approvals/second-release.ts'
import type { ReplyDesk } from './desk.ts'

/**
 * Keeps text and places of a draft that is locked; the new version comes back. A first release of it is taken back, and whoever was asked to
 * release it too is asked no more: they saw something else.
 */
export async function keepDraft(
  desk: Pick<ReplyDesk, 'clock'>,
  tx: Db,
  record: ReplyRecord,
  draft: { readonly text: string; readonly spans: readonly SensitiveSpan[] },
): Promise<number> {
  const { reply, first } = record
  if (first !== null) await endAsking(desk, tx, reply.id, 'void')
  return saveReplyDraft(tx, reply.id, draft)
}
