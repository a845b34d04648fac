import { sql } from 'kysely'
import type { IndicatorType } from '../model/intelligence.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** Types that the log lake lists by themselves. */
const huntedTypes: readonly IndicatorType[] = [
  'ipv4',
  'ipv6',
  'cidr',
  'domain',
  'url',
  'email',
  'md5',
  'sha1',
  'sha256',
  'sha512',
  'imphash',
]

/** How far the new indicators were looked for in the logs, and what came of it last; null: never. */
export async function huntState(db: Db): Promise<{ readonly huntedUntil: string; readonly says: string } | null> {
  const row = await db.selectFrom('intelligence_hunt').selectAll().executeTakeFirst()
  return row === undefined ? null : { huntedUntil: iso(row.hunted_until), says: row.says }
}

export async function saveHunt(db: Db, huntedUntil: string, says: string, now: Date): Promise<void> {
  await db
    .insertInto('intelligence_hunt')
    .values({ hunted_until: huntedUntil, looked_at: now, says })
    .onConflict((oc) => oc.column('one').doUpdateSet({ hunted_until: huntedUntil, looked_at: now, says }))
    .execute()
}

export type NewIndicator = { readonly type: IndicatorType; readonly value: string }

/** Indicators that hold and were first heard in this time (from, to], in an order that `after` goes on behind. */
export async function newIndicators(
  db: Db,
  window: { readonly from: string; readonly to: string },
  after: NewIndicator | null,
  most: number,
): Promise<NewIndicator[]> {
  const { rows } = await sql<NewIndicator>`
    select distinct type, value from indicator
    where first_heard_at > ${window.from}::timestamptz and first_heard_at <= ${window.to}::timestamptz
      and type = any(${huntedTypes}::text[]) and stance = 'malicious' and not revoked and withdrawn_at is null
      and (valid_until is null or valid_until > ${window.to}::timestamptz)
      and (type, value) > (${after?.type ?? ''}, ${after?.value ?? ''})
    order by type, value limit ${most}`.execute(db)
  return rows
}
