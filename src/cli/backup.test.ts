import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { type Env, runCommand } from '../../test/program.ts'
import { addJob } from '../db/jobs.ts'
import type { Tables } from '../db/tables.ts'
import { reconcile } from '../db/tally.ts'
import { systemClock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { append } from '../ledger/append.ts'
import { loadOrCreateKey } from '../ledger/key.ts'
import { sequenceAll } from '../ledger/sequencer.ts'

// These start the program itself, again and again: half a second each, five on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-backup-'))
const at = (name: string) => path.join(folder, name)
const alert = '0d0c5c2e-6b0e-4c43-9f5a-0a5a1f1f6b01'
let house: FreshDatabase
let mails = 0

const counterfoil = (args: readonly string[], env: Env) => runCommand(args, env, { cwd: folder })

/** A mail, its record and its job in one transaction, as the house does it. */
const receive = (sizeBytes: number) =>
  house.db.transaction().execute(async (tx) => {
    const bytes = Buffer.alloc(sizeBytes, `\\N\t\n\u0000 mail ${mails++} `)
    const id = sha256Hex(bytes)
    await tx
      .insertInto('message')
      .values({
        id,
        bytes,
        form: 'mail',
        channel: 'smtp',
        origin: '',
        received_at: new Date(),
        subject: 'Zürich \\ "\t',
      })
      .execute()
    await append(
      tx,
      { kind: 'message.received', actor: 'system', subject: `message:${id}`, body: { sizeBytes } },
      systemClock,
    )
    await addJob(tx, 'read-message', { id })
  })

/** Number of rows and a digest over all of them, for every table of ours and of the job queue. */
async function digestsOf(db: Kysely<Tables>): Promise<Record<string, string>> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('public', 'graphile_worker') order by 1`.execute(db)
  const digests: Record<string, string> = {}
  for (const { name } of rows.filter(
    ({ name }) => !['public.migration', 'graphile_worker.migrations'].includes(name),
  )) {
    const all = await sql<{ digest: string }>`
      select count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') as digest
      from ${sql.raw(name)} t`.execute(db)
    digests[name] = all.rows[0]?.digest ?? ''
  }
  return digests
}

async function emptyDatabase(): Promise<FreshDatabase> {
  const empty = await freshDatabase()
  await sql
    .raw('drop schema graphile_worker cascade; drop schema public cascade; create schema public')
    .execute(empty.db)
  return empty
}

beforeAll(async () => {
  chmodSync(folder, 0o755)
  house = await freshDatabase()
  mkdirSync(at('data/connectors'), { recursive: true })
  writeFileSync(at('data/counterfoil.yaml'), 'ownDomains: [example.org]\n')
  writeFileSync(at('data/connectors/cmdb.yaml'), 'id: cmdb\n')
  writeFileSync(at('data/huge.log'), Buffer.alloc(2 * 1024 * 1024))
  await house.db
    .insertInto('alert')
    .values({
      id: alert,
      provider_id: 'p',
      kind: 'alert',
      severity: 'high',
      title: 't',
      received_at: new Date(),
      reading: '{"a":"\\u00e4"}',
    })
    .execute()
  await sql`insert into finding (id, alert_id, question, ask, connector, kind, cost_ms, asked_at)
    select gen_random_uuid(), ${alert}, 'q', '{"n":1}', 'c', 'found', 0.1 + n, now() from generate_series(1, 200) n`.execute(
    house.db,
  )
  await sql`insert into asset (id, name, facts, names, addresses, source, as_of, entity)
    values ('a', 'a', '{}', '{a,"b c"}', '{192.0.2.1,2001:db8::/32}', 's', now(), 'a')`.execute(house.db)
  // Larger than an entry of the archive, than a piece of the copy, and than many rows together.
  await receive(9 * 1024 * 1024)
  for (let n = 0; n < 60; n++) await receive(2000 + n)
  await sequenceAll({ db: house.db, clock: systemClock, key: loadOrCreateKey(at('data')) })
})
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true })
})

test('a backup taken under writes is of one moment, and every ledger record is there with its change', async () => {
  let writing = true
  const writer = (async () => {
    while (writing) await receive(3000)
  })()
  const before = mails
  const backup = await counterfoil(['backup', at('busy.backup')], {
    COUNTERFOIL_DATA: at('data'),
    DATABASE_URL: house.url,
  })
  writing = false
  await writer
  expect(backup.code, backup.err).toBe(0)
  expect(mails).toBeGreaterThan(before)
  const empty = await emptyDatabase()
  const restored = await counterfoil(['restore', at('busy.backup'), '--json'], {
    COUNTERFOIL_DATA: at('busy'),
    DATABASE_URL: empty.url,
  })
  expect(restored.code, restored.err).toBe(0)
  const { rows } = await sql<{ messages: string; records: string; jobs: string }>`
    select (select count(*) from message) as messages, (select count(*) from ledger_entry) as records,
           (select count(*) from graphile_worker.jobs) as jobs`.execute(empty.db)
  expect(rows[0]?.records).toBe(rows[0]?.messages)
  expect(rows[0]?.jobs).toBe(rows[0]?.messages)
  expect(Number(rows[0]?.messages)).toBeLessThanOrEqual(mails)
  expect(JSON.parse(restored.out)).toMatchObject({ ledger: { ok: true }, signatures: 'checked' })
  await empty.close()
})

test('what comes back is the same, row for row, in an embedded database too, and the ledger goes on', async () => {
  const env = { COUNTERFOIL_DATA: at('data'), DATABASE_URL: house.url }
  const backup = await counterfoil(['backup', at('quiet.backup'), '--json'], env)
  expect(backup.code, backup.err).toBe(0)
  expect(JSON.parse(backup.out)).toMatchObject({ files: 3, passedOver: ['huge.log'] })
  expect(statSync(at('quiet.backup')).mode & 0o777).toBe(0o600)
  const before = await digestsOf(house.db)
  expect(Object.keys(before).length).toBeGreaterThan(25)

  const empty = await emptyDatabase()
  const restored = await counterfoil(['restore', at('quiet.backup')], {
    COUNTERFOIL_DATA: at('second'),
    DATABASE_URL: empty.url,
  })
  expect(restored.code, restored.err).toBe(0)
  expect(restored.out).toMatch(/The ledger holds: \d+ records/)
  const after = await digestsOf(empty.db)
  // Counts are made anew, as other rows with the same sums.
  expect(await reconcile(empty.db)).toEqual(await reconcile(house.db))
  // The restore gives the records that waited for their place in the tree their place.
  for (const table of ['tally', 'ledger_entry', 'ledger_node', 'ledger_checkpoint'].map((name) => `public.${name}`)) {
    expect(after[table]).toBeDefined()
    delete after[table]
    delete before[table]
  }
  expect(after).toEqual(before)
  const leaves = async (db: Kysely<Tables>) =>
    (await sql<{ md5: string }>`select md5(string_agg(leaf, '|' order by id)) as md5 from ledger_entry`.execute(db))
      .rows
  expect(await leaves(empty.db)).toEqual(await leaves(house.db))
  expect(readFileSync(at('second/ledger.key'))).toEqual(readFileSync(at('data/ledger.key')))
  expect(readFileSync(at('second/connectors/cmdb.yaml'), 'utf8')).toBe('id: cmdb\n')
  expect(statSync(at('second/counterfoil.yaml')).mode & 0o777).toBe(0o600)
  const next = await empty.db
    .insertInto('alert')
    .values({
      ...{ id: '1d0c5c2e-6b0e-4c43-9f5a-0a5a1f1f6b02', provider_id: 'p', kind: 'alert', severity: 'low', title: 't' },
      ...{ received_at: new Date(), reading: '{}' },
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  expect(next.number).toBe(2)
  await empty.close()

  const embedded = await counterfoil(['restore', at('quiet.backup'), '--json'], { COUNTERFOIL_DATA: at('embedded') })
  expect(embedded.code, embedded.err).toBe(0)
  // It runs no longer, and lives in the data folder.
  expect(readdirSync(at('embedded/postgres/data'))).not.toContain('postmaster.pid')
  const check = await counterfoil(['audit', 'check', '--json'], { COUNTERFOIL_DATA: at('embedded') })
  expect(JSON.parse(check.out)).toMatchObject({ ok: true, records: mails, waiting: 0, signatures: 'checked' })
  const again = await counterfoil(['backup', at('of-restored.backup')], { COUNTERFOIL_DATA: at('embedded') })
  expect(again.code, again.err).toBe(0)
})

test('a reply that was on its way is unconfirmed after a restore, and the ledger says so', async () => {
  await sql`insert into reply (id, alert_id, provider_id, state, text, recipients, subject, message_id, created_at)
    values (gen_random_uuid(), ${alert}, 'p', 'held', '', '{}', '', 'held@example.org', now()),
           (gen_random_uuid(), ${alert}, 'p', 'sent', '', '{}', '', 'sent@example.org', now())`.execute(house.db)
  await counterfoil(['backup', at('held.backup')], { COUNTERFOIL_DATA: at('data'), DATABASE_URL: house.url })
  const empty = await emptyDatabase()
  const restored = await counterfoil(['restore', at('held.backup'), '--json'], {
    COUNTERFOIL_DATA: at('held'),
    DATABASE_URL: empty.url,
  })
  expect(JSON.parse(restored.out)).toMatchObject({ unconfirmed: 1 })
  const states = await empty.db.selectFrom('reply').select('state').orderBy('message_id').execute()
  expect(states.map(({ state }) => state)).toEqual(['unconfirmed', 'sent'])
  const records = await empty.db
    .selectFrom('ledger_entry')
    .select('leaf_index')
    .where('kind', '=', 'reply.unconfirmed')
    .execute()
  expect(records).toHaveLength(1)
  expect(records[0]?.leaf_index).not.toBeNull()
  await empty.close()
})

test('a place that is not empty is refused and left as it was', async () => {
  const before = await digestsOf(house.db)
  const folderTaken = await counterfoil(['restore', at('quiet.backup')], { COUNTERFOIL_DATA: at('data') })
  expect(folderTaken).toMatchObject({ code: 1, err: expect.stringContaining('counterfoil.yaml') })
  const databaseTaken = await counterfoil(['restore', at('quiet.backup')], {
    COUNTERFOIL_DATA: at('third'),
    DATABASE_URL: house.url,
  })
  expect(databaseTaken).toMatchObject({ code: 1, err: expect.stringContaining('holds tables already') })
  expect(await digestsOf(house.db)).toEqual(before)
  const twice = await counterfoil(['backup', at('quiet.backup')], {
    COUNTERFOIL_DATA: at('data'),
    DATABASE_URL: house.url,
  })
  expect(twice.code).toBe(1)
})

test('a damaged, altered, cut or foreign archive is refused, and the place is empty again', async () => {
  const whole = readFileSync(at('quiet.backup'))
  const plain = zstdDecompressSync(whole)
  const changedRow = Buffer.from(plain)
  const place = changedRow.indexOf('Zürich', changedRow.indexOf('tables/public.message/'))
  changedRow[place] = 'X'.charCodeAt(0)
  const newer = Buffer.from(plain.toString('latin1').replace('0001-house.sql', '9001-house.sql'), 'latin1')
  const bitFlipped = Buffer.from(whole)
  bitFlipped[whole.length >> 1] = (bitFlipped[whole.length >> 1] as number) ^ 1
  const archives: [string, Buffer][] = [
    ['one bit', bitFlipped],
    ['one row, compressed again', zstdCompressSync(changedRow)],
    ['cut', whole.subarray(0, whole.length >> 1)],
    ['no end', zstdCompressSync(Buffer.concat([plain.subarray(0, plain.lastIndexOf('end.json')), Buffer.alloc(1024)]))],
    ['newer', zstdCompressSync(newer)],
    ['a text', Buffer.from('this is no backup\n')],
    ['nothing', Buffer.alloc(0)],
  ]
  const empty = await emptyDatabase()
  for (const [what, bytes] of archives) {
    writeFileSync(at('bad.backup'), bytes)
    const bad = await counterfoil(['restore', at('bad.backup')], {
      COUNTERFOIL_DATA: at('bad'),
      DATABASE_URL: empty.url,
    })
    expect(bad, what).toMatchObject({ code: 1, err: expect.stringContaining('damaged, cut short') })
    const left =
      await sql`select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'`.execute(
        empty.db,
      )
    expect(left.rows, what).toHaveLength(0)
    expect(existsSync(at('bad')) ? readdirSync(at('bad')) : [], what).toEqual([])
  }
  await empty.close()
})
