import { type Selectable, sql } from 'kysely'
import { TicketState } from '../model/ticket.ts'
import type { SystemRecord } from './elsewhere-systems.ts'
import { plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { ElsewhereLinkTable } from './tables/elsewhere.ts'

export type LinkState = 'new' | 'creating' | 'unconfirmed' | 'linked' | 'gone'

export type LinkRecord = {
  readonly systemId: string
  readonly alertId: string
  readonly state: LinkState
  readonly theirId: string | null
  readonly theirKey: string | null
  readonly theirUrl: string | null
  readonly says: string
  readonly tries: number
  readonly looks: number
  readonly changes: number
  readonly done: number
  readonly dueAt: Date | null
  readonly sentDigest: string | null
  readonly ourState: TicketState | null
  readonly theirStatus: string | null
  readonly theirVerdict: string | null
  readonly postedStatus: string | null
  readonly postedAt: Date | null
  readonly syncedAt: Date | null
}

function linkOf(row: Selectable<ElsewhereLinkTable>): LinkRecord {
  return {
    systemId: row.system_id,
    alertId: row.alert_id,
    state: row.state as LinkState,
    theirId: row.their_id,
    theirKey: row.their_key,
    theirUrl: row.their_url,
    says: row.says,
    tries: row.tries,
    looks: row.looks,
    changes: Number(row.changes),
    done: Number(row.done),
    dueAt: row.due_at,
    sentDigest: row.sent_digest,
    ourState: row.our_state === null ? null : TicketState.parse(row.our_state),
    theirStatus: row.their_status,
    theirVerdict: row.their_verdict,
    postedStatus: row.posted_status,
    postedAt: row.posted_at,
    syncedAt: row.synced_at,
  }
}

/** New alerts of the types and providers that the system takes get a link; how many did. Sample data stays here, and so does what was merged. */
export async function addWantedLinks(db: Db, system: SystemRecord, most: number): Promise<number> {
  const { types, providers } = system.settings
  if (system.since === null || types.length === 0) return 0
  const done = await sql`
    insert into elsewhere_link (system_id, alert_id)
    select ${system.id}, a.id from alert a join ticket t on t.alert_id = a.id
    where a.received_at >= ${system.since} and not a.sample and a.merged_into is null and t.type = any(${[...types]}::text[])
      and (${providers.length === 0} or a.provider_id = any(${[...providers]}::text[]))
      and not exists (select 1 from elsewhere_link l where l.system_id = ${system.id} and l.alert_id = a.id)
    order by a.received_at limit ${most}
    on conflict do nothing`.execute(db)
  return Number(done.numAffectedRows ?? 0)
}

/** Links this ticket by hand, however old it is. */
export async function addLink(tx: Db, systemId: string, alertId: string): Promise<void> {
  await tx
    .insertInto('elsewhere_link')
    .values({ system_id: systemId, alert_id: alertId })
    .onConflict((on) => on.doNothing())
    .execute()
}

/** Links on which something happened that was not dealt with yet, the oldest alerts first. */
export async function dueLinks(db: Db, systemId: string, now: Date, most: number): Promise<LinkRecord[]> {
  const rows = await db
    .selectFrom('elsewhere_link')
    .innerJoin('alert', 'alert.id', 'elsewhere_link.alert_id')
    .selectAll('elsewhere_link')
    .where('system_id', '=', systemId)
    .whereRef('changes', '>', 'done')
    .where('elsewhere_link.state', '<>', 'gone')
    .where((eb) => eb.or([eb('due_at', 'is', null), eb('due_at', '<=', now)]))
    .orderBy('alert.number')
    .limit(most)
    .execute()
  return rows.map(linkOf)
}

export async function linksOfSystem(db: Db, systemId: string, most: number): Promise<LinkRecord[]> {
  const rows = await db
    .selectFrom('elsewhere_link')
    .innerJoin('alert', 'alert.id', 'elsewhere_link.alert_id')
    .selectAll('elsewhere_link')
    .where('system_id', '=', systemId)
    .orderBy('alert.number', 'desc')
    .limit(most)
    .execute()
  return rows.map(linkOf)
}

export async function linksOfAlert(db: Db, alertId: string): Promise<LinkRecord[]> {
  const rows = await db
    .selectFrom('elsewhere_link')
    .selectAll()
    .where('alert_id', '=', alertId)
    .orderBy('system_id')
    .execute()
  return rows.map(linkOf)
}

export async function linkById(db: Db, systemId: string, alertId: string): Promise<LinkRecord | null> {
  return (await linksOfAlert(db, alertId)).find((link) => link.systemId === systemId) ?? null
}

/** Another of our tickets that is tied to this one of theirs. */
export async function isTakenThere(
  db: Db,
  link: Pick<LinkRecord, 'systemId' | 'alertId'>,
  theirId: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('elsewhere_link')
    .select('alert_id')
    .where('system_id', '=', link.systemId)
    .where('their_id', '=', plainText(theirId))
    .where('alert_id', '<>', link.alertId)
    .executeTakeFirst()
  return row !== undefined
}

export type LinkChange = {
  readonly state?: LinkState
  readonly theirId?: string
  readonly theirKey?: string
  readonly theirUrl?: string | null
  readonly says?: string
  readonly tries?: number
  readonly looks?: number
  readonly dueAt?: Date | null
  readonly sentDigest?: string
  readonly ourState?: TicketState
  readonly theirStatus?: string
  readonly theirVerdict?: string | null
  readonly postedStatus?: string
  readonly postedAt?: Date
  readonly syncedAt?: Date
  /** Everything up to here was dealt with. */
  readonly done?: number
}

const linkColumns = {
  state: 'state',
  theirId: 'their_id',
  theirKey: 'their_key',
  theirUrl: 'their_url',
  says: 'says',
  tries: 'tries',
  looks: 'looks',
  dueAt: 'due_at',
  sentDigest: 'sent_digest',
  ourState: 'our_state',
  theirStatus: 'their_status',
  theirVerdict: 'their_verdict',
  postedStatus: 'posted_status',
  postedAt: 'posted_at',
  syncedAt: 'synced_at',
  done: 'done',
} as const satisfies Record<keyof LinkChange, keyof ElsewhereLinkTable>

export async function changeLink(
  db: Db,
  link: Pick<LinkRecord, 'systemId' | 'alertId'>,
  change: LinkChange,
): Promise<void> {
  const set: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(change))
    set[linkColumns[name as keyof LinkChange]] = typeof value === 'string' ? plainText(value) : value
  await db
    .updateTable('elsewhere_link')
    .set(set)
    .where('system_id', '=', link.systemId)
    .where('alert_id', '=', link.alertId)
    .execute()
}

