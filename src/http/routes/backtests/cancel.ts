import { serve } from '../../serve.ts'

export const cancelBacktest = serve('POST /api/backtests/:id/cancel', async ({ front, params, actor }) => {
  await front.work.playbooks.cancelBacktest({ id: params.id, by: actor() })
  return { done: true as const }
})
