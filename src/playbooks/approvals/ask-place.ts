import { getAlert, lockAlert } from '../../db/alerts.ts'
import { type Approval, approvalById, askSeat, insertApprovalLink, type Seat, seatsOf } from '../../db/approvals.ts'
import { addJob } from '../../db/jobs.ts'
import { notifyAll } from '../../db/live.ts'
import { type Db, transaction } from '../../db/open.ts'
import { newSecret } from '../../kit/digest.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import { isInStage, stageOf } from '../../model/approval.ts'
import { awayAmong } from '../away.ts'
import { cannotReach, wasTold } from '../chat/queue.ts'
import { durationMs } from '../durations.ts'
import type { House } from '../house.ts'
import { answerersAt, dueAt, openSeats } from './due.ts'

export type ApprovalHouse = Pick<House, 'db' | 'clock' | 'approvalUrl' | 'cannotMail' | 'mailNotice'>

/**
 * Asks the members of a place, each with a link of their own, and plans its reminders; where too few of them are there or may still sign (away by
 * the calendar, an account was shut, a role taken away), deputies at once. In the caller's transaction.
 */
export async function askPlace(
  house: ApprovalHouse,
  tx: Db,
  approval: Approval,
  place: number,
  remind: readonly string[],
): Promise<void> {
  const now = house.clock.now()
  await askWhoIsDue(house, tx, approval, place)
  for (const [n, after] of remind.entries()) {
    const runAt = new Date(now.getTime() + durationMs(after))
    if (runAt >= new Date(approval.expiresAt)) continue
    const job = { approvalId: approval.id, place, n: n + 1 }
    await addJob(tx, 'remind-approval', job, { runAt, key: `approval:${approval.id}:${place}:${n + 1}` })
  }
  await notifyAll(tx, topicsOf(approval))
}

/** Asks whom this place asks now and nobody asked yet; safe to run twice. What came of an absence stands in the ledger. */
export async function askWhoIsDue(house: ApprovalHouse, tx: Db, approval: Approval, place: number): Promise<void> {
  const seats = await seatsOf(tx, approval.id)
  const here = openSeats(seats, place).map(({ userId, email, name }) => ({ id: userId, email, name }))
  const now = house.clock.now()
  const away = await awayAmong(tx, here, now)
  const due = dueAt(approval, seats, place, away)
  for (const { seat, standsFor } of due.asked) {
    if (seat.askedAt !== null) continue
    await askSeat(tx, { approvalId: approval.id, place, userId: seat.userId }, standsFor, now)
    await mailLink(house, tx, approval, { place, userId: seat.userId, which: 'asked' })
  }
  const standIns = due.asked.filter(({ seat, standsFor }) => seat.askedAt === null && standsFor !== null)
  // That nobody is there is said once, and not again after each signature beside this place.
  const isFirst = seats.every((seat) => seat.place !== place || seat.askedAt === null)
  if (standIns.length === 0 && (due.nobodyFor.length === 0 || !isFirst)) return
  const gone = [...standIns.map(({ standsFor }) => standsFor ?? ''), ...due.nobodyFor].map((user) => away.get(user))
  const body = {
    ...{ place, users: standIns.map(({ seat }) => seat.userId), for: standIns.map(({ standsFor }) => standsFor) },
    nobodyFor: [...due.nobodyFor],
    // Of each of those two lists, in their order: until when, and which entry of the calendar says so.
    until: gone.map((one) => one?.until ?? null),
    entries: gone.map((one) => one?.entry ?? null),
  }
  const subject = `approval:${approval.id}`
  await append(tx, { kind: 'approval.stood-in', actor: 'system', subject, body }, house.clock)
}

/** What an open page listens to, of an approval. */
export const topicsOf = ({ alertId, of }: Approval): readonly string[] => [
  `alert:${alertId}`,
  ...(of.kind === 'step' ? [`run:${of.runId}`] : []),
  'queue',
]

/** Asks every place whose turn it is together with this one. */
export async function askStage(
  house: ApprovalHouse,
  tx: Db,
  approval: Approval,
  place: number,
  remind: readonly string[],
): Promise<void> {
  const { from, to } = stageOf(approval.matter.places, place)
  for (let at = from; at <= to; at += 1) await askPlace(house, tx, approval, at, remind)
}

/** Has this place as many yeses as it needs? */
export function isFull({ matter }: Approval, seats: readonly Seat[], place: number): boolean {
  const yes = seats.filter((seat) => seat.place === place && seat.verdict === 'approve').length
  return yes >= (matter.places[place]?.quorum ?? 1)
}

/** Places whose turn it is, and that have too few yeses yet. */
export function openPlaces(approval: Approval, seats: readonly Seat[]): readonly number[] {
  const { places } = approval.matter
  return [...places.keys()].filter(
    (place) => isInStage(places, approval.placeNow, place) && !isFull(approval, seats, place),
  )
}

