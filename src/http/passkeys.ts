import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { Db } from '../db/open.ts'
import { addPasskey, type Passkey, passkeyById, passkeysOf, passkeysOfUserMax, usePasskey } from '../db/passkeys.ts'
import { keepChallenge, takeChallenge } from '../db/sessions.ts'
import { userById } from '../db/users.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import type { User } from '../model/user.ts'
import type { Front } from './front.ts'
import type { Site } from './serve.ts'

type At = { readonly front: Front; readonly site: Site }

/** EdDSA, ES256, RS256: what every authenticator on sale speaks. */
const algorithms = [-8, -7, -257]

function needsPasskeys(site: Site): void {
  if (!site.passkeys.possible) throw new Trouble('input.invalid', { fields: { passkey: site.passkeys.says } })
}

/** Options for a new passkey. The key must be able to name its owner by itself (resident) and must verify the person (PIN, finger...). */
export async function newPasskeyOptions(
  at: At,
  user: { readonly id: string; readonly email: string; readonly name: string },
  purpose: string,
) {
  needsPasskeys(at.site)
  const existing = await passkeysOf(at.front.db, user.id)
  if (existing.length >= passkeysOfUserMax) throw new Trouble('state.conflict', { passkeys: existing.length })
  const options = await generateRegistrationOptions({
    rpName: 'Counterfoil',
    rpID: at.site.url.hostname,
    userName: user.email,
    userDisplayName: user.name,
    userID: new TextEncoder().encode(user.id),
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: existing.map((key) => ({ id: key.id })),
    supportedAlgorithmIDs: algorithms,
  })
  const kept = await keepChallenge(at.front.db, options.challenge, purpose, user.id, at.front.clock.now())
  if (!kept) throw new Trouble('rate.limited')
  return options
}

export type NewPasskey = Omit<Parameters<typeof addPasskey>[1], 'name' | 'userId' | 'createdAt'>

/** Checks what the browser made of our options. The key is taken from the signed authenticator data, never from `publicKey`, which is not signed. */
export async function checkNewPasskey(at: At, userId: string, purpose: string, response: unknown): Promise<NewPasskey> {
  needsPasskeys(at.site)
  const answer = response as RegistrationResponseJSON
  const checked = await verifyRegistrationResponse({
    response: answer,
    expectedChallenge: (challenge) => takeChallenge(at.front.db, challenge, purpose, userId, at.front.clock.now()),
    expectedOrigin: at.site.url.origin,
    expectedRPID: at.site.url.hostname,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  }).catch((error: unknown) => {
    throw new Trouble('sign-in.refused', { step: 'new passkey' }, error)
  })
  if (!checked.verified) throw new Trouble('sign-in.refused', { step: 'new passkey' })
  const { credential, credentialBackedUp, attestationObject } = checked.registrationInfo
  return {
    id: credential.id,
    publicKey: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports: [...(credential.transports ?? [])],
    backedUp: credentialBackedUp,
    attestation: attestationObject,
  }
}

/** Keeps a checked passkey. */
export async function keepPasskey(
  db: Db,
  key: NewPasskey,
  user: { readonly id: string },
  name: string,
  createdAt: string,
): Promise<void> {
  await addPasskey(db, { ...key, userId: user.id, name, createdAt })
}

/** Options for signing in: no list of keys, so that nobody learns who has an account; the key names its owner. */
export async function signInOptions(at: At) {
  needsPasskeys(at.site)
  const options = await generateAuthenticationOptions({ rpID: at.site.url.hostname, userVerification: 'required' })
  const kept = await keepChallenge(at.front.db, options.challenge, 'sign-in', null, at.front.clock.now())
  if (!kept) throw new Trouble('rate.limited')
  return options
}

/** What one shows a passkey for: a challenge for one act is good for no other. `besides`: the passkey that shows nothing here. */
export type ShownFor = { readonly purpose: string; readonly besides: string | null }
/** A way in: a passkey, or who one is at the identity provider. */
export const toAdd: ShownFor = { purpose: 'add', besides: null }
export const toRemove = (id: string): ShownFor => ({ purpose: `remove ${sha256Hex(id).slice(0, 32)}`, besides: id })

/** Options for showing by a passkey that it is me who does this. Throws Trouble('input.invalid') where there is none that could. */
export async function ownPasskeyOptions(at: At, userId: string, what: ShownFor) {
  needsPasskeys(at.site)
  const others = (await passkeysOf(at.front.db, userId)).filter(({ id }) => id !== what.besides)
  if (others.length === 0) throw new Trouble('input.invalid', { fields: { passkey: 'There is no other passkey' } })
  const options = await generateAuthenticationOptions({
    ...{ rpID: at.site.url.hostname, userVerification: 'required' },
    allowCredentials: others.map(({ id, transports }) => ({ id, transports: transports as never })),
  })
  const kept = await keepChallenge(at.front.db, options.challenge, what.purpose, userId, at.front.clock.now())
  if (!kept) throw new Trouble('rate.limited')
  return options
}

/** Checks the answer to these options. Throws Trouble('sign-in.refused'): also for the passkey that is to be removed, and for one of somebody else. */
export async function checkOwnPasskey(at: At, userId: string, what: ShownFor, response: unknown): Promise<void> {
  const key = await passkeyThatSigned(at, { purpose: what.purpose, userId }, response)
  if (key.userId !== userId || key.id === what.besides)
    throw new Trouble('sign-in.refused', { step: 'another passkey' })
}

/** Who signed the challenge, and by which of their passkeys. Throws Trouble('sign-in.refused'). */
export async function userOfPasskey(
  at: At,
  response: unknown,
): Promise<{ readonly user: User; readonly passkey: string }> {
  const key = await passkeyThatSigned(at, { purpose: 'sign-in', userId: null }, response)
  const user = await userById(at.front.db, key.userId)
  if (user === null || user.disabled) throw new Trouble('sign-in.refused', { step: 'shut account' })
  return { user, passkey: key.id }
}

/** The passkey that signed a challenge of ours, which is used up by it. */
async function passkeyThatSigned(
  at: At,
  given: { readonly purpose: string; readonly userId: string | null },
  response: unknown,
): Promise<Passkey> {
  needsPasskeys(at.site)
  const answer = response as AuthenticationResponseJSON
  const key = await passkeyById(at.front.db, answer.id)
  if (key === null) throw new Trouble('sign-in.refused', { step: 'unknown passkey' })
  const now = at.front.clock.now()
  const checked = await verifyAuthenticationResponse({
    response: answer,
    expectedChallenge: (challenge) => takeChallenge(at.front.db, challenge, given.purpose, given.userId, now),
    expectedOrigin: at.site.url.origin,
    expectedRPID: at.site.url.hostname,
    credential: { id: key.id, publicKey: new Uint8Array(key.publicKey), counter: key.counter },
    requireUserVerification: true,
  }).catch((error: unknown) => {
    throw new Trouble('sign-in.refused', { step: 'passkey' }, error)
  })
  if (!checked.verified) throw new Trouble('sign-in.refused', { step: 'passkey' })
  if (!(await usePasskey(at.front.db, key.id, key.counter, checked.authenticationInfo.newCounter, now)))
    throw new Trouble('sign-in.refused', { step: 'passkey counter' })
  return key
}
