import { serve } from '../../serve.ts'

export const settleReply = serve('POST /api/replies/:id/settle', async ({ front, params, body, actor }) => {
  await front.work.reply.settle(params.id, body.arrived, body.reason, actor())
  return { done: true as const }
})
