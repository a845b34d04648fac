import { groupsOf } from '../../../db/queue-facets.ts'
import { serve } from '../../serve.ts'
import { today, withMe } from './scope.ts'

export const showQueueGroups = serve('GET /api/queue/groups', async ({ front, query, session }) =>
  groupsOf(front.db, withMe(query, session), today(front)),
)
