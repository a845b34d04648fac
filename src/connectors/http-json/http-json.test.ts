import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { fixedClock } from '../../kit/clock.ts'
import { isTrouble } from '../../kit/errors.ts'
import { guardedLookup, isAllowed, readRanges } from '../../kit/guard.ts'
import type { Connector } from '../../model/connector.ts'
import type { QuestionName } from '../../model/question.ts'
import { loadHttpJson } from './index.ts'
import { Mapper } from './mapper.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-http-json-'))
const example = path.resolve(import.meta.dirname, '../../../content/connectors/example-cmdb.yaml')
const clock = fixedClock('2026-11-02T09:00:00.000Z')
const mapper = new Mapper()
const needs = {
  mapper,
  environmentSecret: (name: string) => (name === 'COUNTERFOIL_SECRET_EXAMPLE_CMDB' ? 't0ken' : null),
}
const pay = { id: 4711, name: 'pay-db-01', tier: 2, owner: { displayName: 'Ada Meyer' } }

let server: Server
let handle: RequestListener = (_request, response) => response.end('{}')
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
let files = 0
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      })
      handle(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  seen = []
})
afterAll(async () => {
  await mapper.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

/** The example, pointed at our server, with what a test changes. */
function described(changes: Record<string, unknown> = {}): string {
  const { port } = server.address() as AddressInfo
  const here = {
    baseUrl: `http://127.0.0.1:${port}/api`,
    plainHttp: true,
    allowAddresses: ['127.0.0.1'],
    limits: { timeoutMs: 1_500 },
  }
  const file = path.join(folder, `${++files}.yaml`)
  writeFileSync(file, stringify({ ...(parse(readFileSync(example, 'utf8')) as object), ...here, ...changes }))
  return file
}
async function loaded(changes: Record<string, unknown> = {}): Promise<Connector> {
  const [connector] = await loadHttpJson([described(changes)], needs)
  if (connector === undefined) throw new Error('nothing was loaded')
  return connector
}
const asked = (connector: Connector, question: QuestionName, ask: Record<string, unknown>) =>
  connector.ask(question, ask, { signal: AbortSignal.timeout(10_000), clock })

describe('against a real server', () => {
  test('found: mapped, with the secret in its header and the value encoded in the path', async () => {
    handle = json(200, pay)
    const connector = await loaded()
    const answered = await asked(connector, 'asset-of-host', { host: 'a/../b?x=1#y z' })
    expect(answered).toMatchObject({
      kind: 'found',
      answer: { id: '4711', criticality: 'high', owner: 'Ada Meyer', addresses: [], regulatory: [], site: null },
    })
    expect(seen[0]?.url).toBe('/api/v1/hosts/a%2F..%2Fb%3Fx%3D1%23y%20z')
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer t0ken', 'accept-encoding': 'identity' })
    expect(JSON.stringify(answered)).not.toContain('t0ken')
  })

  test('a value that would climb in the path is refused and asks nobody', async () => {
    const connector = await loaded()
    for (const host of ['..', '.'])
      expect(await asked(connector, 'asset-of-host', { host })).toMatchObject({
        kind: 'failed',
        why: expect.stringContaining('path'),
      })
    expect(await asked(connector, 'asset-of-host', { host: '' })).toMatchObject({ kind: 'not-applicable' })
    expect(seen).toEqual([])
  })

  test('nothing: by status and by an empty list', async () => {
    const connector = await loaded()
    handle = json(404, { error: 'not found' })
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({ kind: 'nothing' })
    handle = json(200, { items: [] })
    expect(await asked(connector, 'asset-of-address', { address: '192.0.2.7' })).toMatchObject({ kind: 'nothing' })
    expect(seen[1]?.url).toBe('/api/v1/hosts?ip=192.0.2.7&limit=1')
  })

  test('a time that somebody chose takes the place of the usual one, and is told before the source is asked', async () => {
    handle = json(404, {})
    const { questions } = parse(readFileSync(example, 'utf8')) as { questions: Record<string, { query?: object }> }
    const of = questions['asset-of-host']
    const windowed = { ...of, window: { before: '24h', after: '1h' }, query: { since: '{from}', until: '{to}' } }
    const connector = await loaded({ questions: { 'asset-of-host': windowed } })
    const signal = AbortSignal.timeout(5_000)
    const usual = await connector.ask('asset-of-host', { host: 'pay-db-01' }, { signal, clock })
    expect(usual).toMatchObject({ window: { from: '2026-11-01T09:00:00.000Z', to: '2026-11-02T10:00:00.000Z' } })
    const window = { from: '2026-11-02T08:45:00.000Z', to: '2026-11-02T09:15:00.000Z' }
    const looked: unknown[] = []
    const looksAt = (one: unknown) => void looked.push(one)
    const context = { signal, clock, window, looksAt }
    expect(await connector.ask('asset-of-host', { host: 'pay-db-01' }, context)).toMatchObject({ window })
    expect(looked).toEqual([window])
    const { searchParams } = new URL(seen.at(-1)?.url ?? '', 'http://cmdb.example')
    expect([searchParams.get('since'), searchParams.get('until')]).toEqual([window.from, window.to])
  })

  test('a value cannot break out of a JSON body', async () => {
    handle = json(200, { hits: [] })
    await asked(await loaded(), 'vulnerabilities-of-asset', { asset: '", "state": "closed' })
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ host: '", "state": "closed', state: 'open' })
  })

  test.each([
    ['refused', json(403, {}), 'status 403: it refuses our secret'],
    ['an unknown status', json(418, { error: 'teapot' }), 'status 418, neither "found" nor "nothing" holds'],
    [
      'no JSON',
      (_request, response) => void response.end('<html>Please   sign in</html>'),
      'status 200, but no JSON: "<html>Please sign in</html>"',
    ],
    [
      'JSON of another shape',
      json(200, { name: 'x', interfaces: 7 }),
      'the response does not fit the mapping: answer.',
    ],
    [
      'cut off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '500' }).write('{"name"')
        setTimeout(() => response.destroy(), 20)
      },
      'it could not be reached',
    ],
    [
      'larger than it may be',
      (_request, response) => void response.end(JSON.stringify({ name: 'x'.repeat(3 * 1024 * 1024) })),
      'its answer is larger than',
    ],
    [
      'compressed',
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      'compressed',
    ],
  ] as [string, RequestListener, string][])('%s is failed and says why', async (_name, listener, why) => {
    handle = listener
    expect(await asked(await loaded(), 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining(why),
    })
  })

  test('a redirect is not followed, wherever it points', async () => {
    handle = json(302, {}, { location: 'http://169.254.169.254/latest/meta-data/' })
    const answered = await asked(await loaded(), 'asset-of-host', { host: 'x' })
    expect(answered).toMatchObject({
      kind: 'failed',
      why: 'status 302: it points to http://169.254.169.254/latest/meta-data/, and that is not followed',
    })
    expect(seen).toHaveLength(1)
  })

  test('slow: headers that do not come, and a body that does not end', async () => {
    const connector = await loaded({ limits: { timeoutMs: 300 } })
    const within = () => connector.ask('asset-of-host', { host: 'x' }, { signal: AbortSignal.timeout(400), clock })
    handle = () => undefined
    expect(await within()).toMatchObject({ kind: 'failed' })
    handle = (_request, response) => void response.writeHead(200).write('{"name": "')
    expect(await within()).toMatchObject({ kind: 'failed' })
  })

  test('nobody there', async () => {
    const connector = await loaded({ baseUrl: 'http://127.0.0.1:1/api' })
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('429 waits as long as it is told, all calls together, and then has its answer', async () => {
    let busy = 1
    handle = (request, response) =>
      (busy-- > 0 ? json(429, {}, { 'retry-after': '1' }) : json(200, pay))(request, response)
    const connector = await loaded({ limits: { timeoutMs: 3_000 } })
    const began = performance.now()
    const first = asked(connector, 'asset-of-host', { host: 'a' })
    await new Promise((resolve) => setTimeout(resolve, 200))
    const answers = await Promise.all([first, asked(connector, 'asset-of-host', { host: 'b' })])
    expect(answers.map((one) => one.kind)).toEqual(['found', 'found'])
    expect(performance.now() - began).toBeGreaterThan(990)
    expect(seen).toHaveLength(3)
  })

  test('told to wait longer than there is time, it fails at once and says so; 503 is tried three times', async () => {
    handle = json(429, {}, { 'retry-after': '3600' })
    expect(await asked(await loaded(), 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: 'status 429; it asks to be left alone for 3600 s',
    })
    expect(seen).toHaveLength(1)
    // A source that says "in eleven days", by mistake or by malice, is asked again in an hour.
    handle = json(429, {}, { 'retry-after': '999999' })
    const patient = await loaded()
    for (const why of ['status 429; it asks to be left alone for 3600 s', 'it asks to be left alone for 3600 s more'])
      expect(await asked(patient, 'asset-of-host', { host: 'x' })).toMatchObject({ kind: 'failed', why })
    seen = []
    handle = json(503, {})
    expect(await asked(await loaded(), 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: 'status 503, 3 times',
    })
    expect(seen).toHaveLength(3)
  })

  test('a mapping that does not end is killed, and the next one works', async () => {
    const slow = {
      path: '/x',
      answer: { id: '"1"', name: 'body.l.all(a, body.l.all(b, body.l.all(c, a + b + c < 1e9))) ? "x" : "y"' },
      sample: { ask: { host: 'x' }, response: { l: [1.5] }, answer: { id: '1', name: 'x' } },
    }
    const connector = await loaded({ questions: { 'asset-of-host': slow } })
    handle = json(200, { l: Array.from({ length: 2_000 }, () => 0.5) })
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: 'the mapping took longer than 500 ms',
    })
    handle = json(200, { l: [0.5] })
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({ kind: 'found' })
  })

  test('health asks its path', async () => {
    const connector = await loaded()
    const context = { signal: AbortSignal.timeout(5_000), clock }
    handle = json(200, { ok: true })
    expect(await connector.health(context)).toMatchObject({ state: 'active' })
    expect(seen[0]?.url).toBe('/api/v1/status')
    handle = json(500, {})
    expect(await connector.health(context)).toMatchObject({ state: 'failing', says: 'status 500, 3 times' })
  })

  test('a secret that is not there is failed, not an open call', async () => {
    handle = json(200, pay)
    const connector = await loaded({ auth: { kind: 'header', name: 'X-Key', secret: { file: './cmdb.key' } } })
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({ kind: 'failed' })
    expect(seen).toEqual([])
    writeFileSync(path.join(folder, 'cmdb.key'), 'k-1\n')
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({ kind: 'found' })
    expect(seen[0]?.headers['x-key']).toBe('k-1')
    writeFileSync(path.join(folder, 'cmdb.key'), 'k\r\nx-evil: 1')
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.not.stringContaining('evil'),
    })
  })
})

