import { z } from 'zod'
import { filesOfReply } from '../../../db/reply-files.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { attachmentBytesMax } from '../../../model/attachment.ts'
import { known, serve } from '../../serve.ts'

const Version = z.object({ value: z.coerce.number().int().min(0) })

export const addReplyFile = serve('POST /api/replies/:id/files', async ({ front, params, request, actor }) => {
  for await (const part of request.files({ limits: { files: 1, fileSize: attachmentBytesMax } })) {
    const bytes = await part.toBuffer()
    const version = Version.safeParse(part.fields['version'])
    if (!version.success)
      throw new Trouble('input.invalid', { fields: { version: 'Say of which version, before the file' } })
    return front.work.reply.addFile(params.id, { name: part.filename, bytes }, version.data.value, actor())
  }
  throw new Trouble('input.invalid', { fields: { file: 'Choose a file' } })
})

export const pickReplyFile = serve('POST /api/replies/:id/files/pick', async ({ front, params, body, actor }) =>
  front.work.reply.pickFile(params.id, body.ticketFileId, body.version, actor()),
)

export const takeOutReplyFile = serve(
  'POST /api/replies/:id/files/:file/take-out',
  async ({ front, params, body, actor }) => ({
    version: await front.work.reply.takeOutFile(params.id, params.file, body.version, actor()),
  }),
)

/** As bytes and as a download, as with a ticket's file; taking it stands in the ledger. */
export const downloadReplyFile = serve('GET /api/replies/:id/files/:file', async ({ front, params, reply, actor }) => {
  const file = (await filesOfReply(front.db, params.id)).find((one) => one.id === params.file)
  const looked = known(file === undefined || file.kind === 'blocked' ? null : file)
  const body = { replyId: params.id, file: looked.id, came: looked.came }
  await append(front.db, { kind: 'reply.file-taken', actor: actor(), subject: `reply:${params.id}`, body }, front.clock)
  const ascii = looked.name.replace(/[^\w.-]+/g, '_').slice(-100)
  return reply
    .type('application/octet-stream')
    .header(
      'content-disposition',
      `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(looked.name)}`,
    )
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(looked.bytes)
})
