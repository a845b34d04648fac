import { type ReplyRecord, repliesOf } from '../../db/replies.ts'
import { requestsOf, takenRequest } from '../../db/reply-requests.ts'
import type { TheirTicket } from '../../model/elsewhere.ts'
import type { ApiAnswer, Told } from '../../model/provider-api.ts'
import { knownThere, releasedAnswer } from '../replies/api-answer.ts'
import { withReply } from '../replies/desk.ts'
import { queueSend } from '../replies/release-reply.ts'
import { becomeSent, move } from '../replies/send-reply.ts'
import type { ElsewhereDesk } from './desk.ts'

/**
 * Settles answers through a provider's API of which nobody knows whether they arrived, by what stands over there. What is there was told; what
 * was never begun is told now; nothing is told again. How many are still unknown, and whether one is being told at this moment.
 */
export async function settleAnswers(
  desk: ElsewhereDesk,
  on: { readonly systemId: string; readonly alertId: string },
  theirs: TheirTicket,
): Promise<{ readonly unknown: number; readonly onTheWay: boolean }> {
  let [unknown, onTheWay] = [0, false]
  for (const record of await repliesOf(desk.db, on.alertId)) {
    const answer = releasedAnswer(record)
    if (record.reply.state === 'sending' && answer?.system === on.systemId) onTheWay = true
    if (record.reply.state !== 'unconfirmed' || answer?.system !== on.systemId) continue
    if (!(await settleOne(desk, record, answer, theirs))) unknown += 1
  }
  return { unknown, onTheWay }
}

async function settleOne(
  desk: ElsewhereDesk,
  record: ReplyRecord,
  answer: ApiAnswer,
  theirs: TheirTicket,
): Promise<boolean> {
  const id = record.reply.id
  return withReply(desk.db, id, async (tx, locked) => {
    if (locked.reply.state !== 'unconfirmed') return true
    const before = new Map((await requestsOf(tx, id)).map((request) => [request.n, request.state]))
    for (const [n, { tells }] of answer.requests.entries()) {
      if (before.get(n) !== 'telling') continue
      if (!isThere(answer, tells, theirs)) return false
      await takenRequest(tx, id, n, desk.clock.now())
      await knownThere(tx, answer, locked.reply.alertId, tells)
      before.set(n, 'taken')
    }
    const body = { how: 'seen-there', sha256: locked.reply.digest }
    if (answer.requests.every((_, n) => before.get(n) === 'taken')) {
      await becomeSent(desk, tx, locked, 'reply.settled', 'system', {
        receipt: 'It was found in their system',
        ...body,
      })
      return true
    }
    const now = desk.clock.now()
    const receipt = 'What was told stands in their system; the rest is told now'
    await move(desk, tx, locked, { state: 'held', holdUntil: now, receipt }, 'reply.settled', body)
    await queueSend(tx, id, now, 1)
    return true
  })
}

/** A comment of ours is there by its mark; the words that go with it in one request came with it. */
function isThere(answer: ApiAnswer, tells: readonly Told[], theirs: TheirTicket): boolean {
  if (tells.includes('comment')) return theirs.comments.some(({ text }) => text.includes(answer.mark))
  const same = (a: string | null, b: string | null | undefined) => a?.toLowerCase() === b?.toLowerCase()
  return tells.every((what) =>
    what === 'status' ? same(answer.status, theirs.status) : same(answer.verdict, theirs.verdict),
  )
}
