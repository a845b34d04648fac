import { assignable } from '../../../db/alert-queue.ts'
import { serve } from '../../serve.ts'

export const showAssignable = serve('GET /api/queue/people', async ({ front }) => ({
  people: await assignable(front.db),
}))
