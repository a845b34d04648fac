import { may, permissionsOf } from '../../../contract/permissions.ts'
import { anySample } from '../../../db/desk-front.ts'
import { passkeysOf } from '../../../db/passkeys.ts'
import { countAlerts } from '../../../db/tally.ts'
import { coachingOf, secretsOfEmail } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

export const showMe = serve('GET /api/me', async ({ front, session }) => {
  const { user, method } = session()
  const passkeys = await passkeysOf(front.db, user.id)
  const secrets = await secretsOfEmail(front.db, user.email)
  return {
    user,
    permissions: permissionsOf(user.role),
    method,
    passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt, lastUsedAt })),
    hasPassword: secrets?.passwordHash != null,
    timeZone: front.settings.config.businessHours.timeZone,
    // How much there is is for those who may see it.
    alerts: may(user.role, 'desk.see') ? await countAlerts(front.db) : 0,
    sample: await anySample(front.db),
    coaching: await coachingOf(front.db, user.id),
  }
})
