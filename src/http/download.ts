import type { FastifyReply } from 'fastify'

/**
 * As plain text and as a download, so that no browser ever renders a stranger's HTML under our name. The policy header and
 * nosniff (helmet) say the same once more.
 */
export function sendAsDownload(reply: FastifyReply, name: string, bytes: Uint8Array): FastifyReply {
  return reply
    .type('text/plain; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(bytes)
}
