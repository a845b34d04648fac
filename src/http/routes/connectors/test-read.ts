import { serve } from '../../serve.ts'

export const testConnector = serve('POST /api/connectors/:id/test', ({ front, params, body, actor }) =>
  front.work.connectors.test(params.id, body, actor()),
)

export const testConnectorDraft = serve('POST /api/connector-drafts/:id/test', ({ front, params, body, actor }) =>
  front.work.connectors.testDraft({ ...body, id: params.id }, actor()),
)
