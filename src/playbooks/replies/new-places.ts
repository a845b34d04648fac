import { Trouble } from '../../kit/errors.ts'
import { findSensitive } from '../../triage/redact.ts'
import { carryOver } from './carry-over.ts'
import { assertState, type ReplyDesk, withReply } from './desk.ts'
import { filePlacesChanged } from './files.ts'
import { keepDraft } from './keep-draft.ts'
import { contextFor, knowledgeOf } from './knowledge.ts'

/** Throws Trouble('state.conflict') when our lists have learnt names since: their places wait for a person first. */
export async function refuseNewPlaces(
  desk: ReplyDesk,
  seen: { readonly replyId: string; readonly version: number | null },
): Promise<void> {
  if (!(await placesChanged(desk, seen))) return
  throw new Trouble('state.conflict', {
    replyId: seen.replyId,
    problem: 'our lists changed: there are new places to review',
  })
}

/** Finds the places of a draft anew, and keeps them when there are some that nobody has seen. */
async function placesChanged(
  desk: ReplyDesk,
  seen: { readonly replyId: string; readonly version: number | null },
): Promise<boolean> {
  return withReply(desk.db, seen.replyId, async (tx, record) => {
    assertState(record, ['draft'], seen.version ?? undefined)
    const { reply } = record
    const known = await knowledgeOf(desk, tx, reply.alertId)
    const filesChanged = await filePlacesChanged(tx, known, reply.id)
    const context = await contextFor(tx, known, reply.text)
    const spans = carryOver(findSensitive(reply.text, context), reply.spans)
    const before = new Set(reply.spans.map((span) => `${span.start}-${span.end}`))
    const isNew = spans.some((span) => span.verdict === null && !before.has(`${span.start}-${span.end}`))
    if (isNew || filesChanged) await keepDraft(desk, tx, record, { text: reply.text, spans })
    return isNew || filesChanged
  })
}
