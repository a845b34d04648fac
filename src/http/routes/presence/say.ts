import { sayGone, sayHere } from '../../../db/presence.ts'
import { serve } from '../../serve.ts'

export const sayPresence = serve('POST /api/presence', async ({ front, body, session }) => {
  const { tab, alertId, doing } = body
  const userId = session().user.id
  if (doing === 'gone') await sayGone(front.db, { tab, userId, alertId })
  else await sayHere(front.db, { tab, userId, alertId, doing }, front.clock.now())
  return { done: true as const }
})
