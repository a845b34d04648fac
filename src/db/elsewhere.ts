import { type Selectable, sql } from 'kysely'
import { z } from 'zod'
import { type SystemKind, SystemKind as SystemKinds, SystemSettings } from '../model/elsewhere.ts'
import { TicketState } from '../model/ticket.ts'
import { jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { ElsewhereLinkTable, ElsewhereSystemTable } from './tables/elsewhere.ts'

/** A system of the customer's own that tickets are kept in step with. */
export type SystemRecord = {
  readonly id: string
  readonly kind: SystemKind
  readonly title: string
  readonly settings: SystemSettings
  readonly sealed: Buffer | null
  /** Of the webhooks that it signs. */
  readonly hookSealed: Buffer | null
  readonly hookedAt: Date | null
  readonly enabled: boolean
  readonly since: Date | null
  readonly version: number
  /** Who set it up as it is now. */
  readonly changedBy: string
  readonly notBefore: Date | null
  readonly misses: number
  readonly failingSince: Date | null
  readonly says: string
  readonly answeredAt: Date | null
  readonly polledAt: Date | null
  /** Statuses of theirs that the mapping does not name, with when each was last seen. */
  readonly unmapped: Readonly<Record<string, string>>
}

const Unmapped = z.record(z.string(), z.string())

function systemOf(row: Selectable<ElsewhereSystemTable>): SystemRecord {
  return {
    id: row.id,
    kind: SystemKinds.parse(row.kind),
    title: row.title,
    settings: SystemSettings.parse(row.settings),
    sealed: row.sealed,
    hookSealed: row.hook_sealed,
    hookedAt: row.hooked_at,
    enabled: row.enabled,
    since: row.since,
    version: row.version,
    changedBy: row.changed_by,
    notBefore: row.not_before,
    misses: row.misses,
    failingSince: row.failing_since,
    says: row.says,
    answeredAt: row.answered_at,
    polledAt: row.polled_at,
    unmapped: Unmapped.parse(row.unmapped),
  }
}

/** A house has one or two. */
export const systemsMax = 20

export async function listSystems(db: Db): Promise<SystemRecord[]> {
  return (await db.selectFrom('elsewhere_system').selectAll().orderBy('id').limit(systemsMax).execute()).map(systemOf)
}

export async function systemById(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<SystemRecord | null> {
  let query = db.selectFrom('elsewhere_system').selectAll().where('id', '=', id)
  if (options.lock === true) query = query.forUpdate()
  const row = await query.executeTakeFirst()
  return row === undefined ? null : systemOf(row)
}

/** Adds (version 0) or changes one; null when somebody else changed it meanwhile. `sealed` undefined leaves the secret as it is. */
export async function saveSystem(
  tx: Db,
  system: {
    readonly id: string
    readonly kind: SystemKind
    readonly title: string
    readonly settings: SystemSettings
    readonly sealed: Buffer | null | undefined
    readonly hookSealed: Buffer | undefined
    readonly enabled: boolean
    readonly version: number
    readonly by: string
  },
  now: Date,
): Promise<number | null> {
  const values = {
    title: plainText(system.title),
    settings: jsonb(system.settings),
    enabled: system.enabled,
    changed_by: system.by,
    changed_at: now,
    ...(system.sealed === undefined ? {} : { sealed: system.sealed }),
    ...(system.hookSealed === undefined ? {} : { hook_sealed: system.hookSealed }),
    // Whoever mended it wants it tried at once.
    ...{ not_before: null, misses: 0, unmapped: '{}' },
  }
  const saved =
    system.version === 0
      ? await tx
          .insertInto('elsewhere_system')
          .values({ id: system.id, kind: system.kind, ...values, since: system.enabled ? now : null })
          .onConflict((on) => on.doNothing())
          .returning('version')
          .executeTakeFirst()
      : await tx
          .updateTable('elsewhere_system')
          .set({
            ...values,
            version: system.version + 1,
            since: system.enabled ? sql<Date>`coalesce(since, ${now})` : sql<Date | null>`since`,
          })
          .where('id', '=', system.id)
          .where('kind', '=', system.kind)
          .where('version', '=', system.version)
          .returning('version')
          .executeTakeFirst()
  return saved?.version ?? null
}

export async function removeSystem(tx: Db, id: string): Promise<boolean> {
  const done = await tx.deleteFrom('elsewhere_system').where('id', '=', id).executeTakeFirst()
  return done.numDeletedRows > 0n
}

/** Holds a system for this node until then; false while another works on it. */
export async function holdSystem(db: Db, id: string, node: string, now: Date, until: Date): Promise<boolean> {
  const done = await db
    .updateTable('elsewhere_system')
    .set({ held_by: node, held_until: until })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('held_until', 'is', null), eb('held_until', '<', now)]))
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

export async function keepHolding(db: Db, id: string, node: string, until: Date): Promise<void> {
  await db
    .updateTable('elsewhere_system')
    .set({ held_until: until })
    .where('id', '=', id)
    .where('held_by', '=', node)
    .execute()
}

export async function letGoOfSystem(db: Db, id: string, node: string): Promise<void> {
  await db
    .updateTable('elsewhere_system')
    .set({ held_by: null, held_until: null })
    .where('id', '=', id)
    .where('held_by', '=', node)
    .execute()
}

/** What became of the last call. Null `why`: it answered. */
export async function markSystem(
  db: Db,
  id: string,
  mark: { readonly why: string | null; readonly notBefore: Date | null; readonly now: Date },
): Promise<void> {
  const { why, notBefore, now } = mark
  await db
    .updateTable('elsewhere_system')
    .set(
      why === null
        ? { says: '', misses: 0, failing_since: null, not_before: null, answered_at: now }
        : {
            says: plainText(why),
            misses: sql<number>`misses + 1`,
            failing_since: sql<Date>`coalesce(failing_since, ${now})`,
            not_before: notBefore,
          },
    )
    .where('id', '=', id)
    .execute()
}

/** A signed word of it came. */
export async function markHooked(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('elsewhere_system').set({ hooked_at: now }).where('id', '=', id).execute()
}

export async function markPolled(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('elsewhere_system').set({ polled_at: now }).where('id', '=', id).execute()
}

/** Notes a status of theirs that no mapping names; what the mapping names by now is dropped when the settings are saved. */
export async function noteUnmapped(db: Db, id: string, status: string, now: Date): Promise<void> {
  await db
    .updateTable('elsewhere_system')
    .set({
      unmapped: sql<string>`unmapped || jsonb_build_object(${plainText(status)}::text, ${now.toISOString()}::text)`,
    })
    .where('id', '=', id)
    .execute()
}

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
