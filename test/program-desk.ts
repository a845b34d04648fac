import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { systemClock } from '../src/kit/clock.ts'
import { freePort } from './browser.ts'
import { freshDatabase } from './database.ts'
import type { Desk } from './desk.ts'
import { startFaultyMailServer } from './faulty-mail-server.ts'
import { startProgram, writeSettings } from './program.ts'

/**
 * The real program in a process of its own, on a database and with a mail server that the tests of this file look into: awaited at its top, gone
 * at its end. `killed` ends it with SIGKILL and starts it again.
 */
export async function programDesk(settings: Readonly<Record<string, unknown>>) {
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-program-'))
  const database = await freshDatabase()
  const mail = await startFaultyMailServer()
  const port = await freePort()
  await writeSettings(folder, {
    ...{ http: { port }, smtp: { port: await freePort(), recipients: ['desk@halden.example'] }, reverseDns: false },
    ...{ ownDomains: ['halden.example'], ...settings },
    mailOut: { host: '127.0.0.1', port: mail.port, tls: 'none', from: 'Security desk <desk@halden.example>' },
  })
  const env = { COUNTERFOIL_DATA: folder, DATABASE_URL: database.url }
  let program = await startProgram({ env })
  afterAll(async () => {
    await program.kill('SIGTERM')
    await mail.stop()
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)
  const running = { database: { db: database.db }, house: { clock: systemClock } }
  // As much of a desk as calls over HTTP and looks into the record need.
  const desk = { origin: `http://localhost:${port}`, running } as unknown as Desk
  const killed = async (): Promise<void> => {
    await program.kill('SIGKILL')
    program = await startProgram({ env })
  }
  const records = async (kind: string): Promise<number> =>
    (await database.db.selectFrom('ledger_entry').select('id').where('kind', '=', kind).execute()).length
  return { database, mail, desk, env, folder, killed, records }
}
