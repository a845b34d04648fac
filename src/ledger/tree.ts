import { sql } from 'kysely'
import type { Db } from '../db/open.ts'
import { Trouble } from '../kit/errors.ts'
import { fold, type Hash, type Place, placesOf } from './merkle.ts'
import { type HashAt, hashesOf, placesOfAll, rangesOfConsistency, rangesOfInclusion } from './proof.ts'

/** A row of ledger_checkpoint. That its note is signed and says the same as the row is for the reader to check. */
export type CheckpointRow = { readonly size: number; readonly root: Hash; readonly note: string; readonly at: Date }

/** The newest checkpoint in the database, or null before the first record. */
export async function latestCheckpoint(db: Db): Promise<CheckpointRow | null> {
  const row = await db
    .selectFrom('ledger_checkpoint')
    .selectAll()
    .orderBy('tree_size', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : { size: Number(row.tree_size), root: row.root_hash, note: row.note, at: row.at }
}

/** Looks up subtrees: leaves stand with their records, the rest in ledger_node. Throws Trouble('ledger.broken') where one is missing. */
export async function readHashes(db: Db, places: readonly Place[]): Promise<HashAt> {
  const levels = places.map((place) => place.level)
  const indexes = places.map((place) => String(place.index))
  const { rows } = await sql<{ level: number; index: string; hash: Buffer | null }>`
    select asked.level, asked.index, coalesce(node.hash, entry.leaf_hash) as hash
    from unnest(${levels}::smallint[], ${indexes}::bigint[]) as asked (level, index)
    left join ledger_node node on asked.level > 0 and node.level = asked.level and node.index = asked.index
    left join ledger_entry entry on asked.level = 0 and entry.leaf_index = asked.index`.execute(db)
  const found = new Map(rows.map((row) => [`${row.level}/${row.index}`, row.hash]))
  return ({ level, index }) => {
    const hash = found.get(`${level}/${index}`)
    if (!hash) throw new Trouble('ledger.broken', { problem: 'a hash of the tree is missing', level, index })
    return hash
  }
}

/** Root of the first `size` records by the hashes that are kept: O(log n). */
export async function rootOf(db: Db, size: number): Promise<Hash> {
  const places = placesOf({ from: 0, to: size })
  const hashAt = await readHashes(db, places)
  return fold(places.map(hashAt))
}

/** Hashes that prove that record `index` is in the tree of `size` records. */
export async function inclusionProof(db: Db, index: number, size: number): Promise<Hash[]> {
  const ranges = rangesOfInclusion(index, size)
  return hashesOf(ranges, await readHashes(db, placesOfAll(ranges)))
}

/** The same for several records with one look-up, in their order. */
export async function inclusionProofs(db: Db, indexes: readonly number[], size: number): Promise<Hash[][]> {
  const all = indexes.map((index) => rangesOfInclusion(index, size))
  const hashAt = await readHashes(db, placesOfAll(all.flat()))
  return all.map((ranges) => hashesOf(ranges, hashAt))
}

/** Hashes that prove that the tree of `size` records begins with the tree of `older` records. */
export async function consistencyProof(db: Db, older: number, size: number): Promise<Hash[]> {
  const ranges = rangesOfConsistency(older, size)
  return hashesOf(ranges, await readHashes(db, placesOfAll(ranges)))
}
