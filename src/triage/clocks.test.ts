import { expect, test } from 'vitest'
import type { BusinessHours } from '../model/ticket.ts'
import { calendarOf, clockOf } from './clocks.ts'

const berlin: BusinessHours = {
  timeZone: 'Europe/Berlin',
  days: [1, 2, 3, 4, 5],
  from: '08:00',
  to: '17:00',
  holidays: ['2026-12-25'],
}
const night: BusinessHours = {
  timeZone: 'Europe/Berlin',
  days: [1, 2, 3, 4, 5, 6, 7],
  from: '22:00',
  to: '06:00',
  holidays: [],
}
const at = (iso: string): number => Date.parse(iso)
const hour = 3_600_000

test.each([
  ['within a day', berlin, '2026-11-23T08:00:00Z', '2026-11-23T10:00:00Z', 2],
  ['before it opens', berlin, '2026-11-23T02:00:00Z', '2026-11-23T07:00:00Z', 0],
  ['over night', berlin, '2026-11-23T15:00:00Z', '2026-11-24T08:00:00Z', 2],
  ['over a weekend', berlin, '2026-11-27T15:00:00Z', '2026-11-30T08:00:00Z', 2],
  ['over a holiday before a weekend', berlin, '2026-12-24T15:00:00Z', '2026-12-28T08:00:00Z', 2],
  ['a night shift has eight hours', night, '2026-11-23T12:00:00Z', '2026-11-24T12:00:00Z', 8],
  ['nine when clocks are put back in it', night, '2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z', 9],
  ['seven when they are put forward', night, '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z', 7],
  ['backwards is nothing', berlin, '2026-11-24T10:00:00Z', '2026-11-23T10:00:00Z', 0],
])('working hours: %s', (_what, hours, from, to, expected) => {
  expect(calendarOf(hours).between(at(from), at(to)) / hour).toBe(expected)
})

/** The same numbers at every run. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

test.each([
  berlin,
  night,
  { ...berlin, timeZone: 'Australia/Lord_Howe' },
  { ...berlin, timeZone: 'America/Sao_Paulo', from: '00:00', to: '00:00' },
  null,
])('working time adds up, never runs backwards, and is what the moment it comes due says: %j', (hours) => {
  const calendar = calendarOf(hours)
  const random = dice(7)
  for (let round = 0; round < 300; round += 1) {
    const a = at('2026-01-01T00:00:00Z') + Math.floor(random() * 365 * 24) * hour
    const b = a + Math.floor(random() * 20 * 24 * 60) * 60_000
    const c = b + Math.floor(random() * 20 * 24 * 60) * 60_000
    expect(calendar.between(a, c)).toBe(calendar.between(a, b) + calendar.between(b, c))
    expect(calendar.between(a, b)).toBeLessThanOrEqual(b - a)
    const wanted = 1 + Math.floor(random() * 100 * 60) * 60_000
    const due = calendar.after(a, wanted) ?? Number.NaN
    expect(calendar.between(a, due)).toBe(wanted)
    expect(calendar.between(a, due - 1)).toBe(wanted - 1)
  }
})

const open = { begun: at('2026-11-23T09:00:00Z'), ended: null, pauses: [], allowedMs: 4 * hour }

test.each([
  ['running', open, '2026-11-23T11:00:00Z', { state: 'running', usedMs: 2 * hour, dueAt: at('2026-11-23T13:00:00Z') }],
  ['overdue says since when', open, '2026-11-24T11:00:00Z', { state: 'overdue', dueAt: at('2026-11-23T13:00:00Z') }],
  ['exactly at its time it is not over', open, '2026-11-23T13:00:00Z', { state: 'running', usedMs: 4 * hour }],
  [
    'a pause does not count, and while it lasts nothing comes due',
    { ...open, pauses: [{ from: at('2026-11-23T10:00:00Z'), to: null }] },
    '2026-11-24T15:00:00Z',
    { state: 'paused', usedMs: hour, dueAt: null },
  ],
  [
    'after a pause it goes on with what was left',
    { ...open, pauses: [{ from: at('2026-11-23T10:00:00Z'), to: at('2026-11-24T10:00:00Z') }] },
    '2026-11-24T11:00:00Z',
    { state: 'running', usedMs: 2 * hour, dueAt: at('2026-11-24T13:00:00Z') },
  ],
  [
    'one that ran out before the pause stays overdue',
    { ...open, pauses: [{ from: at('2026-11-23T15:00:00Z'), to: null }] },
    '2026-11-24T11:00:00Z',
    { state: 'overdue', dueAt: at('2026-11-23T13:00:00Z') },
  ],
  ['met', { ...open, ended: at('2026-11-23T12:00:00Z') }, '2026-12-01T00:00:00Z', { state: 'met', usedMs: 3 * hour }],
  [
    'missed',
    { ...open, ended: at('2026-11-23T15:00:00Z') },
    '2026-12-01T00:00:00Z',
    { state: 'missed', usedMs: 6 * hour },
  ],
])('a clock: %s', (_what, counted, now, expected) => {
  expect(clockOf(counted, calendarOf({ ...berlin, from: '06:00', to: '20:00' }), at(now))).toMatchObject(expected)
})

test('a calendar whose every day is a holiday never comes due', () => {
  const holidays = Array.from({ length: 1000 }, (_one, n) =>
    new Date(at('2026-11-23') + n * 86_400_000).toISOString().slice(0, 10),
  )
  const never = calendarOf({ ...berlin, days: [1], holidays })
  expect(never.between(at('2026-11-23'), at('2027-11-23'))).toBe(0)
  expect(clockOf({ ...open, allowedMs: hour }, never, at('2026-11-24T00:00:00Z'))).toMatchObject({
    state: 'running',
    usedMs: 0,
  })
})
