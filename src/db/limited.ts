import { sql } from 'kysely'
import type {
  OwnedAlertRow,
  OwnedAssetRow,
  OwnedQuestionRow,
  PortalAlertRow,
  PortalReplyRow,
} from '../contract/limited.ts'
import { Trouble } from '../kit/errors.ts'
import { Severity } from '../model/alert.ts'
import type { User } from '../model/user.ts'
import { mergedOf } from './entities.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/**
 * The one place that cuts what asset owners and providers' analysts see. Every function here takes a scope, and a scope is only made
 * from the account that asks: no id out of a request widens it. What lies outside is "not there", as if it did not exist.
 */

/** Rows of one page; older ones are a matter for the desk. */
const rowsMax = 200
const ownedAssetsMax = 500
const repliesMax = 50

declare const made: unique symbol
/** One provider's own tickets, as it sent them. */
export type ProviderScope = { readonly providerId: string; readonly [made]: 'provider' }
/** What concerns one person's assets. */
export type OwnerScope = { readonly email: string; readonly [made]: 'owner' }

/** Throws Trouble('role.refused') for an analyst of a provider who is bound to none: that is nothing, not everything. */
export function providerScopeOf(user: User): ProviderScope {
  if (user.role !== 'provider-analyst' || user.providerId === null)
    throw new Trouble('role.refused', { role: user.role, provider: 'none' })
  return { providerId: user.providerId } as ProviderScope
}

export function ownerScopeOf(user: User): OwnerScope {
  if (user.role !== 'asset-owner') throw new Trouble('role.refused', { role: user.role })
  return { email: user.email.toLowerCase() } as OwnerScope
}

/** A reply that is out. Whether one is being written, held or was taken back is ours. */
const isOut = sql`reply.state = 'sent' and reply.bytes is not null`

type PortalStored = {
  readonly id: string
  readonly ticket: string | null
  readonly rule: string | null
  readonly title: string
  readonly severity: string
  readonly occurred_at: Date | null
  readonly received_at: Date
  readonly answers: string
  readonly answered_at: Date | null
}

function portalRow(row: PortalStored): PortalAlertRow {
  return {
    ...{ id: row.id, ticket: row.ticket, rule: row.rule, title: row.title },
    severity: Severity.parse(row.severity),
    occurredAt: isoOrNull(row.occurred_at),
    receivedAt: iso(row.received_at),
    // Two words and no more: what we think of it, and how far we are, is ours until it is released.
    state: Number(row.answers) > 0 ? 'answered' : 'received',
    answeredAt: isoOrNull(row.answered_at),
  }
}

async function portalRows(db: Db, scope: ProviderScope, only: { id?: string; q?: string }): Promise<PortalAlertRow[]> {
  const q = only.q ?? ''
  const { rows } = await sql<PortalStored>`
    select alert.id, ticket, rule, title, severity, occurred_at, received_at, coalesce(r.answers, 0) as answers, r.answered_at
    from alert left join lateral (
      select count(*) as answers, max(sent_at) as answered_at from reply
      where reply.alert_id = alert.id and reply.provider_id = ${scope.providerId} and ${isOut}
    ) r on true
    where alert.provider_id = ${scope.providerId}
      ${only.id === undefined ? sql`` : sql`and alert.id = ${only.id}::uuid`}
      ${q === '' ? sql`` : sql`and (position(lower(${q}) in lower(title)) > 0 or lower(ticket) = lower(${q}))`}
    order by received_at desc, alert.id limit ${rowsMax}`.execute(db)
  return rows.map(portalRow)
}

/** A provider's own tickets, the newest first; `q` is looked for in their titles and ticket ids. */
export async function portalAlerts(db: Db, scope: ProviderScope, q: string): Promise<PortalAlertRow[]> {
  return portalRows(db, scope, { q })
}

export type SentReply = PortalReplyRow & { readonly bytes: Buffer }

/** One of them with the answers that left, as their reader sees them; null where it is another provider's, or none. */
export async function portalAlert(
  db: Db,
  scope: ProviderScope,
  id: string,
): Promise<{ readonly alert: PortalAlertRow; readonly replies: readonly SentReply[] } | null> {
  const [alert] = await portalRows(db, scope, { id })
  if (alert === undefined) return null
  const { rows } = await sql<{ id: string; sent_at: Date; digest: string; bytes: Buffer }>`
    select id, sent_at, encode(sha256(coalesce(clear_bytes, bytes)), 'hex') as digest, coalesce(clear_bytes, bytes) as bytes from reply
    where alert_id = ${id}::uuid and provider_id = ${scope.providerId} and ${isOut}
    order by sent_at limit ${repliesMax}`.execute(db)
  const replies = rows.map((row) => ({
    ...{ id: row.id, sha256: row.digest, bytes: row.bytes, sentAt: iso(row.sent_at) },
  }))
  return { alert, replies }
}

