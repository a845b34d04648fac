import { plainText } from './jsonb.ts'
import type { Db } from './open.ts'

export type NoticeState = 'queued' | 'sent' | 'failed'
export type NoticeRecord = {
  readonly id: string
  readonly kind: string
  readonly to: readonly string[]
  readonly bytes: Buffer
  readonly state: NoticeState
  readonly receipt: string | null
}

/** Puts a mail to our own people down. False when it is there already. */
export async function insertNotice(
  tx: Db,
  notice: { readonly id: string; readonly kind: string; readonly to: readonly string[]; readonly bytes: Uint8Array },
  at: Date,
): Promise<boolean> {
  const done = await tx
    .insertInto('notice')
    .values({
      id: notice.id,
      kind: notice.kind,
      recipients: [...notice.to],
      bytes: Buffer.from(notice.bytes),
      created_at: at,
    })
    .onConflict((on) => on.column('id').doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

export async function noticeById(db: Db, id: string): Promise<NoticeRecord | null> {
  const row = await db.selectFrom('notice').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) return null
  const { kind, bytes, receipt } = row
  return { id, kind, to: row.recipients, bytes, state: row.state as NoticeState, receipt }
}

/** Says what became of a queued notice; one that was sent stays sent. */
export async function changeNotice(
  tx: Db,
  id: string,
  change: { readonly state: NoticeState; readonly receipt: string; readonly sentAt?: Date },
): Promise<boolean> {
  const done = await tx
    .updateTable('notice')
    .set({
      state: change.state,
      receipt: plainText(change.receipt),
      ...(change.sentAt === undefined ? {} : { sent_at: change.sentAt }),
    })
    .where('id', '=', id)
    .where('state', '<>', 'sent')
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}
