import { expect, test } from 'vitest'
import type { Approval, Seat } from '../../db/approvals.ts'
import { answerersAt, dueAt } from './due.ts'

const asksFor = (...quorums: number[]): Approval =>
  ({ matter: { places: quorums.map((quorum, n) => ({ title: `Place ${n}`, quorum })) } }) as Approval

const seat = (userId: string, rest: Partial<Seat> = {}): Seat => ({
  ...{ place: 0, userId, name: userId, email: `${userId}@example.com`, role: 'approver', disabled: false },
  ...{ deputy: false, askedAt: null, standsFor: null, handedTo: null, questions: 0, verdict: null },
  ...{ reason: '', signedAt: null, ...rest },
})
const deputy = (userId: string, rest: Partial<Seat> = {}): Seat => seat(userId, { deputy: true, ...rest })
const askedAt = '2026-11-20T10:00:00.000Z'

/** "dan for dora" of each who is asked. */
function due(seats: readonly Seat[], quorums: readonly number[], away: Readonly<Record<string, string | null>> = {}) {
  const gone = new Map(Object.entries(away).map(([id, by]) => [id, { until: askedAt, entry: 'manual/1', deputy: by }]))
  const { asked, nobodyFor } = dueAt(asksFor(...quorums), seats, 0, gone)
  return [
    ...asked.map(({ seat: { userId }, standsFor }) => (standsFor === null ? userId : `${userId} for ${standsFor}`)),
    ...nobodyFor.map((id) => `nobody for ${id}`),
  ]
}

test('who is away is stood in for by one deputy: the one who is named, else the first who is there', () => {
  const seats = [seat('dora'), deputy('eva'), deputy('dan')]
  expect(due(seats, [1])).toEqual(['dora'])
  expect(due(seats, [1], { dora: null })).toEqual(['dora', 'eva for dora'])
  expect(due(seats, [1], { dora: 'DAN@example.com' })).toEqual(['dora', 'dan for dora'])
  expect(due(seats, [1], { dora: 'dan', dan: null })).toEqual(['dora', 'eva for dora'])
  // The calendar appoints nobody: whom it names must be a deputy of the place.
  expect(due(seats, [1], { dora: 'mallory@example.com' })).toEqual(['dora', 'eva for dora'])
  expect(due(seats, [1], { dora: null, dan: null, eva: null })).toEqual(['dora', 'nobody for dora'])
})

test('as many stand in as are missing, each for another one', () => {
  const seats = [seat('dora'), seat('hugo'), deputy('eva'), deputy('dan')]
  expect(due(seats, [1], { dora: null })).toEqual(['dora', 'hugo'])
  expect(due(seats, [2], { dora: null })).toEqual(['dora', 'hugo', 'eva for dora'])
  expect(due(seats, [2], { dora: null, hugo: null })).toEqual(['dora', 'hugo', 'eva for dora', 'dan for hugo'])
  expect(due(seats, [1], { dora: null, hugo: null })).toEqual(['dora', 'hugo', 'eva for dora'])
  // Asked once is asked: the same again asks nobody else.
  const again = [seat('dora', { askedAt }), deputy('eva', { askedAt, standsFor: 'dora' }), deputy('dan')]
  expect(due(again, [1], { dora: null })).toEqual(['dora', 'eva for dora'])
})

test('whoever is away and their deputy count once, whichever of them signs', () => {
  const seats = [seat('dora', { askedAt }), seat('hugo', { askedAt }), deputy('eva', { askedAt, standsFor: 'dora' })]
  const open = (some: readonly Seat[]) => answerersAt(asksFor(2), some, 0).map(({ userId }) => userId)
  expect(open(seats)).toEqual(['dora', 'hugo', 'eva'])
  expect(open(seats.map((one) => (one.userId === 'eva' ? { ...one, verdict: 'approve' } : one)))).toEqual(['hugo'])
  expect(open(seats.map((one) => (one.userId === 'dora' ? { ...one, verdict: 'approve' } : one)))).toEqual(['hugo'])
})

test('where too few members may sign, all deputies are asked, for nobody: the quorum must stay in reach', () => {
  const seats = [seat('dora'), seat('hugo', { disabled: true }), deputy('eva'), deputy('dan')]
  expect(due(seats, [2], { dora: null })).toEqual(['dora', 'eva', 'dan'])
})

test('who signed at another place is not asked here, unless too few others can sign', () => {
  const signed = seat('dora', { place: 1, verdict: 'approve' })
  const seats = [signed, seat('dora'), deputy('eva')]
  expect(due(seats, [1, 1])).toEqual(['eva'])
  expect(answerersAt(asksFor(1, 1), seats, 0).map(({ userId }) => userId)).toEqual(['eva'])
  const alone = [signed, seat('dora'), deputy('eva', { disabled: true })]
  expect(due(alone, [1, 1])).toEqual(['dora'])
  expect(answerersAt(asksFor(1, 1), alone, 0).map(({ userId }) => userId)).toEqual(['dora'])
  // Two are needed here and there is one other: then both.
  expect(due([...seats], [2, 1])).toEqual(['dora', 'eva'])
})
