import type { Severity } from '../model/alert.ts'
import { allowedFor, type BusinessHours, type Owed, type Ticketing } from '../model/ticket.ts'
import { type ClockState, calendarOf, clockOf, type WorkCalendar } from './clocks.ts'

export type ClockName = 'acknowledge' | 'decide' | 'notify' | 'answer'

/** What the clocks of a ticket are counted from; times in ms since 1970. `ended`: nobody has to do anything about it any more. */
export type Timed = {
  readonly providerId: string
  readonly severity: Severity
  readonly occurredAt: number | null
  readonly receivedAt: number
  readonly acknowledgedAt: number | null
  readonly decidedAt: number | null
  /** Since when what was decided is work again; null where it is not. */
  readonly reopenedAt: number | null
  readonly ended: boolean
  /** Times in which the provider had it; the last may have no end. */
  readonly waits: readonly { readonly from: number; readonly to: number | null }[]
}

export type TicketClock = ClockState & {
  readonly clock: ClockName
  readonly side: 'ours' | 'theirs'
  /** Why it stands still; empty where it runs. */
  readonly because: string
}

const minuteMs = 60_000

/** Calendars by their hours: days that were worked out for one ticket serve the next. */
export type Calendars = (hours: BusinessHours | null) => WorkCalendar

export function calendars(): Calendars {
  const known = new Map<string, WorkCalendar>()
  return (hours) => {
    const key = JSON.stringify(hours)
    const found = known.get(key) ?? calendarOf(hours)
    known.set(key, found)
    return found
  }
}

/**
 * The clocks of a ticket. Ours: to the first act of a person, and to the decision, without the time in which the provider had it; what was
 * opened again has the time of a decision anew, until it is closed.
 * Theirs: from what happened to our mailbox, and from our question (the alert sleeps until they write) to their answer.
 */
export function ticketClocks(timed: Timed, rules: Ticketing, calendar: Calendars, now: number): TicketClock[] {
  const owed: Owed = rules.providers[timed.providerId] ?? rules.theirs
  const [ours, theirs] = [calendar(rules.hours), calendar(owed.hours)]
  const allowed = (of: Parameters<typeof allowedFor>[0]): number => allowedFor(of, timed.severity) * minuteMs
  const { receivedAt, acknowledgedAt, decidedAt, reopenedAt, occurredAt, waits } = timed
  // One that ended without a decision (merged) stands where it was.
  const ended = timed.ended ? (decidedAt ?? now) : null
  const pauses = waits
  const withThem = waits.at(-1)
  const because = (state: ClockState['state']): string => (state === 'paused' ? 'The provider has it' : '')
  const clock = (name: ClockName, side: 'ours' | 'theirs', state: ClockState): TicketClock => ({
    ...state,
    clock: name,
    side,
    because: because(state.state),
  })
  const list = [
    clock(
      'acknowledge',
      'ours',
      clockOf(
        { begun: receivedAt, ended: acknowledgedAt ?? ended, pauses: [], allowedMs: allowed(rules.ours.acknowledge) },
        ours,
        now,
      ),
    ),
    clock(
      'decide',
      'ours',
      clockOf(
        reopenedAt === null
          ? { begun: receivedAt, ended: decidedAt ?? ended, pauses, allowedMs: allowed(rules.ours.decide) }
          : { begun: reopenedAt, ended, pauses, allowedMs: allowed(rules.ours.decide) },
        ours,
        now,
      ),
    ),
  ]
  if (occurredAt !== null && occurredAt <= receivedAt)
    list.push(
      clock(
        'notify',
        'theirs',
        clockOf({ begun: occurredAt, ended: receivedAt, pauses: [], allowedMs: allowed(owed.notify) }, theirs, now),
      ),
    )
  if (withThem !== undefined)
    list.push(
      clock(
        'answer',
        'theirs',
        clockOf(
          {
            begun: withThem.from,
            ended: withThem.to ?? (timed.ended ? now : null),
            pauses: [],
            allowedMs: allowed(owed.answer),
          },
          theirs,
          now,
        ),
      ),
    )
  return list
}

/** The clock of a side that runs out first, or ran out: what a list sorts by. Null where none is open. */
export function mostUrgent(clocks: readonly TicketClock[], side: 'ours' | 'theirs'): TicketClock | null {
  const open = clocks.filter((one) => one.side === side && ['running', 'paused', 'overdue'].includes(one.state))
  return open.toSorted((a, b) => (a.dueAt ?? Infinity) - (b.dueAt ?? Infinity))[0] ?? null
}
