import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Db } from '../db/open.ts'
import type { Tables } from '../db/tables.ts'
import type { Clock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { openCheckpoint, signCheckpoint } from './checkpoint.ts'
import { type EndLine, type ExportScope, endText, exportFormat, type RecordLine, writeLine } from './export-format.ts'
import type { LedgerKey } from './key.ts'
import { emptyRoot, type Hash } from './merkle.ts'
import { signNote } from './signed-note.ts'
import { inclusionProofs, latestCheckpoint } from './tree.ts'

/** Records read at once: keeps memory flat (half a megabyte) whatever the size of the ledger. */
const pageRecords = 1000

export type ExportOptions = {
  readonly scope: ExportScope
  /** Also the bytes of released replies, and of received messages. */
  readonly attach: { readonly replies: boolean; readonly messages: boolean }
}
/** `waiting`: committed records that have no place in the signed tree yet, and are not in the file. */
export type Exported = {
  readonly records: number
  readonly attachments: number
  readonly size: number
  readonly waiting: number
}

/**
 * Writes an export line by line, from one snapshot of the database. `write` resolves when the reader has room again.
 * Throws Trouble('not.found') for an alert that is not there, Trouble('ledger.other-key') for a key that is not this ledger's.
 */
export async function exportLedger(
  needs: { readonly db: Kysely<Tables>; readonly clock: Clock; readonly key: LedgerKey },
  options: ExportOptions,
  write: (text: string) => Promise<void>,
): Promise<Exported> {
  const { key } = needs
  const digest = createHash('sha256')
  const put = async (text: string): Promise<void> => {
    digest.update(text)
    await write(text)
  }
  const snapshot = needs.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return snapshot.execute(async (tx) => {
    const head = await headOf(tx, key)
    const { scope } = options
    const origin = key.verifier.name
    const madeAt = needs.clock.now().toISOString()
    await put(writeLine({ format: exportFormat, origin, key: key.verifier.text, checkpoint: head.note, scope, madeAt }))
    let records = 0
    let attachments = 0
    for await (const record of recordsOf(tx, scope, head.size)) {
      await put(writeLine(record))
      records++
      for (const attached of await attachmentsOf(tx, record, options.attach)) {
        await put(attached)
        attachments++
      }
    }
    const end: EndLine['end'] = { records, attachments, sha256: digest.digest('hex') }
    await write(writeLine({ end, note: signNote(endText(origin, end), key.verifier, key.privateKey) }))
    const waiting = await tx
      .selectFrom('ledger_entry')
      .select((eb) => eb.fn.countAll<string>().as('n'))
      .where('leaf_index', 'is', null)
      .executeTakeFirstOrThrow()
    return { records, attachments, size: head.size, waiting: Number(waiting.n) }
  })
}

/** The newest signed head; for an empty ledger the head of the empty tree. */
async function headOf(tx: Db, key: LedgerKey): Promise<{ size: number; note: string }> {
  const latest = await latestCheckpoint(tx)
  if (latest === null) return signCheckpoint(0, emptyRoot, key)
  const opened = openCheckpoint(latest.note, key.verifier)
  if (opened.kind === 'refused') throw new Trouble('ledger.other-key', { problem: opened.why })
  return latest
}

async function* recordsOf(tx: Db, scope: ExportScope, size: number): AsyncGenerator<RecordLine> {
  const chosen = await conditionOf(tx, scope)
  let after = -1
  for (;;) {
    const { rows } = await sql<{ leaf_index: string; leaf: string; leaf_hash: Buffer }>`
      select leaf_index, leaf, leaf_hash from ledger_entry
      where leaf_index > ${after} and leaf_index < ${size} and ${chosen} order by leaf_index limit ${pageRecords}`.execute(
      tx,
    )
    const indexes = rows.map((row) => Number(row.leaf_index))
    const proofs = scope.kind === 'all' ? [] : await inclusionProofs(tx, indexes, size)
    for (const [at, row] of rows.entries()) {
      const record = { index: indexes[at] as number, leaf: row.leaf, hash: row.leaf_hash.toString('base64') }
      const proof = proofs[at]
      yield proof === undefined ? record : { ...record, proof: proof.map(base64) }
    }
    if (rows.length < pageRecords) return
    after = indexes.at(-1) as number
  }
}

function base64(hash: Hash): string {
  return Buffer.from(hash).toString('base64')
}

/** Which records are meant. Of an alert: all about it, its messages, replies and runs, and all that name it. */
async function conditionOf(tx: Db, scope: ExportScope) {
  switch (scope.kind) {
    case 'all':
      return sql<boolean>`true`
    case 'period':
      return sql<boolean>`(${scope.from}::timestamptz is null or at >= ${scope.from}) and (${scope.to}::timestamptz is null or at < ${scope.to})`
    case 'alert': {
      const alert = await tx.selectFrom('alert').select('id').where('number', '=', scope.number).executeTakeFirst()
      if (alert === undefined) throw new Trouble('not.found', { alert: scope.number })
      const subjects = await subjectsOf(tx, [alert.id])
      return sql<boolean>`(subject = any(${subjects}::text[]) or position(${alert.id}::text in leaf) > 0)`
    }
    case 'alerts': {
      const alerts = await tx
        .selectFrom('alert')
        .select('id')
        .where('number', 'in', [-1, ...scope.numbers])
        .execute()
      const subjects = await subjectsOf(
        tx,
        alerts.map(({ id }) => id),
      )
      return sql<boolean>`subject = any(${subjects}::text[])`
    }
  }
}

/** What records about these alerts are about: them, their messages, replies and runs. */
async function subjectsOf(tx: Db, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ subject: string }>`
    select 'message:' || id as subject from message where alert_id = any(${[...ids]}::uuid[])
    union all select 'reply:' || id from reply where alert_id = any(${[...ids]}::uuid[])
    union all select 'run:' || id from run where alert_id = any(${[...ids]}::uuid[])`.execute(tx)
  return [...ids.map((id) => `alert:${id}`), ...rows.map((row) => row.subject)]
}

/** The lines with the bytes that a record names by their digest, where they are asked for and there. */
async function attachmentsOf(tx: Db, record: RecordLine, attach: ExportOptions['attach']): Promise<string[]> {
  const leaf = JSON.parse(record.leaf) as { kind?: unknown; subject?: unknown }
  const [noun, id] = String(leaf.subject).split(':', 2)
  if (id === undefined) return []
  if (attach.replies && leaf.kind === 'reply.released' && noun === 'reply') {
    const row = await tx.selectFrom('reply').select(['bytes', 'clear_bytes']).where('id', '=', id).executeTakeFirst()
    // Of one that is encrypted what was released in the clear too: nobody but its reader opens the other.
    return [row?.bytes, row?.clear_bytes].flatMap((bytes) => (bytes ? attachmentLine('reply', bytes, record) : []))
  }
  if (attach.messages && leaf.kind === 'message.received' && noun === 'message') {
    const row = await tx.selectFrom('message').select('bytes').where('id', '=', id).executeTakeFirst()
    return row ? attachmentLine('message', row.bytes, record) : []
  }
  return []
}

/** Left out where the record does not name this digest: such bytes would prove nothing. */
function attachmentLine(attachment: 'reply' | 'message', bytes: Buffer, record: RecordLine): string[] {
  const sha256 = sha256Hex(bytes)
  return record.leaf.includes(sha256) ? [writeLine({ attachment, sha256, bytes: bytes.toString('base64') })] : []
}
