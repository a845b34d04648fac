import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { api, type Call } from '../../src/contract/api.ts'
import { examples } from '../../src/http/openapi.ts'
import { addProvider, alertOf, apiAs, post, signedIn } from '../desk.ts'
import { deskHere } from '../desk-here.ts'
import { table } from './permission-table.ts'

/** The description of the interface: valid by another's validator, whole, and what the running server really answers. */
const { database, desk } = await deskHere()
let lead: string
let administrator: string
let document: Document
const ids: Record<string, string> = {}
const calls = Object.keys(api) as Call[]

type Operation = {
  operationId: string
  security: Record<string, string[]>[]
  requestBody?: { content: Record<string, unknown> }
  parameters?: { in: string; name: string }[]
  responses: Record<string, { content: Record<string, { schema?: unknown }> }>
}
type Document = { openapi: string; components: object; paths: Record<string, Record<string, Operation>> }

beforeAll(async () => {
  const key = await addProvider(desk)
  const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\n'
  const messageId = await post(desk, key, { subject: '[NW-1] High: Beaconing', body })
  const alertId = await alertOf(desk, messageId)
  lead = (await signedIn(desk, 'lead')).cookie
  administrator = (await signedIn(desk, 'administrator')).cookie
  await apiAs(desk, lead, 'PUT', '/api/assets/ws-1', { source: 'cmdb', name: 'ws-1' })
  await apiAs(desk, lead, 'PUT', '/api/people/p-1', { source: 'hr', name: 'Kari Dahl', email: 'k@halden.example' })
  const { version } = await apiAs(desk, lead, 'GET', `/api/alerts/${alertId}`)
  const decision = { outcome: 'tune', reason: 'Ours.', cites: [], withoutEvidence: true, version }
  await apiAs(desk, lead, 'POST', `/api/alerts/${alertId}/decision`, decision)
  const { replyId } = await apiAs(desk, lead, 'POST', `/api/alerts/${alertId}/reply`)
  const run = await database.db.selectFrom('run').select('id').executeTakeFirst()
  const rows = (url: string, list: string) =>
    apiAs(desk, lead, 'GET', url).then((said) => (said as Record<string, unknown>)[list] as { id: string }[])
  Object.assign(ids, {
    ...{
      alerts: alertId,
      messages: messageId,
      replies: replyId,
      runs: run?.id,
      assets: 'ws-1',
      connectors: 'own-networks',
    },
    ...{
      people: 'k@halden.example',
      playbooks: (await rows('/api/playbooks', 'playbooks'))[0]?.id,
      teach: messageId,
      tickets: alertId,
    },
  })
  document = (await (await fetch(`${desk.origin}/api/openapi.json`)).json()) as Document
})

const operationOf = (call: Call): Operation => {
  const [method = '', url = ''] = call.split(' ')
  const operation = document.paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
  if (operation === undefined) throw new Error(`${call} is not described`)
  return operation
}

test('is a valid OpenAPI 3.1 document by an independent validator', async () => {
  const checked = await new Validator().validate(structuredClone(document))
  expect(checked.errors ?? []).toEqual([])
  expect(checked.valid).toBe(true)
  expect(document.openapi).toMatch(/^3\.1\./)
})

test('says of every call what goes in, who may, and every answer, refusals among them', () => {
  const names = new Set<string>()
  for (const call of calls) {
    const { operationId, security, requestBody, parameters = [], responses } = operationOf(call)
    names.add(operationId)
    const door = table[call]
    const schemes = security.flatMap((one) => Object.keys(one))
    if (door.includes(' ')) expect(schemes, call).toEqual(door.endsWith(' K') ? ['session', 'apiKey'] : ['session'])
    const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name)
    expect(inPath, call).toEqual([...call.matchAll(/:(\w+)/g)].map(([, name]) => name))
    if ('body' in api[call]) expect(requestBody?.content['application/json'], call).toBeDefined()
    if ('form' in api[call]) expect(requestBody, call).toBeDefined()
    expect(Object.values(responses['200']?.content ?? {}), call).toHaveLength(1)
    for (const status of ['404', '429', '500', 'default', ...(door.includes(' ') ? ['401', '403'] : [])])
      expect(responses[status]?.content['application/problem+json']?.schema, `${call} ${status}`).toBeDefined()
  }
  expect(names.size).toBe(calls.length)
})

