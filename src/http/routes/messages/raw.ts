import { messageBytes } from '../../../db/alert-front.ts'
import { append } from '../../../ledger/append.ts'
import { sendAsDownload } from '../../download.ts'
import { known, serve } from '../../serve.ts'

/** Who took the bytes away stands in the ledger before they leave. */
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
  return sendAsDownload(reply, name, message.bytes)
})
