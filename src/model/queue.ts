import { z } from 'zod'

/** Until when an alert sleeps: a time, the next finding that looked, or the next message of its provider. */
export const SnoozeFor = z.enum(['time', 'evidence', 'reply'])
export type SnoozeFor = z.infer<typeof SnoozeFor>

/** Longer than any provider's or colleague's holiday; what must wait longer is an expectation or a task, no snooze. */
export const snoozeDaysMax = 90
