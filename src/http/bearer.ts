import type { FastifyRequest } from 'fastify'

/** An Authorization header with a key in it. */
const bearerShape = /^Bearer ([\x21-\x7e]{1,200})$/i

/** What stands after "Bearer " in the Authorization header, or null. */
export function bearerOf(request: FastifyRequest): string | null {
  return bearerShape.exec(request.headers.authorization ?? '')?.[1] ?? null
}
