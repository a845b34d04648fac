import { serve } from '../../serve.ts'

export const releaseMessage = serve('POST /api/quarantine/:id/release', async ({ front, params, body, actor }) => {
  await front.work.releaseFromQuarantine({
    messageId: params.id,
    reason: body.reason,
    providerId: body.providerId,
    by: actor(),
  })
  return { done: true as const }
})
