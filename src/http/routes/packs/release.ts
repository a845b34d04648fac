import { serve } from '../../serve.ts'

export const releaseThePack = serve('POST /api/packs/:id/release', async ({ front, params, body, actor }) => ({
  version: await front.work.pack.release(params.id, body.digest, actor()),
}))
