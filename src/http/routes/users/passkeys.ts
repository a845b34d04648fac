import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { passkeysOf, removePasskey } from '../../../db/passkeys.ts'
import { addLink } from '../../../db/sessions.ts'
import { secretsOfEmail, userById } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { addressOfLink, inviteMs, type LinkPayload } from '../../links.ts'
import { topicOfUser } from '../../live-hub.ts'
import { known, serve } from '../../serve.ts'

export const showPasskeysOfUser = serve('GET /api/users/:id/passkeys', async ({ front, params }) => {
  known(await userById(front.db, params.id))
  const passkeys = await passkeysOf(front.db, params.id)
  return { passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt, lastUsedAt })) }
})

/**
 * An administrator removes a passkey that somebody lost, with the reason. Not one of their own: that takes another factor, as for anybody. Where
 * no way in is left, the link for a new passkey comes back, to be handed over by a way that is trusted.
 */
export const removePasskeyOfUser = serve(
  'POST /api/users/:id/passkeys/:passkey/remove',
  async ({ front, params, body, session, actor }) => {
    if (session().user.id === params.id)
      throw new Trouble('input.invalid', {
        fields: { passkey: 'Your own is removed under Settings, Me, with another factor' },
      })
    const user = known(await userById(front.db, params.id))
    return transaction(front.db, async (tx) => {
      const of = { id: params.passkey, userId: user.id, by: actor(), why: body.reason, factor: null, session: null }
      known(await removePasskey(tx, of, front.clock))
      await notify(tx, topicOfUser(user.id))
      const hasPassword = (await secretsOfEmail(tx, user.email))?.passwordHash != null
      if (user.disabled || hasPassword || (await passkeysOf(tx, user.id)).length > 0) return { link: null }
      const expiresAt = new Date(front.clock.now().getTime() + inviteMs)
      const payload: LinkPayload = {
        ...{ userId: user.id, email: user.email, role: user.role, providerId: user.providerId },
        ...{ invitedBy: session().user.id, totp: null },
      }
      const token = await addLink(tx, 'renew', payload, front.clock.now(), expiresAt)
      const about = { actor: actor(), subject: `user:${user.id}`, body: { newPasskeyLink: true } }
      await append(tx, { kind: 'user.changed', ...about }, front.clock)
      return { link: { address: addressOfLink(front.settings, token), expiresAt: expiresAt.toISOString() } }
    })
  },
)
