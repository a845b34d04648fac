import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Access, may } from '../contract/permissions.ts'
import { providerOfKey } from '../db/providers.ts'
import { noteSeen, type Session, sessionOf } from '../db/sessions.ts'
import { Trouble } from '../kit/errors.ts'
import { bearerOf } from './bearer.ts'
import type { Front, Knock } from './front.ts'
import { comesWithKey, keyDoor } from './key-door.ts'
import { providerGate } from './provider-gate.ts'
import type { Site } from './serve.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    session: Session | null
  }
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])
/** A token of ours is 43 characters; anything else is not looked up. */
const tokenShape = /^[A-Za-z0-9_-]{43}$/

/**
 * The one place that decides who gets in. A route without `access` does not exist here (server.ts refuses to start), so
 * that what is not said is shut.
 */
export function guard(app: FastifyInstance, front: Front, site: Site, origins: () => ReadonlySet<string>): void {
  const gate = providerGate(front)
  const byKey = keyDoor(front, gate)
  app.decorateRequest('session', null)
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access
    if (access === undefined) return
    // Programs with a key of their own; they carry no cookie that could be a person's.
    const hasKey = access === 'provider-key' || access === 'webhook' || access === 'log-key'
    const opens = access === 'public' || access === 'one-time-link' || hasKey
    // No browser adds a key by itself, so that such a request is nobody's forgery; its cookie is not looked at.
    if (!opens && comesWithKey(request, site.cookieName)) {
      request.session = await byKey(request, access)
      return
    }
    if (!safe.has(request.method) && !hasKey) checkOrigin(request, origins())
    if (opens) return
    if (access === 'api-key') throw new Trouble('key.refused', { why: 'none' })
    const session = await sessionBehind(request, front, site)
    if (session === null) throw new Trouble('sign-in.needed')
    // Before the role is looked at, so that from elsewhere every call is answered alike.
    await gate.person(session, request.ip)
    if (!may(session.user.role, access)) throw new Trouble('role.refused', { access, role: session.user.role })
    request.session = session
    await noteSeen(front.db, session, front.clock.now())
  })
  // Before a byte of the body is read, since it may be a whole mail; after the rate limit, which is a hook of each route, so that
  // guessed keys count too. The door looks once more: it is the one that says whose the post is.
  app.addHook('preParsing', async (request, _reply, payload) => {
    const { access } = request.routeOptions.config
    // Of a system of the house it is enough that it carries a signature at all; a provider's door knows more beforehand.
    if (access === 'webhook' && isOfSystem(request)) {
      const { 'webhook-signature': ours, 'x-hub-signature': jiras } = request.headers
      if (ours === undefined && jiras === undefined) throw new Trouble('webhook.refused')
    } else if (access === 'webhook') await front.work.webhooks.knock(knockOf(request))
    if (access !== 'provider-key') return payload
    const key = bearerOf(request)
    if (key === null || (await providerOfKey(front.db, key)) === null) throw new Trouble('sign-in.needed')
    return payload
  })
}

function isOfSystem(request: FastifyRequest): boolean {
  return 'system' in (request.params as object)
}

/** What a signed post says before its body. */
export function knockOf(request: FastifyRequest): Knock {
  const { provider } = request.params as { readonly provider?: unknown }
  return { providerId: String(provider), headers: request.headers, sourceAddress: request.ip }
}

/** The session of the request's cookie, or null. */
export async function sessionBehind(request: FastifyRequest, front: Front, site: Site): Promise<Session | null> {
  const token = request.cookies[site.cookieName]
  if (token === undefined || !tokenShape.test(token)) return null
  return sessionOf(front.db, token, front.clock.now())
}

/**
 * Cross-site request forgery: the cookie is SameSite=Strict, and whatever changes something must come from a page of ours.
 * Browsers send Origin with every such request; who sends none is a program, and then carries no cookie of a person's
 * browser by accident, but is refused all the same: one rule.
 */
function checkOrigin(request: FastifyRequest, origins: ReadonlySet<string>): void {
  const { origin } = request.headers
  if (origin !== undefined && origins.has(origin)) return
  throw new Trouble('origin.refused', { origin })
}
