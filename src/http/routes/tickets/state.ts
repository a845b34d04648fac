import { serve } from '../../serve.ts'

export const moveTicket = serve('POST /api/tickets/:id/state', async ({ front, params, body, actor }) => {
  await front.work.tickets.move({ ...body, alertId: params.id, by: actor() })
  return { done: true as const }
})
