import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { fixedClock } from '../../kit/clock.ts'
import { isTrouble } from '../../kit/errors.ts'
import type { Connector } from '../../model/connector.ts'
import type { QuestionName } from '../../model/question.ts'
import { loadHttpJson } from './index.ts'
import { Mapper } from './mapper.ts'
import { readBody } from './read-body.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-format-'))
const clock = fixedClock('2026-11-02T09:00:00.000Z')
const mapper = new Mapper()
const needs = { mapper, environmentSecret: () => 's3cret&key', folder }

let server: Server
let handle: RequestListener
let seen: string[] = []
let headers: (string | undefined)[] = []
let files = 0
beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    headers.push(request.headers.authorization)
    handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
beforeEach(() => {
  seen = []
  headers = []
})
afterAll(async () => {
  await mapper.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const here = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const secret = { env: 'COUNTERFOIL_SECRET_X' }
const host = {
  path: '/hosts',
  query: { name: '{host}' },
  items: 'body.hosts',
  answer: { id: 'items[0].id', name: 'items[0].name' },
  sample: { ask: { host: 'a' }, response: { hosts: [{ id: '1', name: 'a' }] }, answer: { id: '1', name: 'a' } },
}
/** A description of our own, at our server. `part` changes its one question. */
async function loaded(part: object = {}, changes: object = {}): Promise<Connector> {
  const file = path.join(folder, `${++files}.yaml`)
  const base = {
    connector: 1,
    id: 'x',
    title: 'X',
    scope: 'X',
    baseUrl: here(),
    plainHttp: true,
    allowAddresses: ['127.0.0.1'],
  }
  const limits = { timeoutMs: 4_000 }
  writeFileSync(file, stringify({ ...base, limits, questions: { 'asset-of-host': { ...host, ...part } }, ...changes }))
  const [connector] = await loadHttpJson([file], needs)
  if (connector === undefined) throw new Error('nothing was loaded')
  return connector
}
const asked = (
  connector: Connector,
  ask: Record<string, unknown> = { host: 'a' },
  question: QuestionName = 'asset-of-host',
) => connector.ask(question, ask, { signal: AbortSignal.timeout(10_000), clock })
const json =
  (status: number, body: unknown, more: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body))
/** Answers, one after the other; the last one stays. */
const inTurn = (...listeners: RequestListener[]): RequestListener => {
  let at = 0
  return (request, response) => listeners[Math.min(at++, listeners.length - 1)]?.(request, response)
}
const good = json(200, { hosts: [{ id: '1', name: 'a' }] })

describe('OAuth2', () => {
  const auth = { kind: 'oauth2', tokenUrl: '{login}/token', clientId: 'me', form: { scope: 'read' }, secret }
  const parameters = {
    login: { says: 'Where', kind: 'url', default: 'http://127.0.0.1:9', example: 'http://127.0.0.1:9' },
  }
  const withAuth = () =>
    loaded({}, { auth, parameters: { login: { ...parameters.login, default: here(), example: here() } } })
  let tokens = 0
  let expires: unknown = 3600
  const source =
    (then: RequestListener): RequestListener =>
    (request, response) => {
      if (request.url !== '/token') then(request, response)
      else json(200, { access_token: `tok-${++tokens}`, token_type: 'bearer', expires_in: expires })(request, response)
    }
  beforeEach(() => {
    tokens = 0
    expires = 3600
  })

  test('one token for many questions at once, and for those after them', async () => {
    handle = source(good)
    const connector = await withAuth()
    const kinds = await Promise.all(Array.from({ length: 8 }, async () => (await asked(connector)).kind))
    kinds.push((await asked(connector)).kind)
    expect(kinds).toEqual(Array(9).fill('found'))
    expect(tokens).toBe(1)
    expect(headers.filter((one) => one === 'Bearer tok-1')).toHaveLength(9)
  })

  test('a token that was withdrawn is replaced once; a second refusal is the secret', async () => {
    handle = source((request, response) =>
      (request.headers.authorization === 'Bearer tok-1' ? json(401, {}) : good)(request, response),
    )
    expect(await asked(await withAuth())).toMatchObject({ kind: 'found' })
    expect(tokens).toBe(2)
    tokens = 0
    handle = source(json(401, {}))
    expect(await asked(await withAuth())).toMatchObject({
      kind: 'failed',
      why: 'status 401: it refuses our secret, or what it may read',
    })
    expect(tokens).toBe(2)
  })

  test('a token at its end is not used any more', async () => {
    expires = 0
    handle = source(good)
    const connector = await withAuth()
    await asked(connector)
    await asked(connector)
    expect(tokens).toBe(2)
  })

  test('no token, no question; and what a wrong answer holds is not told', async () => {
    for (const [answer, why] of [
      [json(400, { error: 'invalid_client', hint: 's3cret&key' }), 'no token: status 400: it refuses our secret'],
      [json(200, { id_token: 'tok-x' }), 'no token: its answer is not what was agreed'],
      [json(200, { access_token: 'a\r\nx: y' }), 'no token: its answer is not what was agreed'],
    ] as const) {
      handle = answer
      const connector = await withAuth()
      seen = []
      expect(await asked(connector)).toMatchObject({ kind: 'failed', why })
      expect(seen).toEqual(['POST /token'])
    }
  })
})

describe('secrets', () => {
  test('a key in the address stands in no finding, whatever the source says back', async () => {
    const connector = await loaded({}, { auth: { kind: 'query', name: 'key', secret } })
    handle = good
    const found = await asked(connector)
    expect(seen).toEqual(['GET /hosts?name=a&key=s3cret%26key'])
    expect(found).toMatchObject({ kind: 'found', query: `GET ${here()}/hosts?name=a` })
    handle = (request, response) => void response.end(`no such key: s3cret&key in ${request.url}`)
    const wrong = await asked(connector)
    expect(wrong).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('no such key: (secret) in /hosts?name=a&key=(secret)'),
    })
    handle = (request, response) => void response.writeHead(302, { location: request.url }).end()
    expect(JSON.stringify(await asked(connector))).not.toMatch(/s3cret/)
  })

  test('nor does a password, as it is or as it goes over the wire', async () => {
    const connector = await loaded({}, { auth: { kind: 'basic', user: 'reader', secret } })
    handle = (request, response) => void response.end(`refused: ${request.headers.authorization} s3cret&key`)
    expect(await asked(connector)).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('refused: Basic (secret) (secret)'),
    })
  })
})

