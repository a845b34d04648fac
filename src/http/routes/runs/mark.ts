import { serve } from '../../serve.ts'

export const markItem = serve('POST /api/runs/:id/marks', async ({ front, params, body, actor }) => {
  await front.work.playbooks.mark({ runId: params.id, ...body, by: actor() })
  return { done: true as const }
})
