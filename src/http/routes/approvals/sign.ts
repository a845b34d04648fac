import { approvalPage, assertionOf, signingOptions } from '../../approvals.ts'
import { known, serve } from '../../serve.ts'

export const showApproval = serve('GET /api/approve/:token', async ({ front, params }) =>
  approvalPage(front.db, known(await front.work.approvals.standing(params.token))),
)

export const giveStatement = serve('POST /api/approve/:token/statement', async (asking) => {
  const { front, site, params, body } = asking
  const page = { origin: site.url.origin, rpId: site.url.hostname }
  const given = await front.work.approvals.prepare(params.token, body, page)
  const options = await signingOptions(asking, given.userId, new Uint8Array(given.challenge))
  return { statement: given.statement, options: { ...options } }
})

export const takeApprovalSignature = serve('POST /api/approve/:token/signature', async (asking) => {
  const { front, params, body } = asking
  known(await front.work.approvals.standing(params.token))
  await front.work.approvals.sign(params.token, await assertionOf(asking, body.response))
  return { done: true as const }
})

export const askBeforeSigning = serve('POST /api/approve/:token/question', async ({ front, params, body }) => {
  await front.work.approvals.question(params.token, body.text)
  return { done: true as const }
})

export const handApprovalOver = serve('POST /api/approve/:token/hand-over', async ({ front, params, body }) => {
  await front.work.approvals.handOver(params.token, body.to)
  return { done: true as const }
})
