import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { saveDoorState } from '../src/db/intake.ts'
import { openSilences, signsInRecord, waitsOfProvider } from '../src/db/source-watch.ts'
import { proposedLimit, silentSince, spanWords } from '../src/model/source-watch.ts'
import { watchSources } from '../src/playbooks/watch-sources.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { addProvider, type Desk, deskProvider, post, signedIn, startDesk, until } from './desk.ts'

const hour = 3_600_000
let database: FreshDatabase
let desk: Desk
let at = Date.parse('2026-03-01T12:00:00Z')
const clock = { now: () => new Date(at) }
let administrator: string
let lead: string

let dataFolder: string
const start = () => startDesk({ databaseUrl: database.url, clock, dataFolder })
beforeAll(async () => {
  database = await freshDatabase()
  dataFolder = await mkdtemp(path.join(tmpdir(), 'counterfoil-silence-'))
  desk = await start()
  administrator = (await signedIn(desk, 'administrator')).cookie
  lead = (await signedIn(desk, 'lead')).cookie
})
afterAll(async () => {
  await desk.stop()
  await database.close()
  await rm(dataFolder, { recursive: true, force: true })
})

async function call(method: string, url: string, body?: unknown, cookie = administrator) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}
const look = () => watchSources(desk.running.house, async () => ({ signs: await signsInRecord(database.db), away: [] }))
const told = async (source: string): Promise<string[]> => {
  const { rows } = await sql<{ kind: string }>`
    select kind from ledger_entry where subject = ${source} order by at, leaf_index`.execute(database.db)
  return rows.map(({ kind }) => kind)
}
/** Mails that say that something is silent; tickets have some of their own. */
const notices = async () =>
  (await database.db.selectFrom('notice').select(['recipients', 'bytes']).execute())
    .filter(({ bytes }) => bytes.toString('latin1').includes('Subject: Silent:'))
    .map(({ recipients }) => recipients)

test('a provider that writes every hour is watched as its own history suggests, rings once, and again only after it was heard', async () => {
  const key = await addProvider(desk)
  const write = (n: number) =>
    post(desk, key, {
      subject: `[NW-${n}] High: Beaconing`,
      body: `Ticket: NW-${n}\nRule: Beaconing\nSeverity: High\n`,
      date: new Date(at - 90_000),
    })
  const read = (n: number) =>
    until('the message to be read', async () => {
      const row = await database.db
        .selectFrom('message')
        .select((eb) => eb.fn.countAll().as('n'))
        .where('provider_id', '=', deskProvider.id)
        .executeTakeFirst()
      return Number(row?.n) === n
    })
  for (let n = 0; n < 10; n += 1) {
    await write(n)
    await read(n + 1)
    at += hour
  }
  expect(await waitsOfProvider(database.db, deskProvider.id)).toHaveLength(9)
  const source = `provider:${deskProvider.id}`
  const row = async () =>
    (
      (await call('GET', '/api/sources')).body as unknown as {
        sources: { id: string; limitMinutes: number | null; silentSince: string | null }[]
      }
    ).sources.find(({ id }) => id === source)
  expect(await row()).toMatchObject({
    limitMinutes: null,
    proposed: { minutes: 120, usualLongest: 60 },
    silentSince: null,
    // One day is no usual yet.
    volume: { of: 'messages', today: 10, usual: null },
    lagSeconds: 90,
  })
  expect((await call('PUT', '/api/sources/watch', { source, silentAfterMinutes: 120 })).status).toBe(200)
  await look()
  expect(await openSilences(database.db)).toEqual([])

  at += 2 * hour
  const since = new Date(at - 3 * hour).toISOString()
  await look()
  await look()
  expect(await openSilences(database.db)).toMatchObject([
    { source, title: deskProvider.name, since, limitMinutes: 120 },
  ])
  expect(await row()).toMatchObject({ silentSince: since })
  expect(await notices()).toEqual([['desk@halden.example', 'lead@halden.example']])
  expect((await call('GET', '/api/queue')).body['feed']).toMatchObject({
    silent: [{ source, title: deskProvider.name }],
  })

  // A restart changes nothing: it is not told twice, and still stands.
  await desk.stop()
  desk = await start()
  await look()
  expect(await openSilences(database.db)).toHaveLength(1)
  expect(await notices()).toHaveLength(1)

  await write(99)
  await read(11)
  await look()
  expect(await openSilences(database.db)).toEqual([])
  expect((await call('GET', '/api/queue')).body['feed']).toMatchObject({ silent: [] })
  at += 3 * hour
  await look()
  expect(await notices()).toHaveLength(2)
  expect(await told(source)).toEqual(['source.watched', 'source.silent', 'source.heard', 'source.silent'])
})

