import { providersInUse } from '../../../db/providers.ts'
import { serve } from '../../serve.ts'

export const showProviders = serve('GET /api/providers', async ({ front }) => ({
  providers: await providersInUse(front.db),
  formats: [...front.work.formats],
}))
