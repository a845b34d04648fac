import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

export const exportTheLedger = serve('GET /api/ledger/export', async ({ front, reply, actor }) => {
  const day = front.clock.now().toISOString().slice(0, 10)
  await append(
    front.db,
    { kind: 'ledger.exported', actor: actor(), subject: 'ledger', body: { scope: 'all' } },
    front.clock,
  )
  const out = new PassThrough()
  const write = async (text: string): Promise<void> => {
    if (out.destroyed) throw new Error('the reader went away')
    if (!out.write(text)) await Promise.race([once(out, 'drain'), once(out, 'close')])
  }
  front.work.exportLedger(write).then(
    () => out.end(),
    (error: unknown) => {
      // A cut-off stream is an export without its last line, which `audit verify` refuses by name.
      front.log.warn({ err: error }, 'an export of the ledger broke off')
      out.destroy()
    },
  )
  return reply
    .type('application/octet-stream')
    .header('content-disposition', `attachment; filename="counterfoil-ledger-${day}.jsonl"`)
    .send(out)
})
