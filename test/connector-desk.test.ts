import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { rewrapAll } from '../src/cli/secrets.ts'
import { fixedClock } from '../src/kit/clock.ts'
import { newSealKey, readKeyRing, seal, unseal } from '../src/kit/seal.ts'
import { ConnectorRegistry, openFromFile } from '../src/main/connector-registry.ts'
import { connectorKind } from '../src/model/connector-kind.ts'
import {
  type ConnectorDraft,
  type DeskParts,
  draftConnector,
  removeDraft,
  saveDraft,
} from '../src/playbooks/connector-desk.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const context = { signal: new AbortController().signal, clock }
const person = '00000000-0000-4000-8000-00000000000a'
const oldKey = newSealKey()
const ring = readKeyRing(oldKey, 'test')
let house: FreshDatabase
let closed: string[] = []

/** A source that tells the password it was given: what this house then shows of it must not. */
const gossip = connectorKind({
  kind: 'gossip',
  title: 'Gossip',
  says: 'Repeats what it heard.',
  answers: ['person-of-account'],
  settings: z.strictObject({ server: z.string().min(1), rooms: z.array(z.string()).default([]) }),
  secrets: [{ name: 'password', title: 'Password', says: '', needed: true, lines: false }],
  target: ['server'],
  fileOnly: null,
  open: ({ id, title, settings, secret }) => ({
    id,
    title,
    answers: ['person-of-account'],
    limits: { timeoutMs: 1_000, concurrency: 1, perMinute: 60 },
    scope: settings.server,
    ask: async () => ({ kind: 'failed', why: `login ${await secret('password')} refused`, query: settings.server }),
    health: async () => ({ state: 'active', says: 'here', lastSuccess: null }),
    tryOut: async () => {
      const password = (await secret('password')) ?? ''
      const rows = [{ heard: `it is ${password}!`, apiKey: 'abc', note: 'x'.repeat(900) }]
      return { kind: 'read', says: `as ${password}`, rows, can: [], cannot: [], warnings: [] }
    },
    close: async () => void closed.push(id),
  }),
})
const fileOnly = { ...gossip, kind: 'shell', fileOnly: 'It runs programs on the server.' }
const kinds = [gossip, fileOnly]
const parts = (keys = ring): DeskParts => ({ db: house.db, clock, kinds, keys, isTaken: (id) => id === 'asset-list' })
const draft = (changes: Partial<ConnectorDraft> = {}): ConnectorDraft => ({
  id: 'talk',
  kind: 'gossip',
  title: 'Talk',
  settings: { server: 'talk.example' },
  secrets: { password: 'hunter-two-secret' },
  enabled: true,
  version: 0,
  ...changes,
})
const registry = (keys = ring) => new ConnectorRegistry({ fixed: [], kinds, keys, db: house.db })

beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())
beforeEach(async () => {
  closed = []
  await sql`truncate connector, connector_secret`.execute(house.db)
})

test('a connector is saved with its secret sealed: neither the database nor the ledger has it in clear', async () => {
  expect(await saveDraft(parts(), draft(), 'user:a')).toBe(1)
  const { rows } = await sql<{ all: string }>`
    select string_agg(encode(sealed, 'escape') || encode(wrapped, 'escape') || c.settings::text, '') as all
    from connector_secret s join connector c on c.id = s.connector`.execute(house.db)
  expect(rows[0]?.all).toContain('talk.example')
  expect(rows[0]?.all).not.toContain('hunter')
  const lines = await house.db.selectFrom('ledger_entry').select(['kind', 'leaf', 'actor']).execute()
  expect(lines.map(({ kind, actor }) => [kind, actor])).toEqual([['connector.added', 'user:a']])
  expect(lines[0]?.leaf).toContain('"secretsChanged":["password"]')
  expect(lines[0]?.leaf).not.toContain('hunter')
})

test('it answers at once, a change replaces it, a removal ends it, and one that did not change stays the same', async () => {
  const all = registry()
  await saveDraft(parts(), draft(), 'user:a')
  await saveDraft(parts(), draft({ id: 'other' }), 'user:a')
  await all.reload()
  const [other, talk] = all.all()
  expect([other?.id, talk?.id, talk?.kind]).toEqual(['other', 'talk', 'gossip'])
  await saveDraft(parts(), draft({ title: 'Talk of the town', version: 1, secrets: {} }), 'user:a')
  await all.reload()
  expect(all.all()[0]).toBe(other)
  expect(all.all()[1]).not.toBe(talk)
  expect(all.all()[1]?.title).toBe('Talk of the town')
  expect(await all.all()[1]?.ask('person-of-account', { account: 'a' }, context)).toMatchObject({
    kind: 'failed',
    why: 'login ••• refused',
  })
  await removeDraft(parts(), 'talk', 'user:a')
  await saveDraft(parts(), draft({ id: 'other', version: 1, enabled: false, secrets: {} }), 'user:a')
  await all.reload()
  expect(all.all()).toEqual([])
  await all.close()
  expect(closed.toSorted()).toEqual(['other', 'talk', 'talk'])
})

test('a row of the test button shows no secret, neither ours nor what is named like one', async () => {
  const tried = await (await draftConnector(parts(), draft())).tryOut?.(context)
  expect(tried).toMatchObject({ kind: 'read', says: 'as •••', rows: [{ heard: 'it is •••!', apiKey: '•••' }] })
  expect(JSON.stringify(tried).length).toBeLessThan(500)
})

