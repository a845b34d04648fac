import { serve } from '../../serve.ts'

export const saveTicketing = serve('PUT /api/ticketing', async ({ front, body, actor }) => ({
  version: await front.work.tickets.changeRules({
    ...{ ticketing: body.ticketing ?? null, yaml: body.yaml ?? null, version: body.version, by: actor() },
  }),
}))
