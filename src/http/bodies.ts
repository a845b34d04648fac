import { Transform } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Trouble } from '../kit/errors.ts'

/** Bodies held at one moment, of all requests together: six of the largest mails, as at the SMTP door. */
export const bodiesBytesMax = 160 * 1024 * 1024
/** What of it people without a session or key may take, so that strangers cannot shut the providers out. */
export const strangersBytesMax = 16 * 1024 * 1024

/** What posts may take whose signature is not verified yet: apart from the strangers', or four slow ones would keep people from signing in. */
const unverifiedBytesMax = 32 * 1024 * 1024

export type BodyLimits = { readonly bytesMax: number; readonly strangersMax: number; readonly unverifiedMax?: number }

/**
 * Counts the bytes of every body as they arrive, until the answer is out, and refuses with Trouble('house.busy') what would be too
 * much at once. Multipart bodies and log lines are not held: their routes stream them, each with bounds of its own.
 * To be called after guard(), so that nothing is read of who may not send it.
 */
export function boundBodies(
  app: FastifyInstance,
  limits: BodyLimits = { bytesMax: bodiesBytesMax, strangersMax: strangersBytesMax },
): void {
  const held = { all: 0, strangers: 0, unverified: 0 }
  const most = { strangers: limits.strangersMax, unverified: limits.unverifiedMax ?? unverifiedBytesMax }
  // Not async: the reader must be attached before the first byte flows, or a refusal of that byte would reach nobody.
  app.addHook('preParsing', (request, reply, payload, next) => {
    if (!hasBody(request)) return next(null, payload)
    const purse = purseOf(request)
    const fits = (bytes: number): boolean =>
      held.all + bytes <= limits.bytesMax && (purse === null || held[purse] + bytes <= most[purse])
    const busy = (): Trouble => new Trouble('house.busy', { held: { ...held }, purse })
    // What says beforehand that it will not fit need not be read at all.
    if (!fits(Number(request.headers['content-length'] ?? 0))) return next(busy())
    let mine = 0
    const counted = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        if (!fits(chunk.length)) return done(busy())
        mine += chunk.length
        held.all += chunk.length
        if (purse !== null) held[purse] += chunk.length
        return done(null, chunk)
      },
    })
    // Whoever reads the body stops listening once it has refused; what breaks after that is of interest to the log only.
    counted.on('error', (error) => request.log.debug({ err: error }, 'a body was not read to its end'))
    const { raw } = request
    const broken = (): void => void counted.destroy(new Trouble('input.invalid', { problem: 'the body broke off' }))
    raw.once('error', broken)
    reply.raw.once('close', () => {
      held.all -= mine
      if (purse !== null) held[purse] -= mine
      mine = 0
      // The rest of a refused body is thrown away unread; otherwise the connection would wait for it.
      raw.unpipe(counted)
      raw.resume()
      counted.destroy()
    })
    return next(null, raw.pipe(counted))
  })
}

function hasBody({ headers, routeOptions }: FastifyRequest): boolean {
  if (routeOptions.config.access === 'log-key') return false
  if (headers['content-type']?.toLowerCase().startsWith('multipart/form-data') === true) return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Whose share of the memory a body takes, where nobody knows yet whose it is. */
function purseOf({ routeOptions }: FastifyRequest): 'strangers' | 'unverified' | null {
  const { access } = routeOptions.config
  if (access === 'webhook') return 'unverified'
  return access === undefined || access === 'public' || access === 'one-time-link' ? 'strangers' : null
}
