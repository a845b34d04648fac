import { Trouble } from '../../../kit/errors.ts'
import { bearerOf } from '../../bearer.ts'
import { serve } from '../../serve.ts'

/** Hands the post to the intake door as it came; the guard saw that the key is somebody's, the door knows addresses and forms. When this answers, the message is committed. */
export const takeIntake = serve('POST /api/intake', async ({ front, request }) => {
  const body: unknown = request.body
  if (body === undefined || body === null)
    throw new Trouble('input.invalid', { fields: { body: 'There is no message in it' } })
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  const receipt = await front.work.takePost({
    bytes,
    contentType: request.headers['content-type'] ?? '',
    key: bearerOf(request),
    sourceAddress: request.ip,
  })
  return receipt
})
