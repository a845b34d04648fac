import { transaction } from '../../../db/open.ts'
import { Trouble } from '../../../kit/errors.ts'
import { unseal } from '../../../kit/seal.ts'
import { totpStepOf } from '../../../kit/totp.ts'
import { livingLink } from '../../links.ts'
import { hashOfPassword } from '../../passwords.ts'
import { serve } from '../../serve.ts'
import { signIn } from '../../sign-in.ts'
import { makeUser } from './user.ts'

export const welcomeWithPassword = serve('POST /api/welcome/password', async (asking) => {
  const { front, body } = asking
  const passwordHash = await hashOfPassword(body.password)
  const user = await transaction(front.db, async (tx) => {
    const { payload } = await livingLink(tx, front.clock, body.token, true)
    if (payload.totp === null)
      throw new Trouble('input.invalid', { fields: { code: 'Set up the authenticator first' } })
    const totpSealed = Buffer.from(payload.totp.sealed, 'base64')
    const step = totpStepOf(unseal(front.sealKey, totpSealed, `totp|${payload.userId}`), body.code, front.clock.now())
    if (step === null)
      throw new Trouble('input.invalid', {
        fields: { code: 'This is not the code of now; check the clock of the phone' },
      })
    const made = await makeUser(tx, front.clock, body.token, payload, body, {
      passwordHash,
      totpSealed,
      totpLastStep: step,
    })
    await signIn(asking, made, 'password', { tx })
    return made
  })
  return { user }
})
