import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startPostgres } from '../src/db/launcher.ts'
import { openDatabase } from '../src/db/open.ts'
import { saveProvider } from '../src/db/providers.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { isAlive } from '../src/kit/process-lock.ts'
import { freePort } from './browser.ts'
import { until } from './desk.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { cli, type Program, startProgram, writeSettings } from './program.ts'
import { deskAddress, handOver, makeSigningProvider, signingProvider } from './signing-provider.ts'

// Programs with databases of their own; half a minute on a machine that is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-restart-'))
chmodSync(folder, 0o755)
const data = path.join(folder, 'data')
const provider = makeSigningProvider()
let names: NameServer
let program: Program
let databaseUrl: string

const start = async (): Promise<Program> => {
  program = await startProgram({ env: { COUNTERFOIL_DATA: data } })
  return program
}
const postmaster = (at = data): number =>
  Number.parseInt(readFileSync(path.join(at, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10)

beforeAll(async () => {
  names = await startNameServer(provider.zone)
  await writeSettings(data, {
    http: { port: await freePort() },
    smtp: { port: await freePort(), recipients: [deskAddress] },
    reverseDns: false,
    dnsServers: [names.address],
  })
  await start()
  const silent = { info: () => undefined, warn: () => undefined }
  databaseUrl = (await startPostgres({ folder: path.join(data, 'postgres'), log: silent })).url
  const database = await openDatabase(databaseUrl, { poolMax: 1 })
  await saveProvider(database.db, signingProvider, 0, new Date())
  await database.close()
})
afterAll(async () => {
  await program?.kill('SIGTERM')
  await names?.stop()
  rmSync(folder, { recursive: true, force: true })
})

let n = 0
/** Sends a mail until it is taken, as a mail server does; its digest. */
async function accepted(): Promise<string> {
  const bytes = provider.alertMail({ ticket: `INC-${++n}`, host: `ws-${n}.customer.example` })
  await until('the mail to be taken', async () => (await handOver(bytes, program.smtpPort ?? 0))?.startsWith('250'))
  return sha256Hex(bytes)
}

const isAlert = (id: string) =>
  until(
    'the mail to be an alert',
    async () => {
      const database = await openDatabase(databaseUrl, { poolMax: 1 })
      try {
        const row = await database.db.selectFrom('message').select('alert_id').where('id', '=', id).executeTakeFirst()
        return row?.alert_id
      } finally {
        await database.close()
      }
    },
    40_000,
  )

test('after kill -9 the next start on the same data folder opens at once, takes the database over, and reads what was accepted', async () => {
  const pids = new Set<number>()
  const ids: string[] = []
  for (let kill = 0; kill < 3; kill++) {
    ids.push(await accepted())
    await program.kill('SIGKILL')
    pids.add(postmaster())
    expect(isAlive(postmaster())).toBe(true)
    await start()
  }
  for (const id of ids) expect(await isAlert(id)).toMatch(/^[0-9a-f-]{36}$/)
  expect(pids.size).toBe(1)
})

test('a PostgreSQL that is killed under the running server is started again by it', async () => {
  const before = postmaster()
  await isAlert(await accepted())
  process.kill(before, 'SIGKILL')
  const killedAt = performance.now()
  const id = await accepted()
  process.stderr.write(
    `mail is taken again ${Math.round(performance.now() - killedAt)} ms after PostgreSQL was killed\n`,
  )
  await isAlert(id)
  expect(postmaster()).not.toBe(before)
})

test('after both were killed the next start opens, and a stop in order leaves no process behind', async () => {
  const id = await accepted()
  process.kill(postmaster(), 'SIGKILL')
  await program.kill('SIGKILL')
  await start()
  expect(await isAlert(id)).toMatch(/^[0-9a-f-]{36}$/)
  const pid = postmaster()
  await program.kill('SIGTERM')
  expect(program.child.exitCode).toBe(0)
  expect(isAlive(pid)).toBe(false)
  expect(existsSync(path.join(data, 'postgres', 'data', 'postmaster.pid'))).toBe(false)
})

test('a demo that was killed is cleaned away by the next one', async () => {
  const temporary = path.join(folder, 'tmp')
  const demo = () =>
    spawn(process.execPath, [cli, 'demo', '--once', '--port', '0'], {
      env: { PATH: process.env['PATH'], TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  mkdirSync(temporary, { mode: 0o755 })
  const killed = demo()
  let said = ''
  killed.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await until('the demo to be under way', async () => said.includes('\n3. '), 60_000)
  const gone = once(killed, 'exit')
  killed.kill('SIGKILL')
  await gone
  const [left = ''] = readdirSync(temporary).filter((name) => name.startsWith('counterfoil-demo-'))
  const pid = postmaster(path.join(temporary, left))
  expect(isAlive(pid)).toBe(true)
  const next = demo()
  next.stdout.resume()
  expect(await once(next, 'exit')).toEqual([0, null])
  expect(isAlive(pid)).toBe(false)
  expect(readdirSync(temporary)).toEqual([])
})
