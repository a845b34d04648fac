import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificatesIn } from '../../../test/certificates.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Connector } from '../../model/connector.ts'
import type { Asked } from '../../model/doors.ts'
import { type QuestionName, questions } from '../../model/question.ts'
import { makeAsk } from '../ask.ts'
import { repliesOf, requestText, textOfReply } from './check.ts'
import { loadHttpJson, readCatalogue } from './index.ts'
import { catalogueKinds } from './kinds.ts'
import { Mapper } from './mapper.ts'
import { leftOut, partsOf } from './parts.ts'
import type { Auth, Description, Reply, Sample } from './schema.ts'
import { settleAsExample } from './settle.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-catalogue-'))
const clock = fixedClock('2026-11-02T09:00:00.000Z')
const mapper = new Mapper()
const catalogue = await readCatalogue()
const kinds = catalogueKinds()
const token = 'tok.wire-1234567890'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void
/** What stands at the other end of one connector: the way in is watched, then the next answer of the queue is given. */
type Source = { readonly description: Description; readonly secret: string; queue: Answer[]; asked: string[] }

const sources = new Map<string, Source>()
let server: Server
beforeAll(async () => {
  certificatesIn(folder)
  const [key, cert] = ['server.key', 'server.pem'].map((name) => readFileSync(path.join(folder, name)))
  server = createServer({ ...(key && { key }), ...(cert && { cert }) }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => serve(request, response, Buffer.concat(chunks).toString()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await mapper.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const here = (id: string): string => `https://127.0.0.1:${(server.address() as AddressInfo).port}/at-${id}`

function serve(request: IncomingMessage, response: ServerResponse, body: string): void {
  const [, id = ''] = /^\/at-([a-z0-9-]+)/.exec(request.url ?? '') ?? []
  const source = sources.get(id)
  if (source === undefined) throw new Error(`nobody expects ${request.url}`)
  const { auth } = source.description
  const login = loginReply(auth, request, body, source)
  if (login !== null) {
    response.writeHead(login === 'refused' ? 401 : 200, json).end(login === 'refused' ? '{}' : login)
    return
  }
  if (!isSignedIn(auth, request, source)) {
    response.writeHead(401, json).end('{"error":"who are you?"}')
    return
  }
  source.asked.push(`${request.method} ${request.url} ${body}`)
  const next = source.queue.shift()
  if (next === undefined) response.writeHead(500, json).end('{"error":"nothing is left in the queue"}')
  else next(request, response, body)
}

const json = { 'content-type': 'application/json' }

/** The answer to a request for a token; null when this is none. */
function loginReply(
  auth: Auth,
  request: IncomingMessage,
  body: string,
  { secret, description }: Source,
): string | null {
  const where = (request.url ?? '').replace(`/at-${description.id}`, '')
  if (auth.kind === 'oauth2') {
    if (!where.endsWith('token') || request.method !== 'POST') return null
    const form = new URLSearchParams(body)
    const known =
      auth.clientIn === 'basic'
        ? isBasic(request, secret)
        : form.get('client_secret') === secret && form.has('client_id')
    if (!known || form.get('grant_type') !== 'client_credentials') return 'refused'
    return JSON.stringify({ token_type: 'Bearer', expires_in: 3599, access_token: token })
  }
  if (auth.kind !== 'session' || !where.startsWith(auth.login.path)) return null
  const known = isBasic(request, secret) || body.includes(secret)
  return known ? JSON.stringify(auth.sample.response) : 'refused'
}

const isBasic = (request: IncomingMessage, secret: string): boolean =>
  Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64')
    .toString()
    .endsWith(`:${secret}`)

function isSignedIn(auth: Auth, request: IncomingMessage, { secret }: Source): boolean {
  switch (auth.kind) {
    case 'none':
      return true
    case 'bearer':
      return request.headers.authorization === `Bearer ${secret}`
    case 'oauth2':
      return request.headers.authorization === `Bearer ${token}`
    case 'basic':
      return isBasic(request, secret)
    case 'header':
      return String(request.headers[auth.name.toLowerCase()] ?? '').includes(secret)
    case 'query':
      return new URL(request.url ?? '', 'https://x.example').searchParams.get(auth.name) === secret
    case 'session':
      return String(request.headers[auth.header.toLowerCase()] ?? '').includes(auth.sample.token)
  }
}

/** A description of the catalogue, put to use against our server exactly as an installer does it. */
async function used(description: Description, timeoutMs = 8_000): Promise<{ connector: Connector; source: Source }> {
  const { id, auth } = description
  const secret = `wire-secret/${id}+1`
  const source: Source = { description, secret, queue: [], asked: [] }
  sources.set(id, source)
  writeFileSync(path.join(folder, `${id}.secret`), `${secret}\n`)
  const entry = {
    use: id,
    parameters: parametersOf(description),
    ...(auth.kind === 'none' ? {} : { secret: { file: `./${id}.secret` } }),
    ...{ allowAddresses: ['127.0.0.1'], caFile: './ca.pem', limits: { timeoutMs, perMinute: 100_000 } },
  }
  const [connector] = await loadHttpJson([entry], { mapper, environmentSecret: () => null, folder })
  if (connector === undefined) throw new Error('nothing was loaded')
  return { connector, source }
}

function parametersOf({ id, parameters }: Description): Record<string, string> {
  const chosen = Object.entries(parameters).map(([name, { kind, example }]) => [
    name,
    kind === 'url' ? here(id) : example,
  ])
  return Object.fromEntries(chosen) as Record<string, string>
}

/** Asked as a triage asks: through the house's own `ask`, with lane, limits and the question's own schema. */
async function asked(connector: Connector, question: QuestionName, sample: Sample): Promise<Asked> {
  const ask = makeAsk({ connectors: [connector], clock, news: () => undefined })
  const [one] = await ask(question, sample.ask, { signal: AbortSignal.timeout(20_000) })
  if (one === undefined) throw new Error('nobody answered')
  return one
}

/** A reply of a sample, as the source sends it: addresses of the example are those of our server. */
function given(reply: Reply, { description }: Source): Answer {
  const types = { json: 'application/json; charset=utf-8', 'json-lines': 'application/json', xml: 'text/xml' }
  const text = textOfReply(reply)
  const type = text.trimStart().startsWith('<') ? types.xml : types.json
  const { baseUrl } = settleAsExample(description)
  const ours = (words: string): string => words.replaceAll(new URL(baseUrl).origin, here(description.id))
  return (_request, response) =>
    void response
      .writeHead(reply.status, {
        'content-type': type,
        ...Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, ours(value)])),
      })
      .end(ours(text))
}

const send =
  (status: number, body: string, headers: Record<string, string> = json): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body)

