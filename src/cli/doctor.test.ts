import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { cli, type Env, runCommand } from '../../test/program.ts'
import { readSettings } from '../config/config.ts'
import { addJob } from '../db/jobs.ts'
import { systemClock } from '../kit/clock.ts'
import { isAlive } from '../kit/process-lock.ts'
import { append } from '../ledger/append.ts'
import { loadOrCreateKey } from '../ledger/key.ts'
import { sequenceAll } from '../ledger/sequencer.ts'
import type { Check, CheckState } from './doctor/check.ts'
import * as judge from './doctor/house.ts'
import { judgeDisk, judgeNode, judgePort } from './doctor/machine.ts'
import { judgeMailFailure } from './doctor/outside.ts'
import { problemsOf } from './doctor/settings.ts'
import { openHouse } from './open-house.ts'

// These start the program itself, again and again: half a second each, five on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-doctor-'))
const at = (name: string) => path.join(folder, name)
beforeAll(() => chmodSync(folder, 0o755))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Diagnosis = { code: number; ok: boolean; of: (name: string) => Check; states: Record<string, CheckState> }
async function doctor(env: Env): Promise<Diagnosis> {
  const { code, out, err } = await runCommand(['doctor', '--json'], env, { cwd: folder })
  if (out === '') throw new Error(err)
  const said = JSON.parse(out) as { ok: boolean; checks: Check[] }
  const of = (name: string): Check => {
    const found = said.checks.find((check) => check.name === name)
    if (found === undefined) throw new Error(`no check ${name} in ${out}`)
    return found
  }
  return { code, ok: said.ok, of, states: Object.fromEntries(said.checks.map((check) => [check.name, check.state])) }
}

/** An installation on a database of its own, with these settings. */
async function installation(name: string, settings: string): Promise<{ house: FreshDatabase; env: Env; data: string }> {
  const data = at(name)
  mkdirSync(data)
  writeFileSync(path.join(data, 'counterfoil.yaml'), settings, { mode: 0o600 })
  const house = await freshDatabase()
  return { house, data, env: { COUNTERFOIL_DATA: data, DATABASE_URL: house.url } }
}

test('a sound installation has nothing broken, and exits 0', async () => {
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'] })
  const port = await new Promise<number>((resolve) => {
    const inner = server.listen(0, '127.0.0.1', () => resolve((inner.address() as AddressInfo).port))
  })
  const { house, data, env } = await installation(
    'sound',
    `http: { port: 0 }\nfolders: [{ path: ${folder} }]\nmailOut: { host: 127.0.0.1, port: ${port}, tls: none, from: desk@example.org }\n`,
  )
  await append(house.db, { kind: 'user.created', actor: 'system', subject: 'user:1', body: {} }, systemClock)
  await sequenceAll({ db: house.db, clock: systemClock, key: loadOrCreateKey(data) })
  await sql`insert into asset (id, name, facts, names, source, as_of, entity) values ('a', 'a', '{}', '{}', 's', now() - interval '40 days', 'a')`.execute(
    house.db,
  )
  const found = await doctor(env)
  expect(found).toMatchObject({ code: 0, ok: true })
  expect(found.of('mail-out')).toMatchObject({ state: 'ok' })
  expect(found.of('ledger').says).toBe('the newest checkpoint verifies: 1 records')
  expect(found.of('list-assets')).toMatchObject({ state: 'warn', says: '1 assets, 40 days old' })
  expect(found.of('nodes').state).toBe('warn')
  expect(found.states).toMatchObject({
    database: 'ok',
    migrations: 'ok',
    clock: 'ok',
    doors: 'ok',
    'jobs-failed': 'ok',
    quarantine: 'ok',
    'log-lake': 'not-applicable',
  })
  await new Promise<void>((resolve) => server.close(resolve))
  await house.close()
})

