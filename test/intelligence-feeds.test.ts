import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { IntelligenceConfig } from '../src/config/config.ts'
import { openFeed } from '../src/connectors/intelligence/feeds.ts'
import { intelligenceSources } from '../src/db/intelligence.ts'
import { fixedClock } from '../src/kit/clock.ts'
import type { Feed } from '../src/model/feed.ts'
import { fetchFeed, intelligenceTasks } from '../src/playbooks/fetch-intelligence.ts'
import { knowObservable } from '../src/playbooks/know-observable.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const clock = fixedClock('2026-11-20T09:00:00.000Z')
const signal = new AbortController().signal
const environmentSecret = (name: string) => (name === 'COUNTERFOIL_SECRET_FEED' ? 's3cret' : null)

let house: FreshDatabase
let server: Server
let base = ''
let handle: RequestListener = (_request, response) => void response.end()
let seen: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[] = []
beforeAll(async () => {
  house = await freshDatabase()
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      })
      handle(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await house.close()
})
beforeEach(async () => {
  seen = []
  await sql`truncate intelligence_source, indicator, intelligence_object, intelligence_link cascade`.execute(house.db)
})

function feedOf(more: object, at = clock): Feed {
  const [feed] = IntelligenceConfig.parse({
    feeds: [{ id: 'feed', plainHttp: true, allowAddresses: ['127.0.0.1'], ...more }],
  }).feeds
  if (feed === undefined) throw new Error('no feed')
  return openFeed(feed, { clock: at, environmentSecret })
}
const fetchIt = (feed: Feed, at = clock) => fetchFeed({ db: house.db, clock: at }, feed, signal)
const verdictOf = async (type: string, value: string) =>
  (await knowObservable(house.db, type, value, clock.now()))?.reputation.verdict
const stateOf = async () => (await intelligenceSources(house.db))[0]
const send =
  (body: unknown, headers: Record<string, string> = {}, status = 200): RequestListener =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body))

const indicator = (number: number, added: string) => ({
  added,
  object: {
    ...{
      type: 'indicator',
      id: `indicator--${number}`,
      spec_version: '2.1',
      pattern_type: 'stix',
      created: added,
      modified: added,
      valid_from: added,
    },
    pattern: `[ipv4-addr:value = '203.0.113.${number}']`,
  },
})

/** A TAXII 2.1 server of one collection: pages of `page` objects, `next` as a token of its own, filters by added_after. */
function taxii(
  objects: ReturnType<typeof indicator>[],
  page: number,
  refuse: { tokens?: boolean; asks?: number } = {},
): RequestListener {
  let asks = 0
  return (request, response) => {
    const url = new URL(request.url ?? '', base)
    if (request.headers.authorization !== `Basic ${Buffer.from('desk:s3cret').toString('base64')}`)
      return send({ title: 'Unauthorized' }, {}, 401)(request, response)
    if (request.headers.accept !== 'application/taxii+json;version=2.1')
      return send({ title: 'Not acceptable' }, {}, 406)(request, response)
    if (url.pathname === '/api1/collections/')
      return send({
        collections: [
          { id: 'c1', title: 'One', can_read: true, can_write: false },
          { id: 'c2', title: 'Write only', can_read: false, can_write: true },
        ],
      })(request, response)
    if (url.pathname !== '/api1/collections/c1/objects/')
      return send({ title: 'No such collection' }, {}, 404)(request, response)
    asks += 1
    if (refuse.asks !== undefined && asks > refuse.asks) return send({ title: 'Down' }, {}, 500)(request, response)
    const after = url.searchParams.get('added_after')
    const token = url.searchParams.get('next')
    if (token !== null && refuse.tokens === true) return send({ title: 'Unknown next' }, {}, 400)(request, response)
    const wanted = objects.filter(({ added }) => after === null || added > after)
    const from = token === null ? 0 : Number(token)
    const some = wanted.slice(from, from + page)
    const more = from + page < wanted.length
    const body =
      some.length === 0
        ? {}
        : { more, ...(more ? { next: String(from + page) } : {}), objects: some.map(({ object }) => object) }
    return send(
      body,
      some.length === 0
        ? {}
        : { 'X-TAXII-Date-Added-First': some[0]?.added ?? '', 'X-TAXII-Date-Added-Last': some.at(-1)?.added ?? '' },
    )(request, response)
  }
}
const taxiiFeed = (more: object = {}) =>
  feedOf({
    kind: 'taxii',
    url: `${base}/api1/`,
    auth: { kind: 'basic', user: 'desk', secret: { env: 'COUNTERFOIL_SECRET_FEED' } },
    tlp: 'AMBER',
    ...more,
  })
const many = Array.from({ length: 7 }, (_, at) => indicator(at + 1, `2026-11-0${at + 1}T00:00:00.000Z`))

