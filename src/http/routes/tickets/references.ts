import { serve } from '../../serve.ts'

export const referTicket = serve('PUT /api/tickets/:id/references', async ({ front, params, body, actor }) => {
  await front.work.tickets.refer({ ...body, alertId: params.id, by: actor() })
  return { done: true as const }
})
