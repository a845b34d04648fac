import { serve } from '../../serve.ts'

export const showConnector = serve('GET /api/connectors/:id', ({ front, params }) =>
  front.work.connectors.show(params.id),
)
