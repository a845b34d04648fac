import { sql } from 'kysely'
import type { Db } from './open.ts'

/** Misses before a network starts to wait at an account. */
export const missesFreeMax = 5
const waitFirstSeconds = 30
const waitSecondsMax = 15 * 60
/** Networks told apart for one account; those beyond share one row, so that a botnet fills no table and gains no free tries. */
export const networksMax = 1000
const others = 'others'
/** A network that was quiet for so long begins anew. */
const forgetMs = 24 * 3600_000

/*
 * Who waits is a pair: the account and the network the misses came from. Were it the account alone, anybody who knows an address
 * could keep its owner out with one wrong try every 15 minutes; were it the network alone, one office would wait for one colleague.
 * A guesser with a thousand networks gets five tries and then four an hour from each, against a password of twelve characters AND a
 * code of which one in 300,000 is right; the owner, at a network of their own, never notices. The price: under an attack from more
 * than a thousand networks at once an owner who comes from a new one waits with the others, and signs in by passkey meanwhile.
 */

/** Until when this network waits at this account; null when it need not. */
export async function waitsUntil(db: Db, userId: string, network: string, now: Date): Promise<Date | null> {
  const row = await db
    .selectFrom('sign_in_miss')
    .select('locked_until')
    .where('user_id', '=', userId)
    .where('network', '=', await rowOf(db, userId, network))
    .where('locked_until', '>', now)
    .executeTakeFirst()
  return row?.locked_until ?? null
}

/** Its own row, or the one for all the others when too many networks have missed already. */
async function rowOf(db: Db, userId: string, network: string): Promise<string> {
  const found = await sql<{ own: boolean; n: number }>`
    select coalesce(bool_or(network = ${network}), false) as own, count(*)::int as n from sign_in_miss where user_id = ${userId}`.execute(
    db,
  )
  const row = found.rows[0]
  return row === undefined || row.own || row.n < networksMax ? network : others
}

/** Counts a miss. From the fifth on the network waits at this account: 30 s, then twice as long each time, 15 minutes at most. */
export async function noteMiss(db: Db, userId: string, network: string, now: Date): Promise<void> {
  await db
    .deleteFrom('sign_in_miss')
    .where('last_at', '<', new Date(now.getTime() - forgetMs))
    .execute()
  const at = sql`${now.toISOString()}::timestamptz`
  await sql`
    insert into sign_in_miss as m (user_id, network, misses, last_at) values (${userId}, ${await rowOf(db, userId, network)}, 1, ${at})
    on conflict (user_id, network) do update set misses = m.misses + 1, last_at = ${at},
      locked_until = case when m.misses + 1 < ${missesFreeMax} then null
        else ${at} + least(${waitSecondsMax}, ${waitFirstSeconds} * power(2, least(m.misses + 1 - ${missesFreeMax}, 20))) * interval '1 second' end`.execute(
    db,
  )
}

/** Somebody got in from there: the network begins anew. What others missed elsewhere stays counted. */
export async function forgetMisses(db: Db, userId: string, network: string): Promise<void> {
  await db.deleteFrom('sign_in_miss').where('user_id', '=', userId).where('network', '=', network).execute()
}
