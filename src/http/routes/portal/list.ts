import { portalAlerts, providerScopeOf } from '../../../db/limited.ts'
import { providerById } from '../../../db/providers.ts'
import { serve } from '../../serve.ts'

export const showPortal = serve('GET /api/portal/alerts', async ({ front, query, session }) => {
  const scope = providerScopeOf(session().user)
  const [rows, provider] = await Promise.all([
    portalAlerts(front.db, scope, query.q),
    providerById(front.db, scope.providerId),
  ])
  return { provider: provider?.name ?? scope.providerId, rows }
})
