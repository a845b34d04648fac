import { revokePasskeyLinks } from '../../../db/invitations.ts'
import { notify } from '../../../db/live.ts'
import { type Db, transaction } from '../../../db/open.ts'
import { hadPasskey, hasFactor, passkeysOf, removePasskey } from '../../../db/passkeys.ts'
import { addLink } from '../../../db/sessions.ts'
import { userById } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import type { User } from '../../../model/user.ts'
import type { Front } from '../../front.ts'
import { addressOfLink, inviteMs, type LinkPayload } from '../../links.ts'
import { topicOfUser } from '../../live-hub.ts'
import { known, serve } from '../../serve.ts'

export const showPasskeysOfUser = serve('GET /api/users/:id/passkeys', async ({ front, params }) => {
  const user = known(await userById(front.db, params.id))
  const passkeys = await passkeysOf(front.db, params.id)
  return {
    passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt, lastUsedAt })),
    mayHaveLink: await isShutOut(front.db, user),
  }
})

/** Somebody who signed in by a passkey, and whom only a link lets register another. */
const isShutOut = async (db: Db, user: User): Promise<boolean> =>
  !user.disabled && (await hadPasskey(db, user.id)) && !(await hasFactor(db, user))

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
      return { link: (await isShutOut(tx, user)) ? await linkFor(front, tx, user, session().user) : null }
    })
  },
)

/** The same link once more, where it was not used in its week, or never reached them; the one before ends with it. */
export const makePasskeyLink = serve('POST /api/users/:id/passkey-link', async ({ front, params, body, session }) => {
  const user = known(await userById(front.db, params.id))
  return transaction(front.db, async (tx) => {
    if (!(await isShutOut(tx, user)))
      throw new Trouble('state.conflict', { fields: { user: 'They have a way in, or the account is shut' } })
    return { link: await linkFor(front, tx, user, session().user, body.reason) }
  })
})

async function linkFor(
  front: Front,
  tx: Db,
  user: User,
  by: Pick<User, 'id'>,
  why?: string,
): Promise<{ readonly address: string; readonly expiresAt: string }> {
  const now = front.clock.now()
  const expiresAt = new Date(now.getTime() + inviteMs)
  const payload: LinkPayload = {
    ...{ userId: user.id, email: user.email, role: user.role, providerId: user.providerId },
    ...{ invitedBy: by.id, totp: null },
  }
  await revokePasskeyLinks(tx, user.id, now)
  const token = await addLink(tx, 'renew', payload, now, expiresAt)
  const body = { newPasskeyLink: true, ...(why === undefined ? {} : { why }) }
  await append(tx, { kind: 'user.changed', actor: `user:${by.id}`, subject: `user:${user.id}`, body }, front.clock)
  return { address: addressOfLink(front.settings, token), expiresAt: expiresAt.toISOString() }
}
