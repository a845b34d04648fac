import { replyById } from '../../../db/replies.ts'
import { Trouble } from '../../../kit/errors.ts'
import { known, serve } from '../../serve.ts'

/** To keep a sensitive place as it is, a person says why; the other verdicts speak for themselves. */
export const reviewSpan = serve('POST /api/replies/:id/spans', async ({ front, params, body, actor }) => {
  if (body.verdict === 'keep' && (body.keepReason ?? '') === '')
    throw new Trouble('input.invalid', { fields: { keepReason: 'Say why this may leave' } })
  const reply = known(await replyById(front.db, params.id))
  const one = known(reply.spans.find((span) => span.id === body.spanId))
  const meant = body.alike ? reply.spans.filter((span) => span.class === one.class && span.text === one.text) : [one]
  const verdicts = meant.map((span) => ({
    spanId: span.id,
    verdict: body.verdict,
    keepReason: body.verdict === 'keep' ? body.keepReason : null,
  }))
  return { version: await front.work.reply.review(params.id, verdicts, body.version, actor()) }
})
