import { z } from 'zod'
import type { Severity } from './alert.ts'

/** What kind of work a ticket is. It names who is responsible for it and what is to be ticked off. */
// biome-ignore format: a list reads better in few lines
export const TicketType = z.enum([
  'provider-alert', 'own-detection', 'phishing-report', 'malware', 'sign-in', 'vulnerability', 'data-leaving', 'lost-device', 'provider-question',
])
export type TicketType = z.infer<typeof TicketType>

/**
 * Where a ticket is. Only `closed` is somebody's act; all else follows from its alert and from what was done, so that the two never
 * disagree: `new` nobody did anything yet, `resolved` decided and nothing is owed, `merged` worked on another ticket.
 */
export const TicketState = z.enum([
  'new',
  'in-progress',
  'waiting-provider',
  'waiting-approver',
  'waiting-person',
  'snoozed',
  'resolved',
  'closed',
  'merged',
])
export type TicketState = z.infer<typeof TicketState>

/** Minutes allowed, by severity. Severities without a line of their own ("informational", "unknown") have the last one. */
const minutes = z.int().min(1).max(525_600)
export const Allowed = z.object({ critical: minutes, high: minutes, medium: minutes, low: minutes })
export type Allowed = z.infer<typeof Allowed>

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Write a time of day as 08:30')
const isTimeZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** When somebody is at work. `days` count from Monday, 1, to Sunday, 7 (ISO 8601). `to` before or at `from` ends on the next day. */
export const BusinessHours = z.object({
  timeZone: z.string().max(64).refine(isTimeZone, 'No time zone of this name; write one as Europe/Berlin'),
  days: z.array(z.int().min(1).max(7)).min(1).max(7),
  from: clockTime,
  to: clockTime,
  holidays: z.array(z.iso.date()).max(1_000).default([]),
})
export type BusinessHours = z.infer<typeof BusinessHours>

/** A user by mail address, or everybody of a role: "role:lead". */
export const Party = z
  .string()
  .max(320)
  .regex(
    /^(role:(administrator|lead|analyst|approver)|[^\s@:]+@[^\s@:]+)$/,
    'A mail address, or role:lead, role:analyst...',
  )

/** Who does it, who answers for it (exactly one), who is asked before, who is told after; and what each ticket of the type asks for. */
export const Responsibility = z.object({
  responsible: z.array(Party).max(20),
  accountable: Party,
  consulted: z.array(Party).max(20).default([]),
  informed: z.array(Party).max(20).default([]),
  tasks: z.array(z.string().trim().min(1).max(300)).max(50).default([]),
})
export type Responsibility = z.infer<typeof Responsibility>

/** What a provider owes: from what happened to our mailbox, and from our question to their answer. `hours: null`: round the clock. */
export const Owed = z.object({ hours: BusinessHours.nullable(), notify: Allowed, answer: Allowed })
export type Owed = z.infer<typeof Owed>

export const Told = z.enum(['owner', 'responsible', 'accountable', 'consulted', 'informed'])
export type Told = z.infer<typeof Told>

/** Who is told how long after a clock ran out. */
export const Escalation = z.object({ afterMinutes: z.int().min(0).max(525_600), tell: z.array(Told).min(1).max(5) })

/** The house's rules for tickets: one document, edited on the page and as YAML. */
export const Ticketing = z.object({
  /** Our own hours; null: we are there round the clock. */
  hours: BusinessHours.nullable(),
  ours: z.object({ acknowledge: Allowed, decide: Allowed }),
  theirs: Owed,
  /** Providers with an agreement of their own, by id. */
  providers: z.record(z.string().max(64), Owed).default({}),
  types: z.record(TicketType, Responsibility),
  escalations: z.array(Escalation).max(10).default([]),
})
export type Ticketing = z.infer<typeof Ticketing>

const everyType = (tasks: Partial<Record<TicketType, readonly string[]>>): Ticketing['types'] =>
  Ticketing.shape.types.parse(
    Object.fromEntries(
      TicketType.options.map((type) => [
        type,
        { responsible: ['role:analyst'], accountable: 'role:lead', tasks: [...(tasks[type] ?? [])] },
      ]),
    ),
  )

/**
 * Until somebody writes the agreement down. A call after 10 minutes where it is critical and 30 where it is high is what one provider
 * publishes (ThreatDefence); the others are ours.
 */
export const ticketingDefault: Ticketing = {
  hours: null,
  ours: {
    acknowledge: { critical: 15, high: 30, medium: 240, low: 480 },
    decide: { critical: 60, high: 240, medium: 1440, low: 2880 },
  },
  theirs: {
    hours: null,
    notify: { critical: 10, high: 30, medium: 120, low: 480 },
    answer: { critical: 60, high: 240, medium: 1440, low: 2880 },
  },
  providers: {},
  types: everyType({
    'phishing-report': ['Find everybody else who got it', 'Take it out of the mailboxes', 'Thank whoever reported it'],
    malware: ['Isolate the machine or say why not', 'Keep what is evidence', 'Tell the owner'],
    'sign-in': ['Ask the person by another way than mail', 'End the sessions, change the password'],
    'data-leaving': ['Say what left and whose it is', 'Ask the data protection officer whether a clock runs'],
    'lost-device': ['Lock or wipe it', 'Say what was on it and whether the disk was encrypted'],
  }),
  escalations: [
    { afterMinutes: 0, tell: ['owner'] },
    { afterMinutes: 60, tell: ['accountable'] },
  ],
}

/** Minutes allowed for a severity. */
export function allowedFor(allowed: Allowed, severity: Severity): number {
  return severity === 'informational' || severity === 'unknown' ? allowed.low : allowed[severity]
}

/** Of one ticket. A file more is refused by name; what must be kept in numbers belongs into a store for evidence. */
export const filesMax = 50

/** What is changed about a task; what is not named stays. */
export const TaskChange = z.object({
  done: z.boolean().optional(),
  owner: z.uuid().nullable().optional(),
  dueAt: z.iso.datetime().nullable().optional(),
  removed: z.literal(true).optional(),
})
export type TaskChange = z.infer<typeof TaskChange>
