import { transaction } from '../../../db/open.ts'
import { livingLink } from '../../links.ts'
import { checkNewPasskey, keepPasskey, newPasskeyOptions } from '../../passkeys.ts'
import { serve } from '../../serve.ts'
import { signIn } from '../../sign-in.ts'
import { makeUser } from './user.ts'

export const welcomePasskeyOptions = serve('POST /api/welcome/passkey-options', async (asking) => {
  const { payload } = await livingLink(asking.front.db, asking.front.clock, asking.body.token)
  return {
    ...(await newPasskeyOptions(
      asking,
      { id: payload.userId, email: asking.body.email, name: asking.body.name },
      'welcome',
    )),
  }
})

export const welcomeWithPasskey = serve('POST /api/welcome/passkey', async (asking) => {
  const { front, body } = asking
  const { payload } = await livingLink(front.db, front.clock, body.token)
  const key = await checkNewPasskey(asking, payload.userId, 'welcome', body.response)
  const user = await transaction(front.db, async (tx) => {
    const link = await livingLink(tx, front.clock, body.token, true)
    const made = await makeUser(tx, front.clock, body.token, link.payload, body, {
      passwordHash: null,
      totpSealed: null,
      totpLastStep: 0,
    })
    await keepPasskey(tx, key, made, 'First passkey', made.createdAt)
    await signIn(asking, made, 'passkey', tx)
    return made
  })
  return { user }
})
