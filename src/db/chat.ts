import { type Selectable, sql } from 'kysely'
import { ChatKind, ChatMatter, ChatSettings } from '../model/chat.ts'
import { jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { markOf, placeValues, removePlace, savePlace } from './outside-places.ts'
import type { ChatChannelTable, ChatPostTable } from './tables/chat.ts'

/** A channel of Slack or Teams that people of ours are told in. */
export type ChannelRecord = {
  readonly id: string
  readonly kind: ChatKind
  readonly title: string
  readonly settings: ChatSettings
  readonly host: string
  readonly sealed: Buffer
  readonly enabled: boolean
  readonly version: number
  readonly changedBy: string
  readonly notBefore: Date | null
  readonly misses: number
  readonly failingSince: Date | null
  readonly says: string
  readonly answeredAt: Date | null
}

function channelOf(row: Selectable<ChatChannelTable>): ChannelRecord {
  return {
    ...{ id: row.id, kind: ChatKind.parse(row.kind), title: row.title, settings: ChatSettings.parse(row.settings) },
    ...{ host: row.host, sealed: row.sealed, enabled: row.enabled, version: row.version, changedBy: row.changed_by },
    ...{
      notBefore: row.not_before,
      misses: row.misses,
      failingSince: row.failing_since,
      says: row.says,
      answeredAt: row.answered_at,
    },
  }
}

/** One for each team, and for each person who is asked often. */
export const channelsMax = 200

export async function listChannels(db: Db): Promise<ChannelRecord[]> {
  return (await db.selectFrom('chat_channel').selectAll().orderBy('id').limit(channelsMax).execute()).map(channelOf)
}

/** Null when there is none. `lock` holds it until the transaction ends. */
export async function channelById(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<ChannelRecord | null> {
  const query = db.selectFrom('chat_channel').selectAll().where('id', '=', id)
  const row = await (options.lock === true ? query.forUpdate() : query).executeTakeFirst()
  return row === undefined ? null : channelOf(row)
}

/** Channels that are switched on and tell one of these people. */
export async function channelsFor(db: Db, people: readonly string[]): Promise<ChannelRecord[]> {
  const wanted = new Set(people.map((address) => address.toLowerCase()))
  const all = await listChannels(db)
  return all.filter((one) => one.enabled && one.settings.people.some((address) => wanted.has(address.toLowerCase())))
}

/** Adds (version 0) or changes one; null when somebody else changed it meanwhile. `way` undefined leaves the webhook as it is. */
export async function saveChannel(
  tx: Db,
  channel: Pick<ChannelRecord, 'id' | 'kind' | 'title' | 'settings' | 'enabled' | 'version'> & {
    readonly way: { readonly host: string; readonly sealed: Buffer } | undefined
    readonly by: string
  },
  now: Date,
): Promise<number | null> {
  const { id, kind, way } = channel
  const values = placeValues(channel, now)
  const added = way === undefined ? null : { id, kind, ...values, ...way }
  return savePlace(tx, 'chat_channel', channel, { added, changed: { ...values, ...way } })
}

export const removeChannel = (tx: Db, id: string): Promise<boolean> => removePlace(tx, 'chat_channel', id)

/** Takes the channel's next place in time, `spaceMs` after the one before it, and not before `now`. */
export async function takeTurn(db: Db, id: string, now: Date, spaceMs: number): Promise<Date | null> {
  const row = await db
    .updateTable('chat_channel')
    .set({ next_at: sql<Date>`greatest(next_at, ${now}::timestamptz) + make_interval(secs => ${spaceMs / 1000})` })
    .where('id', '=', id)
    .returning('next_at')
    .executeTakeFirst()
  return row === undefined ? null : new Date(row.next_at.getTime() - spaceMs)
}

/** Nothing more is sent there until then. */
export async function leaveChannelAlone(db: Db, id: string, until: Date): Promise<void> {
  await db
    .updateTable('chat_channel')
    .set({ not_before: until, next_at: sql<Date>`greatest(next_at, ${until}::timestamptz)` })
    .where('id', '=', id)
    .execute()
}

/** What became of the last message there. Null `why`: it was taken. */
export async function markChannel(db: Db, id: string, why: string | null, now: Date): Promise<void> {
  await db.updateTable('chat_channel').set(markOf(why, now)).where('id', '=', id).execute()
}

/** A message to a channel, on its way. */
export type PostRecord = {
  readonly id: string
  readonly channelId: string
  readonly alertId: string | null
  /** Null once it arrived or was given up. */
  readonly matter: ChatMatter | null
  readonly bytes: Buffer | null
  readonly madeUnder: number | null
  readonly sendId: string | null
  readonly state: 'queued' | 'sending' | 'sent' | 'failed'
  readonly tries: number
}

function postOf(row: Selectable<ChatPostTable>): PostRecord {
  return {
    ...{ id: row.id, channelId: row.channel_id, alertId: row.alert_id, bytes: row.bytes, madeUnder: row.made_under },
    matter: row.matter === null ? null : ChatMatter.parse(row.matter),
    ...{ sendId: row.send_id, state: row.state as PostRecord['state'], tries: row.tries },
  }
}

/** False when there is one of this id already. */
export async function insertPost(
  tx: Db,
  post: {
    readonly id: string
    readonly channelId: string
    readonly alertId: string | null
    readonly matter: ChatMatter
  },
  now: Date,
): Promise<boolean> {
  const done = await tx
    .insertInto('chat_post')
    .values({
      ...{ id: post.id, channel_id: post.channelId, alert_id: post.alertId },
      ...{ matter: jsonb(post.matter), created_at: now },
    })
    .onConflict((on) => on.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

export async function postById(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<PostRecord | null> {
  const query = db.selectFrom('chat_post').selectAll().where('id', '=', id)
  const row = await (options.lock === true ? query.forUpdate() : query).executeTakeFirst()
  return row === undefined ? null : postOf(row)
}

/** It is handed over now, as these bytes. */
export async function beginPost(
  tx: Db,
  id: string,
  made: { readonly bytes: Uint8Array; readonly madeUnder: number; readonly sendId: string },
): Promise<void> {
  await tx
    .updateTable('chat_post')
    .set({
      state: 'sending',
      bytes: Buffer.from(made.bytes),
      made_under: made.madeUnder,
      send_id: made.sendId,
      tries: sql<number>`tries + 1`,
    })
    .where('id', '=', id)
    .execute()
}

/** What became of it. What is over is emptied: it may hold a one-time link. */
export async function endPost(
  tx: Db,
  id: string,
  end: { readonly state: 'queued' | 'sent' | 'failed'; readonly says: string; readonly at: Date },
): Promise<void> {
  await tx
    .updateTable('chat_post')
    .set({
      ...{ state: end.state, says: plainText(end.says) },
      ...(end.state === 'queued' ? {} : { matter: null, bytes: null }),
      ...(end.state === 'sent' ? { sent_at: end.at } : {}),
    })
    .where('id', '=', id)
    .execute()
}

/** How many messages of each channel wait or were given up in the last week, for its card. */
export async function countPosts(db: Db, since: Date): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const rows = await db
    .selectFrom('chat_post')
    .select(['channel_id', 'state', sql<number>`count(*)::int`.as('n')])
    .where((eb) => eb.or([eb('created_at', '>=', since), eb('state', 'in', ['queued', 'sending'])]))
    .groupBy(['channel_id', 'state'])
    .execute()
  const counts = new Map<string, Record<string, number>>()
  for (const { channel_id: id, state, n } of rows) counts.set(id, { ...counts.get(id), [state]: n })
  return counts
}
