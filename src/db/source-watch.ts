import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { SourceSign } from '../model/source-watch.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import { listProviders } from './providers.ts'

/** Messages of a provider whose waits are looked at: some weeks of a busy one. */
const messagesMax = 500
/** Messages of a provider that its usual volume is told by: a fortnight of more than 3,000 a day. Of more, fewer days are judged. */
const countedMax = 50_000
/** Messages whose way here is measured: a day of a busy provider, and one that was late for a week does not stand out of them. */
const timedMax = 50
/** Days of rhythm that are kept and judged. */
const daysKept = 60
/** Messages that come within a few minutes are one sign: a batch says nothing about the wait for the next. */
const batchMinutes = 5

type Limits = ReadonlyMap<string, { readonly minutes: number; readonly at: string }>

/** Sources that this database knows: providers, doors and feeds, each with its last sign. */
export async function signsInRecord(db: Db): Promise<SourceSign[]> {
  const [limits, providers, last, doors, feeds] = await Promise.all([
    watchLimits(db),
    listProviders(db),
    sql<{ id: string; last: Date | null }>`
      select id, (select received_at from message where provider_id = provider.id and not sample order by received_at desc limit 1) as last
      from provider`.execute(db),
    db.selectFrom('intake_position').select(['door', 'last_success_at']).orderBy('door').limit(1_000).execute(),
    db
      .selectFrom('intelligence_source')
      .select(['id', 'title', 'last_success_at'])
      .where('kind', '<>', 'file')
      .orderBy('id')
      .limit(1_000)
      .execute(),
  ])
  const lastOf = new Map(last.rows.map((row) => [row.id, row.last]))
  const watched = (id: string): Pick<SourceSign, 'limitMinutes' | 'watchedSince'> => ({
    limitMinutes: limits.get(id)?.minutes ?? null,
    watchedSince: limits.get(id)?.at ?? null,
  })
  return [
    ...providers.map(({ id, name }): SourceSign => {
      const source = `provider:${id}`
      return {
        id: source,
        kind: 'provider',
        title: name,
        sign: 'a message',
        lastAt: isoOrNull(lastOf.get(id) ?? null),
        ...watched(source),
      }
    }),
    ...doors.map(({ door, last_success_at }): SourceSign => {
      const source = `door:${door}`
      return {
        id: source,
        kind: 'door',
        title: door,
        sign: 'the door worked',
        lastAt: isoOrNull(last_success_at),
        ...watched(source),
      }
    }),
    ...feeds.map(({ id, title, last_success_at }): SourceSign => {
      const source = `feed:${id}`
      return {
        id: source,
        kind: 'feed',
        title,
        sign: 'a successful fetch',
        lastAt: isoOrNull(last_success_at),
        ...watched(source),
      }
    }),
  ]
}

async function watchLimits(db: Db): Promise<Limits> {
  const rows = await db.selectFrom('source_watch').selectAll().execute()
  return new Map(rows.map((row) => [row.source, { minutes: row.silent_after_minutes, at: iso(row.set_at) }]))
}

/** Sets, or with null ends, the watch over a provider, a door or a feed. */
export async function saveLimit(tx: Db, source: string, minutes: number | null, by: string, now: Date): Promise<void> {
  if (minutes === null) {
    await tx.deleteFrom('source_watch').where('source', '=', source).execute()
    return
  }
  const values = { silent_after_minutes: minutes, set_by: by, set_at: now }
  await tx
    .insertInto('source_watch')
    .values({ source, ...values })
    .onConflict((on) => on.column('source').doUpdateSet(values))
    .execute()
}

/** Waits between the batches of a provider's messages, in minutes, the newest first. */
export async function waitsOfProvider(db: Db, id: string): Promise<number[]> {
  const { rows } = await sql<{ minutes: number }>`
    select extract(epoch from received_at - lead(received_at) over (order by received_at desc)) / 60 as minutes
    from (select received_at from message where provider_id = ${id} and not sample order by received_at desc limit ${messagesMax}) newest`.execute(
    db,
  )
  return rows.flatMap(({ minutes }) => (minutes === null || Number(minutes) < batchMinutes ? [] : [Number(minutes)]))
}

