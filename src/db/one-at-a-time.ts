import { sql } from 'kysely'
import { Trouble } from '../kit/errors.ts'
import type { Db } from './open.ts'

/** Until the end of the transaction nobody else, on any node, is past this line with the same name. For changes of what stands in another store. */
export async function oneAtATime(tx: Db, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 13))`.execute(tx)
}

/** A little less than a statement may take (open.ts), so that whoever waits is told why. Some 200,000 assets are taken in that time. */
const importTurnMsMax = 50_000
/** Who changes one fact on a page sits before it and waits. */
export const editTurnMsMax = 5_000

/** PostgreSQL's lock_not_available. */
const lockNotAvailable = '55P03'

/**
 * `oneAtATime` for imports, which may take long: two that were started by one clock follow on each other, and who would wait too long is told.
 * Throws Trouble('import.busy').
 */
export async function importTurn(tx: Db, name: string, waitMsMax = importTurnMsMax): Promise<void> {
  await sql`select set_config('lock_timeout', ${String(waitMsMax)}, true)`.execute(tx)
  try {
    await sql`select pg_advisory_xact_lock(hashtext(${name}))`.execute(tx)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === lockNotAvailable)
      throw new Trouble('import.busy', { what: name }, error)
    throw error
  }
  await sql`select set_config('lock_timeout', '0', true)`.execute(tx)
}