describe('pages', () => {
  const paged = {
    pages: { next: 'body.?next.orValue(null)', as: 'url', most: 3 },
    answer: { id: 'string(size(items))', name: 'items[0].name' },
  }
  const page = (name: string, next: string | null) =>
    json(200, { hosts: name === '' ? [] : [{ id: name, name }], next })
  const sampled = { ...paged, sample: { ...host.sample, answer: { id: '1', name: 'a' } } }

  test('are read one after the other; the address of the next one is that of the source, or nobody is asked', async () => {
    handle = inTurn(page('a', `${here()}/hosts?p=2`), page('b', '/hosts?p=3'), page('c', null))
    expect(await asked(await loaded(sampled))).toMatchObject({ kind: 'found', answer: { id: '3', name: 'a' } })
    expect(seen).toEqual(['GET /hosts?name=a', 'GET /hosts?p=2', 'GET /hosts?p=3'])
    for (const next of [
      'http://127.0.0.1:9/hosts',
      '//example.org/x',
      `${here()}@example.org/`,
      'file:///etc/passwd',
    ]) {
      handle = page('a', next)
      seen = []
      expect(await asked(await loaded(sampled))).toMatchObject({
        kind: 'failed',
        why: 'its next page is at another address than it has',
      })
      expect(seen).toHaveLength(1)
    }
  })

  test('of a list that was cut off, "nothing" is never said', async () => {
    handle = page('', '/hosts?again')
    expect(await asked(await loaded(sampled))).toMatchObject({
      kind: 'failed',
      why: 'it has more pages than the 3 that are read',
    })
    expect(seen).toHaveLength(3)
    handle = inTurn(page('', '/hosts?p=2'), page('', null))
    expect(await asked(await loaded(sampled))).toMatchObject({ kind: 'nothing' })
  })

  test('by a Link header, and by a value in the query', async () => {
    const link = { ...sampled, pages: { next: 'nextLink(headers)', as: 'url' } }
    handle = inTurn(
      json(200, { hosts: [] }, { link: `<${here()}/hosts?p=2>; rel="next", <${here()}/hosts?p=9>; rel="last"` }),
      good,
    )
    expect(await asked(await loaded(link))).toMatchObject({ kind: 'found' })
    const offset = {
      ...sampled,
      pages: { next: 'size(items) < 2 ? dyn(size(items)) : dyn(null)', as: 'query:offset', most: 5 },
      sample: { ...host.sample, response: { hosts: [{ id: '1', name: 'a' }, {}] }, answer: { id: '2', name: 'a' } },
    }
    handle = good
    seen = []
    expect(await asked(await loaded(offset))).toMatchObject({ kind: 'found', answer: { id: '2' } })
    expect(seen).toEqual(['GET /hosts?name=a', 'GET /hosts?name=a&offset=1'])
  })

  test('a page that fails fails the question', async () => {
    handle = inTurn(page('a', '/hosts?p=2'), json(404, {}))
    expect(await asked(await loaded(sampled))).toMatchObject({ kind: 'failed', why: expect.stringContaining('404') })
  })
})

