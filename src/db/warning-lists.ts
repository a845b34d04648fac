import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import type { WarningList } from '../model/intelligence.ts'
import { plainText } from './jsonb.ts'
import { type Db, transaction } from './open.ts'

const batchRows = 5_000
/** What an index takes; nothing that is compared is longer. */
const entryBytesMax = 2_048

/** Takes a warning list in place of the one of that name, with a line in the ledger. Returns how many entries it has. */
export async function replaceWarningList(
  db: Db,
  list: WarningList,
  entries: readonly string[],
  by: string,
  clock: Clock,
): Promise<number> {
  const kept = entries.map(plainText).filter((entry) => Buffer.byteLength(entry) <= entryBytesMax)
  return transaction(db, async (tx) => {
    const { name, description, version, match, types, means } = list
    await tx.deleteFrom('warning_list').where('id', '=', name).execute()
    await tx
      .insertInto('warning_list')
      .values({
        ...{ id: plainText(name), description: plainText(description), version, match, types: [...types], means },
        entries: kept.length,
        imported_at: clock.now(),
      })
      .execute()
    for (let at = 0; at < kept.length; at += batchRows) {
      const batch = kept.slice(at, at + batchRows)
      await sql`
        insert into warning_entry (list, match, value, network)
        select ${plainText(name)}, ${match}, v, case when ${match} = 'cidr' then v::inet end from unnest(${batch}::text[]) as v
        on conflict do nothing`.execute(tx)
    }
    await sql`analyze warning_entry`.execute(tx)
    const body = { list: name, version, entries: kept.length, means }
    await append(tx, { kind: 'import.done', actor: by, subject: `warning-list:${name}`, body }, clock)
    return kept.length
  })
}