test('the log lake: its engine answers, what was set aside and a wrong parser are said', async () => {
  const parser = at('gate.yaml')
  const { house, data, env } = await installation('lake', `http: { port: 0 }\nlake: { freeDiskMinMiB: 16 }\n`)
  execFileSync(process.execPath, [cli, 'lake', 'ingest', '-', '--source', 'fw-1'], {
    env: { PATH: process.env['PATH'], ...env },
    input: 'a line\nanother one\n',
  })
  const sound = await doctor(env)
  expect(sound.of('log-lake')).toMatchObject({ state: 'ok', says: 'the log engine answers: 1 sources, 2 events' })
  expect(sound.states).toMatchObject({ 'log-spool': 'ok', 'log-room': 'ok' })

  mkdirSync(path.join(data, 'lake', 'failed'), { recursive: true })
  writeFileSync(path.join(data, 'lake', 'failed', '5883186521406828.lines'), 'a line\n')
  expect((await doctor(env)).of('log-spool')).toMatchObject({
    state: 'warn',
    says: expect.stringContaining('set aside'),
  })

  writeFileSync(parser, 'id: gate\n')
  writeFileSync(path.join(data, 'counterfoil.yaml'), `http: { port: 0 }\nlake: { parsers: [${parser}] }\n`, {
    mode: 0o600,
  })
  const wrong = await doctor(env)
  expect(wrong.of('log-lake')).toMatchObject({ state: 'broken', says: expect.stringContaining('gate.yaml:1:1') })
  expect(wrong.code).toBe(1)
  await house.close()
})

test('everything that is wrong at once is found, each with what to do', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const port = (taken.address() as AddressInfo).port
  const { house, data, env } = await installation(
    'wrong',
    [
      `http: { port: ${port} }`,
      `smtp: { port: 0, recipients: [desk@example.org], tls: { certFile: ${at('no.pem')}, keyFile: ${at('no.key')} } }`,
      'mailOut: { host: 127.0.0.1, port: 1, from: desk@example.org, password: pw }',
      'dnsServers: ["127.0.0.1:1"]',
      'ownDomains: [example.org]',
      '',
    ].join('\n'),
  )
  const key = loadOrCreateKey(data)
  for (let n = 0; n < 5; n++)
    await append(house.db, { kind: 'alert.opened', actor: 'system', subject: `alert:${n}`, body: {} }, systemClock)
  await sequenceAll({ db: house.db, clock: systemClock, key })
  await house.db.deleteFrom('ledger_node').where('level', '=', 2).execute()
  chmodSync(path.join(data, 'ledger.key'), 0o644)
  await addJob(house.db, 'read-message', {})
  await addJob(house.db, 'send-reply', {})
  await sql`update graphile_worker._private_jobs set attempts = max_attempts, last_error = 'no such alert' where id = 1`.execute(
    house.db,
  )
  await sql`update graphile_worker._private_jobs set run_at = now() - interval '1 hour' where id = 2`.execute(house.db)
  await sql`insert into message (id, bytes, form, channel, origin, received_at, state)
    values (repeat('a', 64), 'x', 'mail', 'smtp', '', now(), 'quarantined')`.execute(house.db)
  await sql`insert into intake_position (door, position, state, says) values ('imap:soc', '{}', 'failing', 'the password was refused')`.execute(
    house.db,
  )
  await sql`insert into connector_state (connector, last_failure_at, last_why) values ('cmdb', now(), 'HTTP 401')`.execute(
    house.db,
  )
  const found = await doctor(env)
  expect(found).toMatchObject({ code: 1, ok: false })
  expect(found.of('port-http')).toMatchObject({ state: 'broken', says: expect.stringContaining(String(port)) })
  expect(found.of('files').says).toMatch(/no\.pem \(smtp\.tls\.certFile\)/)
  expect(found.of('data-folder')).toMatchObject({ state: 'broken', mend: `chmod 600 ${path.join(data, 'ledger.key')}` })
  expect(found.of('mail-out')).toMatchObject({ state: 'broken', says: expect.stringContaining('127.0.0.1:1') })
  expect(found.of('dns').state).toBe('broken')
  expect(found.of('ledger')).toMatchObject({ state: 'broken', mend: expect.stringContaining('audit check') })
  expect(found.of('jobs-failed').says).toContain('read-message: no such alert')
  expect(found.of('jobs-stuck')).toMatchObject({ state: 'warn', says: expect.stringContaining('no server runs') })
  expect(found.of('doors').says).toContain('the password was refused')
  expect(found.of('connector cmdb').says).toContain('HTTP 401')
  expect(found.of('quarantine')).toMatchObject({ state: 'warn', says: '1 messages in quarantine' })
  taken.close()
  await house.close()
})

