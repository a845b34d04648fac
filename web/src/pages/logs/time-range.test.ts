import { expect, test } from 'vitest'
import { rangeWords, windowOf } from './time-range.ts'

const now = Date.parse('2026-11-22T12:00:00.000Z')
const day = { from: '2026-11-21T12:00:00.000Z', to: '2026-11-22T12:00:00.000Z' }

test.each([
  [{}, day],
  [{ from: '-15m' }, { from: '2026-11-22T11:45:00.000Z', to: day.to }],
  [
    { from: '-7d', to: '' },
    { from: '2026-11-15T12:00:00.000Z', to: day.to },
  ],
  [
    { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' },
    { from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T00:00:00.000Z' },
  ],
  [{ from: '2026-11-02T00:00:00Z', to: '2026-11-01T00:00:00Z' }, day],
  [{ from: 'yesterday' }, day],
  [{ from: '-99999d' }, day],
])('%j means %j', (range, window) => {
  expect(windowOf(range, now)).toEqual(window)
})

test('a range says what it is', () => {
  expect(rangeWords({})).toBe('Last 24 hours')
  expect(rangeWords({ from: '-3h', to: '' })).toBe('Last 3 hours')
  expect(rangeWords({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T08:30:00.000Z' })).toBe(
    '2026-11-01 00:00 to 2026-11-02 08:30 UTC',
  )
})
