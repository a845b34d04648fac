import { sql } from 'kysely'
import type { Db } from '../db/open.ts'
import { Trouble } from '../kit/errors.ts'
import { openCheckpoint } from './checkpoint.ts'
import { type LedgerKey, readSeen } from './key.ts'
import { Edge, emptyRoot, placesOf, sameHash } from './merkle.ts'
import { latestCheckpoint, readHashes, rootOf } from './tree.ts'

/**
 * The right edge of the tree as it was signed last: what stands in the database must lead to the same root, by this key, and
 * begin with what this machine remembers. Costs O(log n). Throws Trouble('ledger.broken' | 'ledger.other-key').
 */
export async function signedEdge(tx: Db, key: LedgerKey): Promise<Edge> {
  const latest = await latestCheckpoint(tx)
  const size = latest?.size ?? 0
  await refuseOtherHead(tx, latest, key)
  const places = placesOf({ from: 0, to: size })
  const edge = new Edge(size, places.map(await readHashes(tx, places)))
  if (!sameHash(edge.root(), latest?.root ?? emptyRoot))
    throw broken('the tree in the database does not lead to the root that was signed')
  const { rows } = await sql<{
    next: string
  }>`select coalesce(max(leaf_index) + 1, 0) as next from ledger_entry`.execute(tx)
  if (Number(rows[0]?.next) !== size) throw broken(`${rows[0]?.next} records have a place, ${size} are signed`)
  await refuseSetBack(tx, size, key)
  return edge
}

async function refuseOtherHead(
  tx: Db,
  latest: Awaited<ReturnType<typeof latestCheckpoint>>,
  key: LedgerKey,
): Promise<void> {
  if (latest === null) return
  const opened = openCheckpoint(latest.note, key.verifier)
  if (opened.kind === 'refused') {
    const origin = latest.note.split('\n', 1)[0]
    if (origin !== key.verifier.name) throw new Trouble('ledger.other-key', { ledger: origin, here: key.verifier.name })
    throw broken(`the newest checkpoint: ${opened.why}`)
  }
  const { size, root } = opened.checkpoint
  if (size !== latest.size || !sameHash(root, latest.root))
    throw broken('the newest checkpoint says something else than its row')
}

/** Compares with the newest head this machine remembers outside the database: the tree must still begin with it. */
async function refuseSetBack(tx: Db, size: number, key: LedgerKey): Promise<void> {
  const seen = readSeen(key)
  if (seen === null) return
  const opened = openCheckpoint(seen, key.verifier)
  if (opened.kind === 'refused') throw broken(`ledger.seen in the data folder: ${opened.why}`)
  if (opened.checkpoint.size > size)
    throw broken(
      `this machine has signed ${opened.checkpoint.size} records, the database holds ${size}: it was set back`,
    )
  if (!sameHash(await rootOf(tx, opened.checkpoint.size), opened.checkpoint.root))
    throw broken('records that were signed have changed')
}

function broken(problem: string): Trouble {
  return new Trouble('ledger.broken', { problem })
}

/** Verifies the head (see `signedEdge`) and counts what has no place yet. A ledger that was begun needs its key. */
export async function headFacts(
  db: Db,
  key: LedgerKey | null,
): Promise<{ size: number; waiting: number; oldestWaitingMs: number; isFresh: boolean }> {
  const latest = await latestCheckpoint(db)
  if (key === null && latest !== null)
    throw new Trouble('ledger.other-key', { problem: 'there is no ledger.key in the data folder' })
  const size = key === null ? 0 : (await signedEdge(db, key)).size
  const { rows } = await sql<{ waiting: number; oldest: number | null }>`
    select count(*)::int as waiting, extract(epoch from now() - min(at))::float8 * 1000 as oldest
    from ledger_entry where leaf_index is null`.execute(db)
  const waiting = rows[0]?.waiting ?? 0
  return { size, waiting, oldestWaitingMs: rows[0]?.oldest ?? 0, isFresh: latest === null && waiting === 0 }
}
