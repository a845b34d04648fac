import { type InsertObject, sql, type UpdateObject } from 'kysely'
import { jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { Tables } from './tables.ts'

/** Places outside that people of ours set up: channels of chat, systems of tickets. */
type PlaceTable = 'chat_channel' | 'elsewhere_system'

/** What is set of every place. Whoever mended one wants it tried at once. */
export const placeValues = (
  place: { readonly title: string; readonly settings: unknown; readonly enabled: boolean; readonly by: string },
  now: Date,
) => ({
  ...{ title: plainText(place.title), settings: jsonb(place.settings), enabled: place.enabled },
  ...{ changed_by: place.by, changed_at: now, misses: 0, not_before: null },
})

/** Adds a place (version 0) or changes the one that was seen. Its version; null when somebody else changed it meanwhile, or nothing is to add. */
export async function savePlace<T extends PlaceTable>(
  tx: Db,
  table: T,
  seen: { readonly id: string; readonly kind: string; readonly version: number },
  values: { readonly added: InsertObject<Tables, T> | null; readonly changed: UpdateObject<Tables, T> },
): Promise<number | null> {
  if (seen.version === 0 && values.added === null) return null
  // Kysely has no type for "either table"; what is used of them here both have.
  const place = table as 'chat_channel'
  const saved =
    seen.version === 0
      ? await tx
          .insertInto(place)
          .values(values.added as unknown as InsertObject<Tables, 'chat_channel'>)
          .onConflict((on) => on.doNothing())
          .returning('version')
          .executeTakeFirst()
      : await tx
          .updateTable(place)
          .set({ ...(values.changed as unknown as UpdateObject<Tables, 'chat_channel'>), version: seen.version + 1 })
          .where('id', '=', seen.id)
          .where('kind', '=', seen.kind)
          .where('version', '=', seen.version)
          .returning('version')
          .executeTakeFirst()
  return saved?.version ?? null
}

/** False when there is none. */
export async function removePlace(tx: Db, table: PlaceTable, id: string): Promise<boolean> {
  const place = table as 'chat_channel'
  return (await tx.deleteFrom(place).where('id', '=', id).executeTakeFirst()).numDeletedRows > 0n
}

/** What became of the last call to a place outside (a chat channel, a ticket system), as its row keeps it. Null `why`: it answered. */
export const markOf = (why: string | null, now: Date) =>
  why === null
    ? { says: '', misses: 0, failing_since: null, not_before: null, answered_at: now }
    : {
        says: plainText(why),
        misses: sql<number>`misses + 1`,
        failing_since: sql<Date>`coalesce(failing_since, ${now})`,
      }
