import type { Approval, Seat } from '../../db/approvals.ts'
import { maySign } from '../../model/approval.ts'
import { type Away, isCalled } from '../away.ts'

/** Whose word a signature at this seat is: a deputy who stands for somebody speaks for them, and the two count once. */
const voiceOf = ({ standsFor, userId }: Seat): string => standsFor ?? userId

const isBeside = (a: Seat, b: Seat): boolean => a.place === b.place && a.userId !== b.userId

/** Has the other one of the two spoken: the deputy for the member who is away, or she herself after all? */
const isSpokenFor = (seats: readonly Seat[], seat: Seat): boolean =>
  seats.some((one) => isBeside(one, seat) && one.verdict !== null && voiceOf(one) === voiceOf(seat))

/** Who can still answer at this place: nobody who has, or whose deputy has, who handed over, or who may not sign any more. */
export const openSeats = (seats: readonly Seat[], place: number): readonly Seat[] =>
  seats.filter(
    (seat) =>
      seat.place === place &&
      seat.verdict === null &&
      seat.handedTo === null &&
      maySign(seat) &&
      !isSpokenFor(seats, seat),
  )

/** Places of this approval that this person said yes to already, besides this one. */
export const placesSigned = (seats: readonly Seat[], { userId, place }: Seat): readonly number[] =>
  seats.flatMap((one) => (one.userId === userId && one.place !== place && one.verdict === 'approve' ? [one.place] : []))

/** How many yeses this place still needs. */
const missingAt = ({ matter }: Approval, seats: readonly Seat[], place: number): number =>
  (matter.places[place]?.quorum ?? 1) -
  seats.filter((seat) => seat.place === place && seat.verdict === 'approve').length

const voicesOf = (seats: readonly Seat[]): number => new Set(seats.map(voiceOf)).size

/**
 * One person counts once in a chain. Who signed at another place is needed here as well only where too few others could sign: then the record
 * says that it is the same person (decision 0025).
 */
export function countsElsewhere(approval: Approval, seats: readonly Seat[], seat: Seat): boolean {
  if (placesSigned(seats, seat).length === 0) return false
  const others = openSeats(seats, seat.place).filter((one) => placesSigned(seats, one).length === 0)
  return voicesOf(others) >= missingAt(approval, seats, seat.place)
}

/** Whose answer this place waits for or could take now. */
export const answerersAt = (approval: Approval, seats: readonly Seat[], place: number): readonly Seat[] =>
  openSeats(seats, place).filter((seat) => !countsElsewhere(approval, seats, seat))

/** Whom a place asks now, and for whom they stand who stand for somebody; who is away and has nobody there who could. */
export type Due = {
  readonly asked: readonly { readonly seat: Seat; readonly standsFor: string | null }[]
  readonly nobodyFor: readonly string[]
}

/**
 * Whom a place asks, as things are: its members; for those who are away, where without them too few are there, a deputy each; all its deputies where too
 * few members may sign; and whoever signed at another place only where the quorum is out of reach without them. Pure; `away` by user.
 */
export function dueAt(approval: Approval, seats: readonly Seat[], place: number, away: ReadonlyMap<string, Away>): Due {
  const open = openSeats(seats, place)
  const missing = missingAt(approval, seats, place)
  const once = open.filter((seat) => placesSigned(seats, seat).length === 0)
  const first = once.filter(({ deputy, askedAt }) => !deputy || askedAt !== null)
  const asked = (some: readonly Seat[]) => some.map((seat) => ({ seat, standsFor: seat.standsFor }))
  if (voicesOf(once) < missing) return { asked: asked(open), nobodyFor: [] }
  if (voicesOf(first) < missing) return { asked: asked(once), nobodyFor: [] }
  const standIns = standInsAt(once, first, missing, away)
  return { asked: [...asked(first), ...standIns.asked], nobodyFor: standIns.nobodyFor }
}

/** A deputy for each who is away, as many as are missing: the one whom the calendar or the people list names, else the first who is there. */
function standInsAt(
  once: readonly Seat[],
  first: readonly Seat[],
  missing: number,
  away: ReadonlyMap<string, Away>,
): Due {
  const there = new Set(first.filter(({ userId }) => !away.has(userId)).map(voiceOf))
  const gone = [...new Set(first.map(voiceOf))].filter((voice) => !there.has(voice))
  const free = once.filter(({ deputy, askedAt, userId }) => deputy && askedAt === null && !away.has(userId))
  const asked: { seat: Seat; standsFor: string | null }[] = []
  const nobodyFor: string[] = []
  for (const voice of gone.slice(0, Math.max(0, missing - there.size))) {
    const left = free.filter((seat) => asked.every((one) => one.seat !== seat))
    const named = left.find((seat) => isCalled(seat, away.get(voice)?.deputy ?? null))
    const seat = named ?? left[0]
    if (seat === undefined) nobodyFor.push(voice)
    else asked.push({ seat, standsFor: voice })
  }
  return { asked, nobodyFor }
}
