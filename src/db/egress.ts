import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import { Egress, type EgressState } from '../model/egress.ts'
import type { ReplyState } from '../model/reply.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import { containing } from './like.ts'
import type { Db } from './open.ts'
import type { EgressTable } from './tables/outside.ts'

function ofRow(row: Pick<Selectable<EgressTable>, 'kind' | 'reply_id' | 'pack_id' | 'pack_version'>): string {
  if (row.kind === 'reply') return `reply:${row.reply_id}`
  // Of a message elsewhere the subject in the ledger stands where a pack has its name.
  return row.kind === 'pack' ? `pack:${row.pack_id}/${row.pack_version}` : (row.pack_id ?? '')
}

function egressOf(row: Omit<Selectable<EgressTable>, 'bytes'>): Egress {
  return Egress.parse({
    id: row.id,
    kind: row.kind,
    of: ofRow(row),
    providerId: row.provider_id,
    channel: row.channel,
    recipients: row.recipients,
    subject: row.subject,
    messageId: row.message_id,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    releasedBy: row.released_by,
    releasedAt: iso(row.released_at),
    rule: row.rule,
    holdUntil: iso(row.hold_until),
    state: row.state,
    leftAt: isoOrNull(row.left_at),
    receipt: row.receipt,
    clearSha256: row.clear_sha256,
    protection: row.protection,
  })
}

// biome-ignore format: a table reads better in few lines
const columns = [
  'id', 'kind', 'reply_id', 'pack_id', 'pack_version', 'provider_id', 'channel', 'recipients', 'subject', 'message_id', 'sha256', 'size_bytes',
  'released_by', 'released_at', 'rule', 'hold_until', 'state', 'left_at', 'receipt', 'clear_sha256', 'protection',
] as const

