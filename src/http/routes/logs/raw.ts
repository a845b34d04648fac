import { append } from '../../../ledger/append.ts'
import { askerGone } from '../../asker-gone.ts'
import { known, serve } from '../../serve.ts'

/** As bytes and as a download: a line may hold anything, and no browser is to read it as a page of ours. */
export const downloadLine = serve('GET /api/lake/events/:id/raw', async ({ front, params, reply, actor }) => {
  const bytes = known(await front.logs.raw(params.id, askerGone(reply)))
  await append(
    front.db,
    {
      kind: 'logs.downloaded',
      actor: actor(),
      subject: `event:${params.id}`,
      body: { bytes: bytes.length },
    },
    front.clock,
  )
  return reply
    .type('application/octet-stream')
    .header('content-disposition', `attachment; filename="line-${params.id}.log"`)
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
})
