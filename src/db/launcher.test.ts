import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { isAlive, stampOf } from '../kit/process-lock.ts'
import { ownWords, type Postgres, sharedBuffersMib, startPostgres } from './launcher.ts'

const log = { info: () => undefined, warn: () => undefined }
const folders: string[] = []
const running: Postgres[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'cf-launch-'))
  folders.push(folder)
  // mkdtemp makes it 0700; below that, root's cluster would move out (the last test).
  chmodSync(folder, 0o755)
  return path.join(folder, 'postgres')
}

async function start(folder: string, fsync = false): Promise<Postgres> {
  const one = await startPostgres({ folder, log, fsync })
  running.push(one)
  return one
}

async function ask(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return Object.values(((await client.query(text)).rows[0] ?? {}) as object)[0]
  } finally {
    await client.end()
  }
}

/** Starts the cluster in a process of its own that is then killed; the server stays behind. */
async function leftBehind(folder: string): Promise<number> {
  const code = `const { startPostgres } = await import(${JSON.stringify(path.resolve('src/db/launcher.ts'))})
    const one = await startPostgres({ folder: ${JSON.stringify(folder)}, fsync: false, log: { info() {}, warn() {} } })
    console.log(one.pid); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = await new Promise<number>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
  )
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  return pid
}

test('it listens on no network, asks for its password, and our role is a plain one', async () => {
  const folder = newFolder()
  const { url } = await start(folder)
  expect(await ask(url, 'show listen_addresses')).toBe('')
  expect(
    await ask(url, 'select rolsuper or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user'),
  ).toBe(false)
  await expect(ask(url.replace(/counterfoil:[^@]+@/, 'counterfoil:guess@'), 'select 1')).rejects.toThrow(
    'password authentication failed',
  )
  expect(statSync(path.join(folder, 'passwords.json')).mode & 0o777).toBe(0o600)
  expect(statSync(path.join(folder, 'data')).mode & 0o077).toBe(0)
})

test('what was committed is there after a kill of the server, and after a stop', async () => {
  const folder = newFolder()
  // With fsync, as in real life: without it a commit is not promised anything.
  const first = await start(folder, true)
  await ask(first.url, 'create table kept as select 42 as n')
  process.kill(first.pid, 'SIGKILL')
  await expect.poll(() => isAlive(first.pid)).toBe(false)
  const second = await start(folder, true)
  expect(await ask(second.url, 'select n from kept')).toBe(42)
})

test('the last words of the children of a killed server do not hide why the next one could not start', () => {
  const held =
    '2026-11-28 14:11:32.600 UTC [32510] FATAL:  pre-existing shared memory block (key 31, ID 7) is still in use'
  const child = (pid: number): string =>
    `2026-11-28 14:11:32.6${pid} UTC [325${pid}] FATAL:  terminating connection due to unexpected postmaster exit`
  const log = [held, ...Array.from({ length: 60 }, (_, n) => child(11 + n))].join('\n')
  expect(ownWords(log, 32510)).toBe(held)
  // Cut off by a disk that is full: then all that there is.
  expect(ownWords(child(11), 32510)).toBe(child(11))
})

test('a server that a killed process left behind is taken over, and stopped by us', async () => {
  const folder = newFolder()
  const pid = await leftBehind(folder)
  expect(isAlive(pid)).toBe(true)
  const taken = await start(folder)
  expect(taken).toMatchObject({ pid, owner: true })
  await taken.stop()
  expect(isAlive(pid)).toBe(false)
})

test('a second start shares the server and does not stop it under the first', async () => {
  const folder = newFolder()
  const [one, two] = await Promise.all([start(folder), start(folder)])
  expect(two.pid).toBe(one.pid)
  // Both are of this process, so both may call themselves its owner; another process is a guest.
  const code = `const { startPostgres } = await import(${JSON.stringify(path.resolve('src/db/launcher.ts'))})
    const guest = await startPostgres({ folder: ${JSON.stringify(folder)}, fsync: false, log: { info() {}, warn() {} } })
    console.log(JSON.stringify([guest.pid, guest.owner])); await guest.stop()`
  const guest = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  expect(JSON.parse(guest.stdout)).toEqual([one.pid, false])
  expect(isAlive(one.pid)).toBe(true)
})

test('a pid file whose number belongs to another program by now does not keep it from starting', async () => {
  const folder = newFolder()
  const first = await start(folder)
  const lines = readFileSync(path.join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')
  await first.stop()
  writeFileSync(path.join(folder, 'data', 'postmaster.pid'), [String(process.pid), ...lines.slice(1)].join('\n'))
  writeFileSync(path.join(folder, 'starting'), JSON.stringify({ ...stampOf(process.pid), startedAt: '1' }))
  const second = await start(folder)
  expect(await ask(second.url, 'select 1')).toBe(1)
})

test('a first start that was cut off in the middle is begun anew', async () => {
  const folder = newFolder()
  mkdirSync(path.join(folder, 'data.new', 'base'), { recursive: true })
  const one = await start(folder)
  expect(await ask(one.url, 'select current_database()')).toBe('counterfoil')
  expect(existsSync(path.join(folder, 'data.new'))).toBe(false)
})

test('a path too long for a socket gets a socket elsewhere', async () => {
  const folder = path.join(newFolder(), 'a'.repeat(100))
  const one = await start(folder)
  expect(decodeURIComponent(one.url)).not.toContain('a'.repeat(100))
  expect(await ask(one.url, 'select 1')).toBe(1)
})

test.runIf(process.getuid?.() === 0)(
  'root below a closed folder: the cluster moves to where "nobody" can live',
  async () => {
    const closed = mkdtempSync(path.join(os.tmpdir(), 'cf-closed-'))
    folders.push(closed)
    const one = await start(path.join(closed, 'postgres'))
    const moved = readFileSync(path.join(closed, 'postgres', 'MOVED'), 'utf8').trim()
    folders.push(moved)
    expect(await ask(one.adminUrl, 'show data_directory')).toBe(path.join(moved, 'data'))
    expect(statSync(path.join(moved, 'data')).uid).toBe(65534)
  },
)

test('its buffers follow the memory of the machine, between a floor and a ceiling', () => {
  expect([1, 4, 8, 24, 256].map((gib) => sharedBuffersMib(gib * 2 ** 30))).toEqual([64, 128, 256, 512, 512])
})
