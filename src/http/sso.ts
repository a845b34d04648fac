import type { FastifyReply, FastifyRequest } from 'fastify'
import * as oidc from 'openid-client'
import { z } from 'zod'
import type { SsoConfig } from '../config/config.ts'
import { keepFlow, takeFlow } from '../db/sso.ts'
import { Trouble } from '../kit/errors.ts'
import type { Front } from './front.ts'
import type { Site } from './serve.ts'

/** The identity provider's description is read anew after this, so that new addresses are found without a restart. Keys are read by the library when it meets an unknown one. */
const discoveryMsMax = 60 * 60_000
/** A sign-in waits for it; longer nobody does. */
const timeoutSeconds = 15
/** Groups of one person that are looked at. */
const groupsMax = 2000

export const callbackPath = '/api/sign-in/sso/callback'

/** What the identity provider says of somebody, after everything about its word was checked. */
export type SsoPerson = {
  readonly issuer: string
  readonly subject: string
  /** In lower case; null where it does not say that the address was verified. */
  readonly email: string | null
  readonly name: string
  readonly groups: readonly string[]
}

const Claims = z.looseObject({
  sub: z.string().min(1).max(255),
  iss: z.string(),
  email: z.email().max(320).optional(),
  email_verified: z.union([z.boolean(), z.literal(['true', 'false'])]).optional(),
  name: z.string().max(500).optional(),
})
const Groups = z.union([z.string().transform((one) => [one]), z.array(z.string()).max(groupsMax)])

/** Sent along when the browser comes back from another site, which Strict would keep; only to the one place that reads it. */
const flowCookie = 'counterfoil-sso'
const cookieOptions = (site: Site) =>
  ({ path: callbackPath, httpOnly: true, sameSite: 'lax', secure: site.secure }) as const

type Browser = { readonly site: Site; readonly request: FastifyRequest; readonly reply: FastifyReply }

export function setFlowCookie({ site, reply }: Browser, token: string): void {
  reply.setCookie(flowCookie, token, { ...cookieOptions(site), maxAge: 600 })
}

export function flowCookieOf({ request }: Browser): string | undefined {
  return request.cookies[flowCookie]
}

export function forgetFlowCookie({ site, reply }: Browser): void {
  reply.clearCookie(flowCookie, cookieOptions(site))
}

type At = { readonly front: Front; readonly site: Site }

const known = new WeakMap<SsoConfig, { readonly at: number; readonly found: Promise<oidc.Configuration> }>()

/** What this installation is to sign in with; Trouble('not.found') while none is configured: the door is shut. */
export function ssoOf(front: Front): SsoConfig {
  const { sso } = front.settings.config
  if (sso === undefined) throw new Trouble('not.found')
  return sso
}

async function providerOf(front: Front): Promise<oidc.Configuration> {
  const sso = ssoOf(front)
  const now = front.clock.now().getTime()
  const before = known.get(sso)
  if (before !== undefined && now - before.at < discoveryMsMax) return before.found
  const found = discover(front, sso)
  known.set(sso, { at: now, found })
  // What could not be read is asked for again by the next one.
  found.catch(() => known.delete(sso))
  return found
}

async function discover(front: Front, sso: SsoConfig): Promise<oidc.Configuration> {
  const secret = await front.work.secretAt(sso.secret)
  const metadata = { id_token_signed_response_alg: sso.algorithm }
  return oidc
    .discovery(new URL(sso.issuer), sso.clientId, metadata, oidc.ClientSecretBasic(secret), {
      timeout: timeoutSeconds,
      // The signature of every ID token is checked, though it comes over TLS from the one it is from.
      execute: [oidc.enableNonRepudiationChecks, ...(sso.plainHttp ? [oidc.allowInsecureRequests] : [])],
    })
    .catch((error: unknown) => {
      throw new Trouble('sso.unreachable', { issuer: sso.issuer }, error)
    })
}

/** Where the browser goes, and the cookie that ties the flow to it. `userId`: somebody signed in who ties the identity to their account. */
export async function beginSso(
  at: At,
  userId: string | null,
): Promise<{ readonly url: string; readonly token: string }> {
  const { front, site } = at
  const provider = await providerOf(front)
  const flow = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier(), userId }
  const token = await keepFlow(front.db, flow, front.clock.now())
  if (token === null) throw new Trouble('rate.limited')
  const url = oidc.buildAuthorizationUrl(provider, {
    redirect_uri: new URL(callbackPath, site.url).href,
    scope: ssoOf(front).scope,
    state: flow.state,
    nonce: flow.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
    code_challenge_method: 'S256',
  })
  return { url: url.href, token }
}

/**
 * Who came back. Checks, in this order: the flow is this browser's and was not used before; state; the issuer of the response (RFC 9207); the code,
 * with PKCE; signature, issuer, audience, times and nonce of the ID token. Throws Trouble('sign-in.refused').
 */
export async function endSso(
  at: At,
  token: string | undefined,
  asked: string,
): Promise<{ readonly person: SsoPerson; readonly userId: string | null }> {
  const { front, site } = at
  const sso = ssoOf(front)
  const flow = token === undefined ? null : await takeFlow(front.db, token, front.clock.now())
  if (flow === null) throw new Trouble('sign-in.refused', { step: 'sso: no such flow in this browser' })
  const provider = await providerOf(front)
  // The address is built from our own setting: what the request says of itself does not count.
  const current = new URL(site.url)
  current.pathname = callbackPath
  current.search = new URL(asked, site.url).search
  const checks = {
    ...{ expectedState: flow.state, expectedNonce: flow.nonce, pkceCodeVerifier: flow.verifier },
    idTokenExpected: true,
  }
  const tokens = await oidc.authorizationCodeGrant(provider, current, checks).catch((error: unknown) => {
    throw new Trouble('sign-in.refused', { step: 'sso: the answer of the identity provider' }, error)
  })
  const claims = Claims.safeParse(tokens.claims())
  if (!claims.success) throw new Trouble('sign-in.refused', { step: 'sso: claims' }, claims.error)
  return { person: personOf(claims.data, sso), userId: flow.userId }
}

function personOf(claims: z.infer<typeof Claims>, sso: SsoConfig): SsoPerson {
  const groups = Groups.safeParse(claims[sso.groupsClaim] ?? [])
  const verified = claims.email_verified === true || claims.email_verified === 'true'
  return {
    ...{ issuer: claims.iss, subject: claims.sub },
    email: verified ? (claims.email?.toLowerCase() ?? null) : null,
    name: claims.name ?? claims.email ?? claims.sub,
    groups: groups.success ? groups.data : [],
  }
}
