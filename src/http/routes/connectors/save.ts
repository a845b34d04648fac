import { serve } from '../../serve.ts'

export const saveConnector = serve('PUT /api/connectors/:id', async ({ front, params, body, actor }) => ({
  version: await front.work.connectors.save({ ...body, id: params.id }, actor()),
}))
