import { scopesOf } from '../../../contract/permissions.ts'
import { listServiceAccounts } from '../../../db/api-keys.ts'
import { serve } from '../../serve.ts'

export const showServiceAccounts = serve('GET /api/service-accounts', async ({ front }) => {
  const accounts = await listServiceAccounts(front.db)
  return { accounts: accounts.map((one) => ({ ...one, scopes: scopesOf(one.role), keys: [...one.keys] })) }
})
