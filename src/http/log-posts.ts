import { Readable } from 'node:stream'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isTrouble, Trouble, type TroubleCode } from '../kit/errors.ts'
import { sourceIdPattern } from '../model/lake.ts'
import { type HecCode, hecCodes, type LogPostDoor, type LogPostForm, type LogPostTaken } from '../model/log-post.ts'
import type { Limits } from './front.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The source that the key of this request belongs to. */
    logSource: string
  }
}

/** Bodies of lines that are read at one moment. Each holds a batch, a chunk and a decoder's window: 10 MB at most, 320 in all. */
const postsMax = 32
/** The same of one source, so that one that floods leaves room for the others. */
const postsPerSourceMax = 16
/** When to come again: the spool empties a segment in about a second. */
const retrySeconds = 5
/** A key of ours has 43 characters; HEC tokens that people choose themselves are UUIDs. */
const keyShape = /^[\x21-\x7e]{1,200}$/

const Said = z.object({
  host: z.string().max(255).optional(),
  source: z.string().max(255).optional(),
  sourcetype: z.string().max(255).optional(),
  index: z.string().max(255).optional(),
})
const Params = z.object({ source: z.string().regex(sourceIdPattern) })

/** Codes after which the same request may be sent again. */
const passing: readonly TroubleCode[] = ['lake.full', 'lake.unreachable', 'house.busy', 'rate.limited', 'disk.full']

/**
 * Where shippers post lines: `POST /api/logs/<source>`, and the paths of Splunk's HTTP Event Collector. Bodies are streams here, read by
 * the door and never as a whole; nothing is read of who has no key.
 */
export async function takeLogPosts(app: FastifyInstance, door: LogPostDoor, limits: Limits): Promise<void> {
  const room = new Room()
  await app.register(async (scope) => {
    const { posts, key } = prepare(scope, door, limits)
    key((code) => new Trouble(code === 'keyUnknown' ? 'log-key.refused' : 'log-key.needed'))
    scope.route({
      method: 'POST',
      url: '/api/logs/:source',
      ...posts(
        'Lines of a source: text, NDJSON or a JSON list; gzip, deflate or zstd; the key of the source as bearer token',
      ),
      handler: async (request, reply) => {
        const params = Params.safeParse(request.params)
        // A key of another source opens nothing here; that there is such a source is nobody's to know.
        if (!params.success || params.data.source !== request.logSource) throw new Trouble('log-key.refused')
        const taken = await takeOne(door, room, request, reply, 'lines')
        if (taken.kind === 'refused') throw new Trouble('input.invalid', { event: taken.event })
        return reply.send({ lines: taken.lines, bytes: taken.bytes })
      },
    })
  })
  await app.register(async (scope) => collector(scope, door, room, limits))
}

/** Splunk's HTTP Event Collector, as far as shippers use it. Answers are in its words. */
function collector(scope: FastifyInstance, door: LogPostDoor, room: Room, limits: Limits): void {
  const { posts, key } = prepare(scope, door, limits)
  key((code) => new HecRefusal(code))
  scope.setErrorHandler((error: FastifyError, request, reply) => {
    const code = error instanceof HecRefusal ? error.hec : hecCodeOf(error)
    if (code === 'internal') request.log.error({ err: error }, 'a HEC request failed')
    else request.log.debug({ code }, 'a HEC request was refused')
    return answer(reply, code)
  })
  const take = (form: LogPostForm) => async (request: FastifyRequest, reply: FastifyReply) => {
    const taken = await takeOne(door, room, request, reply, form)
    if (taken.kind === 'taken') return answer(reply, 'success')
    return answer(reply, taken.why, taken.why === 'noData' ? {} : { 'invalid-event-number': taken.event })
  }
  const events = ['', '/1.0', '/event', '/event/1.0']
  for (const end of events)
    scope.route({ method: 'POST', url: `/services/collector${end}`, ...posts('', true), handler: take('hec-events') })
  for (const end of ['/raw', '/raw/1.0'])
    scope.route({ method: 'POST', url: `/services/collector${end}`, ...posts('', true), handler: take('hec-raw') })
  for (const end of ['/ack', '/ack/1.0'])
    scope.route({
      method: 'POST',
      url: `/services/collector${end}`,
      ...posts('', true),
      handler: (_request, reply) => answer(reply, 'noAcknowledgement'),
    })
  for (const end of ['/health', '/health/1.0'])
    scope.route({
      method: 'GET',
      url: `/services/collector${end}`,
      schema: { hide: true },
      config: { access: 'public', rateLimit: { max: limits.perMinute, timeWindow: 60_000 } },
      handler: (_request, reply) => answer(reply, door.hasRoom() ? 'healthy' : 'unhealthy'),
    })
}

