import { revokePasskeyLinks } from '../../../db/invitations.ts'
import { transaction } from '../../../db/open.ts'
import { registrationOf } from '../../../db/passkeys.ts'
import { append } from '../../../ledger/append.ts'
import { checkOwner } from '../../another-factor.ts'
import { checkNewPasskey, keepPasskey, newPasskeyOptions, ownPasskeyOptions, toAdd } from '../../passkeys.ts'
import { serve } from '../../serve.ts'

export const ownPasskeyFor = serve('POST /api/me/passkeys/add-options', async (asking) => ({
  ...(await ownPasskeyOptions(asking, asking.session().user.id, toAdd)),
}))

/** The challenge goes to whoever has shown that it is them. */
export const morePasskeyOptions = serve('POST /api/me/passkey-options', async (asking) => {
  await checkOwner(asking, asking.body.proof)
  return { ...(await newPasskeyOptions(asking, asking.session().user, 'one-more')) }
})

export const keepOneMorePasskey = serve('POST /api/me/passkeys', async (asking) => {
  const { front, body, session, actor } = asking
  const { user } = session()
  const key = await checkNewPasskey(asking, user.id, 'one-more', body.response)
  await transaction(front.db, async (tx) => {
    await keepPasskey(tx, key, user, body.name, front.clock.now().toISOString())
    await revokePasskeyLinks(tx, user.id, front.clock.now())
    await append(tx, { kind: 'user.changed', actor: actor(), subject: actor(), body: registrationOf(key) }, front.clock)
  })
  return { done: true as const }
})
