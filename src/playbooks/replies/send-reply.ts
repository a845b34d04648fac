import { changeAlert, getAlert } from '../../db/alerts.ts'
import { standingDecision } from '../../db/decisions.ts'
import { egressOfReply } from '../../db/egress.ts'
import { noteChange } from '../../db/elsewhere.ts'
import type { Db } from '../../db/open.ts'
import { providerById } from '../../db/providers.ts'
import { cameWithMessageId, changeReply, type ReplyChange, type ReplyRecord } from '../../db/replies.ts'
import { filesOfReply } from '../../db/reply-files.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import type { SendResult } from '../../model/doors.ts'
import type { LedgerKind } from '../../model/ledger.ts'
import { agreementOf, type Provider } from '../../model/provider.ts'
import { blockedIn } from '../../triage/sharing.ts'
import { releasedAnswer, sendByApi } from './api-answer.ts'
import { type ReplyDesk, subjectOf, tell, withReply } from './desk.ts'
import { spansOfFile } from './files.ts'
import { isCopyOf } from './own-copy.ts'
import { whyHeldBack } from './protect.ts'
import { queueSend } from './release-reply.ts'

/** A server that is down or puts us off for a day and a half (30 s, doubling, an hour at most) will not take it any more. */
export const sendAttemptsMax = 40
const backoffMsMin = 30_000
const backoffMsMax = 60 * 60_000

export function backoffMs(attempt: number): number {
  return Math.min(backoffMsMin * 2 ** (attempt - 1), backoffMsMax)
}

export type SendJob = { readonly replyId: string; readonly attempt: number }

/**
 * The job `send-reply`: takes a held reply, says in the record that it is being sent, sends it, and writes down what is
 * known then. A reply that is found being sent was taken by a process that died: nobody can know whether it left, so it
 * becomes unconfirmed and is never sent again by itself.
 */
export async function sendReply(desk: ReplyDesk, job: SendJob): Promise<void> {
  const taken = await withReply(desk.db, job.replyId, (tx, record) => take(desk, tx, record, job))
  if (taken === null) return
  const result = await tryToSend(desk, taken)
  await withReply(desk.db, job.replyId, (tx, record) => writeDown(desk, tx, record, job, result))
}

/** Null when there is nothing to send now. */
async function take(desk: ReplyDesk, tx: Db, record: ReplyRecord, job: SendJob): Promise<ReplyRecord | null> {
  const { reply } = record
  if (reply.state === 'sending') {
    await becomeUnconfirmed(desk, tx, record, 'The process that sent it ended before the server answered')
    return null
  }
  if (reply.state !== 'held') return null
  const now = desk.clock.now()
  if (reply.holdUntil !== null && new Date(reply.holdUntil) > now) {
    await queueSend(tx, reply.id, new Date(reply.holdUntil), job.attempt)
    return null
  }
  const decision = await standingDecision(tx, reply.alertId)
  if (decision?.id !== record.decisionId) {
    await move(desk, tx, record, { state: 'cancelled' }, 'reply.cancelled', { why: 'its decision was taken back' })
    return null
  }
  const provider = await providerById(tx, record.providerId)
  if (provider === null || provider.dryRun) {
    await move(desk, tx, record, { state: 'dry-run' }, 'reply.cancelled', { why: 'the provider is not live' })
    return null
  }
  const held = await whyNotNow(desk, tx, record, provider)
  if (held !== null) {
    await move(desk, tx, record, { state: 'failed', receipt: held }, 'reply.failed', { why: held })
    return null
  }
  await move(desk, tx, record, { state: 'sending' }, 'reply.sending', { sha256: reply.digest, attempt: job.attempt })
  return record
}

/** Why what was released may not leave any more as things are: the agreement, the addresses or the keys changed in its hold. Null when it may. */
async function whyNotNow(desk: ReplyDesk, tx: Db, record: ReplyRecord, provider: Provider): Promise<string | null> {
  const { reply, clear } = record
  const files = await filesOfReply(tx, reply.id)
  const [blocked] = blockedIn([...reply.spans, ...files.flatMap(spansOfFile)], agreementOf(provider))
  if (blocked !== undefined) return `What stays in it may not leave by now: ${blocked.block.why} Draft it anew.`
  if ((await egressOfReply(tx, reply.id))?.channel !== 'mail') return null
  return whyHeldBack(tx, provider, { to: reply.to, protection: clear?.protection ?? null }, desk.clock.now())
}

