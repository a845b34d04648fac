import { serve } from '../../serve.ts'

export const showElsewhere = serve('GET /api/tickets/:id/elsewhere', async ({ front, params }) => ({
  links: await front.work.elsewhere.ofTicket(params.id),
}))

export const syncElsewhere = serve('POST /api/tickets/:id/elsewhere', async ({ front, params, body, actor }) => {
  await front.work.elsewhere.link({ systemId: body.system, alertId: params.id, by: actor() })
  return { done: true as const }
})
