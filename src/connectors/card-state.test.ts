import { expect, test } from 'vitest'
import { type CardFacts, cardState, usualOf } from './card-state.ts'

const now = new Date('2026-11-02T09:00:00.000Z')
const facts = (changes: Partial<CardFacts> = {}): CardFacts => ({
  health: { state: 'active', says: 'It answers.', lastSuccess: null },
  lastSuccess: '2026-11-02T08:00:00.000Z',
  failingSince: null,
  lastWhy: '',
  silentAfterHours: null,
  today: { asked: 3, failed: 0 },
  usual: 4,
  now,
  ...changes,
})

test('who fails is failing, whatever else is known; a sign of life does not mend a failed question', () => {
  expect(cardState(facts())).toEqual({ state: 'active', says: 'It answers.' })
  const failing = { failingSince: '2026-11-02T07:00:00.000Z', lastWhy: 'status 503', silentAfterHours: 1 }
  expect(cardState(facts(failing))).toEqual({ state: 'failing', says: 'status 503' })
  expect(cardState(facts({ health: { state: 'failing', says: 'refused', lastSuccess: null } })).says).toBe('refused')
})

test('silence is what this house said it is, and never asked is silent too once it is watched', () => {
  expect(cardState(facts({ silentAfterHours: 2 })).state).toBe('active')
  expect(cardState(facts({ silentAfterHours: 1, lastSuccess: '2026-11-02T07:59:59.000Z' })).state).toBe('silent')
  expect(cardState(facts({ silentAfterHours: 24, lastSuccess: null })).state).toBe('silent')
  expect(cardState(facts({ lastSuccess: null })).state).toBe('active')
})

test('a share of failures and a flood of questions are warnings; few questions are not judged', () => {
  expect(cardState(facts({ today: { asked: 10, failed: 2 } }))).toEqual({
    state: 'warning',
    says: '2 of 10 questions failed today.',
  })
  expect(cardState(facts({ today: { asked: 9, failed: 9 } })).state).toBe('active')
  expect(cardState(facts({ today: { asked: 400, failed: 0 }, usual: 40 })).says).toBe(
    '400 questions today; the usual is 40 a day.',
  )
  expect(cardState(facts({ today: { asked: 99, failed: 0 }, usual: 1 })).state).toBe('active')
})

test('the usual is the median of the days since it was first asked, those without a question among them', () => {
  const day = (n: number, asked: number) => ({ day: `2026-10-${String(n).padStart(2, '0')}`, asked })
  expect(usualOf([], '2026-10-20')).toBeNull()
  expect(usualOf([day(18, 5), day(19, 5)], '2026-10-20')).toBeNull()
  expect(usualOf([day(17, 1), day(18, 9), day(19, 5), day(20, 900)], '2026-10-20')).toBe(5)
  expect(usualOf([day(16, 4), day(19, 8)], '2026-10-20')).toBe(2)
})
