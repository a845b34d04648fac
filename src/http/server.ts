import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import multipart from '@fastify/multipart'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { createJsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { api, type Call } from '../contract/api.ts'
import { isScope, may, type Permission } from '../contract/permissions.ts'
import type { Session } from '../db/sessions.ts'
import { Trouble } from '../kit/errors.ts'
import { peerNetwork } from '../kit/ip-ranges.ts'
import { version } from '../kit/version.ts'
import { Role } from '../model/user.ts'
import { boundBodies } from './bodies.ts'
import { type Front, type Limits, limitsDefault } from './front.ts'
import { guard } from './guard.ts'
import { type LinkGate, linkGate } from './link-gate.ts'
import { liveHub } from './live-hub.ts'
import { takeLogPosts } from './log-posts.ts'
import { completeOpenApi } from './openapi.ts'
import { answerProblems } from './problems.ts'
import { routes as allRoutes } from './routes/index.ts'
import type { Route, Site } from './serve.ts'
import { originsOf, siteOf } from './site.ts'
import { serveWebApp } from './web-app.ts'

/** The largest JSON body: a reply's text, four times over. */
const jsonBytesMax = 1024 * 1024
/** What somebody without a session may send: a sign-in or an answer is a few thousand characters. */
const strangersBodyBytesMax = 64 * 1024
/** A provider's mail as the doors take it (25 MiB), and a little for the wrapping. */
export const postBytesMax = 26 * 1024 * 1024
/** A signed post: JSON as the door takes it (intake/https/intake.ts), or a small mail. */
const signedBytesMax = 4 * 1024 * 1024
/** A request that takes longer is not one of ours; uploads of a folder are the longest. */
const requestMsMax = 10 * 60_000
/** A list of ten thousand assets is about 2 MB as CSV; an X-ray has its own bounds (routes/xray/run.ts). */
const fileBytesMax = 512 * 1024 * 1024

/** The HTTP side of the house, ready to listen. Throws when a call of the contract has no route or a route no permission. */
export async function makeServer(front: Front): Promise<FastifyInstance> {
  const site = siteOf(front.settings)
  checkSsoRoles(front)
  const limits = { ...limitsDefault, ...front.limits }
  const proxies = front.settings.config.http.trustedProxies
  const app = Fastify({
    loggerInstance: front.log as never,
    // Addresses of requests carry one-time tokens; what goes wrong is logged by problems.ts.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: jsonBytesMax,
    requestTimeout: requestMsMax,
    trustProxy: proxies.length === 0 ? false : proxies,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  }) as unknown as FastifyInstance
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  answerProblems(app)
  await app.register(cookie)
  await app.register(helmet, headers(site))
  await app.register(rateLimit, {
    max: limits.perMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => peerNetwork(request.ip),
    errorResponseBuilder: () => new Trouble('rate.limited'),
  })
  await app.register(multipart, {
    preservePath: true,
    throwFileSizeLimit: true,
    limits: { fileSize: fileBytesMax, fieldSize: 64 * 1024, fields: 20 },
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Counterfoil', version, description: 'The customer’s half of managed security. docs/api.md' },
    },
    transformObject: (made) =>
      'openapiObject' in made
        ? (completeOpenApi(made.openapiObject as never, allRoutes) as typeof made.openapiObject)
        : made.swaggerObject,
    transform: createJsonSchemaTransform({ skipList: [] }),
  })
  guard(app, front, site, () => originsOf(site, portOf(app) ?? front.settings.config.http.port))
  boundBodies(app)
  const hub = liveHub(front)
  app.decorate('live', hub)
  app.addHook('onClose', () => hub.close())
  app.decorate('links', linkGate(front.db))
  assertServed()
  const [raw, rest] = [allRoutes.filter(isRaw), allRoutes.filter((route) => !isRaw(route))]
  await app.register(async (scope) => addRoutes(scope, rest, front, site, limits))
  await app.register(async (scope) => {
    // A message is kept as the bytes it came as, JSON too: parsed and written anew it would have another digest.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      /^(message\/rfc822|application\/octet-stream|text\/plain|application\/([\w.-]+\+)?json)\b/,
      { parseAs: 'buffer', bodyLimit: postBytesMax },
      (_request, body, done) => done(null, body),
    )
    addRoutes(scope, raw, front, site, limits)
  })
  if (front.logPosts !== undefined) await takeLogPosts(app, front.logPosts, limits)
  await serveWebApp(app, front.webFolder)
  return app
}