describe('where it may go', () => {
  const forms = [
    '127.0.0.1', '2130706433', '0x7f000001', '017700000001', '127.1', '0x7f.1', '１２７.0.0.1', '0.0.0.0', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::7f00:1]',
    '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', '[fe80::1]',
    '[fd00:ec2::254]', '[fec0::1]', '224.0.0.1', '255.255.255.255', 'localhost',
  ] // biome-ignore format: a table reads better in few lines
  test.each(forms)('http://%s is not reached without an entry', async (host) => {
    const { port } = server.address() as AddressInfo
    handle = json(200, pay)
    const connector = await loaded({ baseUrl: `http://${host}:${port}`, allowAddresses: [] })
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('allowAddresses'),
    })
    expect(seen).toEqual([])
  })

  test('an entry opens what it names and nothing else; credentials of clouds stay shut whatever is named', () => {
    const allow = readRanges(['10.20.0.0/16', '::1', 'fd00::/8'])
    expect(
      ['10.20.1.1', '::1', '::ffff:10.20.1.1', 'fd00::1', '203.0.114.1', '2606:4700::1'].map((one) =>
        isAllowed(one, allow),
      ),
    ).toEqual(Array(6).fill(true))
    expect(['10.21.0.1', '127.0.0.1', 'fd00:ec2::254', 'localhost', ''].map((one) => isAllowed(one, allow))).toEqual(
      Array(5).fill(false),
    )
    const clouds = ['169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '::ffff:168.63.129.16', '100.100.100.200']
    for (const address of [...clouds, '192.0.0.192'])
      expect(isAllowed(address, readRanges(['0.0.0.0/0', '::/0'])), address).toBe(false)
    expect(isAllowed('168.63.129.16', [])).toBe(false)
  })

  test('the address it ends at counts, whatever the one before was: 0.0.0.0 is named, and ends at 127.0.0.1', async () => {
    const { port } = server.address() as AddressInfo
    const connector = await loaded({ baseUrl: `http://0.0.0.0:${port}`, allowAddresses: ['0.0.0.0'] })
    expect(await asked(connector, 'asset-of-host', { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('(127.0.0.1)'),
    })
    expect(seen).toEqual([])
  })

  test('a name is held by its addresses', async () => {
    const look = (allow: string[]) =>
      new Promise<unknown>((resolve) =>
        guardedLookup(readRanges(allow))('localhost', { all: true }, (error, found) => resolve(error ?? found)),
      )
    expect(await look([])).toBeInstanceOf(Error)
    expect(await look(['127.0.0.1', '::1'])).toEqual(
      expect.arrayContaining([expect.objectContaining({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) })]),
    )
  })
})

