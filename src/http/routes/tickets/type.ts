import { serve } from '../../serve.ts'

export const changeTicketType = serve('PUT /api/tickets/:id/type', async ({ front, params, body, actor }) => {
  await front.work.tickets.changeType({ ...body, alertId: params.id, by: actor() })
  return { done: true as const }
})
