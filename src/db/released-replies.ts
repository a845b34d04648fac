import { sql } from 'kysely'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** The reply to this alert that a person released, whatever became of it since; null while there is none. */
export async function releasedReplyOf(
  db: Db,
  alertId: string,
): Promise<{ readonly replyId: string; readonly by: string; readonly at: string; readonly state: string } | null> {
  const row = await db
    .selectFrom('reply')
    .select(['id', 'released_by', 'released_at', 'state'])
    .where('alert_id', '=', alertId)
    .where('state', 'not in', ['draft', 'cancelled'])
    .where('released_at', 'is not', null)
    .orderBy('released_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row?.released_at == null) return null
  return { replyId: row.id, by: row.released_by ?? '', at: iso(row.released_at), state: row.state }
}

/** Earlier answers that say more of what a provider knows than this are rarely read. */
const earlierMax = 5

/** Answers that left before, as their reader sees them: to the same alert, or to earlier ones of the same rule about the same machine or person; newest first. */
export async function earlierAnswers(
  db: Db,
  replyId: string,
): Promise<readonly { readonly replyId: string; readonly sentAt: string; readonly bytes: Buffer }[]> {
  const { rows } = await sql<{ id: string; sent_at: Date; bytes: Buffer }>`
    select earlier.id, earlier.sent_at, coalesce(earlier.clear_bytes, earlier.bytes) as bytes
    from reply this join alert a on a.id = this.alert_id
      join alert b on b.provider_id = a.provider_id and (b.id = a.id or (lower(b.rule) = lower(a.rule) and lower(b.entity) = lower(a.entity)))
      join reply earlier on earlier.alert_id = b.id and earlier.provider_id = this.provider_id
    where this.id = ${replyId} and earlier.id <> this.id and earlier.state = 'sent' and earlier.sent_at is not null and earlier.bytes is not null
      and (this.sent_at is null or earlier.sent_at < this.sent_at)
    order by earlier.sent_at desc, earlier.id limit ${earlierMax}`.execute(db)
  return rows.map((row) => ({ replyId: row.id, sentAt: iso(row.sent_at), bytes: row.bytes }))
}