/** Bodies as streams, and a key before the first byte of one. */
function prepare(scope: FastifyInstance, door: LogPostDoor, limits: Limits) {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  scope.decorateRequest('logSource', '')
  return {
    posts: (says: string, hide = false) => ({
      schema: hide ? { hide } : { summary: says, tags: ['logs'] },
      config: { access: 'log-key' as const, rateLimit: { max: limits.postsPerMinute, timeWindow: 60_000 } },
    }),
    key: (refusal: (code: 'keyNeeded' | 'keyUnreadable' | 'keyUnknown') => Error): void => {
      scope.addHook('preParsing', async (request, reply, payload) => {
        if (request.routeOptions.config.access !== 'log-key') return payload
        // Whoever is refused here may have much to send: it is not read to its end, as a body would be that nobody took.
        reply.header('connection', 'close')
        const { authorization } = request.headers
        if (authorization === undefined) throw refusal('keyNeeded')
        const given = keyIn(authorization)
        if (given === null) throw refusal('keyUnreadable')
        const source = await door.sourceOfKey(given)
        if (source === null) throw refusal('keyUnknown')
        reply.removeHeader('connection')
        request.logSource = source
        return payload
      })
    },
  }
}

/** "Splunk <key>" and "Bearer <key>", or as the password of "Basic", for shippers that know only that. */
function keyIn(authorization: string): string | null {
  const [, scheme = '', rest = ''] = /^(\w+) +(\S+)$/.exec(authorization.trim()) ?? []
  const key = scheme.toLowerCase() === 'basic' ? passwordIn(rest) : rest
  return /^(?:splunk|bearer|basic)$/i.test(scheme) && keyShape.test(key) ? key : null
}

function passwordIn(basic: string): string {
  const pair = Buffer.from(basic, 'base64').toString()
  return pair.slice(pair.indexOf(':') + 1)
}

async function takeOne(
  door: LogPostDoor,
  room: Room,
  request: FastifyRequest,
  reply: FastifyReply,
  form: LogPostForm,
): Promise<LogPostTaken> {
  const source = request.logSource
  const { headers } = request
  const leave = room.enter(source)
  try {
    const idempotencyKey = headers['idempotency-key']
    return await door.take({
      form,
      body: request.body instanceof Readable ? request.body : Readable.from([]),
      contentType: headers['content-type'] ?? '',
      contentEncoding: headers['content-encoding'] ?? '',
      source,
      peer: request.ip,
      idempotencyKey: typeof idempotencyKey === 'string' && idempotencyKey !== '' ? idempotencyKey : null,
      said: form === 'hec-raw' ? saidIn(request.query) : {},
    })
  } catch (error) {
    if (isTrouble(error, ...passing)) reply.header('retry-after', retrySeconds)
    // What is left of the body is not worth reading.
    reply.header('connection', 'close')
    throw error
  } finally {
    leave()
  }
}

function saidIn(query: unknown): Record<string, string> {
  const parsed = Said.safeParse(query)
  if (!parsed.success)
    throw new Trouble('input.invalid', { fields: { query: 'host, source, sourcetype, index: once each' } })
  const said: Record<string, string> = {}
  for (const [name, value] of Object.entries(parsed.data)) if (value !== undefined && value !== '') said[name] = value
  return said
}

/** Counts the bodies that are being read. */
class Room {
  #all = 0
  readonly #ofSource = new Map<string, number>()

  /** Throws Trouble('house.busy'); else call what it returns when the body was read. */
  enter(source: string): () => void {
    const mine = this.#ofSource.get(source) ?? 0
    if (this.#all >= postsMax || mine >= postsPerSourceMax)
      throw new Trouble('house.busy', { posts: this.#all, source: mine })
    this.#all += 1
    this.#ofSource.set(source, mine + 1)
    return () => {
      this.#all -= 1
      const left = (this.#ofSource.get(source) ?? 1) - 1
      if (left === 0) this.#ofSource.delete(source)
      else this.#ofSource.set(source, left)
    }
  }
}

/** A refusal that has its own word in HEC. */
class HecRefusal extends Error {
  readonly hec: HecCode

  constructor(hec: HecCode) {
    super(hecCodes[hec].text)
    this.hec = hec
  }
}

/** Whatever was thrown, in the words of HEC. Its clients send again after 503 and give up after 4xx. */
function hecCodeOf(error: FastifyError): HecCode {
  if (isTrouble(error, ...passing)) return 'busy'
  if (isTrouble(error, 'input.too-large') || error.statusCode === 413) return 'tooLarge'
  if (isTrouble(error, 'input.invalid') || (error.statusCode ?? 500) < 500) return 'invalidFormat'
  return 'internal'
}

function answer(reply: FastifyReply, code: HecCode, more: Readonly<Record<string, unknown>> = {}): FastifyReply {
  const { status, text, code: number } = hecCodes[code]
  if (code === 'busy' || code === 'unhealthy') reply.header('retry-after', retrySeconds)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send({ text, code: number, ...more })
}
