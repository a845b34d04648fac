import { isTrouble } from '../../../kit/errors.ts'
import { signInOptions, userOfPasskey } from '../../passkeys.ts'
import { serve } from '../../serve.ts'
import { noteRefusal, signIn } from '../../sign-in.ts'

export const passkeyOptions = serve('POST /api/sign-in/passkey-options', async (asking) => ({
  ...(await signInOptions(asking)),
}))

export const signInWithPasskey = serve('POST /api/sign-in/passkey', async (asking) => {
  const { user, passkey } = await userOfPasskey(asking, asking.body.response).catch(async (error: unknown) => {
    if (isTrouble(error, 'sign-in.refused')) {
      await noteRefusal(asking.front, 'user:unknown', String(error.details['step'] ?? 'passkey'), asking.request.ip)
    }
    throw error
  })
  await signIn(asking, user, 'passkey', { passkey })
  return { user }
})
