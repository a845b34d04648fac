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
