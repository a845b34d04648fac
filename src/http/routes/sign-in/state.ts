import { anySample } from '../../../db/desk-front.ts'
import { countUsers } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

export const signInState = serve('GET /api/sign-in', async ({ front, site }) => ({
  hasUsers: (await countUsers(front.db)) > 0,
  passkeys: site.passkeys,
  sso: front.settings.config.sso === undefined ? null : { title: front.settings.config.sso.title },
  sample: await anySample(front.db),
}))
