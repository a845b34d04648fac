import { sql } from 'kysely'
import { iso, plainText } from './jsonb.ts'
import type { Db } from './open.ts'

type ByHand = { readonly by: string; readonly at: Date; readonly reason: string }

/** Puts the journal aside from this step on, so that the run takes it again: its lines, marks and open questions. How many lines. */
export async function putAside(tx: Db, runId: string, path: string, said: ByHand): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with gone as (
      delete from step where run_id = ${runId}::uuid
        and ordinal >= (select ordinal from step where run_id = ${runId}::uuid and path = ${path}) returning *
    ), marks as (
      delete from run_mark where run_id = ${runId}::uuid and path in (select path from gone) returning *
    ), kept as (
      insert into step_past (run_id, path, attempt, line, put_aside_by, put_aside_at, reason)
      select run_id, path, attempt,
        to_jsonb(gone) || jsonb_build_object('marks', (select coalesce(jsonb_agg(to_jsonb(marks)), '[]') from marks where marks.path = gone.path)),
        ${said.by}, ${said.at}, ${plainText(said.reason)} from gone
    ), asked as (
      update person_question q set step_path = q.step_path || '~' || gone.attempt from gone
      where q.run_id = gone.run_id and q.step_path = gone.path
    )
    select count(*)::int as n from gone`.execute(tx)
  return rows[0]?.n ?? 0
}

/** The highest attempt of each step that was put aside: the next one counts on from it, so that nothing it makes has an id twice. */
export async function pastAttempts(db: Db, runId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('step_past')
    .select((eb) => ['path', eb.fn.max('attempt').as('attempt')])
    .where('run_id', '=', runId)
    .groupBy('path')
    .execute()
  return new Map(rows.map((row) => [row.path, row.attempt]))
}

export type PutAside = { path: string; attempt: number; title: string; state: string; error: string | null; by: string; at: string; reason: string } // biome-ignore format: one type

/** A run that was sent back this often is shown with the newest of it. */
const pastShownMax = 200

/** What was put aside, newest first. */
export async function pastOf(db: Db, runId: string): Promise<PutAside[]> {
  const rows = await db
    .selectFrom('step_past')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('put_aside_at', 'desc')
    .orderBy(sql`(line ->> 'ordinal')::bigint`)
    .limit(pastShownMax)
    .execute()
  return rows.map((row) => {
    const line = row.line as { title: string; state: string; error: string | null }
    const { title, state, error } = line
    return { path: row.path, attempt: row.attempt, title, state, error, by: row.put_aside_by, at: iso(row.put_aside_at), reason: row.reason } // biome-ignore format: one row
  })
}

/** The run goes on. Its epoch goes up, so that whoever still walks it writes nothing any more. */
export async function reopenRun(tx: Db, runId: string): Promise<void> {
  await tx
    .updateTable('run')
    .set((eb) => ({ state: 'running', epoch: eb('epoch', '+', 1), ended_at: null, error: '' }))
    .where('id', '=', runId)
    .execute()
}

/** A step that is under way or came to nothing counts as skipped. False when it is in another state. */
export async function skipLine(tx: Db, runId: string, path: string, said: ByHand): Promise<boolean> {
  const done = await tx
    .updateTable('step')
    .set({
      state: 'skipped',
      ended_at: said.at,
      error: plainText(`skipped: ${said.reason}`),
      waiting_for: null,
      deadline: null,
    })
    .where('run_id', '=', runId)
    .where('path', '=', path)
    .where('state', 'in', ['running', 'waiting', 'failed'])
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Counts a reminder. Null when nobody is waited for there, or the last one is younger than `everyMs`. */
export async function countNudge(
  tx: Db,
  runId: string,
  path: string,
  now: Date,
  everyMs: number,
): Promise<number | null> {
  const row = await tx
    .updateTable('step')
    .set((eb) => ({ nudges: eb('nudges', '+', 1), nudged_at: now }))
    .where('run_id', '=', runId)
    .where('path', '=', path)
    .where('state', '=', 'waiting')
    .where((eb) => eb.or([eb('nudged_at', 'is', null), eb('nudged_at', '<=', new Date(now.getTime() - everyMs))]))
    .returning('nudges')
    .executeTakeFirst()
  return row?.nudges ?? null
}

/** Notes at which step a run went on after its process was gone. */
export async function noteResumed(db: Db, runId: string, path: string): Promise<void> {
  await db.updateTable('run').set({ resumed_at_path: path }).where('id', '=', runId).execute()
}

/** What the page of a run shows beside its journal: reminders, and where it went on. */
export async function sideNotes(
  db: Db,
  runId: string,
): Promise<{ resumedAt: string | null; nudges: { path: string; times: number; at: string }[] }> {
  const [run, steps] = await Promise.all([
    db.selectFrom('run').select('resumed_at_path').where('id', '=', runId).executeTakeFirst(),
    db.selectFrom('step').select(['path', 'nudges', 'nudged_at']).where('run_id', '=', runId).where('nudges', '>', 0).execute(),
  ]) // biome-ignore format: one line for each
  const nudges = steps.flatMap(({ path, nudges: times, nudged_at: at }) =>
    at === null ? [] : [{ path, times, at: iso(at) }],
  )
  return { resumedAt: run?.resumed_at_path ?? null, nudges }
}
