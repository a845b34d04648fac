import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** Stamps that a page shows; all of them are in the ledger. */
const newestMax = 5

/** The newest time stamps of the ledger, and what waits for one. */
export async function stampsSeen(db: Db) {
  const rows = await db
    .selectFrom('ledger_stamp')
    .select(['tree_size', 'stamped_at', 'authority'])
    .where('token', 'is not', null)
    .orderBy('asked_at', 'desc')
    .limit(newestMax)
    .execute()
  const { count } = await db
    .selectFrom('ledger_stamp')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('token', 'is not', null)
    .executeTakeFirstOrThrow()
  const waits = await db
    .selectFrom('ledger_stamp')
    .select(['asked_at', 'tries', 'says', 'next_at'])
    .where('token', 'is', null)
    .executeTakeFirst()
  return {
    count: Number(count),
    newest: rows.flatMap(({ tree_size: size, stamped_at: at, authority }) =>
      at === null ? [] : [{ size: Number(size), at: iso(at), authority: authority ?? '' }],
    ),
    waiting:
      waits === undefined
        ? null
        : { since: iso(waits.asked_at), tries: waits.tries, says: waits.says, nextAt: iso(waits.next_at) },
  }
}
