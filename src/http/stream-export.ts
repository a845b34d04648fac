import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Logger } from 'pino'

/** Sends an export as it is written, no faster than the reader reads. */
export function streamExport(
  reply: FastifyReply,
  log: Logger,
  filename: string,
  work: (write: (text: string) => Promise<void>) => Promise<void>,
): FastifyReply {
  const out = new PassThrough()
  const write = async (text: string): Promise<void> => {
    if (out.destroyed) throw new Error('the reader went away')
    if (!out.write(text)) await Promise.race([once(out, 'drain'), once(out, 'close')])
  }
  work(write).then(
    () => out.end(),
    (error: unknown) => {
      // A cut-off stream is an export without its last line, which `audit verify` refuses by name.
      log.warn({ err: error }, 'an export of the ledger broke off')
      out.destroy()
    },
  )
  return reply
    .type('application/octet-stream')
    .header('content-disposition', `attachment; filename="${filename}"`)
    .send(out)
}