declare module 'fastify' {
  interface FastifyInstance {
    live: ReturnType<typeof liveHub>
    links: LinkGate
  }
}

/** A role that there is not would let nobody in, or be found by whoever is in that group. */
function checkSsoRoles({ settings }: Front): void {
  for (const { group, role } of settings.config.sso?.roles ?? [])
    if (!Role.safeParse(role).success)
      throw new Trouble('input.invalid', { setting: `sso.roles, group ${group}`, problem: `there is no role ${role}` })
}

/** The port we really listen on; a test lets the system choose. */
function portOf(app: FastifyInstance): number | null {
  const address = app.server.address()
  return address !== null && typeof address === 'object' ? address.port : null
}

/** The token stands in the address; the links of the welcome page carry it in the body. */
const isLinkInPath = (route: Route): boolean => route.permission === 'one-time-link' && route.url.includes(':token')

const isRaw = (route: Route): boolean => route.schema.form === 'raw'

/** A call of the contract that nobody serves would be found by a user. */
function assertServed(): void {
  const missing = (Object.keys(api) as Call[]).filter((call) => !allRoutes.some((route) => route.call === call))
  if (missing.length > 0) throw new Trouble('internal', { problem: 'calls of the contract without a route', missing })
}

function addRoutes(scope: FastifyInstance, routes: readonly Route[], front: Front, site: Site, limits: Limits): void {
  for (const route of routes) addRoute(scope, route, front, site, limits)
}

function addRoute(scope: FastifyInstance, route: Route, front: Front, site: Site, limits: Limits): void {
  if (route.permission === undefined)
    throw new Trouble('internal', { problem: 'a route without a permission', route: route.call })
  const { schema } = route
  const perMinute = limitOf(route, limits)
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const session = () => {
      if (request.session === null) throw new Trouble('sign-in.needed')
      return request.session
    }
    reply.header('cache-control', 'no-store')
    if (isLinkInPath(route)) await request.server.links.enter((request.params as { token: string }).token, request.ip)
    return route.handle({
      params: request.params,
      query: request.query,
      body: request.body,
      request,
      reply,
      front,
      site,
      session,
      may: (permission: Permission) => mayNow(session(), permission),
      actor: () => actorOf(session()),
    })
  }
  scope.route({
    method: route.method,
    url: route.url,
    schema: {
      summary: schema.says,
      tags: [route.url.split('/')[2] ?? 'api'],
      ...(schema.params === undefined ? {} : { params: schema.params }),
      ...(schema.query === undefined ? {} : { querystring: schema.query }),
      ...(schema.body === undefined ? {} : { body: schema.body }),
      ...(schema.answer === undefined ? {} : { response: { 200: schema.answer } }),
    },
    config: { access: route.permission, rateLimit: { max: perMinute, timeWindow: 60_000 } },
    handler,
    bodyLimit: bodyLimitOf(route),
  })
}

function mayNow({ user, key }: Session, permission: Permission): boolean {
  return may(user.role, permission) && (key === null || (isScope(permission) && key.scopes.includes(permission)))
}

function actorOf({ user, key }: Session): string {
  return key === null ? `user:${user.id}` : `user:${user.id}/key:${key.id}`
}

function bodyLimitOf(route: Route): number {
  // A signature is over the whole body, so all of it is read before anybody knows whose it is.
  if (route.permission === 'webhook') return signedBytesMax
  if (isRaw(route)) return postBytesMax
  return route.permission === 'public' || route.permission === 'one-time-link' ? strangersBodyBytesMax : jsonBytesMax
}

/** Where secrets are guessed, the limit is a person's typing speed; of links that stand in the address the guesses alone are counted so (link-gate.ts). */
function limitOf(route: Route, limits: Limits): number {
  if (route.permission === 'provider-key' || route.permission === 'webhook') return limits.postsPerMinute
  if (isLinkInPath(route)) return limits.perMinute
  if (route.permission === 'one-time-link' || (route.permission === 'public' && route.method !== 'GET'))
    return limits.signInsPerMinute
  return limits.perMinute
}

/** Nothing but our own files; no inline script; styles of the component library by nonce (web-app.ts); nobody may frame us. */
function headers(site: Site) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: site.secure ? { maxAge: 31_536_000 } : false,
    referrerPolicy: { policy: 'no-referrer' as const },
    crossOriginEmbedderPolicy: false,
  }
}
