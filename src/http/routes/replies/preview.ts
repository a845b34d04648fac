import { replyById } from '../../../db/replies.ts'
import { sha256Hex } from '../../../kit/digest.ts'
import { known, serve } from '../../serve.ts'

export const previewReply = serve('GET /api/replies/:id/preview', async ({ front, params }) => {
  const reply = known(await replyById(front.db, params.id))
  const { bytes, text, subject } = await front.work.reply.preview(params.id)
  return {
    text,
    subject,
    mime: Buffer.from(bytes).toString('utf8'),
    sizeBytes: bytes.byteLength,
    sha256: sha256Hex(bytes),
    unreviewed: reply.spans.filter((span) => span.verdict === null).length,
  }
})
