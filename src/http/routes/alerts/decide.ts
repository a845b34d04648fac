import { latestReplyOf } from '../../../db/house-front.ts'
import { serve } from '../../serve.ts'

export const decideAlert = serve('POST /api/alerts/:id/decision', async ({ front, params, body, actor }) => {
  const decided = await front.work.decide({ ...body, alertId: params.id, by: actor() })
  return { ...decided, replyId: await latestReplyOf(front.db, params.id) }
})
