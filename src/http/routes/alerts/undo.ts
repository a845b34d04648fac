import { serve } from '../../serve.ts'

export const undoDecision = serve('POST /api/alerts/:id/decision/undo', async ({ front, params, body, actor }) => {
  await front.work.undo({ alertId: params.id, decisionId: body.decisionId, by: actor() })
  return { done: true as const }
})
