import { serve } from '../../serve.ts'

export const wakeAlerts = serve('POST /api/queue/wake', async ({ front, body, actor }) => {
  await front.work.arrange.wake({ ...body, by: actor() })
  return { done: true as const }
})
