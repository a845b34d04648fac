import { serve } from '../../serve.ts'

export const startRun = serve('POST /api/alerts/:id/runs', async ({ front, params, body, actor }) => ({
  runId: await front.work.playbooks.start({ playbookId: body.playbook, alertId: params.id, by: actor() }),
}))