describe('TAXII 2.1', () => {
  test('all readable collections page by page, and the next time only what was added since', async () => {
    handle = taxii(many.slice(0, 5), 2)
    expect(await fetchIt(taxiiFeed())).toMatchObject({ pieces: 3, indicators: 5, fresh: 5 })
    expect(await verdictOf('ipv4', '203.0.113.5')).toBe('malicious')
    expect(await stateOf()).toMatchObject({
      kind: 'taxii',
      tlp: 'AMBER',
      indicators: 5,
      failingSince: null,
      lastSuccess: '2026-11-20T09:00:00.000Z',
    })
    seen = []
    handle = taxii(many, 2)
    expect(await fetchIt(taxiiFeed())).toMatchObject({ indicators: 2, fresh: 2 })
    expect(seen.map(({ path }) => path)[1]).toContain('added_after=2026-11-05T00%3A00%3A00.000Z')
    expect(await fetchIt(taxiiFeed())).toMatchObject({ pieces: 0, indicators: 0 })
  })

  test('stopped in the middle it goes on behind the last page, and says since when it fails', async () => {
    handle = taxii(many, 2, { asks: 2 })
    await expect(fetchIt(taxiiFeed())).rejects.toThrow('status 500')
    expect(await stateOf()).toMatchObject({
      failingSince: '2026-11-20T09:00:00.000Z',
      why: 'status 500',
      lastSuccess: null,
    })
    seen = []
    handle = taxii(many, 2)
    expect(await fetchIt(taxiiFeed())).toMatchObject({ indicators: 3, fresh: 3 })
    expect(seen.map(({ path }) => path)[1]).toContain('next=4')
    expect(await stateOf()).toMatchObject({ failingSince: null, why: '', indicators: 7 })
  })

  test('a next page that the server forgot is asked for anew, and nothing is taken twice', async () => {
    handle = taxii(many, 2, { asks: 1 })
    await expect(fetchIt(taxiiFeed())).rejects.toThrow('status 500')
    handle = taxii(many, 10, { tokens: true })
    expect(await fetchIt(taxiiFeed())).toMatchObject({ indicators: 7, fresh: 5 })
  })

  test('pages that go round in a circle end', async () => {
    handle = (request, response) => send({ more: true, next: 'same', objects: [] })(request, response)
    await expect(fetchIt(taxiiFeed({ collection: 'c1' }))).rejects.toThrow('circle')
  })

  test('429 is waited for as long as it says, or told and tried later; a wrong secret and nonsense are told', async () => {
    const good = taxii(many, 10)
    let busy = 1
    handle = (request, response) =>
      busy-- > 0 ? send({}, { 'retry-after': '0' }, 429)(request, response) : good(request, response)
    expect(await fetchIt(taxiiFeed())).toMatchObject({ indicators: 7 })
    handle = send({}, { 'retry-after': '86400' }, 429)
    await expect(fetchIt(taxiiFeed())).rejects.toThrow('left alone for 86400 s')
    handle = taxii(many, 10)
    await expect(fetchIt(taxiiFeed({ auth: { kind: 'none' } }))).rejects.toThrow('it refuses our secret')
    await expect(
      fetchIt(taxiiFeed({ auth: { kind: 'bearer', secret: { env: 'COUNTERFOIL_SECRET_ABSENT' } } })),
    ).rejects.toThrow('its secret is not there')
    handle = send('<html>maintenance</html>')
    await expect(fetchIt(taxiiFeed())).rejects.toThrow('no JSON')
    // What was taken stays, whatever came of the later tries.
    expect(await verdictOf('ipv4', '203.0.113.5')).toBe('malicious')
    expect((await stateOf())?.why).toBe('it answers with something that is no JSON')
  })
})

