import { providerNames } from '../../../db/desk-front.ts'
import { listUsers } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

export const showTicketing = serve('GET /api/ticketing', async ({ front }) => {
  const [rules, users, providers] = await Promise.all([
    front.work.tickets.rules(),
    listUsers(front.db),
    providerNames(front.db),
  ])
  const people = users.filter(({ user }) => !user.disabled).map(({ user: { email, name } }) => ({ email, name }))
  return { ...rules, people, providers }
})
