import { type Selectable, sql } from 'kysely'
import { Playbook, type RunState } from '../model/playbook.ts'
import { iso, isoOrNull, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'
import type { PlaybookTable } from './tables/playbooks.ts'

/** A playbook that a person brought in; the text as it came stands beside it. */
export type ImportedPlaybook = {
  readonly playbook: Playbook
  readonly source: string
  readonly form: 'cacao' | 'yaml'
  readonly by: string
  readonly at: string
}

/** More than a desk reads; those of files are not among them. */
export const importedMax = 500

function importedOf(row: Selectable<PlaybookTable>): ImportedPlaybook {
  const { source, form } = row
  return { playbook: Playbook.parse(row.playbook), source, form, by: row.added_by, at: iso(row.added_at) }
}

export async function importedPlaybooks(db: Db): Promise<readonly ImportedPlaybook[]> {
  const rows = await db.selectFrom('playbook').selectAll().orderBy('id').limit(importedMax).execute()
  return rows.map(importedOf)
}

export async function importedPlaybook(db: Db, id: string): Promise<ImportedPlaybook | null> {
  const row = await db.selectFrom('playbook').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : importedOf(row)
}

/** Keeps an imported playbook; one of the same id gives way to it. Runs keep the one they began with. */
export async function saveImported(tx: Db, imported: ImportedPlaybook): Promise<void> {
  const { playbook, source, form, by, at } = imported
  const said = { version: playbook.version, playbook: jsonb(playbook), source, form, added_by: by, added_at: at }
  await tx
    .insertInto('playbook')
    .values({ id: playbook.id, ...said })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(said))
    .execute()
}

/** False when there is none. */
export async function removeImported(tx: Db, id: string): Promise<boolean> {
  const result = await tx.deleteFrom('playbook').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows === 1n
}

/** How often each playbook has run, by id; dry runs do not count. */
export async function runCounts(
  db: Db,
): Promise<ReadonlyMap<string, { readonly all: number; readonly underWay: number; readonly lastAt: string | null }>> {
  const { rows } = await sql<{ id: string; all: number; under_way: number; last: Date | null }>`
    select playbook_id as id, count(*)::int as all, count(*) filter (where state in ('running', 'waiting'))::int as under_way,
      max(started_at) as last
    from run where not dry_run group by playbook_id`.execute(db)
  return new Map(
    rows.map((row) => [row.id, { all: row.all, underWay: row.under_way, lastAt: isoOrNull(row.last) }] as const),
  )
}

/** Shown on a playbook's page. */
const lastRunsMax = 20

export type RunOfPlaybook = {
  readonly id: string
  readonly state: RunState
  readonly dryRun: boolean
  readonly startedAt: string
  readonly endedAt: string | null
  readonly alert: { readonly id: string; readonly number: number; readonly title: string }
}

/** The newest runs of a playbook, dry ones among them. */
export async function lastRunsOf(db: Db, playbookId: string): Promise<readonly RunOfPlaybook[]> {
  const rows = await db
    .selectFrom('run')
    .innerJoin('alert', 'alert.id', 'run.alert_id')
    .select(['run.id', 'run.state', 'run.dry_run', 'run.started_at', 'run.ended_at'])
    .select(['alert.id as alert_id', 'alert.number', 'alert.title'])
    .where('run.playbook_id', '=', playbookId)
    .orderBy('run.started_at', 'desc')
    .limit(lastRunsMax)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    state: row.state as RunState,
    dryRun: row.dry_run,
    startedAt: iso(row.started_at),
    endedAt: isoOrNull(row.ended_at),
    alert: { id: row.alert_id, number: row.number, title: row.title },
  }))
}
