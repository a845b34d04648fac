import { transaction } from '../../../db/open.ts'
import { registrationOf } from '../../../db/passkeys.ts'
import { append } from '../../../ledger/append.ts'
import { checkNewPasskey, keepPasskey, newPasskeyOptions } from '../../passkeys.ts'
import { serve } from '../../serve.ts'

export const morePasskeyOptions = serve('POST /api/me/passkey-options', async (asking) => ({
  ...(await newPasskeyOptions(asking, asking.session().user, 'one-more')),
}))

export const keepOneMorePasskey = serve('POST /api/me/passkeys', async (asking) => {
  const { front, body, session, actor } = asking
  const { user } = session()
  const key = await checkNewPasskey(asking, user.id, 'one-more', body.response)
  await transaction(front.db, async (tx) => {
    await keepPasskey(tx, key, user, body.name, front.clock.now().toISOString())
    await append(tx, { kind: 'user.changed', actor: actor(), subject: actor(), body: registrationOf(key) }, front.clock)
  })
  return { done: true as const }
})
