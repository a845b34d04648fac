import type { Selectable } from 'kysely'
import type { Mark } from '../model/playbook.ts'
import { iso, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { RunMarkTable } from './tables/runs.ts'

/** Marks of one run: 100 checklists of 50 items. */
const marksMax = 5000

/** What a person did with an item of a checklist; a later word takes the place of an earlier one. */
export async function writeMark(tx: Db, runId: string, mark: Mark): Promise<void> {
  const said = { state: mark.state, note: plainText(mark.note), marked_by: mark.by, marked_at: mark.at }
  await tx
    .insertInto('run_mark')
    .values({ run_id: runId, path: mark.path, item_id: mark.itemId, ...said })
    .onConflict((conflict) => conflict.columns(['run_id', 'path', 'item_id']).doUpdateSet(said))
    .execute()
}

function markOf(row: Selectable<RunMarkTable>): Mark {
  return {
    path: row.path,
    itemId: row.item_id,
    state: row.state as Mark['state'],
    note: row.note,
    by: row.marked_by,
    at: iso(row.marked_at),
  }
}

export async function marksOfStep(db: Db, runId: string, path: string): Promise<readonly Mark[]> {
  const rows = await db
    .selectFrom('run_mark')
    .selectAll()
    .where('run_id', '=', runId)
    .where('path', '=', path)
    .limit(marksMax)
    .execute()
  return rows.map(markOf)
}

/** All marks of a run, oldest first. */
export async function marksOf(db: Db, runId: string): Promise<readonly Mark[]> {
  const rows = await db
    .selectFrom('run_mark')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('marked_at')
    .limit(marksMax)
    .execute()
  return rows.map(markOf)
}