describe('MISP', () => {
  const attribute = (number: number) => ({
    uuid: `u${number}`,
    type: 'ip-dst',
    value: `203.0.113.${number}`,
    to_ids: true,
    timestamp: '1793491200',
    Tag: [{ name: 'tlp:green' }],
    Event: { info: 'A wave' },
  })

  test('attributes by REST search, and the next time only what changed since', async () => {
    handle = (_request, response) => {
      const asked = JSON.parse(seen.at(-1)?.body ?? '{}') as { timestamp?: number }
      return send({
        response: { Attribute: asked.timestamp === undefined ? [attribute(1), attribute(2)] : [attribute(3)] },
      })(_request, response)
    }
    const feed = () =>
      feedOf({
        kind: 'misp',
        url: `${base}/misp`,
        auth: { kind: 'header', secret: { env: 'COUNTERFOIL_SECRET_FEED' } },
      })
    expect(await fetchIt(feed())).toMatchObject({ indicators: 2 })
    expect(seen[0]).toMatchObject({
      method: 'POST',
      path: '/misp/attributes/restSearch',
      headers: { authorization: 's3cret' },
    })
    expect(await fetchIt(feed())).toMatchObject({ indicators: 1 })
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toMatchObject({
      timestamp: clock.now().getTime() / 1_000 - 300,
      page: 1,
    })
    expect((await knowObservable(house.db, 'ipv4', '203.0.113.3', clock.now()))?.reputation).toMatchObject({
      verdict: 'malicious',
      hits: [{ tlp: 'GREEN', says: 'A wave' }],
    })
  })

  test('a feed by its manifest: only events that changed are fetched', async () => {
    const [one, two] = ['5a4cb19a-f550-437f-bd29-48ed950d210f', '5a4cb19a-f550-437f-bd29-48ed950d2100']
    let stamps: Record<string, object> = { [one]: { timestamp: '1', info: 'a' }, [two]: { timestamp: '1', info: 'b' } }
    handle = (request, response) => {
      const name = (request.url ?? '').split('/').at(-1) ?? ''
      if (name === 'manifest.json') return send(stamps)(request, response)
      return send({ Event: { info: 'x', Attribute: [attribute(name.startsWith(one) ? 1 : 2)] } })(request, response)
    }
    const feed = () => feedOf({ kind: 'misp-feed', url: `${base}/feed` })
    expect(await fetchIt(feed())).toMatchObject({ pieces: 2, indicators: 2 })
    stamps = { ...stamps, [two]: { timestamp: '2', info: 'b' } }
    seen = []
    expect(await fetchIt(feed())).toMatchObject({ pieces: 1 })
    expect(seen.map(({ path }) => path)).toEqual(['/feed/manifest.json', `/feed/${two}.json`])
  })
})

describe('lists', () => {
  test('fetched whole when they changed; what is no longer there is withdrawn; a page of words is no list', async () => {
    handle = send('203.0.113.1\n203.0.113.2\n', { etag: '"1"' })
    const feed = () => feedOf({ kind: 'list', url: `${base}/list.txt` })
    expect(await fetchIt(feed())).toMatchObject({ indicators: 2 })
    handle = (request, response) =>
      request.headers['if-none-match'] === '"1"' ? send('', {}, 304)(request, response) : send('')(request, response)
    expect(await fetchIt(feed())).toMatchObject({ pieces: 0 })
    const later = fixedClock('2026-11-20T10:00:00.000Z')
    handle = send('203.0.113.2\n', { etag: '"2"' })
    await fetchIt(feed(), later)
    expect(await verdictOf('ipv4', '203.0.113.1')).toBe('unknown')
    handle = send('We are down for maintenance\nplease come back\n')
    await expect(fetchIt(feed(), later)).rejects.toThrow('input.invalid')
    expect(await verdictOf('ipv4', '203.0.113.2')).toBe('malicious')
    expect((await stateOf())?.why).toContain('not one of 2 entries could be read')
  })
})

test('no feed reaches an address of this machine or network that it does not name, nor follows to another place', async () => {
  handle = send('203.0.113.1\n')
  await expect(fetchIt(feedOf({ kind: 'list', url: `${base}/x`, allowAddresses: [] }))).rejects.toThrow(
    'allowAddresses',
  )
  expect(seen).toEqual([])
  handle = send('', { location: 'http://169.254.169.254/latest/' }, 302)
  await expect(fetchIt(feedOf({ kind: 'list', url: `${base}/x` }))).rejects.toThrow('not followed')
  expect(() =>
    IntelligenceConfig.parse({ feeds: [{ id: 'x', kind: 'list', url: 'http://feeds.example.com/' }] }),
  ).toThrow('plainHttp')
})

test('the job fetches, says what stopped it, and always comes again', async () => {
  const said: string[] = []
  const log = {
    info: (_details: object, text: string) => said.push(text),
    warn: (_details: object, text: string) => said.push(text),
    debug: () => undefined,
    error: () => undefined,
  }
  handle = send('203.0.113.9\n')
  const feed = feedOf({ kind: 'list', url: `${base}/x`, everyMinutes: 30 })
  const tasks = intelligenceTasks({ db: house.db, clock, log: log as never, feeds: [feed] })
  const jobs = async () =>
    (
      await sql<{
        run_at: Date
      }>`select run_at from graphile_worker.jobs where key = 'fetch-intelligence:feed'`.execute(house.db)
    ).rows.map(({ run_at }) => run_at.toISOString())
  await tasks['fetch-intelligence']?.({ source: 'feed' }, { tries: 1, signal })
  expect(await jobs()).toEqual(['2026-11-20T09:30:00.000Z'])
  handle = send('', { 'retry-after': '7200' }, 503)
  await tasks['fetch-intelligence']?.({ source: 'feed' }, { tries: 1, signal })
  expect(await jobs()).toEqual(['2026-11-20T11:00:00.000Z'])
  expect(said).toEqual(['intelligence was fetched', 'intelligence could not be fetched; it is tried again'])
})
