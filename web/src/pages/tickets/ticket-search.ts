import { z } from 'zod'
import { TicketQuery } from '../../../../src/contract/tickets.ts'

/** What of the list stands in its address: the same words as the server's, each left out where it says nothing. */
const Search = z.object({
  state: TicketQuery.shape.state.unwrap().optional().catch(undefined),
  type: TicketQuery.shape.type.unwrap().optional().catch(undefined),
  owner: TicketQuery.shape.owner.unwrap().optional().catch(undefined),
  clock: TicketQuery.shape.clock.unwrap().optional().catch(undefined),
  q: z.coerce.string().max(200).optional().catch(undefined),
})
export type TicketSearch = z.infer<typeof Search>

export function ticketSearchOf(given: Record<string, unknown>): TicketSearch {
  const read = Search.parse(given)
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined && value !== ''))
}
