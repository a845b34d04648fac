import { endSession } from '../../../db/sessions.ts'
import { serve } from '../../serve.ts'

export const signOut = serve('POST /api/sign-out', async ({ front, session, reply, site }) => {
  await endSession(front.db, session().id, session().user.id)
  reply.clearCookie(site.cookieName, { path: '/', httpOnly: true, sameSite: 'strict', secure: site.secure })
  return { done: true as const }
})
