import { serve } from '../../serve.ts'

export const watchConnector = serve('PUT /api/connectors/:id/watch', async ({ front, params, body, actor }) => {
  await front.work.connectors.watch(params.id, body.silentAfterHours, actor())
  return { done: true as const }
})
