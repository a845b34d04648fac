import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { chown, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { newSecret } from '../kit/digest.ts'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'
import { isAlive, type PidStamp, stampOf, withFolderLock } from '../kit/process-lock.ts'
import { asTrouble } from './open.ts'
import { type Home, type LaunchLog, prepareHome, socketName } from './postgres-home.ts'

export type Postgres = {
  /** Of a plain role that owns the database `counterfoil` and nothing else. */
  readonly url: string
  /** Of the superuser: for `backup` and for tests that clone databases. */
  readonly adminUrl: string
  readonly pid: number
  /** False: another live process of ours started it, and stops it. */
  readonly owner: boolean
  /** Stops it when it is ours; does nothing when it is another's. */
  readonly stop: () => Promise<void>
}

export type LaunchOptions = {
  /** Where the cluster lives. Created when it is not there. */
  readonly folder: string
  readonly log: LaunchLog
  /** Off for throw-away clusters of tests only: a power cut loses the cluster. */
  readonly fsync?: boolean
}

/** Recovery of a large write-ahead log after a crash takes its time; past this a person must look. */
const readyTimeoutMs = 120_000
const stopTimeoutMs = 30_000
const serverLogBytesMax = 10 * 1024 * 1024

/**
 * Starts the embedded PostgreSQL of a data folder, or takes over the one that runs there already (left behind by a process
 * that was killed, or shared with a live one). It listens on a Unix socket only, with a password (scram) kept 0600 beside it.
 * Throws Trouble('disk.full'), Trouble('file.unreadable') for folders it cannot use, Trouble('database.unreachable') otherwise.
 */
export async function startPostgres(options: LaunchOptions): Promise<Postgres> {
  const home = await prepareHome(options.folder, options.log)
  return withFolderLock(path.join(home.folder, 'starting'), async () => {
    const secrets = await readSecrets(home, options)
    const running = await runningPid(home)
    if (running !== null) return adopt(home, secrets, running, options)
    const pid = await launchUntilReady(home, secrets, options)
    await claim(home)
    return handle(home, secrets, pid, true, options)
  })
}

type Secrets = { readonly admin: string; readonly app: string }

/** The passwords of this cluster; makes the cluster first when there is none. */
async function readSecrets(home: Home, options: LaunchOptions): Promise<Secrets> {
  const file = path.join(home.folder, 'passwords.json')
  if (existsSync(path.join(home.data, 'PG_VERSION'))) return JSON.parse(await readFile(file, 'utf8')) as Secrets
  const secrets: Secrets = { admin: newSecret(), app: newSecret() }
  await writeFile(file, JSON.stringify(secrets), { mode: 0o600 })
  await initialise(home, secrets, options)
  return secrets
}

/** initdb beside the final place, then one rename: a crash in the middle leaves no half cluster. */
async function initialise(home: Home, secrets: Secrets, options: LaunchOptions): Promise<void> {
  const half = `${home.data}.new`
  await rm(half, { recursive: true, force: true })
  await mkdir(half, { mode: 0o700 })
  const passwordFile = path.join(home.folder, 'initdb-password')
  await writeFile(passwordFile, secrets.admin, { mode: 0o600 })
  if (home.uid !== undefined) {
    await chown(half, home.uid, home.uid)
    await chown(passwordFile, home.uid, home.uid)
  }
  const args = ['-D', half, '-U', 'postgres', `--pwfile=${passwordFile}`, '-A', 'scram-sha-256', '--encoding=UTF8']
  // The built-in provider does not change with the machine's C library, so indexes stay sorted after a move.
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions')
  if (options.fsync === false) args.push('--no-sync')
  try {
    const said = await runToEnd(path.join(home.native, 'bin', 'initdb'), args, home)
    if (said.code !== 0) throw refused('initdb', said.text, home)
    await rename(half, home.data)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

/** One segment of the write-ahead log: with less room than this PostgreSQL does not start, and may not even be able to write down why. */
const roomToStartBytes = 16 * 1024 * 1024

function refused(program: string, text: string, home: Home): Trouble {
  const { bavail, bsize } = statfsSync(home.folder)
  const isFull = /No space left on device/.test(text) || bavail * bsize < roomToStartBytes
  const problem = text.trim().split('\n').slice(-5).join(' | ')
  return new Trouble(isFull ? 'disk.full' : 'database.unreachable', { program, problem })
}

async function runToEnd(program: string, args: readonly string[], home: Home): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const as = home.uid === undefined ? {} : { uid: home.uid, gid: home.uid }
    const child = spawn(program, args, {
      ...as,
      cwd: home.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    })
    let text = ''
    const take = (chunk: Buffer): void => {
      text = (text + chunk.toString()).slice(-20_000)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    // Without this listener a refused exec (EACCES in a closed folder) would end our own process.
    child.on('error', (error) =>
      reject(new Trouble('database.unreachable', { program, problem: wordsOf(error) }, error)),
    )
    child.on('close', (code) => resolve({ code: code ?? -1, text }))
  })
}

/** The pid of the postmaster that holds this data folder, if it lives. Clears what a dead one left. */
async function runningPid(home: Home): Promise<number | null> {
  const file = path.join(home.data, 'postmaster.pid')
  if (!existsSync(file)) return null
  const pid = Number.parseInt((await readFile(file, 'utf8')).split('\n')[0] ?? '', 10)
  if (Number.isInteger(pid) && pid > 1 && isAlive(pid) && isPostgres(pid, home)) return pid
  // The number may belong to another program by now; PostgreSQL itself would then refuse to start for ever.
  await rm(file, { force: true })
  return null
}

/** What it says in its first moments after a kill -9 of its predecessor, whose children hold the shared memory until they notice. */
const stillHeld = /pre-existing shared memory block|lock file ".*" already exists/
const heldMsMax = 10_000
const heldEveryMs = 100

async function launchUntilReady(home: Home, secrets: Secrets, options: LaunchOptions): Promise<number> {
  const until = Date.now() + heldMsMax
  for (;;) {
    // Nobody lives here (runningPid). The number in this lock may be one that is dead and was not fetched by its parent yet.
    await rm(path.join(home.socket, `${socketName}.lock`), { force: true })
    const launched = await launch(home, options)
    try {
      await untilReady(home, secrets, launched)
      return launched.pid
    } catch (error) {
      const problem = isTrouble(error) ? String(error.details['problem'] ?? '') : ''
      if (!stillHeld.test(problem) || Date.now() > until) throw error
    }
    await sleep(heldEveryMs)
  }
}

/** Is this process the postmaster of our data folder? Where /proc is missing, any live process counts. */
function isPostgres(pid: number, home: Home): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(home.data)
  } catch {
    return process.platform !== 'linux'
  }
}

