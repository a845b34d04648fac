import { serve } from '../../serve.ts'

export const saveReplyText = serve('POST /api/replies/:id/text', async ({ front, params, body, actor }) => ({
  version: await front.work.reply.saveText(params.id, body.text, body.version, actor()),
}))
