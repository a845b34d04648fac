import { ownedAlerts, ownedAssets, ownedQuestions, ownerScopeOf } from '../../../db/limited.ts'
import { serve } from '../../serve.ts'

export const showOwned = serve('GET /api/owned', async ({ front, session }) => {
  const scope = ownerScopeOf(session().user)
  const [assets, questions] = await Promise.all([
    ownedAssets(front.db, scope),
    ownedQuestions(front.db, scope, front.clock.now()),
  ])
  const alerts = await ownedAlerts(front.db, assets)
  return { assets: assets.map(({ values: _values, ...asset }) => asset), questions, alerts }
})
