import { serve } from '../../serve.ts'

export const watchSource = serve('PUT /api/sources/watch', async ({ front, body, actor }) => {
  await front.work.watched.watch(body.source, body.silentAfterMinutes, actor())
  return { done: true as const }
})
