import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import type { AttackEntry, Technique } from '../model/attack.ts'
import { iso, jsonb } from './jsonb.ts'
import { type Db, transaction } from './open.ts'

/** A technique was revoked for one that was revoked itself: so far twice at most. */
const revokedDeepMax = 10

/** Takes a version of ATT&CK. What an earlier one had and this one does not stays: old alerts name it. */
export async function importAttack(
  db: Db,
  read: { readonly version: string; readonly entries: readonly AttackEntry[] },
  by: string,
  clock: Clock,
): Promise<void> {
  const { version, entries } = read
  await transaction(db, async (tx) => {
    await sql`
      insert into attack_entry (id, kind, name, short_name, tactics, revoked_by, deprecated, version, imported_at)
      select r.id, r.kind, r.name, r."shortName", r.tactics, r."revokedBy", r.deprecated, ${version}, ${clock.now()}
      from jsonb_to_recordset(${jsonb(entries)}::jsonb) as r (id text, kind text, name text, "shortName" text, tactics text[], "revokedBy" text, deprecated boolean)
      on conflict (id) do update set kind = excluded.kind, name = excluded.name, short_name = excluded.short_name, tactics = excluded.tactics,
        revoked_by = excluded.revoked_by, deprecated = excluded.deprecated, version = excluded.version, imported_at = excluded.imported_at`.execute(
      tx,
    )
    const body = {
      version,
      techniques: entries.filter(({ kind }) => kind === 'technique').length,
      revoked: entries.filter(({ revokedBy }) => revokedBy !== null).length,
    }
    await append(tx, { kind: 'import.done', actor: by, subject: 'attack', body }, clock)
  })
}

/** What these techniques are called now, by way of what took the place of those that were revoked. Those that nobody knows are left out. */
export async function techniquesNow(db: Db, ids: readonly string[]): Promise<Technique[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ named: string; id: string; name: string; tactics: string[]; deprecated: boolean }>`
    with recursive way as (
      select id as named, id, revoked_by, 0 as depth from attack_entry where id = any(${ids.map((id) => id.toUpperCase())}::text[]) and kind = 'technique'
      union all
      select way.named, next.id, next.revoked_by, way.depth + 1 from way join attack_entry next on next.id = way.revoked_by where way.depth < ${revokedDeepMax}
    ), last as (select distinct on (named) named, id from way order by named, depth desc)
    select last.named, e.id, e.name, e.deprecated,
      array(select coalesce(tactic.name, t.word) from unnest(e.tactics) with ordinality as t (word, place)
        left join attack_entry tactic on tactic.kind = 'tactic' and tactic.short_name = t.word order by t.place) as tactics
    from last join attack_entry e on e.id = last.id order by last.named`.execute(db)
  return rows
}

/** Which version was imported last, when, and how much of it there is; null: none ever was. */
export async function attackVersion(
  db: Db,
): Promise<{ version: string; importedAt: string; techniques: number } | null> {
  const { rows } = await sql<{ version: string; at: Date; count: string }>`
    select version, imported_at as at, (select count(*) from attack_entry where kind = 'technique' and not deprecated) as count
    from attack_entry order by imported_at desc limit 1`.execute(db)
  const [row] = rows
  return row === undefined ? null : { version: row.version, importedAt: iso(row.at), techniques: Number(row.count) }
}
