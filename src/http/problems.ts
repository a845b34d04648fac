import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { Problem } from '../contract/endpoint.ts'
import { isTrouble, type Trouble, type TroubleCode, troubles } from '../kit/errors.ts'

/** Field names shown of one refused input; a person mends a few at a time. */
const detailsMax = 20

/** The problem a person gets for a code; `details` name fields only. */
export function problemOf(code: TroubleCode, details: Problem['details'] = []): Problem {
  const { says, next } = troubles[code]
  return { code, says, next, details: details.slice(0, detailsMax) }
}

/** Fastify's own refusals, by status. */
const byStatus: Record<number, TroubleCode> = {
  400: 'input.invalid',
  404: 'not.found',
  406: 'input.invalid',
  413: 'input.too-large',
  414: 'input.too-large',
  415: 'input.invalid',
  429: 'rate.limited',
  431: 'input.too-large',
}

/** Turns whatever was thrown into a problem; causes and details go to the log, never to the asker. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      const details = error.validation.map((one) => ({
        field: one.instancePath.replace(/^\//, '').replaceAll('/', '.'),
        says: one.message ?? 'not valid',
      }))
      return send(reply, 400, problemOf('input.invalid', details))
    }
    if (isTrouble(error)) {
      if (error.status >= 500) request.log.error({ err: error, details: error.details }, 'trouble')
      else request.log.debug({ code: error.code, details: error.details }, 'refused')
      return send(reply, error.status, problemOf(error.code, fieldsOf(error)))
    }
    const status = error.statusCode ?? 500
    const code = status >= 500 ? 'internal' : (byStatus[status] ?? 'input.invalid')
    // Whoever closed the page or pressed Stop ended the query with it: nothing is wrong, and nobody hears the answer.
    if (code === 'internal' && request.raw.destroyed && reply.raw.destroyed)
      request.log.debug({ err: error, route: request.routeOptions.url }, 'whoever asked went away')
    else if (code === 'internal') request.log.error({ err: error, route: request.routeOptions.url }, 'unexpected')
    return send(reply, code === 'internal' ? 500 : status, problemOf(code))
  })
}

/** What is said beside a file that is brought in (playbooks/import-list.ts). */
const besideFile = ['zone', 'source', 'mapping', 'asOf'] as const

/** The fields a Trouble names: `{ fields: { reason: 'say why' } }` or `{ field: 'reason' }`. Nothing else of its details leaves. */
function fieldsOf(trouble: Trouble): Problem['details'] {
  const { field, fields, problem, character } = trouble.details
  // What cannot be read of a query is the asker's own text.
  if (trouble.code === 'lake.query' && typeof problem === 'string')
    return [
      { field: 'q', says: problem },
      ...(typeof character === 'number' ? [{ field: 'q.character', says: String(character) }] : []),
    ]
  // So is what is wrong with a file, and with what was said beside it.
  if (trouble.code === 'file.invalid' && typeof problem === 'string') return [{ field: 'file', says: problem }]
  const beside = besideFile.find((name) => name in trouble.details)
  if (trouble.code === 'input.invalid' && beside !== undefined && typeof problem === 'string')
    return [{ field: beside, says: problem }]
  if (typeof field === 'string') return [{ field, says: 'This is not valid.' }]
  if (typeof fields !== 'object' || fields === null) return []
  return Object.entries(fields).map(([field, says]) => ({ field, says: String(says) }))
}

/** A full house empties in the time of a few commits. */
const busySeconds = 5

function send(reply: FastifyReply, status: number, problem: Problem) {
  if (problem.code === 'house.busy') reply.header('retry-after', busySeconds)
  const { code, says, next } = problem
  const told = { type: `urn:counterfoil:problem:${code}`, title: says, status, detail: next, ...problem }
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(told))
}