/** Null when there is none. `lock` holds it until the transaction ends. */
export async function egressById(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<Egress | null> {
  const query = db.selectFrom('egress').select(columns).where('id', '=', id)
  const row = await (options.lock === true ? query.forUpdate() : query).executeTakeFirst()
  return row === undefined ? null : egressOf(row)
}

/** The bytes of a pack on its way; a reply has its own. */
export async function egressBytes(db: Db, id: string): Promise<Buffer | null> {
  const row = await db.selectFrom('egress').select('bytes').where('id', '=', id).executeTakeFirst()
  return row?.bytes ?? null
}

export type NewEgress = Omit<Egress, 'of' | 'kind' | 'leftAt' | 'receipt' | 'releasedAt' | 'holdUntil' | 'state'> & {
  readonly of:
    | { readonly kind: 'reply'; readonly replyId: string }
    | { readonly kind: 'pack'; readonly packId: string; readonly version: number; readonly bytes: Uint8Array }
  readonly releasedAt: Date
  readonly holdUntil: Date
  readonly state: 'released' | 'dry-run'
}

/** Lets bytes leave. The caller has checked that the person may, and appends the ledger line in the same transaction. */
export async function insertEgress(tx: Db, fresh: NewEgress): Promise<void> {
  const { of } = fresh
  await tx
    .insertInto('egress')
    .values({
      ...{ id: fresh.id, kind: of.kind, provider_id: fresh.providerId, channel: fresh.channel },
      ...(of.kind === 'reply'
        ? { reply_id: of.replyId }
        : { pack_id: of.packId, pack_version: of.version, bytes: Buffer.from(of.bytes) }),
      ...{ recipients: fresh.recipients.map(plainText), subject: plainText(fresh.subject) },
      ...{ message_id: fresh.messageId, sha256: fresh.sha256, size_bytes: fresh.sizeBytes },
      ...{ released_by: fresh.releasedBy, released_at: fresh.releasedAt, rule: fresh.rule },
      ...{ hold_until: fresh.holdUntil, state: fresh.state, clear_sha256: fresh.clearSha256 },
      protection: fresh.protection === null ? null : jsonb(fresh.protection),
    })
    .execute()
}

export type EgressChange = {
  readonly state: EgressState
  readonly holdUntil?: Date
  readonly leftAt?: Date
  readonly receipt?: string
}

function changed(change: EgressChange) {
  return {
    state: change.state,
    ...(change.holdUntil === undefined ? {} : { hold_until: change.holdUntil }),
    ...(change.leftAt === undefined ? {} : { left_at: change.leftAt }),
    ...(change.receipt === undefined ? {} : { receipt: plainText(change.receipt) }),
  }
}

/** What became of it. PostgreSQL refuses a step that cannot be, and any change of what was released. */
export async function changeEgress(tx: Db, id: string, change: EgressChange): Promise<void> {
  await tx.updateTable('egress').set(changed(change)).where('id', '=', id).execute()
}

/** How the states of a reply are called where everything that leaves is listed. A draft leaves nothing. */
const ofReply: Readonly<Record<Exclude<ReplyState, 'draft'>, EgressState>> = {
  held: 'released',
  sending: 'leaving',
  sent: 'left',
  unconfirmed: 'unconfirmed',
  failed: 'refused',
  'dry-run': 'dry-run',
  cancelled: 'withdrawn',
}

/** Follows a reply that moved. One that was never released has no entry, and none is made. */
export async function followReply(
  tx: Db,
  replyId: string,
  change: Omit<EgressChange, 'state'> & { readonly state: ReplyState },
): Promise<void> {
  if (change.state === 'draft') return
  const values = changed({ ...change, state: ofReply[change.state] })
  await tx.updateTable('egress').set(values).where('reply_id', '=', replyId).execute()
}

export async function egressOfReply(db: Db, replyId: string): Promise<Egress | null> {
  const row = await db.selectFrom('egress').select(columns).where('reply_id', '=', replyId).executeTakeFirst()
  return row === undefined ? null : egressOf(row)
}

export type EgressRow = Egress & {
  readonly providerName: string
  /** The place of its release in the ledger's tree; null for the moment until the tree has taken it. */
  readonly ledgerIndex: number | null
}

export type EgressFilter = {
  readonly provider?: string | undefined
  readonly state?: EgressState | undefined
  readonly kind?: Egress['kind'] | undefined
  readonly q?: string | undefined
  /** Released before this entry ("<time> <id>"), for the next page. */
  readonly before?: string | undefined
}

/** What left by another way than mail, in the columns of what a person released. */
const outside = sql`
  select id, case when way in ('slack', 'teams') then 'chat' else 'ticket' end as kind, null::uuid as reply_id,
    case when alert_id is null then 'chat:' || place else 'alert:' || alert_id end as pack_id, null::integer as pack_version, '' as provider_id,
    way as channel, array[place_title] as recipients, subject, '' as message_id, sha256, size_bytes, agreed_by as released_by, at as released_at,
    rule, at as hold_until, state, left_at, says as receipt, null::text as clear_sha256, null::jsonb as protection
  from outside_send`

/** Everything that was released, newest first, and one more than asked when there are more. */
export async function listEgress(db: Db, filter: EgressFilter, most: number): Promise<readonly EgressRow[]> {
  const [beforeAt = null, beforeId = null] = filter.before?.split(' ') ?? []
  const words = filter.q === undefined || filter.q.trim() === '' ? null : containing(filter.q.trim())
  const { rows } = await sql<
    Omit<Selectable<EgressTable>, 'bytes'> & { provider_name: string | null; leaf_index: string | null }
  >`
    select ${sql.join(columns.map((column) => sql.ref(`e.${column}`)))}, p.config ->> 'name' as provider_name, l.leaf_index
    from (select ${sql.join(columns.map((column) => sql.ref(column)))} from egress union all ${outside}) e left join provider p on p.id = e.provider_id
    left join lateral (
      select entry.leaf_index from ledger_entry entry
      where entry.subject = case e.kind when 'reply' then 'reply:' || e.reply_id when 'pack' then 'pack:' || e.pack_id else e.pack_id end
        and (entry.kind in ('reply.released', 'pack.mailed') and entry.leaf::jsonb -> 'body' ->> 'sha256' = e.sha256
          or entry.kind in ('chat.sent', 'chat.failed', 'elsewhere.sent', 'elsewhere.failed') and entry.leaf::jsonb -> 'body' ->> 'sent' = e.id::text)
      order by entry.at desc limit 1) l on true
    where (${filter.provider ?? null}::text is null or e.provider_id = ${filter.provider ?? null})
      and (${filter.state ?? null}::text is null or e.state = ${filter.state ?? null})
      and (${filter.kind ?? null}::text is null or e.kind = ${filter.kind ?? null})
      and (${words}::text is null or e.subject ilike ${words} or array_to_string(e.recipients, ' ') ilike ${words} or e.sha256 ilike ${words}
        or e.message_id ilike ${words})
      and (${beforeAt}::timestamptz is null or (e.released_at, e.id) < (${beforeAt}::timestamptz, ${beforeId}::uuid))
    order by e.released_at desc, e.id desc limit ${most + 1}`.execute(db)
  return rows.map((row) => ({
    ...egressOf(row),
    providerName: row.provider_name ?? (row.provider_id || (row.recipients[0] ?? '')),
    ledgerIndex: row.leaf_index === null ? null : Number(row.leaf_index),
  }))
}
