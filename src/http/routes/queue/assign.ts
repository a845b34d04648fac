import { serve } from '../../serve.ts'

export const assignAlerts = serve('POST /api/queue/assign', async ({ front, body, actor }) => {
  await front.work.arrange.assign({ ...body, by: actor() })
  return { done: true as const }
})