/** Whatever of these comes, and at whichever request: the source could not look. None may ever become "nothing there". */
const faults: readonly (readonly [string, Answer])[] = [
  ['401', send(401, '{"error":"expired"}')],
  ['403', send(403, '{"error":"not yours"}')],
  ['404 of something else', send(404, '<html><h1>Not Found</h1></html>', { 'content-type': 'text/html' })],
  ['a web page', send(200, '<html>Please sign in</html>', { 'content-type': 'text/html' })],
  ['data that says it is a web page', send(200, '[]', { 'content-type': 'text/html; charset=utf-8' })],
  ['an empty object', send(200, '{}')],
  ['an empty list', send(200, '[]')],
  ['nothing at all', send(200, '')],
  ['null', send(200, 'null')],
  ['an object of something else', send(200, '{"nonsense":true,"status":"ok"}')],
  ['cut off', send(200, '{"value":[{"id"')],
  ['XML of something else', send(200, '<html><body/></html>', { 'content-type': 'text/xml' })],
  ['larger than it may be', send(200, JSON.stringify('x'.repeat(2.5 * 1024 * 1024)))],
  ['a way to elsewhere', send(302, '', { location: 'https://169.254.169.254/latest/meta-data/' })],
]

type Told = readonly [QuestionName, Sample]
const samplesOf = (description: Description): readonly Told[] =>
  partsOf(description).flatMap(([question, parts]) =>
    parts.flatMap((part) => part.sample.map((sample): Told => [question, sample])),
  )

/** The first sample that finds something. */
function firstFound(description: Description): Told {
  const found = samplesOf(description).find(([, sample]) => sample.answer)
  if (found === undefined) throw new Error(`${description.id} has no sample that finds something`)
  return found
}

test('there is a catalogue', () => expect(catalogue.length).toBeGreaterThan(1))

