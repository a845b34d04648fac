import { portalReplyBytes, providerScopeOf } from '../../../db/limited.ts'
import { apiAnswerIn } from '../../../model/provider-api.ts'
import { sendAsDownload } from '../../download.ts'
import { noteProviderLook } from '../../provider-gate.ts'
import { known, serve } from '../../serve.ts'

/** What they were sent already, once more. */
export const downloadPortalReply = serve(
  'GET /api/portal/replies/:id/raw',
  async ({ front, params, reply, session, request }) => {
    const bytes = known(await portalReplyBytes(front.db, providerScopeOf(session().user), params.id))
    await noteProviderLook(front, session(), { what: 'download', subject: params.id, address: request.ip })
    // What went through their API is what was said to it, in JSON.
    const ending = apiAnswerIn(bytes) === null ? 'eml' : 'json'
    return sendAsDownload(reply, `reply-${params.id.slice(0, 8)}.${ending}`, bytes)
  },
)
