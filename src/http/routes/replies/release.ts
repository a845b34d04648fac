import { serve } from '../../serve.ts'

export const releaseReply = serve('POST /api/replies/:id/release', async ({ front, params, body, actor }) => {
  const how = await front.work.reply.release(params.id, body.version, actor())
  return { done: true as const, waitsForSecond: how === 'second' }
})

export const secondReply = serve('POST /api/replies/:id/second', async ({ front, params, body, actor }) => {
  await front.work.reply.second(params.id, body.digest, body.yes, body.why, actor())
  return { done: true as const }
})
