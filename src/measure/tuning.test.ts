import { expect, test } from 'vitest'
import { measuredTuning } from './tuning.ts'

const day = 86_400_000
const request = { state: 'accepted', askedAt: 0, dueAt: 14 * day, afterDue: 0 } as const

test.each([
  [{ askedAt: null }, 20, 'not-sent'],
  [{}, 14, 'waiting'],
  [{}, 15, 'watching'],
  [{}, 44, 'watching'],
  [{}, 45, 'kept'],
  [{ afterDue: 1 }, 15, 'lapsed'],
  [{ afterDue: 1 }, 100, 'lapsed'],
  [{ afterDue: 1, state: 'refused' as const }, 100, 'over'],
] as const)('%j after %i days is %s', (changes, days, measured) => {
  expect(measuredTuning({ ...request, ...changes, now: days * day })).toBe(measured)
})