/** Says that something happened on these tickets over there; how many of them are ours. */
export async function noteTheirChanges(db: Db, systemId: string, theirIds: readonly string[]): Promise<number> {
  if (theirIds.length === 0) return 0
  const done = await db
    .updateTable('elsewhere_link')
    .set({ changes: sql<string>`changes + 1` })
    .where('system_id', '=', systemId)
    .where('their_id', 'in', [...theirIds])
    .executeTakeFirst()
  return Number(done.numUpdatedRows)
}

/** Says that this ticket is to be looked at again, at once. */
export async function noteChange(db: Db, systemId: string, alertId: string): Promise<boolean> {
  const done = await db
    .updateTable('elsewhere_link')
    .set({
      changes: sql<string>`changes + 1`,
      due_at: null,
      state: sql<string>`case state when 'gone' then 'linked' else state end`,
    })
    .where('system_id', '=', systemId)
    .where('alert_id', '=', alertId)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Has those looked at again on which something is not as it should be: what was changed may have mended it. */
export async function lookAgain(tx: Db, systemId: string): Promise<void> {
  await tx
    .updateTable('elsewhere_link')
    .set({ changes: sql<string>`changes + 1`, due_at: null })
    .where('system_id', '=', systemId)
    .where('says', '<>', '')
    .execute()
}

export type ItemRecord = {
  readonly id: string
  readonly kind: 'comment' | 'file'
  readonly direction: 'in' | 'out'
  readonly ourId: string | null
  readonly theirId: string | null
  readonly digest: string
  readonly state: 'sending' | 'done' | 'refused'
}

export async function itemsOf(db: Db, link: Pick<LinkRecord, 'systemId' | 'alertId'>): Promise<ItemRecord[]> {
  const rows = await db
    .selectFrom('elsewhere_item')
    .selectAll()
    .where('system_id', '=', link.systemId)
    .where('alert_id', '=', link.alertId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind as ItemRecord['kind'],
    direction: row.direction as ItemRecord['direction'],
    ourId: row.our_id,
    theirId: row.their_id,
    digest: row.digest,
    state: row.state as ItemRecord['state'],
  }))
}