describe('patience', () => {
  test('429 never fails a question while there is time, however often it comes', async () => {
    const busy = json(429, {}, { 'retry-after': '0' })
    handle = inTurn(busy, busy, busy, busy, busy, good)
    expect(await asked(await loaded())).toMatchObject({ kind: 'found' })
    expect(seen).toHaveLength(6)
  })

  test('a source that is still at work is asked again, and fails when it does not end', async () => {
    const working = { again: 'body.?working.orValue(false) == true' }
    handle = inTurn(json(200, { working: true }), json(200, { working: true }), good)
    expect(await asked(await loaded(working))).toMatchObject({ kind: 'found' })
    handle = json(200, { working: true })
    const connector = await loaded(working)
    const signal = AbortSignal.timeout(700)
    expect(await connector.ask('asset-of-host', { host: 'a' }, { signal, clock })).toMatchObject({ kind: 'failed' })
  })
})

describe('what was known then', () => {
  test('a source that has no past says so, when it is asked about one', async () => {
    handle = good
    const connector = await loaded()
    expect(await asked(connector, { host: 'a', at: '2026-10-01T09:00:00.000Z' })).toMatchObject({
      kind: 'found',
      warnings: ['It was asked about 2026-10-01, and knows only what is so today.'],
    })
    expect(await asked(connector, { host: 'a', at: '2026-11-02T08:00:00.000Z' })).not.toHaveProperty('warnings')
    const timed = await loaded({ query: { name: '{host}', at: '{at}' } })
    expect(await asked(timed, { host: 'a', at: '2026-10-01T09:00:00.000Z' })).not.toHaveProperty('warnings')
  })
})

describe('a search without its condition finds everything, so it is not made', () => {
  test('an empty value, and a step that kept nothing', async () => {
    handle = good
    expect(await asked(await loaded(), { host: '' })).toEqual({ kind: 'not-applicable', why: 'the alert has no host' })
    const steps = [{ path: '/find', query: { name: '{host}' }, keep: { key: 'body.?key.orValue(null)' } }]
    const sample = {
      ...host.sample,
      response: undefined,
      replies: [{ response: { key: 'k' } }, { response: { hosts: [{ id: '1', name: 'a' }] } }],
    }
    const connector = await loaded({ steps, query: { key: '{key}' }, sample })
    seen = []
    expect(await asked(connector)).toMatchObject({ kind: 'failed', why: 'its answer has no key to ask on with' })
    expect(seen).toEqual(['GET /find?name=a'])
  })
})

