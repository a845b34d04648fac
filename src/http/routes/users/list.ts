import { listUsers } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

export const showUsers = serve('GET /api/users', async ({ front }) => {
  const users = await listUsers(front.db)
  return { users: users.map(({ user, ...rest }) => ({ ...user, ...rest })) }
})
