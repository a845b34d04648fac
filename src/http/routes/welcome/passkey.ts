import { type Db, transaction } from '../../../db/open.ts'
import { registrationOf } from '../../../db/passkeys.ts'
import { useLink } from '../../../db/sessions.ts'
import { userById } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import type { User } from '../../../model/user.ts'
import { livingLink } from '../../links.ts'
import { checkNewPasskey, keepPasskey, type NewPasskey, newPasskeyOptions } from '../../passkeys.ts'
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
    if (link.purpose === 'renew') return renewed(asking, tx, link.payload.userId, key)
    const made = await makeUser(tx, front.clock, body.token, link.payload, body, {
      passwordHash: null,
      totpSealed: null,
      totpLastStep: 0,
    })
    await keepPasskey(tx, key, made, 'First passkey', made.createdAt)
    await signIn(asking, made, 'passkey', { tx, passkey: key.id })
    return made
  })
  return { user }
})

/** A new passkey for somebody who lost the only one; the link is used up. */
async function renewed(
  asking: Parameters<typeof signIn>[0] & { readonly body: { readonly token: string } },
  tx: Db,
  userId: string,
  key: NewPasskey,
): Promise<User> {
  const { front, body } = asking
  const user = await userById(tx, userId)
  const now = front.clock.now()
  if (user === null || user.disabled || !(await useLink(tx, body.token, now))) throw new Trouble('link.over')
  await keepPasskey(tx, key, user, 'New passkey', now.toISOString())
  const who = `user:${user.id}`
  const said = { ...registrationOf(key), byLink: true }
  await append(tx, { kind: 'user.changed', actor: who, subject: who, body: said }, front.clock)
  await signIn(asking, user, 'passkey', { tx, passkey: key.id })
  return user
}
