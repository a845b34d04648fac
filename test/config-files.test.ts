import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { addProvider, type Desk, signedIn, startDesk } from './desk.ts'

// The command line is started a few times: half a second each, five on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

let database: FreshDatabase
let desk: Desk
let administrator: string
let folder: string

type File = {
  settings: Record<string, unknown>
  providers: Record<string, Record<string, unknown>>
  connectors: Record<string, { title: string; settings: Record<string, unknown>; secrets: string[] }>
  watches: Record<string, number>
}
type Change = { path: string; running: string | null; wanted: string | null }

beforeAll(async () => {
  database = await freshDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-config-'))
  desk = await startDesk({ databaseUrl: database.url, dataFolder: folder })
  administrator = (await signedIn(desk, 'administrator')).cookie
  await addProvider(desk)
  const made = await call('PUT', '/api/connectors/directory', {
    kind: 'ldap',
    title: 'Directory',
    settings: { host: 'ldap.example.com', baseDn: 'dc=example,dc=com', bindDn: 'cn=reader' },
    secrets: { password: 'hush-hush-hush' },
    enabled: false,
    version: 0,
  })
  expect(made).toMatchObject({ status: 200 })
})
afterAll(async () => {
  await desk.stop()
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

async function call(method: string, url: string, body?: unknown) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: {
      cookie: administrator,
      origin: desk.origin,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const running = async () => {
  const { body } = await call('GET', '/api/config')
  return { yaml: String(body['yaml']), file: parse(String(body['yaml'])) as File, digest: String(body['digest']) }
}
async function changed(change: (file: File) => void): Promise<string> {
  const { file } = await running()
  change(file)
  return stringify(file)
}
const diff = async (yaml: string) => {
  const { body } = await call('POST', '/api/config/diff', { yaml })
  return body as { base: string; changes: Change[]; stays: string[] }
}
const counterfoil = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [path.resolve('src/cli.ts'), 'config', ...args],
      { env: { PATH: process.env['PATH'], COUNTERFOIL_DATA: folder, DATABASE_URL: database.url } },
      (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })

test('what runs is written without a secret, and applied again changes nothing', async () => {
  const { yaml, file, digest } = await running()
  expect(yaml).not.toContain('hush')
  expect(file.connectors['directory']).toMatchObject({ title: 'Directory', secrets: ['password'] })
  expect(file.providers['northwatch']).toMatchObject({ name: 'Northwatch MDR' })
  expect(await diff(yaml)).toEqual({ base: digest, changes: [], stays: [] })
  expect((await call('POST', '/api/config/apply', { yaml, base: digest })).body).toEqual({ version: null, changes: [] })
})

test('a file is compared place by place, applied whole with a ledger line for each change, and taken back', async () => {
  const before = await running()
  const yaml = await changed((file) => {
    file.settings['replyHoldSeconds'] = 90
    file.settings['secondWait'] = { hours: 8, remindAfterHours: [2] }
    const northwatch = file.providers['northwatch']
    if (northwatch !== undefined) northwatch['domains'] = ['northwatch.example', 'nw.example']
    file.watches['provider:northwatch'] = 240
    const directory = file.connectors['directory']
    if (directory !== undefined) directory.title = 'Main directory'
  })
  const { base, changes } = await diff(yaml)
  expect(changes.map(({ path: place, running: was, wanted }) => [place, was, wanted])).toEqual([
    ['connectors.directory.title', '"Directory"', '"Main directory"'],
    ['providers.northwatch.domains', '["northwatch.example"]', '["northwatch.example","nw.example"]'],
    ['settings.replyHoldSeconds', 'null', '90'],
    ['settings.secondWait', 'null', null],
    ['settings.secondWait.hours', null, '8'],
    ['settings.secondWait.remindAfterHours', null, '[2]'],
    ['watches.provider:northwatch', null, '240'],
  ])
  const applied = await call('POST', '/api/config/apply', { yaml, base, note: 'CR-1042' })
  expect(applied).toMatchObject({ status: 200, body: { version: 2 } })
  const { rows } = await sql<{ kind: string }>`
    select kind from ledger_entry where kind in ('connector.changed', 'provider.changed', 'setting.changed', 'source.watched', 'config.applied') order by kind`.execute(
    database.db,
  )
  expect(rows.map(({ kind }) => kind)).toEqual([
    'config.applied',
    'connector.changed',
    'provider.changed',
    'setting.changed',
    'source.watched',
  ])
  expect((await call('GET', '/api/settings')).body).toMatchObject({
    settings: { replyHoldSeconds: 90, secondWait: { hours: 8, remindAfterHours: [2] } },
  })
  // Its secret is where it was.
  expect((await running()).file.connectors['directory']?.secrets).toEqual(['password'])
  // Whoever compared before that is refused.
  expect((await call('POST', '/api/config/apply', { yaml: before.yaml, base })).status).toBe(409)

  const { digest } = await running()
  const back = await call('POST', '/api/config/versions/1/rollback', { base: digest })
  expect(back).toMatchObject({ status: 200, body: { version: 3 } })
  expect((await running()).yaml).toBe(before.yaml)
})

test('what one part of a file says wrong leaves all of it undone', async () => {
  const before = await running()
  const yaml = await changed((file) => {
    file.settings['replyHoldSeconds'] = 45
    file.watches['logs:firewall'] = 60
  })
  expect(await call('POST', '/api/config/apply', { yaml, base: before.digest })).toMatchObject({ status: 400 })
  const stranger = await changed((file) => {
    const northwatch = file.providers['northwatch']
    if (northwatch !== undefined) northwatch['domains'] = ['*']
  })
  expect(await call('POST', '/api/config/apply', { yaml: stranger, base: before.digest })).toMatchObject({
    status: 400,
  })
  expect((await running()).yaml).toBe(before.yaml)
  const late = await changed((file) => void (file.settings['secondWait'] = { hours: 1, remindAfterHours: [2] }))
  expect((await call('POST', '/api/config/diff', { yaml: late })).status).toBe(400)
  expect((await call('POST', '/api/config/diff', { yaml: 'format: other\n' })).status).toBe(400)
  expect((await call('POST', '/api/config/diff', { yaml: 'a: &x [*x]\n' })).status).toBe(400)
  expect((await call('GET', '/api/config/versions/99')).status).toBe(404)
})

test('a connector that is pointed elsewhere by a file does not take its secret along', async () => {
  const { digest } = await running()
  const yaml = await changed((file) => {
    const directory = file.connectors['directory']
    if (directory !== undefined) directory.settings['host'] = 'evil.example.net'
  })
  expect(await call('POST', '/api/config/apply', { yaml, base: digest })).toMatchObject({ status: 400 })
})

test('what a file leaves out stays, and is said', async () => {
  const yaml = await changed((file) => {
    file.providers = {}
    file.connectors = {}
  })
  expect(await diff(yaml)).toMatchObject({ changes: [], stays: ['providers.northwatch', 'connectors.directory'] })
})

test('the command line exports, compares, applies, lists and goes back', async () => {
  const exported = await counterfoil('export')
  expect(exported).toMatchObject({ code: 0, out: (await running()).yaml })
  const file = path.join(folder, 'wanted.yaml')
  await writeFile(
    file,
    await changed((wanted) => void (wanted.settings['ownDomains'] = ['halden.example', 'halden.test'])),
  )
  expect(await counterfoil('diff', file)).toMatchObject({
    code: 1,
    out: '- settings.ownDomains: null\n+ settings.ownDomains: ["halden.example","halden.test"]\n',
  })
  expect(await counterfoil('apply', file, '--note', 'second domain')).toMatchObject({
    code: 0,
    out: expect.stringContaining('Version 4: 1 change.') as string,
  })
  expect(await counterfoil('diff', file)).toMatchObject({ code: 0, out: 'Nothing would change.\n' })
  expect((await counterfoil('history')).out).toMatch(/^4\t\S+\tapplied\tsystem\tsecond domain\n3\t\S+\trolled-back\t/)
  expect(await counterfoil('rollback', '3')).toMatchObject({ code: 0 })
  expect((await running()).yaml).toBe(exported.out)
  expect(await counterfoil('rollback', '77')).toMatchObject({ code: 1 })
  expect((await counterfoil('rollback', 'x')).code).toBe(2)
})
