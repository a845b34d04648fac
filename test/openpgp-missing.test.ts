import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '../src/kit/clock.ts'
import { freePort } from './browser.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { addProvider, alertOf, apiAs, type Desk, deskProvider, post, signedIn, until } from './desk.ts'
import { type FaultyMailServer, startFaultyMailServer } from './faulty-mail-server.ts'
import { type Gpg, startGpg } from './gpg.ts'
import { type Program, runCommand, startProgram, writeSettings } from './program.ts'
import { replyPage, reviewAll, sayTo } from './release-desk.ts'

// The real program is started with the optional package there, and without it.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 200_000 })

const us = 'desk@halden.example'
/** What Node says where a package was left out, for this one: in the program and in its threads. */
const without = `data:text/javascript,${encodeURIComponent(`import { registerHooks } from 'node:module'
registerHooks({ resolve: (name, context, next) => {
  if (name === 'openpgp') throw Object.assign(new Error('no openpgp'), { code: 'ERR_MODULE_NOT_FOUND' })
  return next(name, context)
} })`)}`

let folder: string
let database: FreshDatabase
let mail: FaultyMailServer
let gpg: Gpg
let program: Program
let env: Readonly<Record<string, string>>
let desk: Desk
let lead: string
let administrator: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-no-pgp-'))
  ;[database, mail] = await Promise.all([freshDatabase(), startFaultyMailServer()])
  gpg = startGpg()
  const port = await freePort()
  await writeSettings(folder, {
    ...{ http: { port }, smtp: { port: await freePort(), recipients: [us] }, reverseDns: false },
    ...{ ownDomains: ['halden.example'], replyHoldSeconds: 3 },
    mailOut: { host: '127.0.0.1', port: mail.port, tls: 'none', from: `Security desk <${us}>` },
  })
  env = { COUNTERFOIL_DATA: folder, DATABASE_URL: database.url }
  program = await startProgram({ env })
  const running = { database: { db: database.db }, house: { clock: systemClock } }
  desk = { origin: `http://localhost:${port}`, running } as unknown as Desk
  lead = (await signedIn(desk, 'lead')).cookie
  administrator = (await signedIn(desk, 'administrator')).cookie
})
afterAll(async () => {
  await program?.kill('SIGTERM')
  gpg?.close()
  await mail?.stop()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

const restarted = async (hidden: boolean): Promise<void> => {
  await program.kill('SIGTERM')
  program = await startProgram({ env: { ...env, ...(hidden ? { NODE_OPTIONS: `--import=${without}` } : {}) } })
}

/** A decided alert, its answer reviewed and not yet released. */
async function answer(key: string, ticket: string): Promise<string> {
  const body = `Ticket: ${ticket}\nRule: Odd sign-in\nSeverity: High\nHost: ws-9\n`
  const id = await alertOf(desk, await post(desk, key, { subject: `[${ticket}] High: Odd sign-in`, body }))
  const { version } = (await apiAs(desk, lead, 'GET', `/api/alerts/${id}`)) as unknown as { version: number }
  const said = { outcome: 'false-alarm-benign', reason: 'A planned test of our own.', cites: [], withoutEvidence: true }
  await apiAs(desk, lead, 'POST', `/api/alerts/${id}/decision`, { ...said, version })
  const replyId = await until('the draft', async () => {
    const shown = (await apiAs(desk, lead, 'GET', `/api/alerts/${id}`)) as unknown as { replies: { id: string }[] }
    return shown.replies[0]?.id
  })
  await reviewAll(desk, lead, replyId)
  return replyId
}
const stateOf = async (id: string) => (await replyPage(desk, lead, id)).reply.state
const release = async (id: string) => {
  const { reply } = await replyPage(desk, lead, id)
  return sayTo(desk, lead, `/api/replies/${id}/release`, { version: reply.version })
}
function opened(at: number): Buffer {
  const armor = /-----BEGIN PGP MESSAGE-----[^]*-----END PGP MESSAGE-----/.exec(
    (mail.arrived[at] ?? Buffer.alloc(0)).toString('latin1'),
  )
  const { out, says } = gpg.run(['--decrypt'], Buffer.from(armor?.[0] ?? ''))
  expect(says).toContain('GOODSIG')
  return out
}

test('without the optional package nothing that needs it is released, everybody is told what to do, and nothing is lost until it is back', async () => {
  const rule = { protect: 'encrypt', method: 'openpgp', mustEncrypt: true } as const
  const key = await addProvider(desk, { ...deskProvider, mail: rule })
  const [own, theirs] = [gpg.makeKey(us), gpg.makeKey('soc@northwatch.example')]
  const given = { publicText: '', privateText: own.privateText, passphrase: null }
  await apiAs(desk, administrator, 'POST', '/api/mail-keys', given)
  const place = '/api/providers/northwatch/mail-keys'
  await apiAs(desk, administrator, 'POST', place, { publicText: theirs.publicText })
  // Released while it was there, and held when the process ends: its bytes are made, and leave.
  const held = await answer(key, 'NW-1')
  expect((await release(held)).status).toBe(200)
  const waiting = await answer(key, 'NW-2')

  await restarted(true)
  expect(program.said()).toContain('OpenPGP is not installed here')
  await until('what was held to leave', async () => (await stateOf(held)) === 'sent', 60_000)
  expect((await simpleParser(opened(0))).text).toContain('A planned test')
  const refused = await release(waiting)
  expect(refused.status).toBe(409)
  expect(JSON.stringify(refused.json)).toMatch(/OpenPGP, which is not installed here.*npm install openpgp/)
  expect(await stateOf(waiting)).toBe('draft')
  const page = JSON.stringify(await replyPage(desk, lead, waiting))
  expect(page).toMatch(/Not sent: it has to be signed with OpenPGP, which is not installed here/)
  // New keys are refused with the same words, and the doctor names the provider.
  const more = await sayTo(desk, administrator, place, {
    publicText: gpg.makeKey('lead@northwatch.example').publicText,
  })
  expect(JSON.stringify(more.json)).toMatch(/OpenPGP is not installed here/)
  const doctor = await runCommand(['doctor', '--json'], { ...env, NODE_OPTIONS: `--import=${without}` })
  const { checks } = JSON.parse(doctor.out) as { checks: { name: string; state: string; says: string; mend: string }[] }
  expect(checks.find(({ name }) => name === 'mail-keys')).toMatchObject({
    ...{ state: 'broken', says: expect.stringContaining('not installed here') },
    mend: expect.stringContaining('npm install openpgp'),
  })
  expect(mail.arrived).toHaveLength(1)

  await restarted(false)
  expect((await release(waiting)).status).toBe(200)
  await until('the other to leave', async () => (await stateOf(waiting)) === 'sent', 60_000)
  expect(mail.arrived).toHaveLength(2)
  expect((await simpleParser(opened(1))).text).toContain('A planned test')
})
