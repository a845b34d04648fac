import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startPostgres } from '../src/db/launcher.ts'
import { openDatabase } from '../src/db/open.ts'
import { renewIntakeKey, saveProvider } from '../src/db/providers.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { freePort } from './browser.ts'
import { until } from './desk.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { type PersonAtDesk, signIn } from './person-at-desk.ts'
import { type Program, runCommand, startProgram, writeSettings } from './program.ts'
import { deskAddress, handOver, makeSigningProvider, signingProvider } from './signing-provider.ts'

// A whole program with a database of its own, on a disk of its own; a minute on a machine that is busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 })

/** A fresh cluster takes 60 MB, two segments of its log 32; the rest is for mail. */
const diskBytes = 256 * 1024 * 1024
const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-full-'))
const disk = path.join(folder, 'disk')
const data = path.join(disk, 'data')
const isMounted = mount()

/** A file system of its own in memory; where this is not permitted (no root, no Linux) there is nothing that can really be full. */
function mount(): boolean {
  mkdirSync(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=755`, 'tmpfs', disk], { stdio: 'pipe' })
    return true
  } catch {
    process.stderr.write(
      'disk-full.test.ts is passed over: a file system cannot be mounted here (needs root on Linux)\n',
    )
    return false
  }
}

const provider = makeSigningProvider()
const env = { COUNTERFOIL_DATA: data }
let names: NameServer
let program: Program
let person: PersonAtDesk
let origin: string
let intakeKey: string
let databaseUrl: string
let adminUrl: string
const accepted: string[] = []

beforeAll(async () => {
  if (!isMounted) return
  execFileSync('chmod', ['755', folder])
  names = await startNameServer(provider.zone)
  const port = await freePort()
  await writeSettings(data, {
    http: { port },
    smtp: { port: 0, recipients: [deskAddress] },
    ownDomains: ['customer.example'],
    reverseDns: false,
    dnsServers: [names.address],
  })
  program = await startProgram({ env })
  const postgres = await startPostgres({
    folder: path.join(data, 'postgres'),
    log: { info: () => undefined, warn: () => undefined },
  })
  ;({ url: databaseUrl, adminUrl } = postgres)
  await withDatabase(async (db) => {
    await saveProvider(db, signingProvider, 0, new Date())
    intakeKey = (await renewIntakeKey(db, signingProvider.id, new Date())) ?? ''
    origin = `http://localhost:${port}`
    person = await signIn(db, () => origin)
  })
})
afterAll(async () => {
  await program?.kill('SIGTERM')
  await names?.stop()
  if (isMounted) execFileSync('umount', [disk])
  rmSync(folder, { recursive: true, force: true })
})

async function withDatabase<T>(work: (db: Awaited<ReturnType<typeof openDatabase>>['db']) => Promise<T>): Promise<T> {
  const database = await openDatabase(databaseUrl, { poolMax: 2 })
  try {
    return await work(database.db)
  } finally {
    await database.close()
  }
}

let n = 0
/** A mail of so many bytes that do not compress; what was answered. */
async function send(sizeBytes = 0): Promise<string> {
  const extra = Array.from(
    { length: sizeBytes / 64 },
    () => crypto.randomUUID() + crypto.randomUUID().slice(0, 26),
  ).join('\r\n')
  const bytes = provider.alertMail({ ticket: `INC-${++n}`, host: `ws-${n}.customer.example`, extra })
  const said = (await handOver(bytes, program.smtpPort ?? 0)) ?? 'nothing'
  if (said.startsWith('250')) accepted.push(sha256Hex(bytes))
  return said
}

const post = (): Promise<Response> =>
  fetch(`${origin}/api/intake`, {
    method: 'POST',
    headers: { authorization: `Bearer ${intakeKey}`, 'content-type': 'message/rfc822' },
    body: 'From: soc@provider.example\r\n\r\nan alert\r\n',
  })