/**
 * A thirty-second of the machine's memory, MiB. PostgreSQL touches it only as it is used: a small installation on a large machine does not grow by it,
 * and a queue of a million alerts is read from it instead of page by page from the system (measured: half the time for the slowest filters).
 */
export const sharedBuffersMib = (machineBytes: number): number =>
  Math.min(512, Math.max(64, Math.floor(machineBytes / 2 ** 20 / 32)))

/** `logFrom`: where in postgres.log its own words begin. */
type Launched = { readonly pid: number; readonly logFrom: number }

async function launch(home: Home, options: LaunchOptions): Promise<Launched> {
  const logFile = path.join(home.folder, 'postgres.log')
  if (existsSync(logFile) && statSync(logFile).size > serverLogBytesMax) await truncate(logFile, 0)
  const logFrom = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  // Into a file, not a pipe: the server may outlive us. In its own session: Ctrl-C is for us, and we stop it in order.
  const fd = openSync(logFile, 'a', 0o600)
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: home.socket,
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: `${sharedBuffersMib(os.totalmem())}MB`,
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    // A statement's text may hold a message's text; it does not go to a log.
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
    max_wal_size: '512MB',
  }
  if (options.fsync === false)
    Object.assign(settings, { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' })
  const args = ['-D', home.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const as = home.uid === undefined ? {} : { uid: home.uid, gid: home.uid }
  try {
    const child = spawn(path.join(home.native, 'bin', 'postgres'), args, {
      ...as,
      cwd: home.folder,
      detached: true,
      stdio: ['ignore', fd, fd],
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    })
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(new Trouble('database.unreachable', { problem: wordsOf(error) }, error)))
      child.once('spawn', () => resolve(child.pid ?? -1))
    })
    child.unref()
    return { pid, logFrom }
  } finally {
    closeSync(fd)
  }
}