describe('a description is checked before it answers', () => {
  test('the example of the project holds', async () => {
    const connectors = await loadHttpJson([example], needs)
    expect(connectors.map((one) => one.id)).toContain('example-cmdb')
  })

  const host = {
    path: '/h/{host}',
    answer: { id: 'body.id', name: 'body.name' },
    sample: { ask: { host: 'x' }, response: { id: '1', name: 'n' }, answer: { id: '1', name: 'n' } },
  }
  const withHost = (changes: object) => ({ questions: { 'asset-of-host': { ...host, ...changes } } })
  test.each([
    ['an unknown word', { colour: 'red' }, 'colour'],
    ['http without saying so', { plainHttp: false }, 'plainHttp'],
    ['a secret in the address', { baseUrl: 'https://u:p@cmdb.example.com' }, 'use auth'],
    [
      'another variable of the environment',
      { auth: { kind: 'bearer', secret: { env: 'PATH' } } },
      'COUNTERFOIL_SECRET_',
    ],
    ['a field the ask does not have', withHost({ path: '/h/{hots}' }), '{hots} is no field of the ask'],
    [
      'a field the answer does not have',
      withHost({ answer: { ...host.answer, colour: '"red"' } }),
      'answer.colour is no field',
    ],
    ['a field that is needed', withHost({ answer: { id: 'body.id' } }), 'answer.name is needed'],
    ['an expression that is none', withHost({ found: 'status ==' }), 'found: '],
    ['an expression of the wrong type', withHost({ found: 'status + 1' }), 'not yes or no'],
    ['an unknown variable', withHost({ answer: { id: 'boddy.id', name: 'body.name' } }), 'boddy'],
    ['matches()', withHost({ answer: { id: 'body.id', name: 'body.name.matches("(a+)+$") ? "x" : "y"' } }), 're2('],
    [
      'a sample that comes to something else',
      withHost({ sample: { ...host.sample, answer: { id: '2', name: 'n' } } }),
      'answer.id comes to "1", the sample says "2"',
    ],
    [
      'a sample of the wrong shape',
      withHost({ sample: { ...host.sample, response: { id: 7, name: 'n' } } }),
      'answer.id: ',
    ],
    ['no question at all', { questions: {} }, 'it answers no question'],
    ['a range that is none', { allowAddresses: ['10.0.0.0/99'] }, 'allowAddresses'],
  ] as [string, Record<string, unknown>, string][])('%s', async (_name, changes, words) => {
    await expect(loaded(changes)).rejects.toSatisfy(
      (error) => isTrouble(error, 'input.invalid') && String(error.details['problem']).includes(words),
    )
  })

  test('the description in docs/connectors.md holds, too', async () => {
    const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/connectors.md'), 'utf8')
    const yaml = /```yaml\n(connector: 1\n[^`]+)```/.exec(page)?.[1] ?? ''
    const file = path.join(folder, 'of-the-page.yaml')
    writeFileSync(file, yaml)
    expect((await loadHttpJson([file], needs)).map((one) => one.answers)).toEqual([['asset-of-host']])
  })

  test('two of one id, a missing file, broken YAML', async () => {
    await expect(loadHttpJson([described(), described()], needs)).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(loadHttpJson([path.join(folder, 'absent.yaml')], needs)).rejects.toMatchObject({
      code: 'file.unreadable',
    })
    const broken = path.join(folder, 'broken.yaml')
    writeFileSync(broken, 'a: [')
    await expect(loadHttpJson([broken], needs)).rejects.toMatchObject({ code: 'input.invalid' })
  })
})
