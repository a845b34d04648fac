import { queueOf } from '../../../db/desk-front.ts'
import { serve } from '../../serve.ts'

export const showQueue = serve('GET /api/queue', async ({ front, query }) =>
  queueOf(front.db, query, front.settings.config.businessHours.timeZone, front.clock.now()),
)
