import { replyById } from '../../../db/replies.ts'
import { sha256Hex } from '../../../kit/digest.ts'
import { known, serve } from '../../serve.ts'

/** An answer without files is a twentieth of this; what a browser lays out at once. */
const mimeShownBytesMax = 200_000

export const previewReply = serve('GET /api/replies/:id/preview', async ({ front, params }) => {
  known(await replyById(front.db, params.id))
  const { bytes, leaves, text, subject, machine, unreviewed } = await front.work.reply.preview(params.id)
  return {
    text,
    subject,
    machine,
    mime: Buffer.from(bytes.subarray(0, mimeShownBytesMax)).toString('utf8'),
    mimeCut: bytes.byteLength > mimeShownBytesMax,
    sizeBytes: bytes.byteLength,
    sha256: sha256Hex(bytes),
    leaves:
      leaves === null || Buffer.from(bytes).equals(leaves)
        ? null
        : { sha256: sha256Hex(leaves), sizeBytes: leaves.byteLength },
    unreviewed,
  }
})
