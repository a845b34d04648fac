import { type Selectable, sql } from 'kysely'
import type { LedgerRow } from '../ledger/append.ts'
import type { JournalLine, Run, RunState, StepState } from '../model/playbook.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { RunTable, StepTable } from './tables/runs.ts'

export type NewRun = {
  readonly id: string
  readonly playbookId: string
  readonly playbookVersion: number
  /** The playbook and everything it calls, as they are now: what the run keeps to its end. */
  readonly snapshot: unknown
  readonly alertId: string
  readonly dryRun: boolean
  readonly trigger: string
  readonly startedAt: Date
}

/** Starts a run. False when this trigger started this playbook for this alert before. */
export async function insertRun(tx: Db, run: NewRun): Promise<boolean> {
  const result = await tx
    .insertInto('run')
    .values({
      id: run.id,
      playbook_id: run.playbookId,
      playbook_version: run.playbookVersion,
      playbook: jsonb(run.snapshot),
      alert_id: run.alertId,
      dry_run: run.dryRun,
      trigger: run.trigger,
      started_at: run.startedAt,
    })
    .onConflict((conflict) => conflict.columns(['alert_id', 'playbook_id', 'trigger']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** A run as a worker holds it. `epoch` is the fencing token: whoever holds an older one may not write. */
export type HeldRun = {
  readonly id: string
  readonly playbookId: string
  readonly snapshot: unknown
  readonly alertId: string
  readonly state: RunState
  readonly dryRun: boolean
  readonly epoch: number
  readonly startedAt: string
}

/**
 * Takes a run in hand: nobody who held it before can write any more. Null when there is nothing left to do. A run that waits moves its
 * alert in the queue when it goes on, so the alert is locked before it: the one order in which both are ever locked.
 */
export async function takeRun(tx: Db, id: string, resumed: boolean): Promise<HeldRun | null> {
  const row = await tx
    .with('first', (first) =>
      first
        .selectFrom('alert')
        .innerJoin('run as waiting', 'waiting.alert_id', 'alert.id')
        .select('alert.id')
        .where('waiting.id', '=', id)
        .forNoKeyUpdate('alert'),
    )
    .updateTable('run')
    .set((eb) => ({
      epoch: eb('epoch', '+', 1),
      state: 'running',
      ...(resumed ? { resumed_times: eb('resumed_times', '+', 1) } : {}),
    }))
    .where('id', '=', id)
    .where((eb) =>
      eb.or([
        eb('state', '=', 'running'),
        eb.and([eb('state', '=', 'waiting'), eb.exists(eb.selectFrom('first').select('first.id'))]),
      ]),
    )
    .returning(['id', 'playbook_id', 'playbook', 'alert_id', 'state', 'dry_run', 'epoch', 'started_at'])
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    id: row.id,
    playbookId: row.playbook_id,
    snapshot: row.playbook,
    alertId: row.alert_id,
    state: row.state as RunState,
    dryRun: row.dry_run,
    epoch: row.epoch,
    startedAt: iso(row.started_at),
  }
}

/** Locks the run until the transaction ends. False when somebody else took it in hand since (its epoch went up). */
export async function holdRun(tx: Db, id: string, epoch: number): Promise<boolean> {
  const row = await tx
    .selectFrom('run')
    .select('id')
    .where('id', '=', id)
    .where('epoch', '=', epoch)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row !== undefined
}

export async function setRunState(
  tx: Db,
  id: string,
  state: RunState,
  end: { at: Date; error: string } | null,
): Promise<void> {
  await tx
    .updateTable('run')
    .set({ state, ...(end === null ? {} : { ended_at: end.at, error: plainText(end.error) }) })
    .where('id', '=', id)
    .execute()
}

/** Waiting runs of an alert that wait for this; locked, so that a run that is just about to wait and its wake-up never miss each other. */
export async function lockRunsOf(
  tx: Db,
  alertId: string,
): Promise<readonly { id: string; state: RunState; waitingFor: readonly string[] }[]> {
  const rows = await tx
    .selectFrom('run')
    .select(['id', 'state'])
    .where('alert_id', '=', alertId)
    .where('state', 'in', ['running', 'waiting'])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  if (rows.length === 0) return []
  const steps = await tx
    .selectFrom('step')
    .select(['run_id', 'waiting_for'])
    .where(
      'run_id',
      'in',
      rows.map((row) => row.id),
    )
    .where('state', '=', 'waiting')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    state: row.state as RunState,
    waitingFor: steps.filter((step) => step.run_id === row.id).map((step) => step.waiting_for ?? ''),
  }))
}

/**
 * Writes a line of the journal in place of what stood at this path, with its ledger line and the run's state (null leaves it): all of
 * it or nothing, in one statement and so in one round trip. False, and nothing written, when somebody else took the run in hand since
 * (its epoch went up). A line that waits may move the alert in the queue: then the alert is locked first.
 */