/** An answer that left, by its id; null where it went to somebody else, or never left. */
export async function portalReplyBytes(db: Db, scope: ProviderScope, replyId: string): Promise<Buffer | null> {
  const { rows } = await sql<{ bytes: Buffer }>`
    select coalesce(reply.clear_bytes, reply.bytes) as bytes from reply join alert on alert.id = reply.alert_id
    where reply.id = ${replyId}::uuid and reply.provider_id = ${scope.providerId}
      and alert.provider_id = ${scope.providerId} and ${isOut}`.execute(db)
  return rows[0]?.bytes ?? null
}

/** Assets of which our lists say, after all sources are weighed, that this person answers for them. */
export async function ownedAssets(db: Db, scope: OwnerScope): Promise<(OwnedAssetRow & { values: string[] })[]> {
  const { rows } = await sql<{ entity: string }>`
    select distinct entity from asset where lower(facts->>'ownerEmail') = ${scope.email}
    order by entity limit ${ownedAssetsMax}`.execute(db)
  const found = await mergedOf(
    db,
    'assets',
    rows.map((row) => row.entity),
  )
  return found
    .filter(({ fact }) => fact.ownerEmail?.toLowerCase() === scope.email)
    .map(({ entity, fact }) => ({
      ...{ entity, name: fact.name, role: fact.role, criticality: fact.criticality },
      values: [fact.name.toLowerCase(), entity, ...fact.aliases, ...fact.addresses],
    }))
}

/** Alerts in whose messages one of these assets stands: that there is one, when, and whether it is still open. Nothing of what they say. */
export async function ownedAlerts(
  db: Db,
  assets: readonly { readonly name: string; readonly values: readonly string[] }[],
): Promise<OwnedAlertRow[]> {
  const nameOf = new Map(assets.flatMap(({ name, values }) => values.map((value) => [value, name] as const)))
  if (nameOf.size === 0) return []
  const { rows } = await sql<{ number: number; severity: string; received_at: Date; state: string; seen: string[] }>`
    select number, severity, received_at, state, array_agg(distinct s.value) as seen
    from alert join sighting s on s.alert_id = alert.id
    where s.value = any(${[...nameOf.keys()]}::text[])
    group by alert.id order by received_at desc limit ${rowsMax}`.execute(db)
  return rows.map((row) => ({
    number: row.number,
    severity: Severity.parse(row.severity),
    receivedAt: iso(row.received_at),
    state: row.state === 'open' ? 'looked-at' : 'done',
    assets: [...new Set(row.seen.flatMap((value) => nameOf.get(value) ?? []))],
  }))
}

/** What this person was asked, the newest first. */
export async function ownedQuestions(db: Db, scope: OwnerScope, now: Date): Promise<OwnedQuestionRow[]> {
  const rows = await db
    .selectFrom('person_question')
    .selectAll()
    .where(sql<boolean>`lower(email) = ${scope.email}`)
    .orderBy('asked_at', 'desc')
    .limit(rowsMax)
    .execute()
  return rows.map((row) => ({
    id: row.token_digest.slice(0, 32),
    what: row.what,
    askedAt: iso(row.asked_at),
    expiresAt: iso(row.expires_at),
    state: row.answered_at !== null ? 'answered' : row.expires_at <= now ? 'expired' : 'open',
    answer: row.answer as OwnedQuestionRow['answer'],
    answeredAt: isoOrNull(row.answered_at),
  }))
}

/** The digest behind a question's public id; null where somebody else was asked. */
export async function ownedQuestionDigest(db: Db, scope: OwnerScope, id: string): Promise<string | null> {
  const row = await db
    .selectFrom('person_question')
    .select('token_digest')
    .where(sql<boolean>`left(token_digest, 32) = ${id}`)
    .where(sql<boolean>`lower(email) = ${scope.email}`)
    .executeTakeFirst()
  return row?.token_digest ?? null
}
