import { providersInUse } from '../../../db/providers.ts'
import { listWebhooks } from '../../../db/webhooks.ts'
import { serve } from '../../serve.ts'

export const showProviders = serve('GET /api/providers', async ({ front }) => {
  const [providers, webhooks] = await Promise.all([providersInUse(front.db), listWebhooks(front.db, front.clock.now())])
  return {
    providers: providers.map((row) => {
      const webhook = webhooks.find((one) => one.providerId === row.provider.id)
      return {
        ...row,
        webhook:
          webhook === undefined ? null : { ...webhook, secrets: [...webhook.secrets], refusals: [...webhook.refusals] },
      }
    }),
    formats: [...front.work.formats],
  }
})