test('a port that our own running server holds is no trouble; one that it does not hold is', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { house, env } = await installation('running', `http: { port: ${(server.address() as AddressInfo).port} }\n`)
  await sql`insert into node (id, host, pid, started_at, heartbeat_at)
    values ('n', ${`${os.hostname()} pid:[4026531836]`}, ${process.pid}, now(), now())`.execute(house.db)
  const found = await doctor(env)
  expect(found.of('nodes')).toMatchObject({ state: 'ok', says: `${os.hostname()} (pid ${process.pid})` })
  expect(found.of('port-http').state).toBe('ok')
  await new Promise((resolve) => server.close(resolve))
  await sql`update node set heartbeat_at = now()`.execute(house.db)
  expect((await doctor(env)).of('port-http')).toMatchObject({
    state: 'broken',
    mend: expect.stringContaining('Restart'),
  })
  await house.close()
})

test('settings that cannot be read are named by file and line, and the rest is still looked at', async () => {
  const { house, data, env } = await installation('typing', 'http:\n  port: 8844\nreplyHoldSeconds: soon\n')
  const file = path.join(data, 'counterfoil.yaml')
  const found = await doctor(env)
  expect(found.of('settings')).toMatchObject({
    state: 'broken',
    says: expect.stringContaining(`${file}:3: replyHoldSeconds`),
  })
  expect(found.of('database').state).toBe('ok')
  writeFileSync(file, 'http: [\n')
  expect((await doctor(env)).of('settings').says).toMatch(/counterfoil\.yaml:\d/)
  writeFileSync(file, 'http:\n  prot: 1\n')
  expect((await doctor(env)).of('settings')).toMatchObject({
    state: 'warn',
    says: expect.stringContaining(`${file}:2: http.prot is no setting`),
  })
  expect((await doctor({ ...env, COUNTERFOIL_PORT: 'x' })).of('settings').says).toContain('COUNTERFOIL_PORT')
  await house.close()
})

