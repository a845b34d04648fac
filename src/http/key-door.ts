import type { FastifyRequest } from 'fastify'
import { isScope, may, type Permission } from '../contract/permissions.ts'
import { holderOfKey, keyMark, noteKeyUsed, sessionByKey } from '../db/api-keys.ts'
import type { Session } from '../db/sessions.ts'
import { Trouble } from '../kit/errors.ts'
import { peerNetwork } from '../kit/ip-ranges.ts'
import { bearerOf } from './bearer.ts'
import type { Front } from './front.ts'
import { PerMinute } from './per-minute.ts'
import { noteProviderLook, type ProviderGate } from './provider-gate.ts'

/** A key of ours is this long; anything else is not looked up. */
const keyShape = new RegExp(`^${keyMark}[A-Za-z0-9_-]{43}$`)
/** Wrong keys of one network in a minute. Nobody guesses 208 bits; this keeps a broken program from asking the database all day. */
const missesMax = 20

/** Whether this request comes with a key and has to stand or fall by it. A browser's cookie then does not count. */
export function comesWithKey(request: FastifyRequest, cookieName: string): boolean {
  const bearer = bearerOf(request)
  if (bearer === null) return false
  // A proxy may add a token of its own to what a browser sends; that is no key, and the cookie stays what it was.
  return bearer.startsWith(keyMark) || request.cookies[cookieName] === undefined
}

/** Programs with a key. A request without one never gets here. */
export function keyDoor(front: Front, gate: ProviderGate) {
  const misses = new PerMinute(missesMax, () => front.clock.now().getTime())

  /** Throws Trouble('key.refused' | 'rate.limited' | 'person.needed' | 'key.scope' | 'role.refused'). */
  return async (request: FastifyRequest, access: Permission | 'api-key'): Promise<Session> => {
    const now = front.clock.now()
    const network = peerNetwork(request.ip)
    if (misses.isSpent(network)) throw new Trouble('rate.limited', { keys: 'missed' })
    const secret = bearerOf(request) ?? ''
    const holder = keyShape.test(secret) ? await holderOfKey(front.db, secret, now) : null
    if (holder === null) {
      misses.take(network)
      throw new Trouble('key.refused', { why: 'unknown, over or taken back' })
    }
    const { key, user } = holder
    // The same words as for a key that is none: whoever stole it learns nothing from trying it elsewhere. We read of it in the log.
    if (!(await gate.keyFits(holder, request.ip))) {
      misses.take(network)
      front.log.warn({ key: key.id, from: request.ip }, 'an API key was tried from an address that it is not for')
      await noteProviderLook(front, holder, { what: 'refused', subject: request.ip, address: request.ip })
      throw new Trouble('key.refused', { why: 'address' })
    }
    gate.countKey(user, key)
    await noteKeyUsed(front.db, key, request.ip, now)
    if (access !== 'api-key') checkScope(user.role, key.scopes, access)
    return sessionByKey(holder, request.ip, now)
  }
}

function checkScope(role: Session['user']['role'], scopes: readonly string[], access: Permission): void {
  if (!isScope(access)) throw new Trouble('person.needed', { access })
  if (!scopes.includes(access)) throw new Trouble('key.scope', { access })
  if (!may(role, access)) throw new Trouble('role.refused', { access, role })
}