/** Messages of a provider on each day (UTC) of the last `days` that has any, oldest first. */
export async function daysOfProvider(
  db: Db,
  id: string,
  now: Date,
  days: number,
): Promise<{ day: string; asked: number }[]> {
  const from = new Date(now.getTime() - (days - 1) * 86_400_000).toISOString().slice(0, 10)
  const { rows } = await sql<{ day: string; n: string }>`
    select to_char(received_at at time zone 'UTC', 'YYYY-MM-DD') as day, count(*) as n
    from (select received_at from message where provider_id = ${id} and not sample and received_at >= ${from}::date at time zone 'UTC'
      order by received_at desc limit ${countedMax}) newest
    group by 1 order by 1`.execute(db)
  const counted = rows.map(({ day, n }) => ({ day, asked: Number(n) }))
  // The oldest day was cut: of it only a part was counted.
  return counted.reduce((sum, { asked }) => sum + asked, 0) < countedMax ? counted : counted.slice(1)
}

/** How long a provider's messages were under way by the clock of their sender: the median of the last ones, in seconds. null: none names a time. */
export async function lagOfProvider(db: Db, id: string): Promise<number | null> {
  const { rows } = await sql<{ seconds: number | null }>`
    select percentile_cont(0.5) within group (order by extract(epoch from received_at - (letter ->> 'date')::timestamptz)) as seconds
    from (select received_at, letter from message where provider_id = ${id} and not sample order by received_at desc limit ${timedMax}) newest
    where letter ->> 'date' is not null`.execute(db)
  const seconds = rows[0]?.seconds ?? null
  return seconds === null ? null : Math.round(Number(seconds))
}

/** The longest wait of each day that was seen, by source. */
export async function longestWaits(db: Db): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await db
    .selectFrom('source_rhythm')
    .select(['source', 'longest_minutes'])
    .where('longest_minutes', '>', 0)
    .orderBy('day')
    .limit(100_000)
    .execute()
  const of = Map.groupBy(rows, ({ source }) => source)
  return new Map([...of].map(([source, days]) => [source, days.map((day) => day.longest_minutes)]))
}

/** Notes the signs of life that are new since the last look, and how long each was waited for. */
export async function noteSigns(tx: Db, signs: readonly SourceSign[], now: Date): Promise<void> {
  const heard = signs.filter(({ lastAt }) => lastAt !== null)
  await sql`
    insert into source_rhythm (source, day, signs, longest_minutes, last_at)
    select s.source, (s.at at time zone 'UTC')::date, 1,
      coalesce(floor(extract(epoch from s.at - before.last_at) / 60), 0)::integer, s.at
    from unnest(${heard.map(({ id }) => id)}::text[], ${heard.map(({ lastAt }) => lastAt)}::timestamptz[]) as s (source, at)
    left join lateral (select last_at from source_rhythm r where r.source = s.source order by day desc limit 1) before on true
    where before.last_at is null or s.at > before.last_at
    on conflict (source, day) do update set signs = source_rhythm.signs + 1,
      longest_minutes = greatest(source_rhythm.longest_minutes, excluded.longest_minutes), last_at = excluded.last_at`.execute(
    tx,
  )
  await sql`delete from source_rhythm where day < (${now}::timestamptz at time zone 'UTC')::date - ${daysKept}::integer`.execute(
    tx,
  )
}

export type Silence = {
  readonly id: string
  readonly source: string
  readonly title: string
  readonly since: string
  readonly limitMinutes: number
  readonly noticedAt: string
}

/** What is silent now, the longest first. */
export async function openSilences(db: Db): Promise<Silence[]> {
  const rows = await db
    .selectFrom('source_silence')
    .selectAll()
    .where('ended_at', 'is', null)
    .orderBy('since')
    .limit(200)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    source: row.source,
    title: row.title,
    since: iso(row.since),
    limitMinutes: row.limit_minutes,
    noticedAt: iso(row.noticed_at),
  }))
}

/** Writes a silence down; null where it is on record already (another node was faster). */
export async function openSilence(
  tx: Db,
  silence: Pick<Silence, 'source' | 'title' | 'since' | 'limitMinutes'>,
  now: Date,
): Promise<string | null> {
  const id = randomUUID()
  const { source, title, since, limitMinutes } = silence
  const made = await tx
    .insertInto('source_silence')
    .values({ id, source, title, since, limit_minutes: limitMinutes, noticed_at: now, ended_at: null, ended_why: null })
    .onConflict((on) => on.column('source').where('ended_at', 'is', null).doNothing())
    .executeTakeFirst()
  return made.numInsertedOrUpdatedRows === 1n ? id : null
}

/** Ends a silence; false where it is over already. */
export async function endSilence(tx: Db, id: string, why: 'heard' | 'not-watched', now: Date): Promise<boolean> {
  const done = await tx
    .updateTable('source_silence')
    .set({ ended_at: now, ended_why: why })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}
