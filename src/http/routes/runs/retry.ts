import { serve } from '../../serve.ts'

export const retryRun = serve('POST /api/runs/:id/retry', async ({ front, params, body, actor }) => {
  await front.work.playbooks.retry({ runId: params.id, ...body, by: actor() })
  return { done: true as const }
})
