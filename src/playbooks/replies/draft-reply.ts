import { lockAlert } from '../../db/alerts.ts'
import { removeJob } from '../../db/jobs.ts'
import type { Message } from '../../db/messages.ts'
import { type Db, transaction } from '../../db/open.ts'
import { changeReply, insertReply, type ReplyRecord, repliesOf } from '../../db/replies.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import { isTheirs, type Provider } from '../../model/provider.ts'
import { draftMachine, draftSubject, draftText } from '../../triage/draft.ts'
import { findSensitive } from '../../triage/redact.ts'
import { asRead } from '../../triage/redaction/views.ts'
import { endAsking } from '../approvals/second-release.ts'
import { lookUpNumber } from './api-answer.ts'
import { carryOver } from './carry-over.ts'
import { assertState, type ReplyDesk, subjectOf, tell, withReply } from './desk.ts'
import { takeAlong } from './files.ts'
import { keepDraft } from './keep-draft.ts'
import { contextFor, decisionFor, draftInput, type Knowledge, knowledgeOf } from './knowledge.ts'

/** Twenty pages; as long as the web lets a person write. */
export const replyCharsMax = 50_000

/** One kind of line end, as it is read, and nothing invisible: a zero-width space inside a name would hide it from the review. */
function visible(text: string): string {
  return asRead(text.replace(/\r\n?/g, '\n')).replace(
    /[\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]/g,
    '',
  )
}

export const sendJobKey = (replyId: string): string => `reply:${replyId}`

/**
 * Drafts the answer to an alert's standing decision. The same decision has one answer: while there is one that was not
 * taken back, refused or only tried dry, that one is meant. After one of those a new draft begins with its text.
 * Drafts of decisions that no longer stand are taken back.
 */
export async function draftReply(
  desk: ReplyDesk,
  db: Db,
  draft: {
    readonly alertId: string
    readonly text: string | null
    readonly by: string
    readonly twoPersons?: boolean
    /** One more after an answer that left, named by what it follows: drafted once, whatever became of it. */
    readonly followUp?: string
  },
): Promise<{ readonly replyId: string }> {
  return transaction(db, async (tx) => {
    await lockAlert(tx, draft.alertId)
    const known = await knowledgeOf(desk, tx, draft.alertId)
    const decision = await decisionFor(tx, draft.alertId)
    const earlier = await repliesOf(tx, draft.alertId)
    for (const record of earlier) if (record.decisionId !== decision.id) await takeBack(desk, tx, record)
    const ofThis = earlier.filter((record) => record.decisionId === decision.id)
    const standing = ofThis.find((record) => !isOver(record, known.provider))
    if (standing !== undefined && draft.followUp === undefined) return { replyId: standing.reply.id }

    const replyId = stableId('reply', draft.alertId, decision.id, draft.followUp ?? String(ofThis.length))
    if (ofThis.some(({ reply }) => reply.id === replyId)) return { replyId }
    const thread = threadOf(known.messages)
    const messageId = `reply.${replyId}@${messageDomain(desk)}`
    const input = draftInput(known, decision)
    const [last] = ofThis
    const text = visible(draft.text ?? last?.reply.text ?? draftText(input)).slice(0, replyCharsMax)
    const fresh = {
      id: replyId,
      alertId: draft.alertId,
      providerId: known.provider.id,
      decisionId: decision.id,
      text,
      spans: carryOver(findSensitive(text, await contextFor(tx, known, text)), last?.reply.spans ?? []),
      machine: draftMachine(input, { messageId, inReplyTo: thread.inReplyTo }),
      to: recipientsOf(known),
      subject: draftSubject(thread.subject, known.alert),
      messageId,
      inReplyTo: thread.inReplyTo,
      references: thread.references,
      twoByPlaybook: draft.twoPersons ?? last?.twoByPlaybook ?? false,
    }
    await insertReply(tx, fresh, desk.clock.now())
    await lookUpNumber(tx, known.alert)
    // A second answer after one that left has files of its own.
    const files =
      last === undefined || draft.followUp !== undefined ? [] : await takeAlong(tx, known, last.reply.id, replyId)
    const body = {
      ...{ replyId, alertId: draft.alertId, decisionId: decision.id, messageId, places: fresh.spans.length },
      ...(files.length === 0 ? {} : { files: files.map(({ id, came }) => ({ file: id, came })) }),
    }
    await append(tx, { kind: 'reply.drafted', actor: draft.by, subject: subjectOf(replyId), body }, desk.clock)
    await tell(tx, draft.alertId)
    return { replyId }
  })
}

