import { sql } from 'kysely'
import type { Db } from './open.ts'

/** What a pseudonym begins with; the number behind it says nothing. */
export type PseudonymKind = 'USER' | 'HOST' | 'ADDRESS' | 'LINK' | 'PATH'

/**
 * The pseudonym of a value for one provider: the same every time, for that provider only, counted from 1 in the order of
 * first use. `value` is the value in its one spelling.
 */
export async function pseudonymFor(tx: Db, providerId: string, kind: PseudonymKind, value: string): Promise<string> {
  const given = await pseudonymsFor(tx, providerId, kind, [value])
  const pseudonym = given.get(value)
  if (pseudonym === undefined) throw new Error('every value gets a pseudonym')
  return pseudonym
}

/** The pseudonyms of many values at once. Numbers are given under a lock, so that two drafts never share one. */
export async function pseudonymsFor(
  tx: Db,
  providerId: string,
  kind: PseudonymKind,
  values: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const known = async () => {
    const { rows } = await sql<{ value: string; pseudonym: string }>`
      select value, pseudonym from pseudonym
      where provider_id = ${providerId} and class = ${kind} and value = any(${[...values]}::text[])`.execute(tx)
    return new Map(rows.map((row) => [row.value, row.pseudonym]))
  }
  const before = await known()
  if (values.every((value) => before.has(value))) return before
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${providerId}\n${kind}`}, 11))`.execute(tx)
  const meanwhile = await known()
  const fresh = [...new Set(values)].filter((value) => !meanwhile.has(value))
  await sql`
    insert into pseudonym (provider_id, class, value, pseudonym)
    select ${providerId}, ${kind}, given.value, ${kind} || '-' || (given.at + (
      select count(*) from pseudonym where provider_id = ${providerId} and class = ${kind}))
    from unnest(${fresh}::text[]) with ordinality as given (value, at)`.execute(tx)
  return known()
}

/** Whom a provider means by "USER-7"; null for a pseudonym that was never given to it. For our own people only. */
export async function valueBehind(db: Db, providerId: string, pseudonym: string): Promise<string | null> {
  const row = await db
    .selectFrom('pseudonym')
    .select('value')
    .where('provider_id', '=', providerId)
    .where('pseudonym', '=', pseudonym)
    .executeTakeFirst()
  return row?.value ?? null
}