/** Null: there is one of this id already, on either side. */
export async function insertItem(
  tx: Db,
  link: Pick<LinkRecord, 'systemId' | 'alertId'>,
  item: Omit<ItemRecord, 'id'>,
  now: Date,
): Promise<string | null> {
  const row = await tx
    .insertInto('elsewhere_item')
    .values({
      system_id: link.systemId,
      alert_id: link.alertId,
      kind: item.kind,
      direction: item.direction,
      our_id: item.ourId,
      their_id: item.theirId,
      digest: item.digest,
      state: item.state,
      at: now,
    })
    .onConflict((on) => on.doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id ?? null
}

export async function changeItem(
  tx: Db,
  id: string,
  change: { readonly state?: ItemRecord['state']; readonly theirId?: string | null; readonly ourId?: string },
): Promise<void> {
  await tx
    .updateTable('elsewhere_item')
    .set({
      ...(change.state === undefined ? {} : { state: change.state }),
      ...(change.theirId === undefined ? {} : { their_id: change.theirId }),
      ...(change.ourId === undefined ? {} : { our_id: change.ourId }),
    })
    .where('id', '=', id)
    .execute()
}

/** Ids are kept for a week: Standard Webhooks repeats for three days at most. */
const postDays = 7

/** True when this post was not taken before. */
export async function insertPost(tx: Db, systemId: string, id: string, now: Date): Promise<boolean> {
  await tx
    .deleteFrom('elsewhere_post')
    .where('system_id', '=', systemId)
    .where('at', '<', new Date(now.getTime() - postDays * 86_400_000))
    .execute()
  const done = await tx
    .insertInto('elsewhere_post')
    .values({ system_id: systemId, id, at: now })
    .onConflict((on) => on.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

/** Somebody took it up over there: the first act of a person, as one here would be. */
export async function acknowledgeFrom(tx: Db, alertId: string, by: string, at: Date): Promise<void> {
  await tx
    .updateTable('ticket')
    .set({ acknowledged_at: at, acknowledged_by: by })
    .where('alert_id', '=', alertId)
    .where('acknowledged_at', 'is', null)
    .execute()
}

/** How many links of each system wait, hang or are gone, for its card. */
export async function countLinks(db: Db): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const { rows } = await sql<{ system_id: string; state: string; n: number }>`
    select system_id, case when says <> '' and state <> 'gone' then 'trouble' when state = 'linked' and changes > done then 'waiting' else state end as state,
      count(*)::int as n from elsewhere_link group by 1, 2`.execute(db)
  const counts = new Map<string, Record<string, number>>()
  for (const { system_id: id, state, n } of rows) {
    const mine = counts.get(id) ?? {}
    mine[state] = n
    counts.set(id, mine)
  }
  return counts
}

/** What an outline of a ticket is made of, besides the ticket itself. */
export async function aboutAlert(
  db: Db,
  alertId: string,
): Promise<{
  readonly host: string | null
  readonly account: string | null
  readonly source: string | null
  readonly destination: string | null
  readonly summary: string
  readonly reason: string | null
} | null> {
  const row = await db
    .selectFrom('alert')
    .select(['host', 'account', 'source', 'destination', sql<string | null>`reading->>'summary'`.as('summary')])
    .select((eb) =>
      eb
        .selectFrom('decision')
        .select('decision.reason')
        .whereRef('decision.alert_id', '=', 'alert.id')
        .where('decision.undone_at', 'is', null)
        .orderBy('decision.decided_at', 'desc')
        .limit(1)
        .as('reason'),
    )
    .where('id', '=', alertId)
    .executeTakeFirst()
  return row === undefined ? null : { ...row, summary: row.summary ?? '' }
}