/** Over: nothing of it will leave any more. A dry run is over once the provider is live. */
function isOver(record: ReplyRecord, provider: Provider): boolean {
  const { state } = record.reply
  return state === 'cancelled' || state === 'failed' || (state === 'dry-run' && !provider.dryRun)
}

async function takeBack(desk: ReplyDesk, tx: Db, record: ReplyRecord): Promise<void> {
  const { id, state } = record.reply
  if (state !== 'draft' && state !== 'held') return
  await endAsking(desk, tx, id, 'void')
  await changeReply(tx, id, { state: 'cancelled' })
  await removeJob(tx, sendJobKey(id))
  const body = { replyId: id, why: 'its decision no longer stands' }
  await append(tx, { kind: 'reply.cancelled', actor: 'system', subject: subjectOf(id), body }, desk.clock)
}

function messageDomain(desk: ReplyDesk): string {
  return desk.mail?.domain ?? desk.ownDomains[0] ?? 'counterfoil.invalid'
}

/** Where the answer hangs in their thread: below the newest mail of theirs. */
function threadOf(messages: readonly Message[]): {
  inReplyTo: string | null
  references: string[]
  subject: string | null
} {
  const last = messages.findLast((message) => message.letter?.messageId != null)
  const letter = last?.letter ?? messages.at(-1)?.letter ?? null
  const inReplyTo = letter?.messageId ?? null
  const references = [...new Set([...(letter?.references ?? []), ...(inReplyTo === null ? [] : [inReplyTo])])]
  return { inReplyTo, references, subject: letter?.subject ?? null }
}

/** Where they want answers: Reply-To, else From, else what the settings say; but never anybody who is not them. */
function recipientsOf({ messages, provider }: Knowledge): string[] {
  const letter = messages.at(-1)?.letter
  const named = letter === null || letter === undefined ? [] : [...letter.replyTo.map((box) => box.address)]
  const candidates = named.length > 0 ? named : [letter?.from?.address ?? '']
  const theirs = candidates.filter((address) => address !== '' && isTheirs(address, provider))
  const agreed = provider.replyAddress === null ? [] : [provider.replyAddress]
  return [...new Set(theirs.length > 0 ? theirs : agreed)].slice(0, 5)
}

/** Saves the text of a draft; its places are found anew. Returns the new version. */
export async function saveDraft(
  desk: ReplyDesk,
  saving: { readonly replyId: string; readonly text: string; readonly version: number; readonly by: string },
): Promise<number> {
  if (saving.text.trim() === '' || saving.text.length > replyCharsMax)
    throw new Trouble('input.invalid', { field: 'text' })
  return withReply(desk.db, saving.replyId, async (tx, record) => {
    assertState(record, ['draft'], saving.version)
    const text = visible(saving.text)
    const context = await contextFor(tx, await knowledgeOf(desk, tx, record.reply.alertId), text)
    const spans = carryOver(findSensitive(text, context), record.reply.spans)
    const version = await keepDraft(desk, tx, record, { text, spans })
    // Who wrote the words that another person may release; the words themselves are in no record but the mail's.
    const body = { replyId: saving.replyId, version, sha256: sha256Hex(text), places: spans.length }
    await append(tx, { kind: 'reply.saved', actor: saving.by, subject: subjectOf(saving.replyId), body }, desk.clock)
    await tell(tx, record.reply.alertId)
    return version
  })
}
