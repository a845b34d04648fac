import { sql } from 'kysely'
import type { ApprovalVerdict } from '../model/approval.ts'
import { type Approval, approvalOf, signedMax } from './approvals.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** Who was asked to release this answer too, and has not been answered; `lock` holds it until the transaction ends. */
export async function openReleaseOf(db: Db, replyId: string, lock = false): Promise<Approval | null> {
  let query = db.selectFrom('approval').selectAll().where('reply_id', '=', replyId).where('state', '=', 'open')
  if (lock) query = query.forNoKeyUpdate()
  const row = await query.executeTakeFirst()
  return row === undefined ? null : approvalOf(row)
}

/** The same by the alert that the answer is about. */
export async function openReleaseOfAlert(db: Db, alertId: string): Promise<Approval | null> {
  const row = await db
    .selectFrom('approval')
    .innerJoin('reply', 'reply.id', 'approval.reply_id')
    .selectAll('approval')
    .where('reply.alert_id', '=', alertId)
    .where('approval.state', '=', 'open')
    .orderBy('approval.asked_at', 'desc')
    .executeTakeFirst()
  return row === undefined ? null : approvalOf(row)
}

/** Somebody's yes or no to the release of an answer, as the ledger has it. */
export type ReleaseWord = {
  readonly userId: string
  readonly verdict: ApprovalVerdict
  readonly reason: string
  readonly at: string
  readonly recordId: string
  /** Its place in the ledger's tree; null until the tree has taken it. */
  readonly index: number | null
}

/** What a second person said to exactly these bytes; null while nobody has. */
export async function wordOnRelease(db: Db, replyId: string, sha256: string): Promise<ReleaseWord | null> {
  const { rows } = await sql<{
    id: string
    kind: string
    actor: string
    at: Date
    why: string | null
    leaf_index: string | null
  }>`
    select id, kind, actor, at, leaf_index, leaf::jsonb -> 'body' ->> 'why' as why from ledger_entry
    where subject = ${`reply:${replyId}`} and kind in ('reply.released', 'reply.second-refused')
      and leaf::jsonb -> 'body' ->> 'sha256' = ${sha256} order by at limit 1`.execute(db)
  const row = rows[0]
  const userId = /^user:([0-9a-f-]{36})$/.exec(row?.actor ?? '')?.[1]
  if (row === undefined || userId === undefined) return null
  return {
    ...{
      userId,
      verdict: row.kind === 'reply.released' ? 'approve' : 'refuse',
      reason: row.why ?? '',
      at: iso(row.at),
    },
    ...{ recordId: row.id, index: row.leaf_index === null ? null : Number(row.leaf_index) },
  }
}

/** The second releases that this person signed with their passkey, newest first, at most fifty. */
export async function releasesSignedBy(
  db: Db,
  userId: string,
): Promise<readonly { readonly approval: Approval; readonly at: string }[]> {
  const rows = await db
    .selectFrom('release_signature as s')
    .innerJoin('approval as a', 'a.reply_id', 's.reply_id')
    .selectAll('a')
    .select('s.at as signed_at')
    .where('s.user_id', '=', userId)
    .where('s.part', '=', 'second')
    .where('a.state', '=', 'approved')
    .where(sql<boolean>`a.subject::jsonb ->> 'sha256' = s.sha256`)
    .orderBy('s.at', 'desc')
    .limit(signedMax + 1)
    .execute()
  return rows.map((row) => ({ approval: approvalOf(row), at: iso(row.signed_at) }))
}
