import { userOfPassword } from '../../password-factor.ts'
import { serve } from '../../serve.ts'
import { signIn } from '../../sign-in.ts'

export const signInWithPassword = serve('POST /api/sign-in/password', async (asking) => {
  const user = await userOfPassword(asking, asking.body)
  await signIn(asking, user, 'password')
  return { user }
})
