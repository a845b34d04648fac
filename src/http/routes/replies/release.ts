import { assertionOf, signingOptions } from '../../approvals.ts'
import { serve } from '../../serve.ts'

export const releaseReply = serve('POST /api/replies/:id/release', async ({ front, params, body, actor }) => {
  const how = await front.work.reply.release(params.id, body.version, actor(), body.through)
  return { done: true as const, waitsForSecond: how === 'second' }
})

export const secondReply = serve('POST /api/replies/:id/second', async ({ front, params, body, actor }) => {
  await front.work.reply.second(params.id, body.digest, body.yes, body.why, actor())
  return { done: true as const }
})

export const giveReleaseStatement = serve('POST /api/replies/:id/statement', async (asking) => {
  const { front, site, params, body, actor } = asking
  const page = { origin: site.url.origin, rpId: site.url.hostname }
  const given = await front.work.reply.prepareRelease(params.id, body, actor(), page)
  const options = await signingOptions(asking, given.userId, new Uint8Array(given.challenge))
  return { statement: given.statement, options: { ...options } }
})

export const takeReleaseSignature = serve('POST /api/replies/:id/signature', async (asking) => {
  const { front, params, body, actor } = asking
  const how = await front.work.reply.signRelease(params.id, actor(), await assertionOf(asking, body.response))
  return { done: true as const, waitsForSecond: how === 'second' }
})