async function tryToSend(desk: ReplyDesk, record: ReplyRecord): Promise<SendResult> {
  const { reply, bytes } = record
  const entry = await egressOfReply(desk.db, reply.id)
  if (bytes === null || entry === null) {
    return { kind: 'refused', permanent: true, why: 'It has no released bytes' }
  }
  if (entry.channel === 'provider-api')
    return sendByApi(desk, entry, { replyId: reply.id, alertId: reply.alertId, bytes })
  if (desk.mail === null) return { kind: 'refused', permanent: false, why: 'No mail server is configured' }
  const { messageId, to } = reply
  try {
    return await desk.mail.leave({ kind: 'released', bytes, entryId: entry.id, messageId, to })
  } catch (error) {
    // The door refuses before anything is sent: the bytes are not what a person released.
    const problem = error instanceof Trouble ? String(error.details['problem'] ?? error.message) : wordsOf(error)
    desk.log.error({ replyId: reply.id, problem }, 'a reply was stopped at the door')
    return { kind: 'refused', permanent: true, why: problem }
  }
}

async function writeDown(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  job: SendJob,
  result: SendResult,
): Promise<void> {
  const { reply } = record
  // Unconfirmed: another node took us for dead while we were sending; what we know counts all the same.
  if (reply.state !== 'sending' && reply.state !== 'unconfirmed') {
    desk.log.warn(
      { replyId: reply.id, state: reply.state, result: result.kind },
      'a reply was settled while it was being sent',
    )
    return
  }
  const { digest: sha256 } = reply
  switch (result.kind) {
    case 'accepted':
      return becomeSent(desk, tx, record, 'reply.sent', 'system', {
        receipt: result.receipt,
        sha256,
        attempt: job.attempt,
      })
    case 'unknown':
      return becomeUnconfirmed(desk, tx, record, result.why)
    case 'refused':
      return result.permanent || job.attempt >= sendAttemptsMax
        ? move(desk, tx, record, { state: 'failed', receipt: result.why }, 'reply.failed', { why: result.why })
        : putOff(desk, tx, record, job, result)
  }
}

/** Back to held, with the server's words for everybody to see, and a job for later. */
async function putOff(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  job: SendJob,
  { why, afterMs }: Extract<SendResult, { kind: 'refused' }>,
): Promise<void> {
  // Who says when it will take it is asked no earlier.
  const next = new Date(desk.clock.now().getTime() + Math.max(backoffMs(job.attempt), afterMs ?? 0))
  const receipt = `Try ${job.attempt} of ${sendAttemptsMax}: ${why}`
  const body = { why, attempt: job.attempt, nextAt: next.toISOString() }
  await move(desk, tx, record, { state: 'held', holdUntil: next, receipt }, 'reply.deferred', body)
  await queueSend(tx, record.reply.id, next, job.attempt + 1)
}

/** Sent, and with it the alert is done. */
export async function becomeSent(
  desk: Pick<ReplyDesk, 'clock'>,
  tx: Db,
  record: ReplyRecord,
  kind: 'reply.sent' | 'reply.settled',
  actor: string,
  body: { readonly receipt: string } & Record<string, unknown>,
): Promise<void> {
  await move(desk, tx, record, { state: 'sent', sentAt: desk.clock.now(), receipt: body.receipt }, kind, body, actor)
  const { alertId } = record.reply
  const found = await getAlert(tx, alertId)
  if (found === null || found.alert.state !== 'decided') return
  await changeAlert(tx, alertId, found.version, { state: 'closed' })
  const closed = { alertId, replyId: record.reply.id }
  await append(tx, { kind: 'alert.closed', actor: 'system', subject: `alert:${alertId}`, body: closed }, desk.clock)
}

/** Nobody can know; unless a copy has come to our own mailbox already. */
async function becomeUnconfirmed(desk: ReplyDesk, tx: Db, record: ReplyRecord, why: string): Promise<void> {
  if (record.reply.state === 'unconfirmed') return
  const came = await cameWithMessageId(tx, record.reply.messageId)
  if (came.some((bytes) => isCopyOf(bytes, record.bytes))) {
    return becomeSent(desk, tx, record, 'reply.settled', 'system', {
      receipt: 'A copy came to our own mailbox',
      how: 'copy',
    })
  }
  await move(desk, tx, record, { state: 'unconfirmed', receipt: why }, 'reply.unconfirmed', {
    why,
    sha256: record.reply.digest,
  })
  const answer = releasedAnswer(record)
  // It is looked for over there.
  if (answer !== null) await noteChange(tx, answer.system, record.reply.alertId)
}

/** The change, its ledger line and the news of it. */
export async function move(
  desk: Pick<ReplyDesk, 'clock'>,
  tx: Db,
  record: ReplyRecord,
  change: ReplyChange,
  kind: LedgerKind,
  body: Record<string, unknown>,
  actor = 'system',
): Promise<void> {
  const { id, alertId, messageId } = record.reply
  await changeReply(tx, id, change)
  await append(tx, { kind, actor, subject: subjectOf(id), body: { replyId: id, messageId, ...body } }, desk.clock)
  await tell(tx, alertId)
}
