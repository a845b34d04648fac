import { serve } from '../../serve.ts'

export const draftReply = serve('POST /api/alerts/:id/reply', async ({ front, params, actor }) => ({
  replyId: await front.work.reply.draft(params.id, actor()),
}))
