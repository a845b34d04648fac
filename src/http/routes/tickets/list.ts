import { serve } from '../../serve.ts'

export const showTickets = serve('GET /api/tickets', ({ front, query, session }) =>
  front.work.tickets.list(query, session().user.id),
)
