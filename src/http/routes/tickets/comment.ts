import { serve } from '../../serve.ts'

export const commentOnTicket = serve('POST /api/tickets/:id/comments', ({ front, params, body, actor }) =>
  front.work.tickets.comment({ ...body, alertId: params.id, by: actor() }),
)
