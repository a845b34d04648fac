import { queueOf } from '../../../db/queue-front.ts'
import { serve } from '../../serve.ts'
import { today, withMe } from './scope.ts'

export const showQueue = serve('GET /api/queue', async ({ front, query, session }) =>
  queueOf(front.db, withMe(query, session), today(front)),
)