function urlOf(home: Home, user: string, password: string, database: string): string {
  return `postgres://${user}:${password}@localhost/${database}?host=${encodeURIComponent(home.socket)}`
}

/** Waits until it answers, and makes our role and database when they are not there. */
async function untilReady(home: Home, secrets: Secrets, { pid, logFrom }: Launched): Promise<void> {
  const until = Date.now() + readyTimeoutMs
  let last: unknown
  while (Date.now() < until) {
    if (!isAlive(pid)) throw refused('postgres', ownWords(await logSince(home, logFrom), pid), home)
    try {
      await prepareDatabase(home, secrets)
      return
    } catch (error) {
      last = asTrouble(error)
      if (!isTrouble(last, 'database.unreachable')) throw last
    }
    await sleep(25)
  }
  throw new Trouble(
    'database.unreachable',
    { problem: `PostgreSQL was not ready after ${readyTimeoutMs / 1000} s` },
    last,
  )
}

async function logSince(home: Home, from: number): Promise<string> {
  const file = path.join(home.folder, 'postgres.log')
  return existsSync(file) ? (await readFile(file)).subarray(from).toString('utf8') : ''
}

/**
 * What the server of this pid wrote of a log. The children of one that was killed write there as well, and after it: those that notice the death of
 * their parent must not hide why the next one could not start. All of it where it wrote nothing.
 */
export function ownWords(log: string, pid: number): string {
  const own = log.split('\n').filter((line) => line.includes(` [${pid}] `))
  return own.length > 0 ? own.join('\n') : log
}

async function prepareDatabase(home: Home, secrets: Secrets): Promise<void> {
  const client = new pg.Client({
    connectionString: urlOf(home, 'postgres', secrets.admin, 'postgres'),
    connectionTimeoutMillis: 5000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const found = await client.query("select 1 from pg_database where datname = 'counterfoil'")
    if (found.rowCount === 1) return
    await client.query(`do $$ begin
      if not exists (select 1 from pg_roles where rolname = 'counterfoil') then create role counterfoil login; end if; end $$`)
    await client.query(`alter role counterfoil password ${client.escapeLiteral(secrets.app)}`)
    await client.query('create database counterfoil owner counterfoil')
  } finally {
    await client.end()
  }
}

async function adopt(home: Home, secrets: Secrets, pid: number, options: LaunchOptions): Promise<Postgres> {
  await untilReady(home, secrets, { pid, logFrom: 0 })
  const owner = await ownerOf(home)
  if (owner !== null && isAlive(owner.pid, owner.startedAt)) return handle(home, secrets, pid, false, options)
  options.log.warn({ pid }, 'PostgreSQL was left running by a process that is gone; taking it over')
  await claim(home)
  return handle(home, secrets, pid, true, options)
}

async function ownerOf(home: Home): Promise<PidStamp | null> {
  const file = path.join(home.folder, 'owner.json')
  // Written on a full disk it is empty: then nobody is known to own it.
  const text = existsSync(file) ? await readFile(file, 'utf8') : ''
  return text === '' ? null : (JSON.parse(text) as PidStamp)
}

async function claim(home: Home): Promise<void> {
  await writeFile(path.join(home.folder, 'owner.json'), JSON.stringify(stampOf(process.pid))).catch(
    (error: unknown) => {
      throw asTrouble(error)
    },
  )
}

function handle(home: Home, secrets: Secrets, pid: number, owner: boolean, options: LaunchOptions): Postgres {
  let stopping: Promise<void> | undefined
  return {
    url: urlOf(home, 'counterfoil', secrets.app, 'counterfoil'),
    adminUrl: urlOf(home, 'postgres', secrets.admin, 'postgres'),
    pid,
    owner,
    stop: () => {
      stopping ??= owner ? stopPid(pid, options.log) : Promise.resolve()
      return stopping
    },
  }
}

/** Fast shutdown (SIGINT: ends sessions, writes a checkpoint); immediate (SIGQUIT, recovery at the next start) when that takes too long. */
async function stopPid(pid: number, log: LaunchLog): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (!isAlive(pid)) return
    process.kill(pid, signal)
    const until = Date.now() + stopTimeoutMs
    while (Date.now() < until) {
      if (!isAlive(pid)) return
      await sleep(20)
    }
    log.warn({ pid, signal }, 'PostgreSQL does not stop')
  }
}
