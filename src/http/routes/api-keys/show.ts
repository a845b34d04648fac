import { scopesOf } from '../../../contract/permissions.ts'
import { serve } from '../../serve.ts'

/** What a program sees of its own key. What its role has lost since, the key has lost, too. */
export const showKey = serve('GET /api/key', async ({ session }) => {
  const { user, key, expiresAt } = session()
  const scopes = scopesOf(user.role).filter((scope) => key?.scopes.includes(scope))
  return { account: user.name, role: user.role, name: key?.name ?? '', scopes, expiresAt }
})
