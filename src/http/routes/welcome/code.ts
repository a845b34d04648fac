import { transaction } from '../../../db/open.ts'
import { noteOnLink } from '../../../db/sessions.ts'
import { seal } from '../../../kit/seal.ts'
import { newTotpSecret, totpUri } from '../../../kit/totp.ts'
import { livingLink } from '../../links.ts'
import { serve } from '../../serve.ts'

/** The secret waits with the link, sealed, until a first code shows that the authenticator has it. */
export const newCode = serve('POST /api/welcome/code', async ({ front, body }) => {
  const secret = newTotpSecret()
  await transaction(front.db, async (tx) => {
    const { payload } = await livingLink(tx, front.clock, body.token, true)
    const sealed = seal(front.sealKey, secret, `totp|${payload.userId}`).toString('base64')
    await noteOnLink(tx, body.token, { ...payload, totp: { email: body.email, sealed } })
  })
  return { secret, uri: totpUri(secret, body.email, 'Counterfoil') }
})
