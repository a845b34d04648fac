import { serve } from '../../serve.ts'

export const showOffices = serve('GET /api/offices', async ({ front }) => front.work.approvals.offices())

export const saveOffices = serve('PUT /api/offices', async ({ front, body, actor }) => ({
  version: await front.work.approvals.changeOffices({ ...body, by: actor() }),
}))
