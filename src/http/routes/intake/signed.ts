import { Trouble } from '../../../kit/errors.ts'
import { knockOf } from '../../guard.ts'
import { serve } from '../../serve.ts'

/** Hands a signed post to its door, byte for byte; the guard saw that there is such a door. When this answers, the message is committed. */
export const takeSigned = serve('POST /api/intake/:provider', async ({ front, request }) => {
  const body: unknown = request.body
  if (!Buffer.isBuffer(body)) throw new Trouble('input.invalid', { fields: { body: 'There is no message in it' } })
  return front.work.webhooks.take({
    ...knockOf(request),
    bytes: body,
    contentType: request.headers['content-type'] ?? '',
  })
})
