import { serve } from '../../serve.ts'

export const removeConnector = serve('DELETE /api/connectors/:id', async ({ front, params, actor }) => {
  await front.work.connectors.remove(params.id, actor())
  return { done: true as const }
})
