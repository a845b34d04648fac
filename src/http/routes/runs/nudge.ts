import { serve } from '../../serve.ts'

export const nudgeRun = serve('POST /api/runs/:id/nudge', async ({ front, params, body, actor }) => ({
  to: [...(await front.work.playbooks.nudge({ runId: params.id, ...body, by: actor() }))],
}))
