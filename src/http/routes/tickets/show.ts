import { known, serve } from '../../serve.ts'

export const showTicket = serve('GET /api/tickets/:id', async ({ front, params }) =>
  known(await front.work.tickets.show(params.id)),
)
