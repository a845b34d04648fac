import { type Kysely, sql } from 'kysely'
import type { Db } from '../db/open.ts'
import type { Tables } from '../db/tables.ts'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { signCheckpoint } from './checkpoint.ts'
import { signedEdge } from './head.ts'
import { type LedgerKey, writeSeen } from './key.ts'
import { leafHash, type Node } from './merkle.ts'

/** Records that get their places in one transaction; at 0.5 KB each this is one megabyte and some 100 ms. */
export const batchMax = 2000
/** How often it looks whether there is something: a record is in a signed tree at most this and one batch later. */
export const everyMs = 200
/** After trouble (database away, ledger broken) it looks again this much later. */
export const everyMsAfterTrouble = 5000
/** Any fixed number: whoever holds this advisory lock gives out places; the other nodes pass. */
const sequencerLock = 7_261_533_410_022

export type Sequencer = { readonly stop: () => Promise<void>; readonly settle: () => Promise<void> }
/** What we need of a logger; pino fits. */
export type SequencerLog = { readonly error: (details: object, says: string) => void }
type Needs = { readonly db: Kysely<Tables>; readonly clock: Clock; readonly key: LedgerKey }

/**
 * Gives every committed record its place in the tree and signs the new head, every `everyMs` while there is something.
 * Several nodes may run it on one database. `settle` resolves when all that was committed before the call has a place;
 * it throws what stands in the way. A ledger that does not add up is logged and never signed.
 */
export function startSequencer(needs: Needs & { readonly log: SequencerLog }): Sequencer {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let lastTrouble = ''
  let round = Promise.resolve()
  const turn = async (): Promise<void> => {
    let wait = everyMs
    try {
      while (!stopped && (await sequence(needs)) === batchMax);
      lastTrouble = ''
    } catch (error) {
      wait = everyMsAfterTrouble
      const says = wordsOf(error)
      if (says !== lastTrouble) needs.log.error({ err: error }, 'records wait for their place in the ledger')
      lastTrouble = says
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
    settle: () => sequenceAll(needs),
  }
}

/** Gives every record that is committed now its place, waiting for another node that is at it. */
export async function sequenceAll(needs: Needs): Promise<void> {
  // A batch that is not full took everything there was; what is written meanwhile is not waited for.
  while ((await sequence(needs, { wait: true })) === batchMax);
}

/**
 * One batch: at most `batchMax` records, oldest first. Answers how many got their place; 0 also when another node is at it.
 * Before it signs it makes sure that the head it builds on is the one that was signed, by this key, and that the database
 * was not set back: otherwise Trouble('ledger.broken' | 'ledger.other-key').
 */
export async function sequence({ db, clock, key }: Needs, options: { readonly wait?: boolean } = {}): Promise<number> {
  const done = await db.transaction().execute(async (tx) => {
    if (!(await takeLock(tx, options.wait ?? false))) return null
    const { rows } = await sql<{ id: string; leaf: string }>`
      select id, leaf from ledger_entry where leaf_index is null order by at, id limit ${batchMax}`.execute(tx)
    if (rows.length === 0) return null
    const edge = await signedEdge(tx, key)
    const first = edge.size
    const nodes: Node[] = []
    const leaves = rows.map((row) => leafHash(Buffer.from(row.leaf)))
    for (const leaf of leaves) edge.add(leaf, (node) => nodes.push(node))
    await sql`
      update ledger_entry entry set leaf_index = given.index, leaf_hash = given.hash
      from unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((_, at) => first + at)}::bigint[], ${leaves}::bytea[])
        as given (id, index, hash)
      where entry.id = given.id`.execute(tx)
    await sql`
      insert into ledger_node (level, index, hash)
      select * from unnest(${nodes.map((node) => node.level)}::smallint[], ${nodes.map((node) => node.index)}::bigint[],
                           ${nodes.map((node) => node.hash)}::bytea[])`.execute(tx)
    const { size, root, note } = signCheckpoint(edge.size, edge.root(), key)
    await tx
      .insertInto('ledger_checkpoint')
      .values({ tree_size: size, root_hash: Buffer.from(root), note, at: clock.now() })
      .execute()
    return { taken: rows.length, note }
  })
  if (done === null) return 0
  writeSeen(key, done.note)
  return done.taken
}

async function takeLock(tx: Db, wait: boolean): Promise<boolean> {
  if (wait) {
    await sql`select pg_advisory_xact_lock(${sequencerLock})`.execute(tx)
    return true
  }
  const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${sequencerLock}) as taken`.execute(
    tx,
  )
  return rows[0]?.taken === true
}
