import { z } from 'zod'
import { api, type Call } from '../contract/api.ts'
import { ProblemJson } from '../contract/endpoint.ts'
import { type Access, isScope, permissions } from '../contract/permissions.ts'
import { troubles } from '../kit/errors.ts'
import type { Route } from './serve.ts'

type Media = { schema?: unknown; example?: unknown }
type Content = Record<string, Media>
type Answered = { description: string; content?: Content }
type Body = { required: boolean; description?: string; content: Content }
type Operation = {
  tags?: string[]
  operationId?: string
  description?: string
  security?: Record<string, string[]>[]
  requestBody?: Body
  responses?: Record<string, Answered>
}
/** As far as it is looked at here. */
type Document = {
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, unknown>; securitySchemes?: unknown }
  tags?: { name: string }[]
  servers?: { url: string }[]
}

/** What each door asks for, as OpenAPI names it. */
const securitySchemes: Record<string, unknown> = {
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'counterfoil',
    description:
      'The session of a person; `__Host-counterfoil` where the installation is served over HTTPS. What changes something also needs the `Origin` of the installation.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'The key of a program (docs/api.md); its scopes are permissions.',
  },
  providerKey: { type: 'http', scheme: 'bearer', description: 'The intake key of a provider.' },
  logKey: { type: 'http', scheme: 'bearer', description: 'The key of a log source.' },
}

/** Answers that are not JSON, and what they are. */
const otherAnswers: Partial<Record<Call, string>> = {
  'GET /api/live': 'text/event-stream',
  'GET /api/openapi.json': 'application/json',
  'GET /api/ledger/export': 'application/x-ndjson',
}

/** Examples of what a program sends most; a test parses each with its schema. */
export const examples: Partial<Record<Call, unknown>> = {
  'PUT /api/assets/:id': {
    ...{ source: 'cmdb', name: 'FIN-APP02', role: 'payroll', ownerEmail: 'm.weiss@example.org' },
    ...{ criticality: 'high', addresses: ['192.0.2.17'] },
  },
  'POST /api/alerts/:id/decision': {
    ...{ outcome: 'false-alarm-benign', reason: 'Our own vulnerability scanner; the window is in the calendar.' },
    ...{ cites: [], withoutEvidence: true, version: 3 },
  },
  'POST /api/replies/:id/text': { text: 'This was a planned scan of ours.', version: 1 },
  'POST /api/portal/requests': { observable: '198.51.100.7', why: 'Our case 4711: seen in a beacon.' },
  'POST /api/providers/:id/door/keys': {
    ...{ name: 'case system', scopes: ['portal.see', 'portal.ask'], days: 90, allowFrom: ['192.0.2.10'] },
  },
  'POST /api/service-accounts/:id/keys': { name: 'nightly import', scopes: ['context.import'], days: 90 },
}

const problemRef = { $ref: '#/components/schemas/Problem' }
const problemMedia = 'application/problem+json'

/** Adds to what the schemas say by themselves: who may, what else may be answered, bodies that are no JSON, and examples. */
export function completeOpenApi(document: Document, routes: readonly Route[]): Document {
  const shared: Record<string, unknown> = {}
  const of = new Map(routes.map((route) => [`${route.method.toLowerCase()} ${templateOf(route.url)}`, route]))
  for (const [path, item] of Object.entries(document.paths ?? {}))
    for (const [method, operation] of Object.entries(item)) {
      const route = of.get(`${method} ${path}`) ?? null
      if (route !== null) operation.operationId = nameOf(route.call)
      if (route !== null) describeBodies(operation, route, shared)
      complete(operation, route)
    }
  const { $schema: _dialect, ...problem } = z.toJSONSchema(ProblemJson, { io: 'output' })
  document.components = {
    ...document.components,
    securitySchemes,
    schemas: { ...shared, Problem: problem },
  }
  document.tags = tagsOf(document)
  // The same place serves it.
  document.servers = [{ url: '/' }]
  return document
}

const templateOf = (url: string): string => url.replaceAll(/:(\w+)/g, '{$1}')

function tagsOf(document: Document): { name: string }[] {
  const operations = Object.values(document.paths ?? {}).flatMap((item) => Object.values(item))
  return [...new Set(operations.flatMap(({ tags }) => tags ?? []))].sort().map((name) => ({ name }))
}

/** A route of the contract; null: lines of a log source, which have a door of their own. */
function complete(operation: Operation, route: Route | null): void {
  const access: Access = route?.permission ?? 'log-key'
  operation.security = securityOf(access)
  operation.description = whoMay(access)
  if (route?.schema.form === 'raw' || route === null) operation.requestBody = rawBody
  if (route?.schema.form === 'multipart') operation.requestBody = multipartBody
  const example = route === null ? undefined : examples[route.call]
  const body = operation.requestBody
  if (example !== undefined && body?.content['application/json'] !== undefined)
    body.content['application/json'].example = example
  operation.responses = responsesOf(operation, route, access)
}

