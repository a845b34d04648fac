import { getAlert, lockAlert } from '../../db/alerts.ts'
import { talkOf } from '../../db/approval-talk.ts'
import { type Approval, approvalById, countQuestion, seatsOf } from '../../db/approvals.ts'
import { notifyAll } from '../../db/live.ts'
import { type Db, transaction } from '../../db/open.ts'
import { userOfActor } from '../../db/users.ts'
import { Trouble } from '../../kit/errors.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import { type ApprovalHouse, mailLink, openPlaces, topicsOf } from './ask-place.ts'
import { answerersAt } from './due.ts'
import { openStanding } from './sign.ts'

/** Who asks more often than this wants to talk. */
export const questionsMax = 5

/** A question back to the desk; it signs nothing and stops no clock. */
export async function askBack(
  house: ApprovalHouse & { readonly people: Readonly<Record<string, readonly string[]>> },
  token: string,
  text: string,
): Promise<void> {
  await transaction(house.db, async (tx) => {
    const { approval, seat } = await openStanding(house, tx, token)
    if (seat.questions >= questionsMax) throw new Trouble('rate.limited', { questions: seat.questions })
    await countQuestion(tx, { approvalId: approval.id, place: seat.place, userId: seat.userId })
    const body = { place: seat.place, text }
    await append(
      tx,
      { kind: 'approval.question', actor: `user:${seat.userId}`, subject: `approval:${approval.id}`, body },
      house.clock,
    )
    const desk = await whoIsAsked(house, tx, approval)
    const number = (await getAlert(tx, approval.alertId))?.alert.number ?? '?'
    const where = approval.of.kind === 'step' ? `the run of A-${number} that waits` : `the answer about A-${number}`
    if (desk.length > 0 && house.cannotMail(desk) === null)
      await house.mailNotice(tx, {
        id: stableId('approval-question', approval.id, seat.userId, String(seat.questions)),
        ...{
          kind: 'approval',
          to: desk,
          subject: `${seat.name} asks before signing: ${approval.matter.what}`.slice(0, 200),
        },
        text: `${seat.name} (${seat.email}) was asked:\n${approval.matter.what}\n\nand asks:\n${text}\n\nAnswer on the page of ${where}: they get it by mail, and it stands on the record. Their time ends at ${approval.expiresAt.slice(0, 16).replace('T', ' ')} UTC.\n`,
      })
    await notifyAll(tx, topicsOf(approval))
  })
}

/** Who answers a question: the desk, and of an answer also whoever released it first. */
async function whoIsAsked(
  { people }: { readonly people: Readonly<Record<string, readonly string[]>> },
  tx: Db,
  { of, askedBy }: Approval,
): Promise<readonly string[]> {
  const desk = people['analyst'] ?? []
  const first = of.kind === 'release' ? await userOfActor(tx, askedBy) : null
  return [...new Set([...desk, ...(first === null || first.disabled ? [] : [first.email])])]
}

/**
 * The desk's answer to whoever asked since it answered last: each of them gets it by mail, with another link, and everybody who is asked reads it on
 * the page. It signs nothing and stops no clock. Throws Trouble('approval.over') when it is, 'state.conflict' when nobody asked.
 */
export async function answerBack(
  house: ApprovalHouse,
  { approvalId, text, by }: { readonly approvalId: string; readonly text: string; readonly by: string },
): Promise<void> {
  const seen = await approvalById(house.db, approvalId)
  if (seen === null) throw new Trouble('not.found', { approvalId })
  await transaction(house.db, async (tx) => {
    await lockAlert(tx, seen.alertId)
    const approval = await approvalById(tx, approvalId, { lock: true })
    if (approval?.state !== 'open' || house.clock.now() >= new Date(approval.expiresAt))
      throw new Trouble('approval.over', { state: approval?.state })
    const talk = await talkOf(tx, approvalId)
    const since = talk.slice(talk.findLastIndex(({ isAnswer }) => isAnswer) + 1)
    if (since.length === 0)
      throw new Trouble('state.conflict', { fields: { text: 'Nobody asked since the last answer' } })
    const seats = await seatsOf(tx, approvalId)
    const askers = openPlaces(approval, seats)
      .flatMap((place) => answerersAt(approval, seats, place))
      .filter(({ userId }) => since.some((word) => word.by === `user:${userId}`))
    const body = { text, users: askers.map(({ userId }) => userId) }
    await append(tx, { kind: 'approval.answered', actor: by, subject: `approval:${approvalId}`, body }, house.clock)
    for (const { place, userId } of askers)
      await mailLink(house, tx, approval, { place, userId, which: `answer ${talk.length}`, answer: text })
    await notifyAll(tx, topicsOf(approval))
  })
}
