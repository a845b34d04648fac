import { serve } from '../../serve.ts'

export const unmergeAlerts = serve('POST /api/queue/unmerge', async ({ front, body, actor }) => {
  await front.work.arrange.unmerge({ ...body, by: actor() })
  return { done: true as const }
})
