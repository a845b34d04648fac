import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { removePasskey } from '../../../db/passkeys.ts'
import { checkFactor } from '../../another-factor.ts'
import { topicOfUser } from '../../live-hub.ts'
import { ownPasskeyOptions, toRemove } from '../../passkeys.ts'
import { known, serve } from '../../serve.ts'

export const otherPasskeyFor = serve('POST /api/me/passkeys/:id/remove-options', async (asking) => ({
  ...(await ownPasskeyOptions(asking, asking.session().user.id, toRemove(asking.params.id))),
}))

/** Whoever holds the session alone removes nothing: it takes another factor than the passkey that goes. */
export const removeMyPasskey = serve('POST /api/me/passkeys/:id/remove', async (asking) => {
  const { front, params, body, session, actor } = asking
  const { user, digest } = session()
  const factor = await checkFactor(asking, toRemove(params.id), body.proof)
  await transaction(front.db, async (tx) => {
    const of = { id: params.id, userId: user.id, by: actor(), why: body.why, factor, session: digest }
    known(await removePasskey(tx, of, front.clock))
    await notify(tx, topicOfUser(user.id))
  })
  return { done: true as const }
})
