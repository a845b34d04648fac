import { othersHere } from '../../../db/presence.ts'
import { serve } from '../../serve.ts'

export const showPresence = serve('GET /api/presence', async ({ front, session }) => ({
  here: await othersHere(front.db, session().user.id, front.clock.now()),
}))
