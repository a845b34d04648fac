import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { systemClock } from '../kit/clock.ts'
import type { LedgerLine } from '../model/ledger.ts'
import { append, appendAll, leafBytesMax } from './append.ts'
import { auditDatabase } from './audit-database.ts'
import { openCheckpoint } from './checkpoint.ts'
import { type LedgerKey, loadOrCreateKey, readSeen, writeSeen } from './key.ts'
import { leafHash } from './merkle.ts'
import { verifyConsistency, verifyInclusion } from './proof.ts'
import { batchMax, sequence, sequenceAll, startSequencer } from './sequencer.ts'
import { consistencyProof, inclusionProof, latestCheckpoint, rootOf } from './tree.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-ledger-'))
afterAll(() => rmSync(folder, { recursive: true }))
let house: FreshDatabase
let key: LedgerKey
let number = 0
beforeEach(async () => {
  house = await freshDatabase()
  key = loadOrCreateKey(path.join(folder, String(number++)))
})
afterEach(() => house.close())
const needs = () => ({ db: house.db, clock: systemClock, key })
const line = (n: number): LedgerLine => ({ kind: 'alert.opened', actor: 'system', subject: `alert:${n}`, body: { n } })
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => line(from + at))
/** As one would who has the database's own powers: the triggers are off. */
const tamper = async (statement: string): Promise<void> => {
  await house.db.transaction().execute(async (tx) => {
    await sql`alter table ledger_entry disable trigger user`.execute(tx)
    await sql`alter table ledger_checkpoint disable trigger user`.execute(tx)
    await sql.raw(statement).execute(tx)
    await sql`alter table ledger_entry enable trigger user`.execute(tx)
    await sql`alter table ledger_checkpoint enable trigger user`.execute(tx)
  })
}

test('records of many transactions get places without gaps, and each is proved under the signed head', async () => {
  await Promise.all(
    Array.from({ length: 40 }, (_, n) => house.db.transaction().execute((tx) => append(tx, line(n), systemClock))),
  )
  await appendAll(house.db, lines(40, 100), systemClock)
  expect(await sequence(needs())).toBe(100)
  expect(await sequence(needs())).toBe(0)
  const rows = await house.db
    .selectFrom('ledger_entry')
    .select(['leaf', 'leaf_index', 'subject'])
    .orderBy('leaf_index')
    .execute()
  expect(rows.map((row) => Number(row.leaf_index))).toEqual(Array.from({ length: 100 }, (_, at) => at))
  expect(rows.slice(40).map((row) => row.subject)).toEqual(lines(40, 100).map(({ subject }) => subject))
  const head = await latestCheckpoint(house.db)
  const opened = openCheckpoint(head?.note ?? '', key.verifier)
  if (opened.kind !== 'signed') throw new Error(opened.why)
  const { size, root } = opened.checkpoint
  for (const [index, { leaf }] of rows.entries()) {
    const proof = await inclusionProof(house.db, index, size)
    expect(verifyInclusion({ index, size, root, proof, leaf: leafHash(Buffer.from(leaf)) })).toBe(true)
  }
  expect(await auditDatabase(house.db, key.verifier)).toMatchObject({
    ok: true,
    records: 100,
    checkpoints: 1,
    waiting: 0,
  })
})

test('a record that commits after later ones is not passed over', async () => {
  const late = await house.db.startTransaction().execute()
  await append(late, line(1), systemClock)
  await append(house.db, line(2), systemClock)
  await sequenceAll(needs())
  await late.commit().execute()
  await sequenceAll(needs())
  const rows = await house.db
    .selectFrom('ledger_entry')
    .select(['subject', 'leaf_index'])
    .orderBy('leaf_index')
    .execute()
  expect(rows).toEqual([
    { subject: 'alert:2', leaf_index: '0' },
    { subject: 'alert:1', leaf_index: '1' },
  ])
})

test('every head is proved to begin with every head before it', async () => {
  const sizes: number[] = []
  for (let n = 0; n < 12; n++) {
    await appendAll(house.db, lines(n * 10, n * 10 + n + 1), systemClock)
    await sequenceAll(needs())
    sizes.push((await latestCheckpoint(house.db))?.size ?? 0)
  }
  for (const newer of sizes) {
    for (const older of sizes.filter((size) => size <= newer)) {
      const claim = {
        older: { size: older, root: await rootOf(house.db, older) },
        newer: { size: newer, root: await rootOf(house.db, newer) },
      }
      expect(verifyConsistency({ ...claim, proof: await consistencyProof(house.db, older, newer) })).toBe(true)
    }
  }
  expect(await auditDatabase(house.db, key.verifier)).toMatchObject({ ok: true, checkpoints: 12 })
})

test('two nodes with one key take turns, and no place is given twice', async () => {
  const log = { error: (details: object, says: string) => expect.unreachable(`${says} ${JSON.stringify(details)}`) }
  const nodes = [startSequencer({ ...needs(), log }), startSequencer({ ...needs(), log })]
  for (let n = 0; n < 20; n++) await appendAll(house.db, lines(n * 50, n * 50 + 50), systemClock)
  await Promise.all(nodes.map((node) => node.settle()))
  expect(await auditDatabase(house.db, key.verifier)).toMatchObject({ ok: true, records: 1000, waiting: 0 })
  await append(house.db, line(1000), systemClock)
  await expect.poll(async () => (await latestCheckpoint(house.db))?.size, { timeout: 3000 }).toBe(1001)
  await Promise.all(nodes.map((node) => node.stop()))
})

