import { transaction } from '../../../db/open.ts'
import { isTrouble } from '../../../kit/errors.ts'
import { serve } from '../../serve.ts'
import { noteRefusal, signIn } from '../../sign-in.ts'
import { endSso, flowCookieOf, forgetFlowCookie, ssoOf } from '../../sso.ts'
import { tieIdentity, userOfSso } from '../../sso-user.ts'

/** Where the identity provider sends the browser back to. It goes to one of two pages of ours, and nothing of the request says which. */
export const endOfSso = serve('GET /api/sign-in/sso/callback', async (asking) => {
  const { front, request, reply } = asking
  const sso = ssoOf(front)
  try {
    const { person, userId } = await endSso(asking, flowCookieOf(asking), request.url)
    await transaction(front.db, async (tx) => {
      const at = { tx, sso, clock: front.clock }
      const user = userId === null ? await userOfSso(at, person) : await tieIdentity(at, person, userId)
      if (userId === null) await signIn(asking, user, 'sso', { tx })
    })
    forgetFlowCookie(asking)
    return await reply.redirect(userId === null ? '/' : '/settings/me', 303)
  } catch (error) {
    if (!isTrouble(error, 'sign-in.refused')) throw error
    front.log.info({ err: error, details: error.details }, 'a sign-in by the identity provider was refused')
    await noteRefusal(front, 'user:unknown', String(error.details['step'] ?? 'sso'), request.ip)
    forgetFlowCookie(asking)
    return reply.redirect('/sign-in?sso=refused', 303)
  }
})
