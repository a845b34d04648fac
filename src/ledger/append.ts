import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../db/open.ts'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import type { LedgerLine } from '../model/ledger.ts'

/** A record holds ids, digests and the words of a decision (4,000 characters at most); this is sixteen times what that takes. */
export const leafBytesMax = 256 * 1024

/** Rows in one insert. PostgreSQL takes far more; this bounds the memory of one statement. */
export const linesAtOnceMax = 10_000

/**
 * Writes one record, in the caller's transaction, so that the change and its record are kept or lost together.
 * A plain insert: its place in the Merkle tree is given afterwards (sequencer.ts), because ids commit out of order
 * and a chain inside the transaction costs fifteen times as much.
 */
export async function append(tx: Db, line: LedgerLine, clock: Clock): Promise<void> {
  await appendAll(tx, [line], clock)
}

/** Writes several records in one statement; they keep their order in the ledger. */
export async function appendAll(tx: Db, lines: readonly LedgerLine[], clock: Clock): Promise<void> {
  if (lines.length === 0) return
  if (lines.length > linesAtOnceMax) throw new Trouble('input.too-large', { lines: lines.length, most: linesAtOnceMax })
  const at = clock.now()
  const rows = lines.map((line) => rowOf(line, at))
  await sql`
    insert into ledger_entry (id, at, kind, actor, subject, leaf)
    select unnest(${rows.map((row) => row.id)}::uuid[]), ${at.toISOString()}::timestamptz,
           unnest(${rows.map((row) => row.kind)}::text[]), unnest(${rows.map((row) => row.actor)}::text[]),
           unnest(${rows.map((row) => row.subject)}::text[]), unnest(${rows.map((row) => row.leaf)}::text[])`.execute(
    tx,
  )
}

/** A record as its table holds it. */
export type LedgerRow = {
  readonly id: string
  readonly at: Date
  readonly kind: string
  readonly actor: string
  readonly subject: string
  readonly leaf: string
}

/** The row of one record, for a statement that writes it together with the change it records (one round trip less). */
export function ledgerRow(line: LedgerLine, clock: Clock): LedgerRow {
  const at = clock.now()
  return { ...rowOf(line, at), at }
}

function rowOf(line: LedgerLine, at: Date) {
  const id = newRecordId(at)
  const { kind } = line
  const actor = storable(line.actor)
  const subject = storable(line.subject)
  const leaf = canonicalJson({ id, at: at.toISOString(), kind, actor, subject, body: plain(line.body, 'body') })
  const sizeBytes = Buffer.byteLength(leaf)
  if (sizeBytes > leafBytesMax) throw new Trouble('input.too-large', { kind, sizeBytes, most: leafBytesMax })
  return { id, kind, actor, subject, leaf }
}

/** Text that PostgreSQL and UTF-8 can carry: what a hostile mail brings along must not make its own record fail. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd')
}

/** A value as JSON has it. Dates become ISO 8601; what JSON cannot carry is refused with the place it stood at. */
function plain(value: unknown, where: string): Json | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((item, index) => plain(item, `${where}[${index}]`) ?? null)
  if (
    typeof value === 'object' &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  ) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key.toWellFormed(), plain(member, `${where}.${key}`)]),
    )
  }
  throw new Trouble('internal', { problem: 'a ledger record holds plain JSON only', where })
}

let appended = 0

/**
 * RFC 9562 version 7: milliseconds, then a counter of this process (26 bits) so that records of one millisecond keep
 * their order, then 48 random bits so that two processes never meet.
 */
export function newRecordId(at: Date): string {
  appended = (appended + 1) % 2 ** 26
  const bytes = randomBytes(16)
  bytes.writeUIntBE(at.getTime(), 0, 6)
  bytes.writeUInt16BE(0x7000 | (appended >>> 14), 6)
  bytes.writeUInt16BE(0x8000 | (appended & 0x3fff), 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
