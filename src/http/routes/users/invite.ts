import { transaction } from '../../../db/open.ts'
import { addLink } from '../../../db/sessions.ts'
import { secretsOfEmail } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { addressOfLink, inviteMs, type LinkPayload } from '../../links.ts'
import { serve } from '../../serve.ts'
import { providerFor } from './bound.ts'

export const inviteUser = serve('POST /api/users/invite', async ({ front, body, session, actor }) => {
  if ((await secretsOfEmail(front.db, body.email)) !== null) {
    throw new Trouble('input.invalid', { fields: { email: 'Somebody signs in with this address already' } })
  }
  const now = front.clock.now()
  const expiresAt = new Date(now.getTime() + inviteMs)
  const payload: LinkPayload = {
    userId: crypto.randomUUID(),
    email: body.email,
    role: body.role,
    providerId: await providerFor(front.db, body.role, body.providerId),
    invitedBy: session().user.id,
    totp: null,
  }
  const token = await transaction(front.db, async (tx) => {
    await append(
      tx,
      {
        kind: 'user.changed',
        actor: actor(),
        subject: `user:${payload.userId}`,
        body: { invited: body.role, providerId: payload.providerId },
      },
      front.clock,
    )
    return addLink(tx, 'invite', payload, now, expiresAt)
  })
  return { link: addressOfLink(front.settings, token), expiresAt: expiresAt.toISOString() }
})
