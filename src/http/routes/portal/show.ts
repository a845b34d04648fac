import { portalAlert, providerScopeOf } from '../../../db/limited.ts'
import { noteProviderLook } from '../../provider-gate.ts'
import { known, serve } from '../../serve.ts'

/** The text is read out of the bytes that left, never out of the draft, in which nothing is redacted yet. */
export const showPortalAlert = serve('GET /api/portal/alerts/:id', async ({ front, params, session, request }) => {
  const { alert, replies } = known(await portalAlert(front.db, providerScopeOf(session().user), params.id))
  await noteProviderLook(front, session(), { what: 'ticket', subject: params.id, address: request.ip })
  return {
    alert,
    replies: await Promise.all(
      replies.map(async ({ bytes, ...reply }) => ({ ...reply, ...(await front.work.reply.readSent(bytes)) })),
    ),
  }
})
