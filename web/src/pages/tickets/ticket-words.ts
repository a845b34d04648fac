import type { ClockView } from '../../../../src/contract/tickets.ts'
import type { TicketState, TicketType } from '../../../../src/model/ticket.ts'

export const ticketTypeWords: Record<TicketType, string> = {
  'provider-alert': 'Provider alert',
  'own-detection': 'Own detection',
  'phishing-report': 'Phishing report',
  malware: 'Malware',
  'sign-in': 'Suspicious sign-in',
  vulnerability: 'Vulnerability',
  'data-leaving': 'Data leaving',
  'lost-device': 'Lost device',
  'provider-question': "Provider's question",
}

export const ticketStateWords: Record<TicketState, string> = {
  new: 'New',
  'in-progress': 'In progress',
  'waiting-provider': 'Waits for the provider',
  'waiting-approver': 'Waits for an approver',
  'waiting-person': 'Waits for a person',
  snoozed: 'Snoozed',
  resolved: 'Resolved',
  closed: 'Closed',
  merged: 'Merged',
}

export const clockWords: Record<ClockView['clock'], string> = {
  acknowledge: 'We take it up',
  decide: 'We decide',
  notify: 'They tell us',
  answer: 'They answer',
}

/** "2 h 10 min": working time, as people say it. */
export function durationWords(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000)
  if (minutes < 60) return `${minutes} min`
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  if (hours < 48) return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** "due in 2 h 10 min", "overdue by 5 min", "stands still: the provider has it", "took 12 min of 1 h". */
export function clockSays(clock: ClockView): string {
  const left = clock.allowedMs - clock.usedMs
  switch (clock.state) {
    case 'running':
      return clock.dueAt === null ? 'no working time to come' : `due in ${durationWords(left)}`
    case 'overdue':
      return `overdue by ${durationWords(left)}`
    case 'paused':
      return `stands still, ${durationWords(left)} left`
    case 'met':
      return `took ${durationWords(clock.usedMs)} of ${durationWords(clock.allowedMs)}`
    case 'missed':
      return `took ${durationWords(clock.usedMs)}, ${durationWords(left)} too long`
  }
}

export const clockTone: Record<ClockView['state'], string> = {
  running: '',
  paused: 'accent',
  overdue: 'bad',
  met: 'good',
  missed: 'warn',
}

/** The clock of a side that matters now: the one that runs out first, else the last that ended. */
export function mainClock(clocks: readonly ClockView[], side: ClockView['side']): ClockView | null {
  const mine = clocks.filter((one) => one.side === side)
  const open = mine.filter(({ state }) => state === 'running' || state === 'overdue' || state === 'paused')
  const soonest = open.toSorted((a, b) => (a.dueAt ?? '9').localeCompare(b.dueAt ?? '9'))[0]
  return soonest ?? mine.at(-1) ?? null
}
