import { serve } from '../../serve.ts'

export const cancelRun = serve('POST /api/runs/:id/cancel', async ({ front, params, body, actor }) => {
  await front.work.playbooks.cancel({ runId: params.id, reason: body.reason, by: actor() })
  return { done: true as const }
})
