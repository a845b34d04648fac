import { beforeAll, describe, expect, test } from 'vitest'
import type {
  HuntResult,
  LakePage,
  LogContext,
  LogFacets,
  LogHistogram,
  LogSearchPage,
} from '../../src/contract/logs.ts'
import { sha256Hex } from '../../src/kit/digest.ts'
import { signedIn, until } from '../desk.ts'
import { deskHere } from '../desk-here.ts'
import { firewallLine, sendLines, sourceWithKey } from '../log-lines.ts'

const { database, desk } = await deskHere()
let lead: string
let analyst: string

beforeAll(async () => {
  lead = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
  analyst = (await signedIn(desk, 'analyst', 'Nils Berg')).cookie
}, 120_000)

type Said<T> = { readonly status: number; readonly body: T; readonly bytes: Buffer; readonly headers: Headers }

async function call<T = Record<string, unknown>>(
  method: string,
  url: string,
  body?: unknown,
  cookie = lead,
): Promise<Said<T>> {
  const form = body instanceof FormData
  const response = await fetch(desk.origin + url, {
    method,
    headers: {
      cookie,
      origin: desk.origin,
      ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const json = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    body: (json ? JSON.parse(bytes.toString()) : {}) as T,
    bytes,
    headers: response.headers,
  }
}

const ledger = async (kind: string): Promise<{ subject: string; actor: string; body: Record<string, unknown> }[]> => {
  const rows = await database.db
    .selectFrom('ledger_entry')
    .select(['subject', 'actor', 'leaf'])
    .where('kind', '=', kind)
    .orderBy('id')
    .execute()
  return rows.map(({ subject, actor, leaf }) => ({ subject, actor, body: JSON.parse(leaf).body }))
}

const source = {
  title: 'Firewall',
  parser: null,
  timeZone: 'Europe/Berlin',
  keepDays: 30,
  keepBytes: null,
  silentAfterMinutes: 60,
}
const put = (id: string, body: unknown, cookie = lead) => call('PUT', `/api/lake/sources/${id}`, body, cookie)
const page = async () => (await call<LakePage>('GET', '/api/lake/sources')).body
const window = () => ({
  from: new Date(Date.now() - 86_400_000).toISOString(),
  to: new Date(Date.now() + 60_000).toISOString(),
})
const find = (q: string, more: object = {}, cookie = analyst) =>
  call<LogSearchPage>('POST', '/api/lake/search', { q, ...window(), ...more }, cookie)

describe('sources', () => {
  test('are added, changed by what was seen, and the ledger has both sides', async () => {
    expect((await put('fw-1', { source, seen: null })).status).toBe(200)
    expect((await put('fw-1', { source, seen: null })).status).toBe(409)
    const longer = { ...source, keepDays: 365 }
    expect((await put('fw-1', { source: longer, seen: { ...source, title: 'Other' } })).status).toBe(409)
    expect((await put('fw-1', { source: longer, seen: source })).status).toBe(200)
    expect((await page()).sources.find((one) => one.source.id === 'fw-1')?.source).toMatchObject({
      keepDays: 365,
      keys: [],
    })
    const lines = await ledger('log-source.changed')
    expect(lines.map((line) => line.body)).toEqual([
      { before: null, after: source },
      { before: source, after: longer },
    ])
    expect(lines.every((line) => line.actor.startsWith('user:') && line.subject === 'log-source:fw-1')).toBe(true)
  })

  test('of two who change it at once, one wins', async () => {
    expect((await put('race', { source, seen: null })).status).toBe(200)
    const both = await Promise.all(
      [1, 2].map((days) => put('race', { source: { ...source, keepDays: days }, seen: source })),
    )
    expect(both.map((one) => one.status).toSorted((a, b) => a - b)).toEqual([200, 409])
  })

  test.each([
    ['fw-2', { ...source, parser: 'no-such-parser' }, 'source.parser'],
    ['fw-2', { ...source, timeZone: 'Europe/Atlantis' }, 'source.timeZone'],
    ['fw-2', { ...source, keepDays: 0 }, 'source.keepDays'],
    ['FW 2', source, 'id'],
  ])('%s is refused with what is wrong: %j', async (id, change, field) => {
    const refused = await put(encodeURIComponent(id), { source: change, seen: null })
    expect(refused.status).toBe(400)
    expect(refused.body).toMatchObject({ details: [{ field }] })
  })

  test('keys are shown once, open the door of their source, and stop when taken back', async () => {
    expect((await put('keyed', { source, seen: null })).status).toBe(200)
    const made = await call<{ key: string }>('POST', '/api/lake/sources/keyed/keys', { name: 'vector' })
    expect(made.status).toBe(200)
    const kept = (await page()).sources.find((one) => one.source.id === 'keyed')?.source.keys[0]
    expect(kept).toMatchObject({ name: 'vector', digest: sha256Hex(made.body.key) })
    const post = (where: string, key = made.body.key) =>
      fetch(`${desk.origin}/api/logs/${where}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: 'x 1\n',
      })
    // The door reads the keys anew every other second.
    await until('the key to open the door', async () => (await post('keyed')).status < 300)
    expect((await post('fw-1')).status).toBe(403)
    expect((await post('keyed', 'A'.repeat(43))).status).toBe(403)
    const revoke = () => call('POST', '/api/lake/sources/keyed/keys/revoke', { digest: kept?.digest })
    expect((await revoke()).status).toBe(200)
    expect((await revoke()).status).toBe(404)
    await until('the key to be shut out', async () => (await post('keyed')).status === 403)
    expect((await call('POST', '/api/lake/sources/nobody/keys', { name: 'x' })).status).toBe(404)
    const told = JSON.stringify(await ledger('log-source.changed'))
    expect(told).toContain('"keyRevoked":"vector"')
    expect(told).not.toContain(made.body.key)
  })
})

describe('searching', () => {
  const lines = Array.from({ length: 25 }, (_, n) =>
    firewallLine({ at: Date.now() - n * 60_000, src: `10.20.3.${n}`, dst: '203.0.113.9' }),
  )
  const odd = Buffer.concat([
    Buffer.from('what is this? '),
    Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    Buffer.from(' <b>bold</b>'),
  ])

  beforeAll(async () => {
    const key = await sourceWithKey(desk, lead, 'edge')
    await sendLines(desk, 'edge', key, [...lines.map((line) => Buffer.from(line)), odd])
    await until('the lines to be found', async () => (await find('source:edge')).body.events.length === 26, 60_000)
  }, 90_000)

  test('finds what fits, newest first, page by page without a gap', async () => {
    const first = await find('dst:203.0.113.9 source:edge', { limit: 10 })
    expect(first.status).toBe(200)
    const seen = [...first.body.events]
    let next = first.body.next
    while (next !== null) {
      const more: Said<LogSearchPage> = await find('dst:203.0.113.9 source:edge', { limit: 10, after: next })
      seen.push(...more.body.events)
      next = more.body.next
    }
    expect(seen).toHaveLength(25)
    expect(new Set(seen.map((event) => event.id)).size).toBe(25)
    const times = seen.map((event) => event.time)
    expect(times).toEqual(times.toSorted().toReversed())
    expect(seen[0]).toMatchObject({
      source: 'edge',
      class_uid: 4001,
      attributes: { 'dst_endpoint.ip': '203.0.113.9' },
      cut: false,
    })
    expect(first.body.cost.rowsRead).toBeGreaterThanOrEqual(10)
    expect((await find('dst:203.0.113.9', { sources: ['fw-1'] })).body.events).toEqual([])
    expect((await find('dst:203.0.113.9', { sources: ['edge'] })).body.events).toHaveLength(25)
  })

  test('the first page is in the ledger with who asked for what, the others are not', async () => {
    const before = (await ledger('logs.searched')).length
    const time = window()
    const ask = { q: 'src:10.20.3.7 source:edge', ...time }
    const asked = await find(ask.q, { limit: 1, ...time })
    await find(ask.q, { limit: 1, after: asked.body.next ?? '1-1-1', ...time })
    await call('POST', '/api/lake/histogram', ask, analyst)
    await call('POST', '/api/lake/facets', ask, analyst)
    await call('POST', '/api/lake/histogram', { ...ask, q: '' }, analyst)
    const told = (await ledger('logs.searched')).slice(before)
    expect(told).toHaveLength(1)
    expect(told[0]?.body).toMatchObject({ query: 'src:10.20.3.7 source:edge' })
  })

  test('whoever begins with a later page, the histogram or the facets is in the ledger as well', async () => {
    const before = (await ledger('logs.searched')).length
    const time = window()
    const behindAll = `${Date.parse(time.to)}-18446744073709551615-1`
    const read = await find('src:10.20.3.8 source:edge', { after: behindAll, ...time })
    expect(read.body.events).toHaveLength(1)
    await call('POST', '/api/lake/histogram', { q: 'src:10.20.3.9', ...time }, analyst)
    await call('POST', '/api/lake/facets', { q: 'src:10.20.3.10', ...time }, analyst)
    // Another one's search is not theirs.
    await call('POST', '/api/lake/facets', { q: 'src:10.20.3.10', ...time }, lead)
    expect((await ledger('logs.searched')).slice(before).map(({ body }) => body['query'])).toEqual([
      'src:10.20.3.8 source:edge',
      'src:10.20.3.9',
      'src:10.20.3.10',
      'src:10.20.3.10',
    ])
  })

  test('a query that cannot be read says where', async () => {
    const refused = await find('a (b OR')
    expect(refused.status).toBe(400)
    expect(refused.body).toMatchObject({ code: 'lake.query' })
    const { details } = refused.body as unknown as { details: { field: string; says: string }[] }
    expect(details.map((one) => one.field)).toEqual(['q', 'q.character'])
    expect((await find('', { from: window().to, to: window().from })).status).toBe(400)
    expect((await find('', { limit: 100_000 })).status).toBe(400)
    expect((await find('', { sources: ["x' OR 1=1"] })).status).toBe(400)
  })

  test('a name that is no field of ours is told, for it may be a slip of the pen', async () => {
    expect((await find('dstip:203.0.113.9 sorce:edge')).body.warnings.join(' ')).toContain('sorce')
  })

  test('how many when and which values add up to what is found', async () => {
    const ask = { q: 'source:edge', ...window() }
    const histogram = (await call<LogHistogram>('POST', '/api/lake/histogram', ask)).body
    expect(histogram.slots.reduce((sum, n) => sum + n, 0)).toBe(26)
    const { facets, of } = (await call<LogFacets>('POST', '/api/lake/facets', ask)).body
    expect(of).toBe(26)
    expect(facets.find((one) => one.field === 'dst_endpoint.ip')?.values).toEqual([{ value: '203.0.113.9', n: 25 }])
  })

  test('the lines before and after stand in their order, and looking is in the ledger', async () => {
    const event = (await find('src:10.20.3.12 source:edge')).body.events[0]
    const context = (await call<LogContext>('GET', `/api/lake/events/${event?.id}/context?lines=3`)).body
    expect(context.event.id).toBe(event?.id)
    expect(context.before).toHaveLength(3)
    expect(context.after).toHaveLength(3)
    expect((await ledger('logs.searched')).at(-1)?.subject).toBe(`event:${event?.id}`)
    expect((await call('GET', '/api/lake/events/1-1/context')).status).toBe(404)
    expect((await call('GET', '/api/lake/events/nothing/context')).status).toBe(400)
  })

  test('a line nobody understands is kept and shown as unread; its bytes come back as they were', async () => {
    const [event] = (await find('NOT parser:* source:edge')).body.events
    expect(event).toMatchObject({ parser: '', class_uid: 0 })
    expect(event?.raw).toContain('<b>bold</b>')
    const raw = await call('GET', `/api/lake/events/${event?.id}/raw`)
    expect(raw.bytes.equals(odd)).toBe(true)
    expect(raw.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(raw.headers.get('content-security-policy')).toContain('sandbox')
    expect(await ledger('logs.downloaded')).toMatchObject([
      { subject: `event:${event?.id}`, body: { bytes: odd.length } },
    ])
  })

  test('the sources page counts what came', async () => {
    const edge = (await page()).sources.find((one) => one.source.id === 'edge')
    expect(edge).toMatchObject({ events: 26, unread: 1, silent: false })
    expect(edge?.hours).toHaveLength(48)
    expect(edge?.hours.reduce((sum, n) => sum + n, 0)).toBe(26)
    expect(edge?.diskBytes).toBeGreaterThan(0)
  })

  test('a hunt counts hits, misses and what it could not read, and is in the ledger by its digest', async () => {
    const hunt = (list: string, more: Record<string, string> = {}) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(more)) form.set(name, value)
      form.set('list', new File([list], 'iocs.txt'))
      return call<HuntResult>('POST', '/api/lake/hunt', form, analyst)
    }
    const list = '203[.]0.113.9\n10.20.3.7\n198.51.100.250\nhxxp://nowhere.example/a\nnothing to look for here\n'
    const { body, status } = await hunt(list)
    expect(status).toBe(200)
    expect(body.hits.map((hit) => hit.indicator).toSorted()).toEqual(['10.20.3.7', '203.0.113.9'])
    expect(body.hits.find((hit) => hit.indicator === '203.0.113.9')).toMatchObject({
      count: 25,
      sources: [{ source: 'edge', count: 25 }],
    })
    expect(body.indicators).toBe(body.hitsInAll + body.misses)
    expect(body.unreadInAll).toBe(1)
    expect((await ledger('logs.hunted')).at(-1)?.body).toMatchObject({ list: sha256Hex(list) })
    expect((await hunt('')).status).toBe(400)
    expect((await hunt('10.20.3.7', { from: window().to, to: window().from })).status).toBe(400)
    const past = await hunt('10.20.3.7', { from: '2020-01-01T00:00:00.000Z', to: '2020-02-01T00:00:00.000Z' })
    expect(past.body).toMatchObject({ hits: [], misses: 1 })
  })
})
