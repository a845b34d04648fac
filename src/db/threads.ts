import { sql } from 'kysely'
import type { Db } from './open.ts'

/** Serialises messages of one conversation until the transaction ends, so that a mail and its answer read at once do not open two alerts. */
export async function lockThread(tx: Db, providerId: string, rootId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${providerId}\n${rootId}`}, 7))`.execute(tx)
}

/**
 * The alert a mail belongs to by its thread, within one provider (a Message-ID is easily forged): a message of ours it answers,
 * a reply we sent, or a message that answered this very mail and came first.
 */
export async function alertOfThread(
  db: Db,
  providerId: string,
  ids: readonly string[],
  ownId: string | null,
): Promise<string | null> {
  if (ids.length > 0) {
    const found = await sql<{ alert_id: string }>`
      select alert_id from message where message_id_header = any(${ids}::text[]) and provider_id = ${providerId} and alert_id is not null
      union all
      select alert_id from reply where message_id = any(${ids}::text[]) and provider_id = ${providerId}
      limit 1`.execute(db)
    if (found.rows[0] !== undefined) return found.rows[0].alert_id
  }
  if (ownId === null) return null
  const later = await sql<{ alert_id: string }>`
    select alert_id from message where thread_ids @> ${[ownId]}::text[] and provider_id = ${providerId} and alert_id is not null limit 1`.execute(
    db,
  )
  return later.rows[0]?.alert_id ?? null
}

/** Our own reply that carries this Message-ID: what a bounce or a copy in our own mailbox is about. `bytes` are what was released. */
export async function replyByMessageId(
  db: Db,
  ids: readonly string[],
): Promise<{ replyId: string; alertId: string; providerId: string; bytes: Buffer | null } | null> {
  if (ids.length === 0) return null
  const row = await db
    .selectFrom('reply')
    .select(['id', 'alert_id', 'provider_id', 'bytes'])
    .where('message_id', 'in', [...ids])
    .executeTakeFirst()
  if (row === undefined) return null
  return { replyId: row.id, alertId: row.alert_id, providerId: row.provider_id, bytes: row.bytes }
}

/** Header fields stand at the top; one that is further down belongs to no mail that was read (intake/mail: 256 KB of header at most). */
const headBytesMax = 256 * 1024
const threadIndexField = /^thread-index:[ \t]*((?:[A-Za-z0-9+/=]|\r?\n[ \t]|[ \t])+)$/im

/** The Thread-Index of a mail of this provider, without its folds; null where it has none. */
export async function threadIndexOf(db: Db, providerId: string, messageId: string): Promise<string | null> {
  const { rows } = await sql<{ head: Buffer }>`
    select substring(bytes from 1 for ${sql.lit(headBytesMax)}) as head from message
    where message_id_header = ${messageId} and provider_id = ${providerId} and form = 'mail' order by received_at limit 1`.execute(
    db,
  )
  const text = rows[0]?.head.toString('latin1') ?? ''
  const header = text.split(/\r?\n\r?\n/, 1)[0] ?? ''
  return threadIndexField.exec(header)?.[1]?.replace(/\s+/g, '') ?? null
}