/** JSON bodies both ways. Parts that schemas share or that hold themselves are put among the components, under the name of their call. */
function describeBodies(operation: Operation, { schema }: Route, shared: Record<string, unknown>): void {
  const asJson = (of: z.ZodType, io: 'input' | 'output'): unknown => {
    const made = z.toJSONSchema(of, { io, unrepresentable: 'any' })
    const { $schema: _dialect, $defs = {}, ...root } = made
    const prefix = `${operation.operationId}${io === 'input' ? 'Body' : 'Answer'}`
    const moved = (part: unknown): unknown =>
      JSON.parse(
        JSON.stringify(part)
          .replaceAll('"$ref":"#/$defs/', `"$ref":"#/components/schemas/${prefix}_`)
          .replaceAll('"$ref":"#"', `"$ref":"#/components/schemas/${prefix}"`),
      ) as unknown
    for (const [name, part] of Object.entries($defs)) shared[`${prefix}_${name}`] = moved(part)
    if (!JSON.stringify(made).includes('"$ref":"#"')) return moved(root)
    shared[prefix] = moved(root)
    return { $ref: `#/components/schemas/${prefix}` }
  }
  if (schema.body !== undefined)
    operation.requestBody = {
      required: true,
      content: { 'application/json': { schema: asJson(schema.body, 'input') } },
    }
  if (schema.answer !== undefined)
    operation.responses = {
      200: { description: 'Done.', content: { 'application/json': { schema: asJson(schema.answer, 'output') } } },
    }
}

function nameOf(call: Call): string {
  const [method = '', url = ''] = call.split(' ')
  const words = url.split(/[/:.-]+/).filter((word) => word !== '' && word !== 'api')
  return [method.toLowerCase(), ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('')
}

function securityOf(access: Access): Record<string, string[]>[] {
  if (access === 'provider-key') return [{ providerKey: [] }]
  if (access === 'log-key') return [{ logKey: [] }]
  if (access === 'api-key') return [{ apiKey: [] }]
  // Whoever holds a link's token or signs the body says so in the request itself.
  if (access === 'public' || access === 'one-time-link' || access === 'webhook') return []
  return [{ session: [] }, ...(isScope(access) ? [{ apiKey: [access] }] : [])]
}

function whoMay(access: Access): string {
  if (access === 'public') return 'Anybody.'
  if (access === 'one-time-link') return 'Whoever holds the token of the link.'
  if (access === 'webhook') return 'Whoever signs the body as agreed with the provider.'
  if (access === 'provider-key' || access === 'log-key' || access === 'api-key') return 'Whoever holds the key.'
  const roles = permissions[access].join(', ')
  return `Permission \`${access}\`: ${roles}. ${isScope(access) ? 'A key with this scope, too.' : 'No key may do this: it needs a person.'}`
}

const binary = { schema: { type: 'string' as const, contentMediaType: 'application/octet-stream' } }
const rawBody: Body = {
  required: true,
  description: 'The bytes as they are; they are kept as they came.',
  content: { 'application/octet-stream': binary, 'message/rfc822': binary, 'application/json': {}, 'text/plain': {} },
}
const multipartBody: Body = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
      },
    },
  },
}

function responsesOf(operation: Operation, route: Route | null, access: Access): Record<string, Answered> {
  const given = operation.responses?.['200']
  const done: Answered =
    route?.schema.answer !== undefined && given !== undefined
      ? { ...given, description: 'Done.' }
      : { description: 'As it is.', content: { [mediaOf(route)]: {} } }
  const responses: Record<string, Answered> = { 200: done, default: fault }
  for (const [status, says] of refusalsOf(route, access))
    responses[status] = { description: says, content: { [problemMedia]: { schema: problemRef } } }
  return responses
}

function mediaOf(route: Route | null): string {
  if (route === null) return 'application/json'
  return otherAnswers[route.call] ?? 'text/plain'
}

/** What none of the others is; an installation without its database, disk or log engine says so with 503 or 507. */
const fault: Answered = {
  description: 'Something else stands against it; `code` says what, and `next` what to do.',
  content: { [problemMedia]: { schema: problemRef } },
}

function refusalsOf(route: Route | null, access: Access): [number, string][] {
  const schema = route === null ? undefined : api[route.call]
  const changes = route === null || route.method !== 'GET'
  const takes = schema === undefined || 'params' in schema || 'query' in schema || 'body' in schema || 'form' in schema
  const wanted: [boolean, number, string][] = [
    [takes || changes, 400, troubles['input.invalid'].says],
    [access !== 'public' || changes, 401, 'Nobody is signed in, or the key, link or signature does not open this.'],
    [
      access !== 'public' || changes,
      403,
      'The role, the scope of the key, or the origin of the request may not do this.',
    ],
    [true, 404, troubles['not.found'].says],
    [schema !== undefined && 'form' in schema && schema.form === 'multipart', 406, 'The body is not multipart.'],
    [changes, 409, troubles['state.conflict'].says],
    [access === 'one-time-link' || access === 'owned.answer', 410, troubles['link.over'].says],
    [changes, 413, troubles['input.too-large'].says],
    [changes, 415, 'A body of another kind is expected.'],
    [true, 429, troubles['rate.limited'].says],
    [true, 500, troubles.internal.says],
    [true, 503, 'The database, the log engine or the house has no room at this moment.'],
  ]
  return wanted.flatMap(([holds, status, says]) => (holds ? [[status, says] as [number, string]] : []))
}