describe('writings', () => {
  test('XML: children in lists, attributes, text; nothing is expanded', () => {
    expect(
      readBody('<?xml version="1.0"?><a x="1"><b>1</b><b><![CDATA[<2>]]></b><c y="2"> t </c><d/></a>', 'xml'),
    ).toEqual({
      a: { '@x': '1', b: ['1', '<2>'], c: [{ '@y': '2', '#text': 't' }], d: [''] },
    })
    const bomb = `<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>`
    expect(readBody(bomb, 'xml')).toBeUndefined()
    expect(readBody('<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a>&x;</a>', 'xml')).toEqual({ a: '&x;' })
  })

  test.each(['<a><b>', '<a>', 'a', '{}', '<a/><b/>', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`, '<a', 'x<a/>'])(
    'no XML: %s',
    (text) => {
      expect(readBody(text, 'xml')).toBeUndefined()
    },
  )

  test('an attribute or element of any name is a name and nothing else', () => {
    const read = readBody('<a __proto__="1"><constructor>2</constructor><__proto__><x>3</x></__proto__></a>', 'xml')
    expect(Object.getPrototypeOf((read as { a: object }).a)).toBe(Object.prototype)
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  test('lines of JSON: all of them, or none', () => {
    expect(readBody('{"a":1}\n\n{"a":2}\r\n', 'json-lines')).toEqual([{ a: 1 }, { a: 2 }])
    expect(readBody('{"a":1}\n{"a":', 'json-lines')).toBeUndefined()
  })
})

describe('an entry of the settings', () => {
  const use = { use: 'netbox', parameters: { server: 'https://netbox.example.com' }, secret: { file: './k' } }
  test.each([
    ['no such description', { ...use, use: 'no-such' }, 'the catalogue has no such description'],
    ['a parameter that is missing', { ...use, parameters: {} }, 'it needs the parameter "server"'],
    [
      'a parameter there is none',
      { ...use, parameters: { ...use.parameters, sever: 'x' } },
      'it has no parameter "sever"; there are: server',
    ],
    ['no secret', { ...use, secret: undefined }, 'it needs a secret'],
    ['no address', { ...use, parameters: { server: 'netbox' } }, 'is an address, such as'],
    ['http without saying so', { ...use, parameters: { server: 'http://netbox.example.com' } }, 'plainHttp'],
    ['a secret in the address', { ...use, parameters: { server: 'https://u:p@netbox.example.com' } }, 'use auth'],
    ['an unknown word', { ...use, colour: 'red' }, 'colour'],
    ['a way out of the folder', { ...use, use: '../../package' }, 'use'],
  ])('%s', async (_name, entry, words) => {
    await expect(loadHttpJson([entry], needs)).rejects.toSatisfy(
      (error) =>
        isTrouble(error, 'input.invalid') && JSON.stringify(error.details).includes(JSON.stringify(words).slice(1, -1)),
    )
  })

  test('twice under two names, with limits of its own', async () => {
    const two = await loadHttpJson(
      [use, { ...use, id: 'netbox-plant', title: 'Plant', limits: { perMinute: 7 } }],
      needs,
    )
    expect(two.map(({ id, title, limits }) => [id, title, limits.perMinute, limits.timeoutMs])).toEqual([
      ['netbox', 'NetBox', 300, 8_000],
      ['netbox-plant', 'Plant', 7, 8_000],
    ])
    expect(two[0]?.scope).toContain('Its key needs: A token without write access')
  })
})

describe('a description says what is wrong with it', () => {
  test.each([
    [
      'a place in the query of GraphQL',
      { method: 'POST', body: { query: 'q { a(n: "{host}") }', variables: {} } },
      'values of GraphQL go into `variables`',
    ],
    ['an unknown filter', { query: { q: '{host|sql}' } }, 'there is no such filter'],
    [
      'a reply too few',
      { sample: { ...host.sample, response: undefined, replies: [] } },
      'the sample has no reply to its next request',
    ],
    [
      'a reply too many',
      { sample: { ...host.sample, response: undefined, replies: [{ response: { hosts: [] } }, { response: {} }] } },
      '1 of its replies are never asked for',
    ],
    [
      'another request',
      { sample: { ...host.sample, request: 'GET /machines' } },
      'it asks GET /hosts?name=a, and the sample says GET /machines',
    ],
    ['a body and a form', { method: 'POST', body: {}, form: {} }, 'either `body` or `form`'],
    [
      'a kept name that is taken',
      { steps: [{ path: '/s', keep: { host: 'body.x' } }] },
      'keep.host: this name is taken',
    ],
  ])('%s', async (_name, part, words) => {
    await expect(loaded(part)).rejects.toSatisfy(
      (error) => isTrouble(error, 'input.invalid') && String(error.details['problem']).includes(words),
    )
  })
})