export type Reminder = { readonly approvalId: string; readonly place: number; readonly n: number }

/**
 * The job `remind-approval`: whoever was asked and has not signed gets another link; with the first one the deputies are asked as well. Safe
 * to run twice: its record names those whom this run asked or mailed, and there is none when there was nobody.
 */
export async function remindOfApproval(house: ApprovalHouse, { approvalId, place, n }: Reminder): Promise<void> {
  const seen = await approvalById(house.db, approvalId)
  if (seen === null) return
  await transaction(house.db, async (tx) => {
    await lockAlert(tx, seen.alertId)
    const approval = await approvalById(tx, approvalId, { lock: true })
    const now = house.clock.now()
    if (approval === null || approval.state !== 'open' || now >= new Date(approval.expiresAt)) return
    const seats = await seatsOf(tx, approvalId)
    if (!openPlaces(approval, seats).includes(place)) return
    const open = answerersAt(approval, seats, place)
    const reminded: string[] = []
    for (const { userId, askedAt, deputy } of open) {
      if (askedAt === null && !(deputy && n === 1)) continue
      if (askedAt === null) await askSeat(tx, { approvalId, place, userId }, null, now)
      const mailed = await mailLink(house, tx, approval, { place, userId, which: `reminder ${n}` })
      if (mailed || askedAt === null) reminded.push(userId)
    }
    if (reminded.length === 0) return
    const body = { place, reminder: n, users: reminded }
    await append(
      tx,
      { kind: 'approval.reminded', actor: 'system', subject: `approval:${approvalId}`, body },
      house.clock,
    )
  })
}

/** A mail with a link for one person, once for each `which`; false where none went or can go, for who signs in sees it too. */
export async function mailLink(
  house: ApprovalHouse,
  tx: Db,
  approval: Approval,
  to: {
    readonly place: number
    readonly userId: string
    readonly which: string
    /** Of the desk, to what this person asked. */
    readonly answer?: string
  },
): Promise<boolean> {
  const { place, userId, which, answer } = to
  const seats = await seatsOf(tx, approval.id)
  const seat = seats.find((one) => one.place === place && one.userId === userId)
  const id = stableId('approval-mail', approval.id, String(place), userId, which)
  if (seat === undefined || (await cannotReach(house, tx, [seat.email])) !== null) return false
  if (await wasTold(tx, id, [seat.email])) return false
  const token = newSecret()
  await insertApprovalLink(
    tx,
    token,
    { approvalId: approval.id, place, userId, expiresAt: approval.expiresAt },
    house.clock.now(),
  )
  const { what, about, changes, ifSilent, places } = approval.matter
  const until = `${approval.expiresAt.slice(0, 16).replace('T', ' ')} UTC`
  const alert = await getAlert(tx, approval.alertId)
  await house.mailNotice(tx, {
    id,
    kind: 'approval',
    to: [seat.email],
    about: { alertId: approval.alertId, words: what, link: house.approvalUrl(token), expiresAt: approval.expiresAt },
    subject:
      answer === undefined
        ? `${which === 'asked' ? '' : 'Reminder: '}Your approval is asked (A-${alert?.alert.number ?? '?'})`
        : `Your question is answered (A-${alert?.alert.number ?? '?'})`,
    text: `${answer === undefined ? '' : `${answerSays(approval, answer)}\n\n`}${what}\n\nAbout: ${about}\nWhat changes: ${changes}\nYou are asked as: ${places[place]?.title ?? ''}${inPlaceOf(seats, seat)}\nIf nobody answers by ${until}: ${ifSilent}\n\n${howToAnswer[approval.of.kind]}\n${house.approvalUrl(token)}\n\nThe link is for you alone and ends with your answer, or at ${until}. ${withoutFactor[approval.of.kind]}\n`,
  })
  return true
}

/** For whom a deputy was asked, and why. */
function inPlaceOf(seats: readonly Seat[], { place, standsFor }: Seat): string {
  const member = seats.find((one) => one.place === place && one.userId === standsFor)
  if (member === undefined) return ''
  return `, for ${member.name}, who ${member.handedTo === null ? 'is away' : 'handed it over'}`
}

/** The mail about an answer that may leave tells nothing of it, so neither does it tell what the desk said about it. */
const answerSays = ({ of }: Approval, answer: string): string =>
  of.kind === 'step'
    ? `The desk answers your question:\n${answer}`
    : 'The desk answered your question. You read it on the page, once you are signed in.'

const howToAnswer = {
  step: 'Look and answer here, with your passkey:',
  release: 'Look, sign in, read what leaves, and answer here:',
} as const
const withoutFactor = {
  step: 'It opens nothing without your passkey.',
  release: 'It shows nothing of the answer and releases nothing until you are signed in.',
} as const
