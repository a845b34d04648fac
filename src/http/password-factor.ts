import type { FastifyRequest } from 'fastify'
import { forgetMisses, noteMiss, waitsUntil } from '../db/sign-in-misses.ts'
import { secretsOfEmail, useTotpStep } from '../db/users.ts'
import { Trouble } from '../kit/errors.ts'
import { peerNetwork } from '../kit/ip-ranges.ts'
import { unseal } from '../kit/seal.ts'
import { totpStepOf } from '../kit/totp.ts'
import type { User } from '../model/user.ts'
import type { Front } from './front.ts'
import { isPassword } from './passwords.ts'
import { noteRefusal } from './sign-in.ts'

/**
 * Whose password and one-time code these are. Every refusal looks the same from outside (unknown address, wrong password, wrong or used code,
 * waiting network), and takes the time of one password check. Throws Trouble('sign-in.refused').
 */
export async function userOfPassword(
  { front, request }: { readonly front: Front; readonly request: FastifyRequest },
  said: { readonly email: string; readonly password: string; readonly code: string },
): Promise<User> {
  const network = peerNetwork(request.ip)
  const now = front.clock.now()
  const found = await secretsOfEmail(front.db, said.email)
  const right = await isPassword(found?.passwordHash ?? null, said.password)
  if (found === null) {
    await noteRefusal(front, 'user:unknown', 'unknown address', request.ip)
    throw new Trouble('sign-in.refused', { why: 'unknown address' })
  }
  const { user, totpSealed } = found
  const refuse = async (why: string, miss: boolean): Promise<never> => {
    if (miss) await noteMiss(front.db, user.id, network, now)
    await noteRefusal(front, `user:${user.id}`, why, request.ip)
    throw new Trouble('sign-in.refused', { why })
  }
  if ((await waitsUntil(front.db, user.id, network, now)) !== null) return refuse('waits after misses', false)
  if (!right || totpSealed === null) return refuse('password', true)
  const step = totpStepOf(unseal(front.sealKey, totpSealed, `totp|${user.id}`), said.code, now)
  if (step === null) return refuse('code', true)
  if (user.disabled) return refuse('shut account', false)
  if (!(await useTotpStep(front.db, user.id, step))) return refuse('code used before', true)
  await forgetMisses(front.db, user.id, network)
  return user
}