test('more than one batch is settled', async () => {
  await appendAll(house.db, lines(0, batchMax * 2 + 1), systemClock)
  await sequenceAll(needs())
  expect(await auditDatabase(house.db, key.verifier)).toMatchObject({
    ok: true,
    records: batchMax * 2 + 1,
    checkpoints: 3,
  })
})

test('a record cannot be changed, moved or deleted, even before it has its place', async () => {
  await appendAll(house.db, lines(0, 3), systemClock)
  const change = (statement: string) => expect(sql.raw(statement).execute(house.db)).rejects.toThrow(/never changed/)
  await change("update ledger_entry set leaf = 'x'")
  await sequenceAll(needs())
  await change("update ledger_entry set leaf = 'x' where leaf_index = 1")
  await change('update ledger_entry set leaf_index = 7 where leaf_index = 1')
  await change('delete from ledger_entry')
  await change('truncate ledger_entry')
  await change('delete from ledger_checkpoint')
})

test.each([
  [
    'the text of a record',
    `update ledger_entry set leaf = replace(leaf, '"n":3', '"n":4') where leaf_index = 3`,
    /record 3: its text/,
  ],
  ['the column of a record', `update ledger_entry set actor = 'user:1' where leaf_index = 3`, /record 3: its columns/],
  [
    'the order of two',
    'update ledger_entry set leaf_index = case leaf_index when 3 then 99 else 3 end where leaf_index in (3)',
    /record 4 stands where 3/,
  ],
  ['a record taken out', 'delete from ledger_entry where leaf_index = 3', /record 4 stands where 3/],
  [
    'an inner hash',
    `update ledger_node set hash = sha256('x') where level = 1 and index = 1`,
    /inner hash 1 of level 1/,
  ],
  ['an inner hash too many', `insert into ledger_node values (1, 77, sha256('x'))`, /inner hashes are kept/],
  ['a root', `update ledger_checkpoint set root_hash = sha256('x')`, /checkpoint 9: the records do not lead/],
  [
    'a note',
    `update ledger_checkpoint set note = replace(note, E'\\n9\\n', E'\\n8\\n')`,
    /checkpoint 9: the signature/,
  ],
  ['a checkpoint taken out', 'delete from ledger_checkpoint', /newest checkpoint/],
])('an audit of the database tells %s', async (_what, statement, says) => {
  await appendAll(house.db, lines(0, 9), systemClock)
  await sequenceAll(needs())
  await tamper(statement)
  const audit = await auditDatabase(house.db, key.verifier)
  expect(audit.ok).toBe(false)
  expect(audit.problems.join('\n')).toMatch(says)
})

test('nothing is signed on top of a changed tree, a set back database, or with another key', async () => {
  await appendAll(house.db, lines(0, 9), systemClock)
  await sequenceAll(needs())
  await append(house.db, line(10), systemClock)
  const other = loadOrCreateKey(path.join(folder, 'another'))
  await expect(sequence({ ...needs(), key: other })).rejects.toMatchObject({ code: 'ledger.other-key' })
  const seen = readSeen(key) ?? ''
  const elsewhere = await freshDatabase()
  await appendAll(elsewhere.db, lines(100, 120), systemClock)
  const forked = loadOrCreateKey(key.folder)
  await expect(sequence({ db: elsewhere.db, clock: systemClock, key: forked })).rejects.toThrow(/ledger\.broken/)
  await elsewhere.close()
  expect(readSeen(key)).toBe(seen)
  await tamper('delete from ledger_checkpoint; delete from ledger_node; delete from ledger_entry where leaf_index >= 5')
  await expect(sequence(needs())).rejects.toMatchObject({ code: 'ledger.broken' })
  await tamper('update ledger_entry set leaf_index = null, leaf_hash = null')
  await expect(sequence(needs())).rejects.toMatchObject({ details: { problem: expect.stringContaining('set back') } })
  writeSeen(key, 'nonsense')
  await expect(sequence(needs())).rejects.toMatchObject({ code: 'ledger.broken' })
})

test('a hostile text is recorded, what is no JSON is refused, and so is a record without bounds', async () => {
  const body = { text: 'a\u0000b\ud800', at: new Date(0), nested: [undefined, { left: undefined }] }
  await append(
    house.db,
    { kind: 'message.received', actor: 'provider:\u0000x', subject: 'message:\udc00', body },
    systemClock,
  )
  await sequenceAll(needs())
  expect(await auditDatabase(house.db, key.verifier)).toMatchObject({ ok: true, records: 1 })
  const refused = (value: unknown) => append(house.db, { ...line(1), body: { value } }, systemClock)
  await expect(refused(10n)).rejects.toMatchObject({ code: 'internal' })
  await expect(refused(Number.NaN)).rejects.toMatchObject({ code: 'internal' })
  await expect(refused('x'.repeat(leafBytesMax))).rejects.toMatchObject({ code: 'input.too-large' })
})
