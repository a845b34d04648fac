import { may } from '../../../contract/permissions.ts'
import { listSessions } from '../../../db/sessions.ts'
import { serve } from '../../serve.ts'

export const showSessions = serve('GET /api/sessions', async ({ front, session }) => {
  const me = session()
  const everybody = may(me.user.role, 'user.manage')
  const sessions = await listSessions(front.db, everybody ? null : me.user.id, front.clock.now())
  return {
    sessions: sessions.map(({ user, digest, ...rest }) => ({
      ...rest,
      userName: user.name,
      userEmail: user.email,
      current: digest === me.digest,
    })),
  }
})
