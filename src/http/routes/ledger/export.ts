import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { serve } from '../../serve.ts'

export const exportTheLedger = serve('GET /api/ledger/export', async ({ front, reply }) => {
  const day = front.clock.now().toISOString().slice(0, 10)
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
