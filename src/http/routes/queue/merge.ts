import { serve } from '../../serve.ts'

export const mergeAlerts = serve('POST /api/queue/merge', async ({ front, body, actor }) => {
  await front.work.arrange.merge({ ...body, by: actor() })
  return { done: true as const }
})
