import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import type { Kysely } from 'kysely'
import { readSettings, type Settings } from '../config/config.ts'
import { startPostgres } from '../db/launcher.ts'
import { type Database, openDatabase } from '../db/open.ts'
import { type Restored, restoreInto, unconfirmReplies } from '../db/restore.ts'
import type { Tables } from '../db/tables.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { appendAll } from '../ledger/append.ts'
import { auditDatabase, type DatabaseAudit } from '../ledger/audit-database.ts'
import { loadKey, writeSeen } from '../ledger/key.ts'
import { sequenceAll } from '../ledger/sequencer.ts'
import { latestCheckpoint } from '../ledger/tree.ts'
import { leave, postgresFolder } from './open-house.ts'
import { progress } from './progress.ts'

const examples = `
Example:
  COUNTERFOIL_DATA=/srv/counterfoil counterfoil restore /backups/2026-11-22.counterfoil

Only into an empty data folder (and, with DATABASE_URL, an empty database). Afterwards the whole ledger is verified.
Replies that were on their way when the backup was made become "unconfirmed": nobody can know here whether they left.`

/** `counterfoil restore FILE`. Exit 1 when the archive is damaged, the place is not empty, or the restored ledger does not hold. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('Bring a backup into an empty data folder, and verify its ledger.')
    .argument('<file>', 'what `counterfoil backup` wrote')
    .option('--json', 'print what was restored as JSON', false)
    .addHelpText('after', examples)
    .action(restoreAction)
}

async function restoreAction(file: string, flags: { json: boolean }): Promise<void> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new Trouble('file.unreadable', { file })
  const settings = readSettings()
  refuseOccupied(settings.dataFolder)
  const place = await openPlace(settings)
  const bar = progress('Reading bytes', statSync(file).size)
  try {
    const stream = createReadStream(file)
    const ticking = setInterval(() => bar.at(stream.bytesRead), 200)
    const restored = await restoreInto(place.url, stream).finally(() => clearInterval(ticking))
    bar.end()
    for (const { path: name, bytes } of restored.files) {
      const at = path.join(settings.dataFolder, name)
      mkdirSync(path.dirname(at), { recursive: true, mode: 0o700 })
      writeFileSync(at, bytes, { mode: 0o600, flag: 'wx' })
    }
    const database = await openDatabase(place.url, { poolMax: 2 })
    const settled = await settleIn(database, settings)
    report(restored, settled, flags.json)
    if (!settled.audit.ok) process.exitCode = 1
  } catch (error) {
    bar.end()
    await place.abandon()
    throw error
  } finally {
    await place.close()
  }
}

function refuseOccupied(dataFolder: string): void {
  const there = existsSync(dataFolder) ? readdirSync(dataFolder) : []
  if (there.length > 0) throw new Trouble('place.occupied', { dataFolder, holds: there.slice(0, 5).join(', ') })
}

type Place = { readonly url: string; readonly close: () => Promise<void>; readonly abandon: () => Promise<void> }

async function openPlace(settings: Settings): Promise<Place> {
  if (settings.databaseUrl !== null) {
    mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 })
    return { url: settings.databaseUrl, close: async () => undefined, abandon: async () => undefined }
  }
  const folder = postgresFolder(settings.dataFolder)
  const postgres = await startPostgres({ folder, log: { info: () => undefined, warn: () => undefined } })
  return {
    url: postgres.url,
    close: () => leave(postgres),
    abandon: async () => {
      await postgres.stop()
      // The folder was empty before, so all that is in it is ours.
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function settleIn(database: Database, settings: Settings): Promise<Settled> {
  try {
    return await settle(database.db, settings)
  } finally {
    await database.close()
  }
}

type Settled = {
  readonly audit: DatabaseAudit
  readonly signatures: 'checked' | 'not-checked'
  readonly unconfirmed: number
}

/** Verifies the ledger as it was restored, and only then writes to it what the restore itself made uncertain. */
async function settle(db: Kysely<Tables>, settings: Settings): Promise<Settled> {
  const key = loadKey(settings.dataFolder)
  const audit = await auditDatabase(db, key?.verifier)
  const signatures = key === null ? 'not-checked' : 'checked'
  if (!audit.ok || key === null) return { audit, signatures, unconfirmed: 0 }
  const latest = await latestCheckpoint(db)
  if (latest !== null) writeSeen(key, latest.note)
  const unconfirmed = await db.transaction().execute(async (tx) => {
    const replies = await unconfirmReplies(tx)
    const lines = replies.map((id) => ({
      ...{ kind: 'reply.unconfirmed' as const, actor: 'system', subject: `reply:${id}` },
      body: { why: 'restored from a backup' },
    }))
    await appendAll(tx, lines, systemClock)
    return replies.length
  })
  await sequenceAll({ db, clock: systemClock, key })
  return { audit, signatures, unconfirmed }
}

function report(restored: Restored, { audit, signatures, unconfirmed }: Settled, json: boolean): void {
  const { root: _root, ...ledger } = audit
  const files = restored.files.map((file) => file.path)
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ madeAt: restored.madeAt, tables: restored.tables, files, ledger, signatures, unconfirmed })}\n`,
    )
    return
  }
  const filled = restored.tables.filter((table) => table.rows > 0)
  for (const { table, rows } of filled) process.stdout.write(`${String(rows).padStart(10)}  ${table}\n`)
  const rows = filled.reduce((sum, table) => sum + table.rows, 0)
  process.stdout.write(`${rows} rows and ${files.length} files of ${restored.madeAt} are back.\n`)
  if (unconfirmed > 0)
    process.stdout.write(
      `${unconfirmed} replies were on their way: look in the provider's thread whether they left, and settle them.\n`,
    )
  for (const problem of audit.problems) process.stdout.write(`${problem}\n`)
  const verdict = audit.ok ? 'The ledger holds' : `The ledger does not hold, ${audit.problemCount} problems`
  process.stdout.write(
    `${verdict}: ${audit.records} records, ${audit.checkpoints} checkpoints, signatures ${signatures === 'checked' ? 'checked' : 'not checked'}.\n`,
  )
}
