import { countUsers } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

/** Ready when the database answers; nothing else is for strangers. */
export const showHealth = serve('GET /api/health', async ({ front }) => {
  await countUsers(front.db)
  return { ready: true }
})
