import { sql } from 'kysely'
import type { Db } from './open.ts'

/** Until the end of the transaction nobody else, on any node, is past this line with the same name. For changes of what stands in another store. */
export async function oneAtATime(tx: Db, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 13))`.execute(tx)
}
