import { serve } from '../../serve.ts'

export const skipRunStep = serve('POST /api/runs/:id/skip', async ({ front, params, body, actor }) => {
  await front.work.playbooks.skip({ runId: params.id, ...body, by: actor() })
  return { done: true as const }
})