export async function writeStep(
  tx: Db,
  held: { readonly id: string; readonly epoch: number },
  line: JournalLine,
  along: { readonly ledger: LedgerRow | null; readonly state: RunState | null },
): Promise<boolean> {
  const json = (value: unknown): string | null => (value === null || value === undefined ? null : jsonb(value))
  const { ledger } = along
  const found = await sql<{ held: number }>`
    with first as (
      select alert.id from alert join run on run.alert_id = alert.id
      where run.id = ${held.id}::uuid and ${along.state !== null || line.state === 'waiting'}::boolean for no key update of alert
    ), held as (
      select id from run where id = ${held.id}::uuid and epoch = ${held.epoch}::int and (select count(*) from first) >= 0 for no key update
    ), line as (
      insert into step (run_id, path, step_id, kind, title, csf, phase, why, started_at, state, attempt, input, output, error, waiting_for, deadline, ended_at, node)
      select held.id, ${line.path}, ${line.stepId}, ${line.kind}, ${line.title}, ${line.csf}, ${line.phase}, ${line.why}, ${line.startedAt}::timestamptz,
        ${line.state}, ${line.attempt}::int, ${json(line.input)}::jsonb, ${json(line.output)}::jsonb, ${line.error === null ? null : plainText(line.error)}::text,
        ${line.waitingFor}::text, ${line.deadline}::timestamptz, ${line.endedAt}::timestamptz, ${line.node}
      from held
      on conflict (run_id, path) do update set state = excluded.state, attempt = excluded.attempt, input = excluded.input, output = excluded.output,
        error = excluded.error, waiting_for = excluded.waiting_for, deadline = excluded.deadline, ended_at = excluded.ended_at, node = excluded.node
    ), entry as (
      insert into ledger_entry (id, at, kind, actor, subject, leaf)
      select ${ledger?.id ?? null}::uuid, ${ledger?.at.toISOString() ?? null}::timestamptz, ${ledger?.kind ?? null}::text, ${ledger?.actor ?? null}::text,
        ${ledger?.subject ?? null}::text, ${ledger?.leaf ?? null}::text
      from held where ${ledger !== null}::boolean
    ), state as (
      update run set state = ${along.state}::text from held where run.id = held.id and ${along.state !== null}::boolean
    )
    select count(*)::int as held from held`.execute(tx)
  return found.rows[0]?.held === 1
}

/** Waiting runs with a wait that has expired by `now`, locked after their alerts; one that another node looks at this moment is left to it. */
export async function lockExpired(tx: Db, now: Date): Promise<readonly string[]> {
  const found = await sql<{ id: string }>`
    with due as materialized (
      select id, alert_id from run where state = 'waiting'
        and id in (select run_id from step where state = 'waiting' and deadline <= ${now.toISOString()}::timestamptz order by deadline limit 500)
    ), first as materialized (
      select id from alert where id in (select alert_id from due) for no key update skip locked
    )
    select id from run where state = 'waiting' and id in (select id from due) and alert_id in (select id from first)
    for no key update skip locked`.execute(tx)
  return found.rows.map((row) => row.id)
}

function lineOf(row: Selectable<StepTable>): JournalLine {
  return {
    path: row.path,
    stepId: row.step_id,
    kind: row.kind,
    title: row.title,
    state: row.state as StepState,
    attempt: row.attempt,
    csf: row.csf,
    phase: row.phase,
    why: row.why,
    input: row.input,
    output: row.output,
    error: row.error,
    waitingFor: row.waiting_for,
    deadline: isoOrNull(row.deadline),
    startedAt: iso(row.started_at),
    endedAt: isoOrNull(row.ended_at),
    node: row.node,
  }
}

/** The journal of a run, in the order its steps began. A playbook has at most 100 x 50 steps. */
export async function journalOf(db: Db, runId: string): Promise<readonly JournalLine[]> {
  const rows = await db
    .selectFrom('step')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('ordinal')
    .limit(10_000)
    .execute()
  return rows.map(lineOf)
}

export type RunLine = Omit<Run, 'journal'> & { readonly error: string }

type RunRow = Pick<
  Selectable<RunTable>,
  | 'id'
  | 'playbook_id'
  | 'playbook_version'
  | 'alert_id'
  | 'state'
  | 'dry_run'
  | 'trigger'
  | 'started_at'
  | 'ended_at'
  | 'resumed_times'
  | 'error'
> & { title: string | null }

const runColumns = [
  'id',
  'playbook_id',
  'playbook_version',
  'alert_id',
  'state',
  'dry_run',
  'trigger',
  'started_at',
  'ended_at',
  'resumed_times',
  'error',
] as const
const title = sql<string | null>`playbook #>> '{main,title}'`.as('title')

