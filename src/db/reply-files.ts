import type { Selectable } from 'kysely'
import { z } from 'zod'
import { AttachmentKind } from '../model/attachment.ts'
import { SensitiveSpan } from '../model/reply.ts'
import { iso, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { ReplyFileTable } from './tables/replies.ts'

/** A file that goes with a draft: looked into, with its places, or blocked, and why. */
export type ReplyFile = {
  readonly id: string
  readonly name: string
  readonly nameSpans: readonly SensitiveSpan[]
  readonly spans: readonly SensitiveSpan[]
  /** Everything that can be read in it, and from `unreadFrom` on the names of what no detector reads. */
  readonly text: string
  readonly unreadFrom: number | null
  readonly isPlain: boolean
  readonly stripped: readonly string[]
  /** As it came. */
  readonly came: { readonly sha256: string; readonly bytes: number; readonly ticketFileId: string | null }
  readonly addedBy: string
  readonly addedAt: string
} & (
  | { readonly kind: AttachmentKind; readonly type: string; readonly bytes: Buffer; readonly blocked: null }
  | { readonly kind: 'blocked'; readonly blocked: { readonly why: string; readonly next: string } }
)

const Spans = z.array(SensitiveSpan)

function fileOf(row: Selectable<ReplyFileTable>): ReplyFile {
  const common = {
    ...{ id: row.id, name: row.name, nameSpans: Spans.parse(row.name_spans), spans: Spans.parse(row.spans) },
    ...{ text: row.text, unreadFrom: row.unread_from, isPlain: row.is_plain, stripped: row.stripped },
    came: { sha256: row.came_sha256, bytes: row.came_bytes, ticketFileId: row.ticket_file_id },
    ...{ addedBy: row.added_by, addedAt: iso(row.added_at) },
  }
  if (row.bytes === null)
    return { ...common, kind: 'blocked', blocked: { why: row.blocked_why ?? '', next: row.blocked_next ?? '' } }
  const kind = AttachmentKind.parse(row.kind)
  return { ...common, kind, type: row.media_type, bytes: row.bytes, blocked: null }
}

/** In the order in which they were added, which is that in which they leave. */
export async function filesOfReply(db: Db, replyId: string): Promise<readonly ReplyFile[]> {
  const rows = await db
    .selectFrom('reply_file')
    .selectAll()
    .where('reply_id', '=', replyId)
    .orderBy('added_at')
    .orderBy('id')
    .execute()
  return rows.map(fileOf)
}

export async function insertReplyFile(tx: Db, replyId: string, file: ReplyFile): Promise<void> {
  const looked = file.kind === 'blocked' ? null : file
  await tx
    .insertInto('reply_file')
    .values({
      ...{ id: file.id, reply_id: replyId, name: plainText(file.name), kind: file.kind },
      ...{ name_spans: jsonb(file.nameSpans), spans: jsonb(file.spans), text: plainText(file.text) },
      ...{ unread_from: file.unreadFrom, is_plain: file.isPlain, stripped: file.stripped.map(plainText) },
      ...{ media_type: looked?.type ?? '', bytes: looked?.bytes ?? null },
      ...{ blocked_why: file.blocked?.why ?? null, blocked_next: file.blocked?.next ?? null },
      ...{ came_sha256: file.came.sha256, came_bytes: file.came.bytes, ticket_file_id: file.came.ticketFileId },
      ...{ added_by: file.addedBy, added_at: new Date(file.addedAt) },
    })
    .execute()
}

export async function saveFileSpans(tx: Db, file: Pick<ReplyFile, 'id' | 'nameSpans' | 'spans'>): Promise<void> {
  await tx
    .updateTable('reply_file')
    .set({ name_spans: jsonb(file.nameSpans), spans: jsonb(file.spans) })
    .where('id', '=', file.id)
    .execute()
}

export async function removeReplyFile(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('reply_file').where('id', '=', id).execute()
}

/** Files of the case that an answer can take along, newest first. */
export async function evidenceOf(
  db: Db,
  alertId: string,
): Promise<readonly { readonly id: string; readonly name: string; readonly sizeBytes: number }[]> {
  const rows = await db
    .selectFrom('ticket_file')
    .select(['id', 'name', 'size_bytes'])
    .where('alert_id', '=', alertId)
    .orderBy('added_at', 'desc')
    .limit(evidenceShownMax)
    .execute()
  return rows.map(({ id, name, size_bytes: sizeBytes }) => ({ id, name, sizeBytes }))
}

/** A ticket has at most 50 files. */
const evidenceShownMax = 50