test('whoever points a connector elsewhere enters its secret anew; whoever changes the rest does not', async () => {
  await saveDraft(parts(), draft(), 'user:a')
  const elsewhere = draft({ version: 1, settings: { server: 'mine.example' }, secrets: {} })
  const trouble = {
    code: 'input.invalid',
    details: { fields: { 'secrets.password': expect.stringContaining('again') } },
  }
  await expect(saveDraft(parts(), elsewhere, 'user:a')).rejects.toMatchObject(trouble)
  await expect(draftConnector(parts(), elsewhere)).rejects.toMatchObject(trouble)
  expect(
    await saveDraft(
      parts(),
      draft({ version: 1, settings: { server: 'talk.example', rooms: ['a'] }, secrets: {} }),
      'user:a',
    ),
  ).toBe(2)
  expect(await saveDraft(parts(), { ...elsewhere, version: 2, secrets: { password: 'another-one' } }, 'user:a')).toBe(3)
})

test('what does not fit is refused with the field that it is about', async () => {
  const refused = async (changes: Partial<ConnectorDraft>) =>
    saveDraft(parts(), draft(changes), 'user:a').then(
      () => 'taken',
      (error: { code: string; details: { fields?: object } }) => [
        error.code,
        ...Object.keys(error.details.fields ?? {}),
      ],
    )
  expect(await refused({ kind: 'nonsense' })).toEqual(['input.invalid', 'kind'])
  expect(await refused({ kind: 'shell' })).toEqual(['input.invalid', 'kind'])
  expect(await refused({ id: 'asset-list' })).toEqual(['input.invalid', 'id'])
  expect(await refused({ settings: { server: '' } })).toEqual(['input.invalid', 'settings.server'])
  expect(await refused({ secrets: {} })).toEqual(['input.invalid', 'secrets.password'])
  expect(await refused({ secrets: { password: 'x', other: 'y' } })).toEqual(['input.invalid', 'secrets.other'])
  expect(await refused({ version: 4 })).toEqual(['state.conflict'])
  await saveDraft(parts(), draft(), 'user:a')
  expect(await refused({})).toEqual(['input.invalid', 'id'])
  await expect(removeDraft(parts(), 'nobody', 'user:a')).rejects.toMatchObject({ code: 'not.found' })
})

test('settings that no longer fit, and a key that is gone, are failures of that connector and stop nobody else', async () => {
  await saveDraft(parts(), draft(), 'user:a')
  await saveDraft(parts(), draft({ id: 'other' }), 'user:a')
  await sql`update connector set settings = '{"server": 7}' where id = 'talk'`.execute(house.db)
  const all = registry(readKeyRing(newSealKey(), 'test'))
  await all.reload()
  const [other, talk] = all.all()
  expect(await talk?.ask('person-of-account', {}, context)).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('do not fit'),
  })
  expect(talk?.answers).toEqual(['person-of-account'])
  await expect(other?.ask('person-of-account', {}, context)).rejects.toMatchObject({ code: 'seal.key-missing' })
})

test('a rotation puts the data keys under the new key; the secrets open with it alone afterwards', async () => {
  await saveDraft(parts(), draft(), 'user:a')
  const about = `totp|${person}`
  await sql`insert into app_user (id, email, name, role, totp_secret_sealed, created_at)
    values (${person}, 'a@corp.example', 'A', 'analyst', ${seal(ring.current.bytes, 'a factor', about)}, now())`.execute(
    house.db,
  )
  const newKey = newSealKey()
  const both = readKeyRing(`${newKey}\n${oldKey}`, 'test')
  expect(await rewrapAll(house.db, both, clock)).toEqual({ secrets: 1, others: 1 })
  const alone = readKeyRing(newKey, 'test')
  const row = await house.db
    .selectFrom('app_user')
    .select('totp_secret_sealed')
    .where('id', '=', person)
    .executeTakeFirstOrThrow()
  expect(unseal(alone.current.bytes, row.totp_secret_sealed ?? Buffer.alloc(0), about)).toBe('a factor')
  const all = registry(alone)
  await all.reload()
  expect(await all.all()[0]?.ask('person-of-account', {}, context)).toMatchObject({ why: 'login ••• refused' })
})

test('connectors of counterfoil.yaml are checked by their kind, and the trouble names source and field', () => {
  const source = {
    id: 'talk',
    kind: 'gossip',
    settings: { server: 'x' },
    secrets: { password: { env: 'COUNTERFOIL_SECRET_X' } },
  }
  expect(
    openFromFile([source, { ...source, kind: 'shell', id: 'sh' }], kinds, '/tmp').map(({ title }) => title),
  ).toEqual(['Gossip', 'Gossip'])
  const problem = (changes: object) => {
    try {
      openFromFile([{ ...source, ...changes }], kinds, '/tmp')
      return 'taken'
    } catch (error) {
      return String((error as { details: { problem: string } }).details.problem)
    }
  }
  expect(problem({ kind: 'nonsense' })).toContain('there are: gossip, shell')
  expect(problem({ settings: {} })).toContain('server')
  expect(problem({ secrets: {} })).toContain('password')
  expect(problem({ secrets: { ...source.secrets, pin: { env: 'COUNTERFOIL_SECRET_Y' } } })).toContain('"pin"')
})
