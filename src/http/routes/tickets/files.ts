import { fileBytesMax } from '../../../contract/tickets.ts'
import { fileOf } from '../../../db/ticket-parts.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

const nameCharsMax = 200

export const addTicketFile = serve('POST /api/tickets/:id/files', async ({ front, params, request, actor }) => {
  for await (const part of request.files({ limits: { files: 1, fileSize: fileBytesMax } })) {
    const bytes = await part.toBuffer()
    const name = part.filename.slice(-nameCharsMax)
    return front.work.tickets.addFile({ alertId: params.id, by: actor(), name, bytes })
  }
  throw new Trouble('input.invalid', { fields: { file: 'Choose a file' } })
})

/** As bytes and as a download, whatever it calls itself: no browser shows a stranger's file under our name. Taking it stands in the ledger. */
export const downloadTicketFile = serve('GET /api/tickets/:id/files/:file', async ({ front, params, reply, actor }) => {
  const file = known(await fileOf(front.db, params.id, params.file))
  await append(
    front.db,
    {
      kind: 'ticket.file',
      actor: actor(),
      subject: `ticket-file:${params.file}`,
      body: { act: 'downloaded', alertId: params.id, sha256: file.sha256 },
    },
    front.clock,
  )
  const ascii = file.name.replace(/[^\w.-]+/g, '_').slice(-100)
  return reply
    .type('application/octet-stream')
    .header('content-disposition', `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(file.name)}`)
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(file.bytes)
})
