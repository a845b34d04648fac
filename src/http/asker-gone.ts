import type { FastifyReply } from 'fastify'

/** Ends when whoever asked is gone before the answer: what costs the machine something need not be finished for nobody. */
export function askerGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new Error('whoever asked went away'))
  })
  return gone.signal
}
