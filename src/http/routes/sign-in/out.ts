import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { endSession, endSessionsOf } from '../../../db/sessions.ts'
import { append } from '../../../ledger/append.ts'
import { topicOfUser } from '../../live-hub.ts'
import { serve } from '../../serve.ts'

export const signOut = serve('POST /api/sign-out', async ({ front, session, actor, reply, site }) => {
  const { id, user } = session()
  await transaction(front.db, async (tx) => {
    // Signed out twice at once is signed out once.
    if ((await endSession(tx, id, user.id)) === null) return
    await append(
      tx,
      { kind: 'user.signed-out', actor: actor(), subject: `user:${user.id}`, body: { session: id } },
      front.clock,
    )
    await notify(tx, topicOfUser(user.id))
  })
  reply.clearCookie(site.cookieName, { path: '/', httpOnly: true, sameSite: 'strict', secure: site.secure })
  return { done: true as const }
})

export const signOutEverywhere = serve(
  'POST /api/sign-out/everywhere',
  async ({ front, session, actor, reply, site }) => {
    const { user } = session()
    await transaction(front.db, async (tx) => {
      await endSessionsOf(tx, user.id)
      await append(
        tx,
        { kind: 'user.signed-out', actor: actor(), subject: `user:${user.id}`, body: { sessions: 'all' } },
        front.clock,
      )
      await notify(tx, topicOfUser(user.id))
    })
    reply.clearCookie(site.cookieName, { path: '/', httpOnly: true, sameSite: 'strict', secure: site.secure })
    return { done: true as const }
  },
)