function runOf(row: RunRow): RunLine {
  return {
    id: row.id,
    playbookId: row.playbook_id,
    playbookVersion: row.playbook_version,
    title: row.title ?? row.playbook_id,
    alertId: row.alert_id,
    state: row.state as RunState,
    dryRun: row.dry_run,
    trigger: row.trigger,
    startedAt: iso(row.started_at),
    endedAt: isoOrNull(row.ended_at),
    resumedTimes: row.resumed_times,
    error: row.error,
  }
}

/** A run with its journal; null when there is none. */
export async function getRun(db: Db, id: string): Promise<(Run & { readonly error: string }) | null> {
  const row = await db
    .selectFrom('run')
    .select([...runColumns, title])
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? null : { ...runOf(row), journal: [...(await journalOf(db, id))] }
}

export const runsPageMax = 200

/** Newest first. */
export async function listRuns(
  db: Db,
  filter: { readonly alertId?: string; readonly state?: RunState; readonly limit?: number } = {},
): Promise<readonly RunLine[]> {
  let query = db
    .selectFrom('run')
    .select([...runColumns, title])
    .orderBy('started_at', 'desc')
    .limit(Math.min(filter.limit ?? runsPageMax, runsPageMax))
  if (filter.alertId !== undefined) query = query.where('alert_id', '=', filter.alertId)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  return (await query.execute()).map(runOf)
}

/** Runs that say they are running although no job would go on with them: must be none; the sweeper queues a job for each. */
export async function strandedRuns(db: Db, before: Date): Promise<readonly string[]> {
  const found = await sql<{ id: string }>`
    select run.id from run
    where run.state = 'running' and not run.dry_run and run.started_at < ${before.toISOString()}::timestamptz
      and not exists (select 1 from graphile_worker._private_jobs job
                      where job.payload ->> 'runId' = run.id::text and job.attempts < job.max_attempts)
    limit 100`.execute(db)
  return found.rows.map((row) => row.id)
}

/** Dry runs whose process is gone: a dry run takes seconds, and nobody goes on with it. */
export async function cancelAbandonedDryRuns(db: Db, startedBefore: Date): Promise<void> {
  await db
    .updateTable('run')
    .set({ state: 'cancelled', ended_at: startedBefore, error: 'the process that tried it out is gone' })
    .where('dry_run', '=', true)
    .where('state', '=', 'running')
    .where('started_at', '<', startedBefore)
    .execute()
}

/** The run of this playbook for this alert that is still under way, if any; dry runs do not count. */
export async function runUnderWay(tx: Db, alertId: string, playbookId: string): Promise<string | null> {
  const row = await tx
    .selectFrom('run')
    .select('id')
    .where('alert_id', '=', alertId)
    .where('playbook_id', '=', playbookId)
    .where('dry_run', '=', false)
    .where('state', 'in', ['running', 'waiting'])
    .executeTakeFirst()
  return row?.id ?? null
}

/** Where a run is and whose it is; null when there is none. `lock` holds it until the transaction ends: take the alert's lock first. */
export async function runState(
  tx: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<{
  readonly alertId: string
  readonly playbookId: string
  readonly state: RunState
  readonly dryRun: boolean
} | null> {
  let query = tx.selectFrom('run').select(['alert_id', 'playbook_id', 'state', 'dry_run']).where('id', '=', id)
  if (options.lock === true) query = query.forNoKeyUpdate()
  const row = await query.executeTakeFirst()
  if (row === undefined) return null
  const { alert_id: alertId, playbook_id: playbookId, dry_run: dryRun } = row
  return { alertId, playbookId, dryRun, state: row.state as RunState }
}

/** Ends a run that is under way. Its epoch goes up, so that whoever walks it writes nothing any more; steps that were begun say why they ended. */
export async function cancelRun(tx: Db, id: string, end: { readonly at: Date; readonly why: string }): Promise<void> {
  const error = plainText(end.why)
  await tx
    .updateTable('run')
    .set((eb) => ({ state: 'cancelled', epoch: eb('epoch', '+', 1), ended_at: end.at, error }))
    .where('id', '=', id)
    .execute()
  await tx
    .updateTable('step')
    .set({ state: 'skipped', ended_at: end.at, error, waiting_for: null, deadline: null })
    .where('run_id', '=', id)
    .where('state', 'in', ['running', 'waiting'])
    .execute()
}

/** A line of the journal; null when the run has not come there. */
export async function journalLine(db: Db, runId: string, path: string): Promise<JournalLine | null> {
  const row = await db
    .selectFrom('step')
    .selectAll()
    .where('run_id', '=', runId)
    .where('path', '=', path)
    .executeTakeFirst()
  return row === undefined ? null : lineOf(row)
}

/** The playbook of a run that waits for a person, as the run began with it; null when the run does not wait (any more). */
export async function waitingSnapshot(tx: Db, id: string): Promise<unknown> {
  const row = await tx
    .selectFrom('run')
    .select('playbook')
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .executeTakeFirst()
  return row?.playbook ?? null
}
