import { sql } from 'kysely'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'

/** A stretch of receipt that the rules look at. */
export type Stretch = { readonly from: string; readonly to: string }

/** An alert that more of the same may still join. */
export type OpenDetection = {
  readonly ruleId: string
  readonly entity: string
  readonly ticket: string
  readonly part: number
  readonly count: number
  readonly counted: 'exactly' | 'at-least'
  readonly first: string
  readonly last: string
  readonly began: string
}

/** How a rule did in one look. */
export type RuleLook = {
  readonly id: string
  readonly title: string
  readonly level: string | null
  /** Why it could not look; null: it did. */
  readonly notRun: string | null
  readonly hits: number
}

export type RuleState = RuleLook & { readonly lookedAt: string; readonly lastHitAt: string | null }

/**
 * The stretch to look at next, written down before anything follows from it: the one that was under way when somebody died, else from
 * where the last one ended to `until`, at most `stretchMsMax` of it. null: there is nothing new. The first stretch of all begins
 * `firstMs` before `until`. In the caller's transaction.
 */
export async function beginStretch(
  tx: Db,
  { until, stretchMsMax, firstMs }: { readonly until: Date; readonly stretchMsMax: number; readonly firstMs: number },
): Promise<Stretch | null> {
  await tx
    .insertInto('detection_watermark')
    .values({ looked_until: new Date(until.getTime() - firstMs) })
    .onConflict((on) => on.column('one').doNothing())
    .execute()
  const row = await tx.selectFrom('detection_watermark').selectAll().forUpdate().executeTakeFirstOrThrow()
  const from = row.looked_until
  if (row.under_way_to !== null) return { from: iso(from), to: iso(row.under_way_to) }
  const to = new Date(Math.min(until.getTime(), from.getTime() + stretchMsMax))
  if (to <= from) return null
  await tx.updateTable('detection_watermark').set({ under_way_to: to }).execute()
  return { from: iso(from), to: iso(to) }
}

/** Ends a stretch. False when another node has ended it already, and then nothing may follow from it. In the caller's transaction. */
export async function endStretch(tx: Db, stretch: Stretch, now: Date, says: string): Promise<boolean> {
  const done = await tx
    .updateTable('detection_watermark')
    .set({ looked_until: stretch.to, under_way_to: null, looked_at: now, says })
    .where('looked_until', '=', new Date(stretch.from))
    .where('under_way_to', '=', new Date(stretch.to))
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Says why the rules could not look; what they have looked at stays as it was. */
export async function noteNotLooked(db: Db, says: string): Promise<void> {
  await db
    .updateTable('detection_watermark')
    .set({ says: plainText(says) })
    .execute()
}

/** How far the rules have looked; null before the first time. */
export async function detectionsLooked(
  db: Db,
): Promise<{ readonly until: string; readonly at: string | null; readonly says: string } | null> {
  const row = await db.selectFrom('detection_watermark').selectAll().executeTakeFirst()
  return row === undefined ? null : { until: iso(row.looked_until), at: isoOrNull(row.looked_at), says: row.says }
}

/** Alerts that began after this moment. */
export async function openDetections(db: Db, after: Date): Promise<OpenDetection[]> {
  const rows = await db
    .selectFrom('detection_open')
    .selectAll()
    .where('began_at', '>', after)
    .orderBy('rule_id')
    .orderBy('entity')
    .execute()
  return rows.map((row) => ({
    ruleId: row.rule_id,
    entity: row.entity,
    ticket: row.ticket,
    part: row.part,
    count: Number(row.count),
    counted: row.counted === 'exactly' ? 'exactly' : 'at-least',
    first: iso(row.first_at),
    last: iso(row.last_at),
    began: iso(row.began_at),
  }))
}

/** Keeps these alerts as they are now, and forgets those that began before `after`. In the caller's transaction. */
export async function saveOpenDetections(tx: Db, open: readonly OpenDetection[], after: Date): Promise<void> {
  await tx.deleteFrom('detection_open').where('began_at', '<=', after).execute()
  for (const one of open) {
    const now = {
      ticket: one.ticket,
      part: one.part,
      count: one.count,
      counted: one.counted,
      first_at: one.first,
      last_at: one.last,
      began_at: one.began,
    }
    await tx
      .insertInto('detection_open')
      .values({ rule_id: one.ruleId, entity: one.entity, ...now })
      .onConflict((on) => on.columns(['rule_id', 'entity']).doUpdateSet(now))
      .execute()
  }
}

/** Keeps how the rules did; those that are not among them any more are forgotten. In the caller's transaction. */
export async function saveRuleLooks(tx: Db, looks: readonly RuleLook[], now: Date): Promise<void> {
  // One statement whatever the number: thousands of rules are looked with every few minutes.
  await sql`insert into detection_rule (rule_id, title, level, looked_at, not_run, hits, last_hit_at)
    select id, title, level, ${now}, not_run, hits, case when hits > 0 then ${now}::timestamptz end
    from jsonb_to_recordset(${jsonb(looks.map(({ notRun, ...look }) => ({ ...look, not_run: notRun })))}::jsonb)
      as look (id text, title text, level text, not_run text, hits bigint)
    on conflict (rule_id) do update set title = excluded.title, level = excluded.level, looked_at = excluded.looked_at,
      not_run = excluded.not_run, hits = detection_rule.hits + excluded.hits,
      last_hit_at = coalesce(excluded.last_hit_at, detection_rule.last_hit_at)`.execute(tx)
  await tx.deleteFrom('detection_rule').where('looked_at', '<', now).execute()
}

/** All rules as they did when they last looked: those that saw something first, then those that could not look. */
export async function ruleStates(db: Db): Promise<RuleState[]> {
  const rows = await db
    .selectFrom('detection_rule')
    .selectAll()
    .orderBy(sql`last_hit_at desc nulls last, not_run nulls last, title`)
    .limit(20_000)
    .execute()
  return rows.map((row) => ({
    id: row.rule_id,
    title: row.title,
    level: row.level,
    notRun: row.not_run,
    hits: Number(row.hits),
    lookedAt: iso(row.looked_at),
    lastHitAt: isoOrNull(row.last_hit_at),
  }))
}