test('what is not watched any more is not silent any more', async () => {
  const source = `provider:${deskProvider.id}`
  await call('PUT', '/api/sources/watch', { source, silentAfterMinutes: null })
  await look()
  expect(await openSilences(database.db)).toEqual([])
})

test('a mailbox that stops looking rings; its rhythm is learnt from what the watch saw', async () => {
  const source = 'door:soc'
  for (let n = 0; n < 9; n += 1) {
    await saveDoorState(
      database.db,
      'soc',
      { state: 'active', says: '', lastSuccess: clock.now().toISOString() },
      clock.now(),
    )
    await look()
    at += 24 * hour
  }
  // Sessions ended meanwhile.
  administrator = (await signedIn(desk, 'administrator')).cookie
  lead = (await signedIn(desk, 'lead')).cookie
  const { sources } = (await call('GET', '/api/sources')).body as unknown as { sources: { id: string }[] }
  expect(sources.find(({ id }) => id === source)).toMatchObject({
    waits: 8,
    proposed: { minutes: 2880, usualLongest: 1440 },
    ...{ volume: null, lagSeconds: null },
  })
  // Eleven messages ten days ago, and none since.
  expect(sources.find(({ id }) => id === `provider:${deskProvider.id}`)).toMatchObject({
    volume: { of: 'messages', today: 0, usual: 0 },
    lagSeconds: 90,
  })
  await call('PUT', '/api/sources/watch', { source, silentAfterMinutes: 60 })
  await look()
  expect(await openSilences(database.db)).toMatchObject([{ source }])
})

test('only an administrator says when it rings; what is not there cannot be watched', async () => {
  const body = { source: `provider:${deskProvider.id}`, silentAfterMinutes: 60 }
  expect((await call('PUT', '/api/sources/watch', body, lead)).status).toBe(403)
  expect((await call('PUT', '/api/sources/watch', { ...body, source: 'provider:nobody' })).status).toBe(404)
  expect((await call('PUT', '/api/sources/watch', { ...body, silentAfterMinutes: 0 })).status).toBe(400)
})

test('a connector of the house is watched in hours, by the same call', async () => {
  expect(
    (await call('PUT', '/api/sources/watch', { source: 'connector:asset-list', silentAfterMinutes: 90 })).status,
  ).toBe(200)
  const { sources } = (await call('GET', '/api/sources')).body as unknown as { sources: { id: string }[] }
  expect(sources.find(({ id }) => id === 'connector:asset-list')).toMatchObject({ limitMinutes: 120 })
})

test('what could not be asked keeps its silence, and is no news', async () => {
  const before = await openSilences(database.db)
  await watchSources(desk.running.house, async () => ({ signs: [], away: ['log sources: lake.unreachable'] }))
  expect(await openSilences(database.db)).toEqual(before)
})

test('a limit leaves room over the longest usual wait, and passes a single outage over where there are many waits', () => {
  expect(proposedLimit([60, 60, 60])).toBeNull()
  expect(proposedLimit(Array.from({ length: 10 }, () => 40))).toEqual({ minutes: 60, usualLongest: 40 })
  expect(proposedLimit([...Array.from({ length: 40 }, () => 40), 9_000])).toEqual({ minutes: 60, usualLongest: 40 })
  const sign = {
    id: 'feed:x',
    kind: 'feed',
    title: 'x',
    sign: 's',
    lastAt: null,
    limitMinutes: 60,
    watchedSince: '2026-03-01T00:00:00.000Z',
  } as const
  expect(silentSince(sign, new Date('2026-03-01T00:30:00Z'))).toBeNull()
  expect(silentSince(sign, new Date('2026-03-01T02:00:00Z'))).toBe('2026-03-01T00:00:00.000Z')
  expect([15, 90, 180, 1440, 2880].map(spanWords)).toEqual([
    '15 minutes',
    '90 minutes',
    '3 hours',
    '24 hours',
    '2 days',
  ])
})
