import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { removePasskey } from '../../../db/passkeys.ts'
import { Trouble } from '../../../kit/errors.ts'
import { topicOfUser } from '../../live-hub.ts'
import { checkOtherPasskey, otherPasskeyOptions } from '../../passkeys.ts'
import { userOfPassword } from '../../password-factor.ts'
import { known, serve } from '../../serve.ts'

export const otherPasskeyFor = serve('POST /api/me/passkeys/:id/remove-options', async (asking) => ({
  ...(await otherPasskeyOptions(asking, asking.session().user.id, asking.params.id)),
}))

/** Whoever holds the session alone removes nothing: it takes another factor than the passkey that goes. */
export const removeMyPasskey = serve('POST /api/me/passkeys/:id/remove', async (asking) => {
  const { front, params, body, session, actor } = asking
  const { user, digest } = session()
  if ('response' in body.proof) await checkOtherPasskey(asking, user.id, params.id, body.proof.response)
  else {
    const shown = await userOfPassword(asking, { ...body.proof, email: user.email })
    if (shown.id !== user.id) throw new Trouble('sign-in.refused', { why: 'another account' })
  }
  const factor = 'response' in body.proof ? ('another passkey' as const) : ('password and code' as const)
  await transaction(front.db, async (tx) => {
    const of = { id: params.id, userId: user.id, by: actor(), why: body.why, factor, session: digest }
    known(await removePasskey(tx, of, front.clock))
    await notify(tx, topicOfUser(user.id))
  })
  return { done: true as const }
})
