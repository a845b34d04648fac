import { messageBytes } from '../../../db/alert-front.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

/**
 * As plain text and as a download, so that no browser ever renders a stranger's HTML under our name. The policy header and
 * nosniff (helmet) say the same once more. Who took the bytes away stands in the ledger before they leave.
 */
export const downloadMessage = serve('GET /api/messages/:id/raw', async ({ front, params, reply, actor }) => {
  const message = known(await messageBytes(front.db, params.id))
  await append(
    front.db,
    {
      kind: 'message.downloaded',
      actor: actor(),
      subject: `message:${params.id}`,
      body: { bytes: message.bytes.length },
    },
    front.clock,
  )
  const name = `message-${params.id.slice(0, 12)}.${message.form === 'json' ? 'json' : 'eml'}`
  return reply
    .type('text/plain; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(message.bytes)
})