/** Takes everything but so many bytes, as another program on this disk would. */
function fill(butBytes: number): void {
  const { bavail, bsize } = statfsSync(disk)
  const file = path.join(disk, 'other-program')
  try {
    execFileSync(
      'dd',
      [
        'if=/dev/zero',
        `of=${file}`,
        'bs=64k',
        'oflag=append',
        'conv=notrunc',
        `count=${Math.ceil((bavail * bsize - butBytes) / 65_536)}`,
      ],
      { stdio: 'pipe' },
    )
  } catch (error) {
    if (!/No space left/.test(String((error as { stderr?: Buffer }).stderr))) throw error
  }
}
const free = (): void => rmSync(path.join(disk, 'other-program'))

const allRead = () =>
  until(
    'every accepted mail to be an alert',
    async () => {
      const rows = await withDatabase((db) => db.selectFrom('message').select(['id', 'alert_id']).execute()).catch(
        () => [],
      )
      const read = new Set(rows.filter((row) => row.alert_id !== null).map(({ id }) => id))
      return accepted.every((id) => read.has(id)) && rows.length === accepted.length
    },
    90_000,
  )
const smtpDoor = async () => (await person.queue()).feed.doors.find(({ door }) => door === 'smtp')
const doctor = async () => {
  const said = await runCommand(['doctor', '--json'], env)
  return {
    ...said,
    checks: (JSON.parse(said.out) as { checks: { name: string; state: string; says: string; mend: string }[] }).checks,
  }
}

test.skipIf(!isMounted)(
  'before the disk is full mail is refused with 452, the queue page and doctor say so, and it goes on by itself',
  async () => {
    expect(await send()).toMatch(/^250 /)
    fill(40 * 1024 * 1024)
    expect(await send()).toMatch(/^452 4\.3\.1 The disk is full/)
    expect((await post()).status).toBe(507)
    expect(
      await until('the door to say it', async () => ((await smtpDoor())?.state === 'failing' ? smtpDoor() : null)),
    ).toMatchObject({
      says: expect.stringContaining('The disk is full: mail is refused with 452'),
    })
    const { code, checks } = await doctor()
    expect(code).toBe(1)
    expect(checks.find(({ name }) => name === 'disk')).toMatchObject({
      state: 'broken',
      mend: expect.stringContaining('Free some space'),
    })
    expect(checks.find(({ name }) => name === 'doors')?.says).toContain('The disk is full')
    free()
    expect(
      await until('the door to be open again', async () => {
        const said = await send()
        return said.startsWith('250') ? said : null
      }),
    ).toMatch(/^250 /)
    await until('the door to say so', async () => (await smtpDoor())?.state === 'active')
    await allRead()
  },
)

test.skipIf(!isMounted)(
  'a disk full to the brim under PostgreSQL loses nothing that was accepted, and everything goes on once there is space',
  async () => {
    expect(await send(256 * 1024)).toMatch(/^250 /)
    fill(0)
    expect(await send(256 * 1024)).toMatch(/^45[12] /)
    await breakPostgres()
    expect(await send()).toMatch(/^45[12] /)
    const { code, checks } = await doctor()
    expect(code).toBe(1)
    expect(checks.find(({ name }) => name === 'disk')?.state).toBe('broken')
    expect(checks.find(({ name }) => name === 'database')).toMatchObject({
      state: 'broken',
      says: expect.stringContaining('disk is full'),
    })
    free()
    const began = performance.now()
    expect(
      await until(
        'mail to be taken again',
        async () => {
          const said = await send()
          return said.startsWith('250') ? said : null
        },
        60_000,
      ),
    ).toMatch(/^250 /)
    await allRead()
    process.stderr.write(`open again ${Math.round(performance.now() - began)} ms after there was space\n`)
    const after = await runCommand(['audit', 'check'], env)
    expect(after).toMatchObject({ code: 0 })
  },
)

/** Each switch takes a whole new segment of the log: where there is no room for one, PostgreSQL must end itself. */
async function breakPostgres(): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl })
  const broken = new Promise<void>((resolve) => admin.once('error', () => resolve()))
  try {
    await admin.connect()
  } catch (error) {
    // What the house wrote by itself meanwhile may have ended it already.
    if (/^(ENOENT|ECONNREFUSED)$/.test(String((error as { code?: string }).code))) return
    throw error
  }
  try {
    for (let i = 0; i < 100; i++) await admin.query("select pg_create_restore_point('full'), pg_switch_wal()")
  } catch {
    await broken
    return
  }
  throw new Error('PostgreSQL took a hundred segments from a full disk')
}
