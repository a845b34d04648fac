import type { TicketQuery } from '../../../../src/contract/tickets.ts'
import { ticketStateWords, ticketTypeWords } from './ticket-words.ts'

/** What of the list stands in its address: the same words as the server's, each left out where it says nothing. */
export type TicketSearch = Partial<TicketQuery>

const states: readonly string[] = ['open', ...Object.keys(ticketStateWords), 'all']
const clocks: readonly string[] = ['ours-overdue', 'theirs-overdue'] satisfies TicketQuery['clock'][]
const owner = /^(me|nobody|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i

export function ticketSearchOf(given: Readonly<Record<string, unknown>>): TicketSearch {
  const text = (name: string): string => (given[name] === undefined ? '' : String(given[name]))
  const known = {
    state: states.includes(text('state')) ? text('state') : '',
    type: Object.hasOwn(ticketTypeWords, text('type')) ? text('type') : '',
    owner: owner.test(text('owner')) ? text('owner') : '',
    clock: clocks.includes(text('clock')) ? text('clock') : '',
    q: text('q').slice(0, 200),
  }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== '')) as TicketSearch
}
