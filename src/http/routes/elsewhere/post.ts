import { Trouble } from '../../../kit/errors.ts'
import { serve } from '../../serve.ts'

/** Hands a signed post to its door, byte for byte; what it changes is synced at the next turn. */
export const takeSystemPost = serve('POST /api/elsewhere/:system/posts', async ({ front, params, request }) => {
  const body: unknown = request.body
  if (!Buffer.isBuffer(body)) throw new Trouble('input.invalid', { fields: { body: 'There is no message in it' } })
  return front.work.elsewhere.takePost({ systemId: params.system, headers: request.headers, bytes: body })
})