test('a database that does not answer, is of a newer version, or was never migrated is said', async () => {
  const { house, env } = await installation('database', '')
  const away = await doctor({ ...env, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  expect(away).toMatchObject({ code: 1 })
  expect(away.of('database')).toMatchObject({ state: 'broken', says: expect.stringContaining('does not answer') })
  await sql`insert into migration (name, sha256) values ('9999-later.sql', '')`.execute(house.db)
  expect((await doctor(env)).of('migrations').says).toContain('9999-later.sql')
  await sql.raw('drop schema public cascade; create schema public').execute(house.db)
  expect((await doctor(env)).of('migrations')).toMatchObject({
    state: 'broken',
    mend: expect.stringContaining('counterfoil start'),
  })
  await house.close()
})

test('a PostgreSQL that outlived its starter is seen, and doctor leaves none behind', async () => {
  const data = at('orphan')
  mkdirSync(data)
  const script = `import { openHouse } from ${JSON.stringify(path.resolve(import.meta.dirname, 'open-house.ts'))}
    await openHouse({ create: true }); process.stdout.write('open'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env['PATH'], COUNTERFOIL_DATA: data },
  })
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  const pid = Number.parseInt(readFileSync(path.join(data, 'postgres/data/postmaster.pid'), 'utf8'), 10)
  expect((await doctor({ COUNTERFOIL_DATA: data })).of('postmaster')).toMatchObject({ state: 'ok' })
  expect(isAlive(pid)).toBe(true)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  expect(isAlive(pid)).toBe(true)
  const found = await doctor({ COUNTERFOIL_DATA: data })
  expect(found.of('postmaster')).toMatchObject({ state: 'warn', says: expect.stringContaining('left running') })
  expect(found.of('database').state).toBe('ok')
  expect(isAlive(pid)).toBe(false)
})

test('a command stops the PostgreSQL it started, every time, and leaves one that others use', async () => {
  const data = at('leaving')
  mkdirSync(data)
  const env = { COUNTERFOIL_DATA: data }
  const pidOf = () => Number.parseInt(readFileSync(path.join(data, 'postgres/data/postmaster.pid'), 'utf8'), 10)
  const open = path.resolve(import.meta.dirname, 'open-house.ts')
  const script = `import { openHouse } from ${JSON.stringify(open)}
    const house = await openHouse({ create: true })
    await Promise.all(Array.from({ length: 4 }, () => house.database.pool.query('select pg_sleep(0.05)')))
    process.stdout.write('open'); process.stdin.once('data', async () => { await house.close(); process.exit(0) })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env['PATH'], ...env },
  })
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  const other = await openHouse({ settings: { ...readSettings({ ...env }), databaseUrl: null } })
  const pid = pidOf()
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.stdin.write('close')
  await gone
  expect(isAlive(pid)).toBe(true)
  expect((await other.database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await other.close()
  // The one that stayed behind is taken over and stopped by the next command, whatever it is.
  expect((await doctor(env)).of('database').state).toBe('ok')
  expect(isAlive(pid)).toBe(false)
  for (let n = 0; n < 3; n++) await doctor(env)
  expect(() => pidOf()).toThrow(/ENOENT/)
})

test('judgements by their figures', () => {
  expect(judgeNode('20.11.0').state).toBe('broken')
  expect(judgeNode('24.0.0').state).toBe('ok')
  expect(judgeDisk(100e6, 1e12, '/').state).toBe('broken')
  expect(judgeDisk(1e9, 1e12, '/').state).toBe('warn')
  const place = { host: '127.0.0.1', port: 25 }
  expect(judgePort('p', 's', place, 'taken', true).state).toBe('ok')
  expect(judgePort('p', 's', place, 'free', true).state).toBe('broken')
  expect(judgePort('p', 's', place, 'not-allowed', false).mend).toContain('1023')
  expect(judge.judgeClock({ aheadMs: -90_000, roundTripMs: 4 }).state).toBe('broken')
  expect(judge.judgeClock({ aheadMs: 2500, roundTripMs: 4000 }).state).toBe('ok')
  expect(judge.judgeServer({ version: '13.1', versionNumber: 130_001 }).state).toBe('broken')
  expect(judge.judgeRuns({ waitingLong: 0, late: 2, failed: 0 }).state).toBe('broken')
  const jobs = { failed: 0, failedNames: [], ready: 3, oldestReadyMs: 600_000, heldTooLong: 0 }
  expect(judge.judgeJobs(jobs, true)[1]?.state).toBe('broken')
  expect(judge.judgeJobs({ ...jobs, heldTooLong: 1 }, true)[1]?.says).toContain('held')
  expect(judge.judgeLedger({ size: 7, waiting: 3, oldestWaitingMs: 120_000, isFresh: false }, true).state).toBe(
    'broken',
  )
  expect(judge.judgeLedger({ size: 7, waiting: 3, oldestWaitingMs: 100, isFresh: false }, true).state).toBe('ok')
  expect(judgeMailFailure('h:1', Object.assign(new Error('no'), { code: 'EAUTH' })).mend).toContain('passwordFile')
})

test('a place in the settings is found in lists and nested settings too', () => {
  const { wrong } = problemsOf('imap:\n  - id: a\n    host: h\n    user: u\n  - id: B!\n    host: h\n    user: u\n')
  expect(wrong).toMatchObject([{ line: 5, says: expect.stringContaining('imap.1.id') }])
  expect(problemsOf('smtp:\n  port: 25\n').wrong).toMatchObject([
    { line: 1, says: expect.stringContaining('smtp.recipients') },
  ])
  expect(problemsOf('').config).not.toBeNull()
})
