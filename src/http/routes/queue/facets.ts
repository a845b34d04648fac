import { facetsOf } from '../../../db/queue-facets.ts'
import { serve } from '../../serve.ts'
import { today, withMe } from './scope.ts'

export const showQueueFacets = serve('GET /api/queue/facets', async ({ front, query, session }) =>
  facetsOf(front.db, withMe(query, session), today(front)),
)
