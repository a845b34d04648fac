import { serve } from '../../serve.ts'

export const lookUp = serve('POST /api/playbooks/:id/look-up', async ({ front, params, body, actor }) =>
  front.work.playbooks.lookUp({ playbookId: params.id, ...body, by: actor() }),
)
