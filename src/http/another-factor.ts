import type { z } from 'zod'
import type { Factor } from '../contract/sign-in.ts'
import { hadPasskey, hasFactor } from '../db/passkeys.ts'
import { Trouble } from '../kit/errors.ts'
import { checkOwnPasskey, type ShownFor, toAdd } from './passkeys.ts'
import { userOfPassword } from './password-factor.ts'
import type { Asking } from './serve.ts'

type At = Pick<Asking<'POST /api/me/passkey-options'>, 'front' | 'site' | 'request' | 'session'>

/**
 * Whoever holds the session alone changes no passkey: it takes a factor that a stolen cookie does not bring along. By which one it was shown.
 * Throws Trouble('sign-in.refused').
 */
export async function checkFactor(
  at: At,
  what: ShownFor,
  proof: z.output<typeof Factor>,
): Promise<'another passkey' | 'password and code'> {
  const { user } = at.session()
  if ('response' in proof) {
    await checkOwnPasskey(at, user.id, what, proof.response)
    return 'another passkey'
  }
  const shown = await userOfPassword(at, { ...proof, email: user.email })
  if (shown.id !== user.id) throw new Trouble('sign-in.refused', { why: 'another account' })
  return 'password and code'
}

/**
 * Before a way in is added to an account: a passkey signs releases and removes others, an identity signs in as its owner. Only where there is no
 * factor and never was a passkey (an account of the identity provider) the session is all there is; later it may be one on the device that was
 * lost. Throws Trouble('sign-in.refused' | 'input.invalid').
 */
export async function checkOwner(at: At, proof: z.output<typeof Factor> | null): Promise<void> {
  const { user } = at.session()
  if (proof !== null) await checkFactor(at, toAdd, proof)
  else if ((await hasFactor(at.front.db, user)) || (await hadPasskey(at.front.db, user.id)))
    throw new Trouble('input.invalid', {
      fields: {
        proof:
          'Show that it is you: by a passkey that you have, or by password and one-time code. Who has neither gets a link from an administrator',
      },
    })
}
