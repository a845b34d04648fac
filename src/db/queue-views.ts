import { type QueueView, ViewSearch } from '../contract/queue.ts'
import { Trouble } from '../kit/errors.ts'
import { iso, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** A list of views that nobody reads to its end helps nobody. */
const viewsMax = 100

/** By name. */
export async function queueViews(db: Db): Promise<QueueView[]> {
  const rows = await db.selectFrom('queue_view').selectAll().orderBy('name').limit(viewsMax).execute()
  const nameOf = await namesOfActors(
    db,
    rows.map((row) => row.saved_by),
  )
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    search: ViewSearch.parse(row.search),
    version: row.version,
    savedBy: nameOf(row.saved_by),
    savedAt: iso(row.saved_at),
  }))
}

/**
 * Keeps a view; its version. `version` 0 makes a new one. Throws Trouble('state.conflict') when somebody changed it since, or another has
 * that name, 'input.invalid' when there are as many as there may be.
 */
export async function writeQueueView(
  tx: Db,
  view: Pick<QueueView, 'id' | 'name' | 'search' | 'version'>,
  saved: { readonly by: string; readonly at: Date },
): Promise<number> {
  const name = plainText(view.name)
  const others = await tx.selectFrom('queue_view').select(['id', 'name']).limit(viewsMax).execute()
  if (others.some((other) => other.id !== view.id && other.name.toLowerCase() === name.toLowerCase()))
    throw new Trouble('state.conflict', { fields: { name: 'Another view has this name' } })
  const said = { name, search: jsonb(view.search), saved_by: saved.by, saved_at: saved.at }
  if (view.version === 0) {
    if (others.length >= viewsMax)
      throw new Trouble('input.invalid', { fields: { name: `There are ${viewsMax} views already` } })
    const made = await tx
      .insertInto('queue_view')
      .values({ id: view.id, ...said })
      .onConflict((on) => on.doNothing())
      .executeTakeFirst()
    if (made.numInsertedOrUpdatedRows !== 1n) throw new Trouble('state.conflict', { viewId: view.id })
    return 1
  }
  const changed = await tx
    .updateTable('queue_view')
    .set((eb) => ({ ...said, version: eb('version', '+', 1) }))
    .where('id', '=', view.id)
    .where('version', '=', view.version)
    .returning('version')
    .executeTakeFirst()
  if (changed !== undefined) return changed.version
  throw new Trouble(others.some(({ id }) => id === view.id) ? 'state.conflict' : 'not.found', { viewId: view.id })
}

/** Its name; null when there is none. */
export async function deleteQueueView(tx: Db, id: string): Promise<string | null> {
  const row = await tx.deleteFrom('queue_view').where('id', '=', id).returning('name').executeTakeFirst()
  return row?.name ?? null
}
