import { Temporal } from 'temporal-polyfill'
import type { BusinessHours } from '../model/ticket.ts'

/** A stretch of time in ms since 1970; `to` is not in it. */
export type Stretch = { readonly from: number; readonly to: number }

/** Days a clock looks ahead for working time; a calendar without any in this time never comes due. */
const daysAheadMax = 1500
const dayMs = 86_400_000

/** Working time of one calendar. Days are worked out once: the same few are asked for again and again. */
export type WorkCalendar = {
  /** Ms of working time from `from` to `to`; 0 where `to` is not later. */
  readonly between: (from: number, to: number) => number
  /** The moment when so many ms of working time have passed since `from`; null when that never comes. */
  readonly after: (from: number, ms: number) => number | null
}

/** Round the clock. */
const always: WorkCalendar = { between: (from, to) => Math.max(0, to - from), after: (from, ms) => from + ms }

/** Days follow the wall clock of the zone: the day on which clocks are put back has an hour more where that hour is worked. */
export function calendarOf(hours: BusinessHours | null): WorkCalendar {
  if (hours === null) return always
  const { timeZone } = hours
  const [days, holidays] = [new Set(hours.days), new Set(hours.holidays)]
  const [opens, shuts] = [Temporal.PlainTime.from(hours.from), Temporal.PlainTime.from(hours.to)]
  const overnight = Temporal.PlainTime.compare(shuts, opens) <= 0
  const known = new Map<number, Stretch | null>()
  /** Number of the local day since 1970. */
  const dayAt = (at: number): number =>
    Math.round(
      Date.parse(Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate().toString()) /
        dayMs,
    )
  const work = (day: number): Stretch | null => {
    const found = known.get(day)
    if (found !== undefined) return found
    const date = Temporal.PlainDate.from(new Date(day * dayMs).toISOString().slice(0, 10))
    const at = (plainTime: Temporal.PlainTime, on: Temporal.PlainDate): number =>
      on.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds
    const stretch =
      days.has(date.dayOfWeek) && !holidays.has(date.toString())
        ? { from: at(opens, date), to: at(shuts, overnight ? date.add({ days: 1 }) : date) }
        : null
    known.set(day, stretch)
    return stretch
  }
  // The day before may still be at work after midnight.
  return {
    between: (from, to) => {
      if (to <= from) return 0
      let sum = 0
      for (let day = dayAt(from) - 1; day <= dayAt(to); day += 1) {
        const open = work(day)
        if (open !== null) sum += Math.max(0, Math.min(open.to, to) - Math.max(open.from, from))
      }
      return sum
    },
    after: (from, ms) => {
      let left = ms
      const first = dayAt(from) - 1
      for (let day = first; day < first + daysAheadMax; day += 1) {
        const open = work(day)
        if (open === null || open.to <= from) continue
        const begins = Math.max(open.from, from)
        if (open.to - begins >= left) return begins + left
        left -= open.to - begins
      }
      return null
    },
  }
}

/** What a clock counts. `ended: null`: it still runs. Pauses do not overlap; the last may have no end. */
export type Counted = {
  readonly begun: number
  readonly ended: number | null
  readonly pauses: readonly { readonly from: number; readonly to: number | null }[]
  readonly allowedMs: number
}

/**
 * `running`, `paused` (somebody else has it), `overdue` (still open, past its time), `met` and `missed` (ended). `dueAt`: when it runs
 * out or ran out; null while it is paused before that, and where there is no working time.
 */
export type ClockState = {
  readonly state: 'running' | 'paused' | 'overdue' | 'met' | 'missed'
  readonly usedMs: number
  readonly allowedMs: number
  readonly dueAt: number | null
}

/** A clock as it stands at `now`. */
export function clockOf({ begun, ended, pauses, allowedMs }: Counted, calendar: WorkCalendar, now: number): ClockState {
  const end = ended ?? Math.max(now, begun)
  const paused = ended === null && pauses.some(({ to }) => to === null)
  let [usedMs, ranOutAt, from] = [0, null as number | null, begun]
  for (const stretch of [...pauses].sort((a, b) => a.from - b.from).concat({ from: end, to: null })) {
    const to = Math.min(Math.max(stretch.from, from), end)
    const worked = calendar.between(from, to)
    if (ranOutAt === null && usedMs + worked > allowedMs) ranOutAt = calendar.after(from, allowedMs - usedMs)
    usedMs += worked
    from = Math.max(from, Math.min(stretch.to ?? end, end))
  }
  const over = usedMs > allowedMs
  const dueAt = over ? ranOutAt : paused || ended !== null ? null : calendar.after(end, allowedMs - usedMs)
  const state = ended === null ? (over ? 'overdue' : paused ? 'paused' : 'running') : over ? 'missed' : 'met'
  return { state, usedMs, allowedMs, dueAt }
}
