import type { RecordWords } from '../contract/record.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { sayRecords } from './record-words.ts'

export async function insertTask(
  tx: Db,
  task: {
    readonly id: string
    readonly alertId: string
    readonly title: string
    readonly owner: string | null
    readonly dueAt: Date | null
    readonly by: string
    readonly at: Date
  },
): Promise<void> {
  await tx
    .insertInto('ticket_task')
    .values({
      id: task.id,
      alert_id: task.alertId,
      title: plainText(task.title),
      owner: task.owner,
      due_at: task.dueAt,
      added_by: task.by,
      added_at: task.at,
    })
    .execute()
}

/** Titles of the tasks that are still on it. */
export async function taskTitles(db: Db, alertId: string): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('ticket_task')
    .select('title')
    .where('alert_id', '=', alertId)
    .where('removed_at', 'is', null)
    .execute()
  return new Set(rows.map(({ title }) => title))
}

/** The title of the task that changed; null when there is none of this id on that ticket. */
export async function changeTask(
  tx: Db,
  task: { readonly id: string; readonly alertId: string },
  change: {
    readonly done?: { by: string; at: Date } | null
    readonly owner?: string | null
    readonly dueAt?: Date | null
    readonly removed?: { by: string; at: Date }
  },
): Promise<string | null> {
  const row = await tx
    .updateTable('ticket_task')
    .set({
      ...(change.done === undefined ? {} : { done_at: change.done?.at ?? null, done_by: change.done?.by ?? null }),
      ...(change.owner === undefined ? {} : { owner: change.owner }),
      ...(change.dueAt === undefined ? {} : { due_at: change.dueAt }),
      ...(change.removed === undefined ? {} : { removed_at: change.removed.at, removed_by: change.removed.by }),
    })
    .where('id', '=', task.id)
    .where('alert_id', '=', task.alertId)
    .where('removed_at', 'is', null)
    .returning('title')
    .executeTakeFirst()
  return row?.title ?? null
}

export async function insertComment(
  tx: Db,
  comment: {
    readonly id: string
    readonly alertId: string
    readonly by: string
    readonly at: Date
    readonly text: string
    readonly mentions: readonly string[]
  },
): Promise<void> {
  await tx
    .insertInto('ticket_comment')
    .values({
      id: comment.id,
      alert_id: comment.alertId,
      written_by: comment.by,
      written_at: comment.at,
      text: plainText(comment.text),
      mentions: [...comment.mentions],
    })
    .execute()
}

export async function countFiles(db: Db, alertId: string): Promise<number> {
  const row = await db
    .selectFrom('ticket_file')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('alert_id', '=', alertId)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

export async function insertFile(
  tx: Db,
  file: {
    readonly id: string
    readonly alertId: string
    readonly name: string
    readonly bytes: Uint8Array
    readonly sha256: string
    readonly by: string
    readonly at: Date
  },
): Promise<void> {
  await tx
    .insertInto('ticket_file')
    .values({
      id: file.id,
      alert_id: file.alertId,
      name: plainText(file.name),
      bytes: Buffer.from(file.bytes),
      sha256: file.sha256,
      added_by: file.by,
      added_at: file.at,
    })
    .execute()
}

export async function fileOf(
  db: Db,
  alertId: string,
  id: string,
): Promise<{ name: string; bytes: Buffer; sha256: string } | null> {
  const row = await db
    .selectFrom('ticket_file')
    .select(['name', 'bytes', 'sha256'])
    .where('id', '=', id)
    .where('alert_id', '=', alertId)
    .executeTakeFirst()
  return row ?? null
}

export type Reference = { readonly system: string; readonly reference: string }

export async function setReferences(
  tx: Db,
  alertId: string,
  references: readonly Reference[],
  by: string,
  at: Date,
): Promise<void> {
  await tx.deleteFrom('ticket_reference').where('alert_id', '=', alertId).execute()
  if (references.length === 0) return
  await tx
    .insertInto('ticket_reference')
    .values(
      references.map((one) => ({
        alert_id: alertId,
        system: plainText(one.system),
        reference: plainText(one.reference),
        added_by: by,
        added_at: at,
      })),
    )
    .onConflict((on) => on.doNothing())
    .execute()
}

/** What people wrote, did and put beside a ticket, and who was told. */
export async function partsOfTicket(db: Db, alertId: string) {
  const [tasks, comments, files, references, escalations] = await Promise.all([
    db.selectFrom('ticket_task as k').leftJoin('app_user as u', 'u.id', 'k.owner')
      .select(['k.id', 'k.title', 'k.owner', 'u.name as owner_name', 'k.due_at', 'k.done_at', 'k.done_by'])
      .where('k.alert_id', '=', alertId).where('k.removed_at', 'is', null).orderBy('k.ordinal').limit(500).execute(),
    db.selectFrom('ticket_comment').selectAll().where('alert_id', '=', alertId).orderBy('written_at').limit(1_000).execute(),
    db.selectFrom('ticket_file').select(['id', 'name', 'size_bytes', 'sha256', 'added_by', 'added_at']).where('alert_id', '=', alertId).orderBy('added_at').execute(),
    db.selectFrom('ticket_reference').select(['system', 'reference']).where('alert_id', '=', alertId).orderBy('system').orderBy('reference').execute(),
    db.selectFrom('ticket_escalation').selectAll().where('alert_id', '=', alertId).orderBy('told_at', 'desc').limit(100).execute(),
  ]) // biome-ignore format: one question a line
  return {
    tasks: tasks.map((row) => ({ ...row, due_at: isoOrNull(row.due_at), done_at: isoOrNull(row.done_at) })),
    comments: comments.map((row) => ({
      id: row.id,
      by: row.written_by,
      at: iso(row.written_at),
      text: row.text,
      mentions: row.mentions,
    })),
    files: files.map((row) => ({
      id: row.id,
      name: row.name,
      bytes: row.size_bytes,
      sha256: row.sha256,
      by: row.added_by,
      at: iso(row.added_at),
    })),
    references,
    escalations: escalations.map((row) => ({
      clock: row.clock,
      dueAt: iso(row.due_at),
      level: row.level,
      told: row.told,
      at: iso(row.told_at),
    })),
  }
}

/** Lines of the history of one ticket: more are in the ledger. */
const historyMax = 200

/** What the ledger says of a ticket, newest first. */
export async function historyOfTicket(db: Db, alertId: string): Promise<RecordWords[]> {
  const rows = await db
    .selectFrom('ledger_entry')
    .select(['at', 'kind', 'actor', 'subject', 'leaf'])
    .where('subject', '=', `alert:${alertId}`)
    .orderBy('at', 'desc')
    .limit(historyMax)
    .execute()
  return sayRecords(db, rows, alertId)
}
