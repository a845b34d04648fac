import { createHash, randomBytes, type X509Certificate } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Db } from '../db/open.ts'
import type { Tables } from '../db/tables.ts'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { ledgerRow } from './append.ts'
import { signCheckpoint } from './checkpoint.ts'
import type { LedgerKey } from './key.ts'
import { readStampResponse, stampQuery } from './timestamp.ts'
import { rootOf } from './tree.ts'

/** How often it looks whether a stamp is due: the ledger waits for none. */
const lookMs = 10_000
/** A record has its place a fifth of a second after it was written, seldom later. */
const placeMs = 1_000
/** The second try after a minute, then twice as long each time, at most this. */
const retryMsMax = 60 * 60_000
/** Longer than any call to an authority takes: as long another node leaves it alone. */
const claimMs = 2 * 60_000
const nonceBytes = 8
/** What a page shows of what an authority said. */
const saysMax = 500

/** Brings a query (RFC 3161) to the authority: its answer, or why there is none. */
export type AskAuthority = (
  query: Buffer,
) => Promise<{ readonly kind: 'answer'; readonly bytes: Buffer } | { readonly kind: 'none'; readonly why: string }>

type Needs = {
  readonly db: Kysely<Tables>
  readonly clock: Clock
  readonly key: LedgerKey
  readonly everyMs: number
  readonly ask: AskAuthority
  /** Certificates of the authority: its own, or those that vouch for it. */
  readonly trusted: readonly X509Certificate[]
}
type StamperLog = { readonly error: (details: object, says: string) => void }

/** Has the ledger stamped, every `everyMs` while something happens in it. Trouble is written down, said once in the log, and tried again. */
export function startStamper(needs: Needs & { readonly log: StamperLog }): { readonly stop: () => Promise<void> } {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let said = ''
  let round = Promise.resolve()
  /** Once, as long as it stays the same. */
  const tell = (why: string): void => {
    if (why !== said) needs.log.error({ why }, 'the ledger waits for its time stamp')
    said = why
  }
  const turn = async (): Promise<void> => {
    let wait = lookMs
    try {
      const done = await stampOnce(needs)
      if (done.kind === 'asked') wait = placeMs
      if (done.kind === 'failed') tell(done.why)
      if (done.kind === 'stamped') said = ''
    } catch (error) {
      tell(wordsOf(error))
    }
    if (!stopped) timer = setTimeout(start, wait)
  }
  const start = (): void => {
    round = turn()
  }
  start()
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await round
    },
  }
}

export type StampDone =
  | { readonly kind: 'idle' }
  /** Its record waits for its place in the tree. */
  | { readonly kind: 'asked' }
  | { readonly kind: 'stamped' }
  | { readonly kind: 'failed'; readonly why: string }

type Waiting = { readonly id: string; readonly tries: number; readonly size: number; readonly note: string }

/** One look: asks for what is due, and keeps the token with its record. What went wrong stands beside what waits. */
export async function stampOnce(needs: Needs): Promise<StampDone> {
  const { db, clock } = needs
  if (await askForOne(needs)) return { kind: 'asked' }
  const waiting = await claim(needs)
  if (waiting === null) return { kind: 'idle' }
  const nonce = randomBytes(nonceBytes)
  const sha256 = createHash('sha256').update(waiting.note).digest()
  const answered = await needs.ask(stampQuery(sha256, nonce))
  const read =
    answered.kind === 'none'
      ? { kind: 'refused' as const, why: answered.why }
      : readStampResponse(answered.bytes, { sha256, nonce, trusted: needs.trusted })
  const now = clock.now()
  if (read.kind === 'refused') {
    const nextAt = new Date(now.getTime() + Math.min(60_000 * 2 ** Math.min(waiting.tries, 10), retryMsMax))
    await db
      .updateTable('ledger_stamp')
      .set({
        tries: waiting.tries + 1,
        says: read.why.slice(0, saysMax).toWellFormed().replaceAll('\u0000', ''),
        next_at: nextAt,
      })
      .where('id', '=', waiting.id)
      .where('token', 'is', null)
      .execute()
    return { kind: 'failed', why: read.why }
  }
  await db.transaction().execute(async (tx) => {
    const done = await tx
      .updateTable('ledger_stamp')
      .set({ token: read.token, stamped_at: read.at, authority: read.authority, says: '' })
      .where('id', '=', waiting.id)
      .where('token', 'is', null)
      .executeTakeFirst()
    if (done.numUpdatedRows === 0n) return
    const body = {
      ...{ asked: waiting.id, size: waiting.size, checkpoint: waiting.note, token: read.token.toString('base64') },
      ...{ at: read.at, authority: read.authority },
    }
    await insertRecord(tx, { kind: 'ledger.stamped', actor: 'system', subject: 'ledger', body }, clock)
  })
  return { kind: 'stamped' }
}

async function insertRecord(tx: Db, line: Parameters<typeof ledgerRow>[0], clock: Clock): Promise<string> {
  const row = ledgerRow(line, clock)
  await tx.insertInto('ledger_entry').values(row).execute()
  return row.id
}

/** Begins a new one when none waits, the last is old enough, and something else was written since. */
async function askForOne({ db, clock, everyMs }: Needs): Promise<boolean> {
  const now = clock.now()
  return db.transaction().execute(async (tx) => {
    const last = await tx
      .selectFrom('ledger_stamp')
      .select(['asked_at', 'token', 'tree_size'])
      .orderBy('asked_at', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (last !== undefined && (last.token === null || now.getTime() - last.asked_at.getTime() < everyMs)) return false
    const { rows } = await sql<{ id: string }>`
      select id from ledger_entry where (leaf_index is null or leaf_index >= ${last?.tree_size ?? 0})
        and kind not in ('ledger.stamp-asked', 'ledger.stamped') limit 1`.execute(tx)
    if (rows.length === 0) return false
    // Two nodes at once: the index lets one of them wait only; the other's row and record are taken back together.
    const id = await insertRecord(
      tx,
      { kind: 'ledger.stamp-asked', actor: 'system', subject: 'ledger', body: {} },
      clock,
    )
    await tx.insertInto('ledger_stamp').values({ id, asked_at: now, next_at: now }).execute()
    return true
  })
}

/** Takes what is due for itself, with the signed head that ends in its record; null while there is none, or it has no place yet. */
async function claim({ db, clock, key }: Needs): Promise<Waiting | null> {
  const now = clock.now()
  const row = await db
    .updateTable('ledger_stamp')
    .set({ next_at: new Date(now.getTime() + claimMs) })
    .where('token', 'is', null)
    .where('next_at', '<=', now)
    .where('id', 'in', (eb) => eb.selectFrom('ledger_entry').select('id').where('leaf_index', 'is not', null))
    .returning(['id', 'tries', 'note', 'tree_size'])
    .executeTakeFirst()
  if (row === undefined) return null
  if (row.note !== null) return { id: row.id, tries: row.tries, note: row.note, size: Number(row.tree_size) }
  const entry = await db
    .selectFrom('ledger_entry')
    .select('leaf_index')
    .where('id', '=', row.id)
    .executeTakeFirstOrThrow()
  const size = Number(entry.leaf_index) + 1
  const { note } = signCheckpoint(size, await rootOf(db, size), key)
  await db.updateTable('ledger_stamp').set({ note, tree_size: size }).where('id', '=', row.id).execute()
  return { id: row.id, tries: row.tries, note, size }
}
