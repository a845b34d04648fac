import type { Db } from '../../db/open.ts'
import type { ReplyRecord } from '../../db/replies.ts'
import { forgetOpenRequests } from '../../db/reply-requests.ts'
import { Trouble } from '../../kit/errors.ts'
import type { ReplySeen } from '../house.ts'
import { knownThere, releasedAnswer } from './api-answer.ts'
import { assertState, type ReplyDesk, withReply } from './desk.ts'
import { queueSend } from './release-reply.ts'
import { becomeSent, move } from './send-reply.ts'

export type HowSettled = 'was-sent' | 'was-not-sent' | 'resend'

/**
 * A person says what became of an unconfirmed reply. `was-sent`: it arrived. `was-not-sent`: it did not, and a new draft
 * may be made. `resend`: the very same bytes under the same Message-ID go out once more.
 */
export async function settleReply(
  desk: ReplyDesk,
  settle: { readonly replyId: string; readonly how: HowSettled; readonly by: string; readonly why: string },
): Promise<void> {
  const why = settle.why.trim().slice(0, 2000)
  if (why === '') throw new Trouble('input.invalid', { field: 'why', problem: 'say how you know' })
  await withReply(desk.db, settle.replyId, async (tx, record) => {
    assertState(record, ['unconfirmed'])
    const body = { how: settle.how, why, sha256: record.reply.digest }
    switch (settle.how) {
      case 'was-sent':
        await knownAsSaid(tx, record)
        return becomeSent(desk, tx, record, 'reply.settled', settle.by, {
          receipt: `Settled by a person: ${why}`,
          ...body,
        })
      case 'was-not-sent': {
        const receipt = `Settled by a person: it did not arrive. ${why}`
        return move(desk, tx, record, { state: 'failed', receipt }, 'reply.settled', body, settle.by)
      }
      case 'resend': {
        await forgetOpenRequests(tx, settle.replyId)
        const now = desk.clock.now()
        const receipt = `Handed over and not confirmed, to be sent again: ${why}`
        await move(desk, tx, record, { state: 'held', holdUntil: now, receipt }, 'reply.settled', body, settle.by)
        return queueSend(tx, settle.replyId, now, 1)
      }
    }
  })
}

/** What an answer through an API said, by the word of a person, is no news when it is read over there. */
async function knownAsSaid(tx: Db, record: ReplyRecord): Promise<void> {
  const answer = releasedAnswer(record)
  if (answer !== null) await knownThere(tx, answer, record.reply.alertId, ['status', 'verdict', 'comment'])
}

/**
 * Evidence about a reply of ours: a copy of it came back, or a delivery report. It settles what is unconfirmed; a report
 * that delivery failed also overrules "sent", since the server took the mail and then could not deliver it.
 */
export async function replySeen(desk: ReplyDesk, tx: Db, seen: ReplySeen): Promise<void> {
  await withReply(tx, seen.replyId, async (inside, record) => {
    const { state } = record.reply
    const failed = seen.by.kind === 'delivery-report' && seen.by.failed
    const says =
      seen.by.kind === 'copy' ? 'A copy came to our own mailbox' : `Delivery report: ${seen.by.says}`.slice(0, 1000)
    const body = { how: seen.by.kind, receipt: says, sha256: record.reply.digest }
    if (failed && (state === 'sent' || state === 'unconfirmed')) {
      return move(desk, inside, record, { state: 'failed', receipt: says }, 'reply.failed', body)
    }
    // While it is being sent the server's own answer is on its way; if it never comes, the copy is looked for then.
    if (!failed && state === 'unconfirmed') return becomeSent(desk, inside, record, 'reply.settled', 'system', body)
  })
}
