import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '../src/kit/clock.ts'
import { append } from '../src/ledger/append.ts'
import { freePort } from './browser.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { until } from './desk.ts'
import { type Program, runCommand, startProgram, writeSettings } from './program.ts'
import { startTimeAuthority, type TimeAuthority } from './time-authority.ts'

// The real program is killed and started again for each place in the work of a stamp.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 200_000 })

/** After the authority's answer left it: before, while and after it is written down. */
const killsAfterMs = [0, 2, 5, 10, 25, 60]

let folder: string
let database: FreshDatabase
let authority: TimeAuthority
let program: Program
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-stamp-kill-'))
  ;[database, authority] = await Promise.all([freshDatabase(), startTimeAuthority()])
  await writeSettings(folder, {
    ...{ http: { port: await freePort() }, smtp: { port: await freePort(), recipients: ['desk@halden.example'] } },
    ...{ reverseDns: false, ownDomains: ['halden.example'] },
    timestamps: { url: authority.url, caFile: authority.caFile, everyHours: 1, allowAddresses: ['127.0.0.1'] },
  })
  env = { COUNTERFOIL_DATA: folder, DATABASE_URL: database.url }
})
afterAll(async () => {
  await program?.kill('SIGTERM')
  await authority?.stop()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

const record = () =>
  append(database.db, { kind: 'sample.tested', actor: 'system', subject: 'house', body: {} }, systemClock)
const rows = () => database.db.selectFrom('ledger_stamp').selectAll().orderBy('asked_at').execute()
const lines = async (kind: string) =>
  (await database.db.selectFrom('ledger_entry').select('id').where('kind', '=', kind).execute()).length
const killed = () => program.kill('SIGKILL')
const started = async () => {
  program = await startProgram({ env })
}
/** What is due later is due now: the hour between two stamps is over, or the two minutes for which a dead process had it to itself. */
const hourIsOver = () =>
  sql`update ledger_stamp set asked_at = asked_at - interval '2 hours' where token is not null`.execute(database.db)
const claimIsOver = () => sql`update ledger_stamp set next_at = now() where token is null`.execute(database.db)

test('killed while the authority is asked, and while its answer is written down, each stamp is made once and the ledger holds', async () => {
  // The question is on its way, and no answer comes.
  authority.setFault('silent')
  await started()
  await record()
  await until('the first question', async () => authority.asked.length === 1, 60_000)
  await killed()
  expect(await rows()).toMatchObject([{ token: null }])
  authority.setFault('none')
  await claimIsOver()
  await started()
  await until('the first stamp', async () => (await rows())[0]?.token, 60_000)
  await killed()

  for (const [round, afterMs] of killsAfterMs.entries()) {
    const asked = authority.asked.length
    await hourIsOver()
    await record()
    await started()
    await until('the next question', async () => authority.asked.length > asked, 60_000)
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await killed()
    // Token and record are written together, or neither is.
    const done = (await rows()).filter(({ token }) => token !== null)
    expect(await lines('ledger.stamped'), `round ${round}`).toBe(done.length)
    expect(await rows(), `round ${round}`).toHaveLength(round + 2)
    await claimIsOver()
    await started()
    await until('it to be stamped', async () => (await rows()).every(({ token }) => token !== null), 60_000)
    await killed()
  }
  const all = await rows()
  expect(await lines('ledger.stamp-asked')).toBe(all.length)
  expect(await lines('ledger.stamped')).toBe(all.length)
  await started()
  const file = path.join(folder, 'all.jsonl')
  await runCommand(['audit', 'export', '--out', file], env)
  const verdict = await runCommand(['audit', 'verify', file, '--json', '--tsa', authority.caFile], env)
  expect(JSON.parse(verdict.out)).toMatchObject({
    ...{ ok: true, problems: [] },
    stamps: { count: killsAfterMs.length + 1, trust: 'checked' },
  })
  expect((await runCommand(['audit', 'check'], env)).code).toBe(0)
})
