import { sql } from 'kysely'
import type { Db } from './open.ts'

/** What a pseudonym begins with; the number behind it says nothing. */
export type PseudonymKind = 'USER' | 'HOST' | 'ADDRESS' | 'LINK' | 'PATH'

/**
 * The pseudonym of a value for one provider: the same every time, for that provider only, counted from 1 in the order of
 * first use. `value` is the value in its one spelling. Numbers are given under a lock, so that two drafts never share one.
 */
export async function pseudonymFor(tx: Db, providerId: string, kind: PseudonymKind, value: string): Promise<string> {
  const known = async () =>
    tx
      .selectFrom('pseudonym')
      .select('pseudonym')
      .where('provider_id', '=', providerId)
      .where('class', '=', kind)
      .where('value', '=', value)
      .executeTakeFirst()
  const before = await known()
  if (before !== undefined) return before.pseudonym
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${providerId}\n${kind}`}, 11))`.execute(tx)
  const meanwhile = await known()
  if (meanwhile !== undefined) return meanwhile.pseudonym
  const { n } = await tx
    .selectFrom('pseudonym')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('provider_id', '=', providerId)
    .where('class', '=', kind)
    .executeTakeFirstOrThrow()
  const pseudonym = `${kind}-${Number(n) + 1}`
  await tx.insertInto('pseudonym').values({ provider_id: providerId, class: kind, value, pseudonym }).execute()
  return pseudonym
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