describe.each(catalogue.map((description) => [description.id, description] as const))('%s', (_id, description) => {
  const [firstQuestion, firstSample] = firstFound(description)

  test('says what it rests on, what its key may do, and has a sample for "nothing" and for "it failed"', () => {
    expect(description).toMatchObject({ docs: expect.any(String), samples: 'contract', health: expect.anything() })
    if (description.auth.kind !== 'none') expect(description.role).toEqual(expect.any(String))
    for (const [question, parts] of partsOf(description)) {
      const samples = parts.flatMap((part) => part.sample)
      expect(
        samples.some((sample) => sample.answer === null),
        `${question}: nothing`,
      ).toBe(true)
      expect(
        samples.some((sample) => sample.answer),
        `${question}: found`,
      ).toBe(true)
      for (const part of parts.filter(({ when }) => when !== undefined)) expect(part.sample.length).toBeGreaterThan(0)
    }
    const fails = samplesOf(description).filter(([, sample]) => sample.fails !== undefined)
    expect(fails.length).toBeGreaterThan(0)
  })

  test('every sample, over the wire: signed in, all steps and pages, the answer of the sample', async () => {
    const { connector, source } = await used(description)
    for (const [question, sample] of samplesOf(description)) {
      source.queue = repliesOf(sample).map((reply) => given(reply, source))
      source.asked = []
      const { answered } = await asked(connector, question, sample)
      const name = `${question} ${JSON.stringify(sample.ask)}`
      if (sample.fails !== undefined) {
        expect(answered, name).toMatchObject({ kind: 'failed', why: expect.stringContaining(sample.fails) })
      } else if (sample.answer === null) expect(answered, name).toMatchObject({ kind: 'nothing' })
      else {
        const wanted = questions[question].answer.parse({ ...leftOut(question), ...sample.answer })
        expect(answered, name).toMatchObject({ kind: 'found', answer: wanted })
      }
      expect(source.queue, name).toEqual([])
      const told = JSON.stringify(answered)
      for (const hidden of [source.secret, encodeURIComponent(source.secret), token]) expect(told).not.toContain(hidden)
    }
  })

  test('whatever goes wrong, at whichever request: failed with a reason, never "nothing"', async () => {
    const { connector, source } = await used(description)
    for (const [question, parts] of partsOf(description)) {
      for (const part of parts) {
        const sample = part.sample.find((one) => one.answer) ?? part.sample[0]
        if (sample === undefined) throw new Error('a part without a sample')
        const good = repliesOf(sample).map((reply) => given(reply, source))
        for (const [name, fault] of faults) {
          for (const at of good.keys()) {
            // A source that signs in with a token is asked once more when it refuses one.
            source.queue = [...good.slice(0, at), fault, fault]
            const { answered } = await asked(connector, question, sample)
            expect(answered, `${question}: ${name} at request ${at + 1}`).toMatchObject({
              kind: 'failed',
              why: expect.stringMatching(/.{8}/),
            })
            expect(JSON.stringify(answered)).not.toContain(source.secret)
          }
        }
      }
    }
  })

  test('set up on the page: its form takes its parameters, its question is answered, the Test button shows a real read', async () => {
    const { source } = await used(description)
    const kind = kinds.find((one) => one.kind === description.id)
    if (kind === undefined) throw new Error('it is no kind')
    const ca = readFileSync(path.join(folder, 'ca.pem'), 'utf8')
    const settings = { ...parametersOf(description), ca, allowAddresses: ['127.0.0.1'], perMinute: 100_000 }
    const connector = kind.open({ id: 'mine', title: 'Mine', settings, secret: async () => source.secret })
    source.queue = repliesOf(firstSample).map((reply) => given(reply, source))
    expect((await asked(connector, firstQuestion, firstSample)).answered).toMatchObject({ kind: 'found' })
    source.queue = [send(200, description.health?.sample ?? `[{"name":"pa-1","key":"${source.secret}"}]`)]
    const tried = await connector.tryOut?.({ signal: AbortSignal.timeout(10_000), clock })
    expect(tried).toMatchObject({ kind: 'read', says: 'It answers with status 200.' })
    expect(JSON.stringify(tried)).not.toContain(source.secret)
    source.queue = [send(403, '{}'), send(403, '{}')]
    expect(await connector.tryOut?.({ signal: AbortSignal.timeout(10_000), clock })).toMatchObject({ kind: 'failed' })
    // Where the secret goes is part of what makes whoever changes it enter the secret again.
    for (const [name, { kind: type }] of Object.entries(description.parameters))
      if (type === 'url') expect(kind.target, name).toContain(name)
    await connector.close?.()
  })

  test('its health is a real read: refused is failing', async () => {
    const { connector, source } = await used(description)
    const context = () => ({ signal: AbortSignal.timeout(10_000), clock })
    source.queue = [send(403, '{}'), send(403, '{}')]
    expect(await connector.health(context())).toMatchObject({ state: 'failing' })
    source.queue = [send(200, description.health?.sample ?? '{}')]
    expect(await connector.health(context())).toMatchObject({ state: 'active' })
    expect(source.asked.at(-1)).toContain(`${description.health?.method} /at-${description.id}`)
  })
})

// Two seconds of waiting for each: five of them wait at a time.
describe.concurrent('429 waits and has its answer; 500 and silence fail', () => {
  test.each(catalogue.map((description) => [description.id, description] as const))('%s', async (_id, description) => {
    const [question, sample] = firstFound(description)
    const { connector, source } = await used(description)
    const good = repliesOf(sample).map((reply) => given(reply, source))
    source.queue = [send(429, '{}', { ...json, 'retry-after': '1' }), ...good]
    const began = performance.now()
    expect((await asked(connector, question, sample)).answered).toMatchObject({ kind: 'found' })
    expect(performance.now() - began).toBeGreaterThan(990)
    source.queue = [500, 502, 503].map((status) => send(status, '{}'))
    expect((await asked(connector, question, sample)).answered).toMatchObject({ kind: 'failed' })
    const impatient = await used(description, 300)
    impatient.source.queue = [() => undefined]
    expect((await asked(impatient.connector, question, sample)).answered).toMatchObject({ kind: 'failed' })
  })
})

test('a request in a sample is what went over the wire', async () => {
  expect(
    requestText({ method: 'GET', url: 'https://x.example/a?b=c+d%27', headers: {}, body: null }, 'https://x.example'),
  ).toBe("GET /a?b=c d'")
})
