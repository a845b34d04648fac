import { replyById } from '../../../db/replies.ts'
import { filesOfReply } from '../../../db/reply-files.ts'
import { Trouble } from '../../../kit/errors.ts'
import type { SensitiveSpan } from '../../../model/reply.ts'
import { known, serve } from '../../serve.ts'

/** To keep a sensitive place as it is, a person says why; the other verdicts speak for themselves. */
export const reviewSpan = serve('POST /api/replies/:id/spans', async ({ front, params, body, actor }) => {
  if (body.verdict === 'keep' && (body.keepReason ?? '') === '')
    throw new Trouble('input.invalid', { fields: { keepReason: 'Say why this may leave' } })
  const reply = known(await replyById(front.db, params.id))
  const files = await filesOfReply(front.db, params.id)
  const all = [...reply.spans, ...files.flatMap((file) => [...file.nameSpans, ...file.spans])]
  const one = known(all.find((span) => span.id === body.spanId))
  // In a file that cannot be changed here nothing is redacted: each of its places is said by itself.
  const fixed = new Set(files.flatMap((file) => (file.isPlain ? [] : file.spans.map((span) => span.id))))
  const isAlike = (span: SensitiveSpan) => span.class === one.class && span.text === one.text && !fixed.has(span.id)
  const meant = body.alike ? all.filter((span) => span === one || isAlike(span)) : [one]
  const verdicts = meant.map((span) => ({
    spanId: span.id,
    verdict: body.verdict,
    keepReason: body.verdict === 'keep' ? body.keepReason : null,
  }))
  return { version: await front.work.reply.review(params.id, verdicts, body.version, actor()) }
})
