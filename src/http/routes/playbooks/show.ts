import { serve } from '../../serve.ts'

export const showPlaybook = serve('GET /api/playbooks/:id', async ({ front, params }) =>
  front.work.playbooks.page(params.id),
)
