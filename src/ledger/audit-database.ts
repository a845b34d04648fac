import { type Kysely, sql } from 'kysely'
import type { Db } from '../db/open.ts'
import type { Tables } from '../db/tables.ts'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import { wordsOf } from '../kit/errors.ts'
import { openCheckpoint } from './checkpoint.ts'
import { Edge, type Hash, leafHash, type Node, sameHash } from './merkle.ts'
import type { VerifierKey } from './signed-note.ts'

const pageRecords = 1000
const problemsMax = 100

export type DatabaseAudit = {
  readonly ok: boolean
  readonly records: number
  readonly checkpoints: number
  /** Committed, and without a place in the tree yet. */
  readonly waiting: number
  /** Root over all records that have a place, worked out anew. */
  readonly root: Hash
  readonly problems: readonly string[]
  readonly problemCount: number
}

type Row = {
  id: string
  at: Date
  kind: string
  actor: string
  subject: string
  leaf: string
  leaf_index: string
  leaf_hash: Buffer
}
type Checkpoint = { tree_size: string; root_hash: Buffer; note: string }

/**
 * Works out every hash of the ledger anew from its records, and compares: columns with the text that was hashed, leaf
 * hashes, inner hashes, every checkpoint with the root at its size and, with a key, its signature. Reads one snapshot.
 */
export async function auditDatabase(db: Kysely<Tables>, key?: VerifierKey): Promise<DatabaseAudit> {
  const problems: string[] = []
  let problemCount = 0
  const wrong = (says: string): void => {
    problemCount++
    if (problems.length < problemsMax) problems.push(says)
  }
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const edge = new Edge()
      const checkpoints = new Heads(tx, wrong, key)
      for await (const rows of pagesOf(tx)) {
        const nodes: Node[] = []
        for (const row of rows) {
          checkRow(row, edge.size, wrong)
          // What was hashed is the text; a changed text must show in every root above it.
          edge.add(leafHash(Buffer.from(row.leaf)), (node) => nodes.push(node))
          await checkpoints.check(edge)
        }
        await compareNodes(tx, nodes, wrong)
      }
      await checkpoints.end(edge)
      const { rows } = await sql<{ waiting: string; nodes: string }>`
        select (select count(*) from ledger_entry where leaf_index is null) as waiting,
               (select count(*) from ledger_node) as nodes`.execute(tx)
      const nodes = nodesOf(edge.size)
      if (Number(rows[0]?.nodes) !== nodes)
        wrong(`${rows[0]?.nodes} inner hashes are kept, ${nodes} belong to ${edge.size} records`)
      return {
        ok: problemCount === 0,
        records: edge.size,
        checkpoints: checkpoints.seen,
        waiting: Number(rows[0]?.waiting),
        root: edge.root(),
        problems,
        problemCount,
      }
    })
}

/** How many complete subtrees of two leaves or more a tree has. */
function nodesOf(size: number): number {
  let nodes = 0
  for (let left = Math.floor(size / 2); left > 0; left = Math.floor(left / 2)) nodes += left
  return nodes
}

async function* pagesOf(tx: Db): AsyncGenerator<Row[]> {
  let after = -1
  for (;;) {
    const { rows } = await sql<Row>`
      select id, at, kind, actor, subject, leaf, leaf_index, leaf_hash from ledger_entry
      where leaf_index > ${after} order by leaf_index limit ${pageRecords}`.execute(tx)
    yield rows
    if (rows.length < pageRecords) return
    after = Number(rows.at(-1)?.leaf_index)
  }
}

function checkRow(row: Row, expected: number, wrong: (says: string) => void): void {
  const where = `record ${row.leaf_index}`
  if (Number(row.leaf_index) !== expected)
    wrong(`${where} stands where ${expected} should: records are missing or were moved`)
  if (row.leaf_hash === null || !sameHash(row.leaf_hash, leafHash(Buffer.from(row.leaf))))
    wrong(`${where}: its text does not give its hash`)
  try {
    const value = JSON.parse(row.leaf) as { body?: Json }
    const { id, kind, actor, subject } = row
    const columns = canonicalJson({ id, at: row.at.toISOString(), kind, actor, subject, body: value.body })
    if (columns !== row.leaf) wrong(`${where}: its columns say something else than the text that was hashed`)
  } catch (error) {
    wrong(`${where}: its text cannot be read: ${wordsOf(error)}`)
  }
}

async function compareNodes(tx: Db, nodes: readonly Node[], wrong: (says: string) => void): Promise<void> {
  const { rows } = await sql<{ level: number; index: string }>`
    select worked.level, worked.index
    from unnest(${nodes.map((node) => node.level)}::smallint[], ${nodes.map((node) => String(node.index))}::bigint[],
                ${nodes.map((node) => node.hash)}::bytea[]) as worked (level, index, hash)
    left join ledger_node kept on kept.level = worked.level and kept.index = worked.index
    where kept.hash is distinct from worked.hash`.execute(tx)
  for (const { level, index } of rows) wrong(`the inner hash ${index} of level ${level} is missing or was changed`)
}

/** The checkpoints in the order of their sizes, a page at a time, beside a tree that grows. */
class Heads {
  readonly #tx: Db
  readonly #wrong: (says: string) => void
  readonly #key: VerifierKey | undefined
  #page: Checkpoint[] = []
  #exhausted = false
  #after = -1
  seen = 0

  constructor(tx: Db, wrong: (says: string) => void, key: VerifierKey | undefined) {
    this.#tx = tx
    this.#wrong = wrong
    this.#key = key
  }

  async check(edge: Edge): Promise<void> {
    for (
      let next = await this.#next();
      next !== undefined && Number(next.tree_size) <= edge.size;
      next = await this.#next()
    ) {
      this.#compare(next, edge)
      this.#page.shift()
      this.#after = Number(next.tree_size)
      this.seen++
    }
  }

  async end(edge: Edge): Promise<void> {
    await this.check(edge)
    const beyond = await this.#next()
    if (beyond !== undefined) this.#wrong(`${beyond.tree_size} records were signed, ${edge.size} are there`)
    else if (this.#after !== edge.size && edge.size > 0)
      this.#wrong(`the newest checkpoint is of ${this.#after} records, ${edge.size} have a place`)
  }

  async #next(): Promise<Checkpoint | undefined> {
    if (this.#page.length === 0 && !this.#exhausted) {
      const { rows } = await sql<Checkpoint>`
        select tree_size, root_hash, note from ledger_checkpoint
        where tree_size > ${this.#after} order by tree_size limit ${pageRecords}`.execute(this.#tx)
      this.#page = rows
      this.#exhausted = rows.length < pageRecords
    }
    return this.#page[0]
  }

  #compare(row: Checkpoint, edge: Edge): void {
    const where = `checkpoint ${row.tree_size}`
    if (!sameHash(row.root_hash, edge.root())) this.#wrong(`${where}: the records do not lead to its root`)
    if (this.#key === undefined) return
    const opened = openCheckpoint(row.note, this.#key)
    if (opened.kind === 'refused') return this.#wrong(`${where}: ${opened.why}`)
    if (opened.checkpoint.size !== Number(row.tree_size) || !sameHash(opened.checkpoint.root, row.root_hash)) {
      this.#wrong(`${where}: its row says something else than what was signed`)
    }
  }
}
