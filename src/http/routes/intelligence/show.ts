import { attackVersion } from '../../../db/attack.ts'
import { warningLists } from '../../../db/intelligence.ts'
import { huntState } from '../../../db/intelligence-hunt.ts'
import { heardSources } from '../../../playbooks/know-observable.ts'
import { serve } from '../../serve.ts'

export const showIntelligence = serve('GET /api/intelligence', async ({ front }) => {
  const { db, clock } = front
  const [sources, lists, attack, hunt] = await Promise.all([
    heardSources(db, clock.now()),
    warningLists(db),
    attackVersion(db),
    huntState(db),
  ])
  return { sources, warningLists: lists, attack, hunt }
})
