import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fixedClock } from '../../kit/clock.ts'
import type { Connector } from '../../model/connector.ts'
import { rdap } from './index.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const context = { signal: new AbortController().signal, clock }
let server: Server
let base: string
let asked: string[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => server.close())
beforeEach(() => {
  asked = []
  answer = honest
})

const bootstrap = (others: string[], entries: string[]) => ({
  ...{ version: '1.0', publication: '2026-11-01T00:00:00Z', description: 'made up' },
  services: [
    [others, ['http://127.0.0.1:1/']],
    [entries, [`${base}registry/`]],
  ],
})
/** After RFC 9083, section 5.3 and 5.4; names and numbers are made up. */
const domain = {
  ...{ objectClassName: 'domain', ldhName: 'SHOP.EXAMPLE', status: ['active', 'client transfer prohibited'] },
  events: [
    { eventAction: 'registration', eventDate: '2026-10-30T08:00:00Z' },
    { eventAction: 'expiration', eventDate: '2027-10-30T08:00:00Z' },
  ],
  nameservers: [{ objectClassName: 'nameserver', ldhName: 'NS1.HOST.EXAMPLE' }],
  entities: [
    {
      ...{ objectClassName: 'entity', roles: ['registrar'] },
      vcardArray: [
        'vcard',
        [
          ['version', {}, 'text', '4.0'],
          ['fn', {}, 'text', 'Cheap Names Ltd.'],
        ],
      ],
    },
  ],
}
const network = {
  ...{ objectClassName: 'ip network', handle: 'NET-198-51-100-0-1', name: 'EXAMPLE-NET', country: 'de' },
  ...{
    startAddress: '198.51.100.0',
    endAddress: '198.51.100.255',
    cidr0_cidrs: [{ v4prefix: '198.51.100.0', length: 24 }],
  },
  events: [{ eventAction: 'registration', eventDate: '2011-01-02T00:00:00Z' }],
  entities: [
    {
      ...{ roles: ['registrant'], vcardArray: ['vcard', [['fn', {}, 'text', 'Example Hosting']]] },
      entities: [{ roles: ['abuse'], vcardArray: ['vcard', [['email', {}, 'text', 'abuse@example.net']]] }],
    },
  ],
}

const json = (response: ServerResponse, value: unknown, status = 200, type = 'application/rdap+json') => {
  response.writeHead(status, { 'content-type': type })
  response.end(JSON.stringify(value))
}
function honest(request: IncomingMessage, response: ServerResponse): void {
  switch (request.url) {
    case '/dns.json':
      return json(response, bootstrap(['org'], ['example', 'com']), 200, 'application/json')
    case '/ipv4.json':
      return json(response, bootstrap(['198.0.0.0/7'], ['198.0.0.0/8', '203.0.0.0/8']), 200, 'application/json')
    case '/registry/domain/shop.example':
      return json(response, domain)
    case '/registry/domain/example.com':
      return json(response, { ...domain, ldhName: 'example.com' })
    case '/registry/ip/198.51.100.9':
    case '/registry/ip/203.0.113.9':
      return json(response, network)
    default:
      return json(response, { errorCode: 404 }, 404)
  }
}

const open = (settings: object = {}): Connector =>
  rdap.open({
    ...{ id: 'rdap', title: 'RDAP', secret: async () => null },
    settings: { bootstrap: base, allowAddresses: ['127.0.0.1'], timeoutMs: 1_500, ...settings },
  })
const registration = (name: string, connector = open()) =>
  connector.ask('registration-of-domain', { domain: name }, context)
const owner = (address: string, connector = open()) => connector.ask('network-owner-of-address', { address }, context)

test('the registered name of a host is asked about at the server that IANA names, which is looked up once', async () => {
  const connector = open()
  const answered = await registration('www.cdn.shop.example', connector)
  expect(answered).toMatchObject({
    kind: 'found',
    answer: {
      ...{ domain: 'shop.example', registrar: 'Cheap Names Ltd.', registeredAt: '2026-10-30T08:00:00.000Z' },
      ...{ changedAt: null, nameServers: ['ns1.host.example'], status: ['active', 'client transfer prohibited'] },
    },
  })
  await registration('shop.example', connector)
  expect(asked.filter((url) => url === '/dns.json')).toHaveLength(1)
})

test('a network is read with its owner and whom to tell of abuse', async () => {
  expect(await owner('198.51.100.9')).toMatchObject({
    kind: 'found',
    answer: {
      ...{ network: '198.51.100.0/24', name: 'EXAMPLE-NET', organisation: 'Example Hosting', country: 'DE' },
      ...{ abuseContact: 'abuse@example.net', registeredAt: '2011-01-02T00:00:00.000Z' },
    },
  })
})

test('an RDAP 404 is nothing there; a 404 of anybody else, and a registry without RDAP, are not', async () => {
  expect(await registration('free.example')).toMatchObject({ kind: 'nothing' })
  answer = (request, response) =>
    request.url?.endsWith('.json') ? honest(request, response) : json(response, {}, 404, 'text/plain')
  expect(await registration('free.example')).toMatchObject({ kind: 'failed' })
  answer = honest
  expect(await registration('something.test-of-nobody')).toMatchObject({ kind: 'not-collected' })
  expect(await owner('192.168.1.1')).toMatchObject({ kind: 'not-applicable' })
  expect(await registration('localhost')).toMatchObject({ kind: 'not-applicable' })
})

test('a server that answers about something else, or nonsense, or not at all, is a failure', async () => {
  expect(await owner('203.0.113.9')).toMatchObject({ kind: 'failed', why: expect.stringContaining('something else') })
  const liars: [string, (response: ServerResponse) => void][] = [
    ['another domain', (response) => json(response, { ...domain, ldhName: 'other.example' })],
    ['a web page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['no json', (response) => response.writeHead(200).end('{"objectClassName":')],
    ['another object', (response) => json(response, { objectClassName: 'nameserver' })],
    ['a refusal', (response) => json(response, {}, 403)],
    ['a breakdown', (response) => json(response, {}, 500)],
    ['too much', (response) => response.writeHead(200).end('x'.repeat(3 * 1024 * 1024))],
    ['no end', (response) => void response.writeHead(200).write('{')],
    ['nowhere', (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()],
  ]
  for (const [what, lie] of liars) {
    answer = (request, response) => (request.url?.endsWith('.json') ? honest(request, response) : lie(response))
    expect(await registration('shop.example'), what).toMatchObject({ kind: 'failed' })
  }
})

test('an address of our own network is not asked unless it is named', async () => {
  const shut = open({ allowAddresses: [] })
  expect(await registration('shop.example', shut)).toMatchObject({ kind: 'failed' })
  expect(asked).toEqual([])
})

test('the test reads a registration that tells nobody anything', async () => {
  expect(await open().tryOut?.(context)).toMatchObject({ kind: 'read', rows: [{ domain: 'example.com' }] })
  expect(await open({ server: `${base}nowhere/` }).tryOut?.(context)).toMatchObject({ kind: 'failed' })
})
