import { serve } from '../../serve.ts'

export const cancelReply = serve('POST /api/replies/:id/cancel', async ({ front, params, actor }) => {
  await front.work.reply.cancel(params.id, actor())
  return { done: true as const }
})
