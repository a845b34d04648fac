import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import { type ListNoun, Mapping } from '../model/list.ts'
import { jsonb } from './jsonb.ts'
import { type Db, transaction } from './open.ts'

/** Mappings of one kind of list; nobody has so many sources. */
const mappingsMax = 200

/** Keeps a mapping under a name, in place of what had the name. One transaction with its ledger line. */
export async function saveMapping(
  db: Db,
  saving: { readonly noun: ListNoun; readonly name: string; readonly mapping: Mapping; readonly by: string },
  clock: Clock,
): Promise<void> {
  const { noun, name, mapping, by } = saving
  const values = { mapping: jsonb(mapping), saved_by: by, saved_at: clock.now() }
  await transaction(db, async (tx) => {
    await tx
      .insertInto('list_mapping')
      .values({ noun, name, ...values })
      .onConflict((on) => on.columns(['noun', 'name']).doUpdateSet(values))
      .execute()
    await append(tx, { kind: 'mapping.saved', actor: by, subject: `mapping:${noun}/${name}`, body: { mapping } }, clock)
  })
}

/** The mapping that was kept under a name; null: none was. */
export async function mappingNamed(db: Db, noun: ListNoun, name: string): Promise<Mapping | null> {
  const row = await db
    .selectFrom('list_mapping')
    .select('mapping')
    .where('noun', '=', noun)
    .where('name', '=', name)
    .executeTakeFirst()
  return row === undefined ? null : Mapping.parse(row.mapping)
}

/** The names of the mappings that were kept, of every kind of list. */
export async function mappingNames(db: Db): Promise<{ readonly noun: string; readonly name: string }[]> {
  return db.selectFrom('list_mapping').select(['noun', 'name']).orderBy('name').limit(mappingsMax).execute()
}
