import { z } from 'zod'

/** Until when an alert sleeps: a time, the next finding that looked, or the next message of its provider. */
export const SnoozeFor = z.enum(['time', 'evidence', 'reply'])
export type SnoozeFor = z.infer<typeof SnoozeFor>

/** Longer than any provider's or colleague's holiday; what must wait longer is an expectation or a task, no snooze. */
export const snoozeDaysMax = 90

/** Alerts that one decision is about: each has its own row, ledger line, run and draft, all in one transaction of a few seconds at most. */
export const decideAtOnceMax = 200

/** Alerts that one act takes on at once: more than a person selects, few enough for one transaction. */
export const atOnceMax = 500
