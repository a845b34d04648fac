import { serve } from '../../serve.ts'

export const askPersonByLink = serve('POST /api/alerts/:id/ask-person', async ({ front, params, body, actor }) =>
  front.work.askPersonByLink({ alertId: params.id, email: body.email, what: body.what, by: actor() }),
)
