import { serve } from '../../serve.ts'

export const releaseReply = serve('POST /api/replies/:id/release', async ({ front, params, body, actor }) => {
  await front.work.reply.release(params.id, body.version, actor())
  return { done: true as const }
})