test('its examples are what the schemas take', () => {
  expect(Object.keys(examples).length).toBeGreaterThan(3)
  for (const [call, example] of Object.entries(examples)) {
    const schema = (api[call as Call] as { body?: { safeParse: (value: unknown) => { success: boolean } } }).body
    expect(schema?.safeParse(example).success, call).toBe(true)
  }
})

describe('what the running server answers', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const checks = new Map<string, ReturnType<typeof ajv.compile>>()

  /** Whether a body is what the document says for this status; the words of what is wrong, or null. */
  function problemWith(call: Call, status: number, body: unknown): string | null {
    const { responses } = operationOf(call)
    const content = (responses[String(status)] ?? responses['default'])?.content ?? {}
    const schema = content[status < 400 ? 'application/json' : 'application/problem+json']?.schema
    if (schema === undefined) return `no schema for ${status}`
    const key = JSON.stringify(schema)
    const check = checks.get(key) ?? ajv.compile({ ...(schema as object), components: document.components })
    checks.set(key, check)
    return check(body) ? null : ajv.errorsText(check.errors)
  }

  async function ask(call: Call, cookie: string, url: string) {
    const [method = 'GET'] = call.split(' ')
    const headers = { cookie, origin: desk.origin, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) }
    const body = method === 'GET' ? {} : { body: '{}' }
    const response = await fetch(desk.origin + url, { method, headers, ...body })
    return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() }
  }

  test('every refusal is a problem of RFC 9457, as described', async () => {
    let seen = 0
    for (const call of calls) {
      const url = (call.split(' ')[1] ?? '').replaceAll(/:\w+/g, '-')
      if (!table[call].includes(' ')) continue
      for (const cookie of ['', await signedInOnce('provider-analyst'), lead]) {
        if (call === 'GET /api/live' || call.startsWith('POST /api/sign-out')) continue
        const said = await ask(call, cookie, url)
        if (said.status < 400) continue
        seen += 1
        expect(said.type, call).toBe('application/problem+json; charset=utf-8')
        const problem = JSON.parse(said.text) as { status: number; type: string; code: string }
        expect(problem, call).toMatchObject({ status: said.status, type: `urn:counterfoil:problem:${problem.code}` })
        expect(operationOf(call).responses[String(said.status)], `${call} ${said.status}`).toBeDefined()
        expect(problemWith(call, said.status, problem), call).toBeNull()
      }
    }
    expect(seen).toBeGreaterThan(250)
  })

  const cookies = new Map<string, string>()
  async function signedInOnce(role: 'provider-analyst'): Promise<string> {
    const known = cookies.get(role) ?? (await signedIn(desk, role, undefined, 'northwatch')).cookie
    cookies.set(role, known)
    return known
  }

  test('every list and page is as described', async () => {
    const right: string[] = []
    for (const call of calls) {
      if (!call.startsWith('GET ') || !('answer' in api[call])) continue
      const noun = call.split('/')[2] ?? ''
      const url = (call.split(' ')[1] ?? '').replaceAll(/:\w+/g, ids[noun] ?? '-')
      const cookie = table[call].startsWith('......V') ? await signedInOnce('provider-analyst') : administrator
      const said = await ask(call, cookie, url)
      if (said.status !== 200) continue
      expect(problemWith(call, 200, JSON.parse(said.text)), call).toBeNull()
      right.push(call)
    }
    expect(right).toEqual(
      expect.arrayContaining([
        'GET /api/queue',
        'GET /api/alerts/:id',
        'GET /api/replies/:id',
        'GET /api/runs/:id',
        'GET /api/assets/:id',
        'GET /api/portal/alerts',
      ]),
    )
    expect(right.length).toBeGreaterThan(38)
  })
})
