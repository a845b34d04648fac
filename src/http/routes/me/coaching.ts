import { setCoaching } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

export const switchCoaching = serve('POST /api/me/coaching', async ({ front, body, session }) => {
  await setCoaching(front.db, session().user.id, body.on)
  return { done: true as const }
})
