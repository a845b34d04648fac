import { setTimeout as sleep } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { stableId } from '../kit/stable-id.ts'
import { append } from '../ledger/append.ts'
import { storeOf } from './list-stores.ts'
import { type Db, transaction } from './open.ts'

/** Name of the lists that come with the sample data, and what its providers' ids begin with. */
export const sampleSource = 'Sample data'
export const sampleProviderPrefix = 'sample-'
const sampleNouns = ['assets', 'people', 'networks'] as const

/** Each try waits a second for a deadlock to be seen; work under way is over long before the last. */
const triesMax = 8
/** Work on a sample alert takes some 100 ms; what is not over by then is fought over (triesMax). */
const workMsMax = 3_000
/** A look costs 2 ms. */
const lookEveryMs = 20

/** SQLSTATE of PostgreSQL. */
const deadlock = '40P01'
const stillReferred = '23503'

export type SampleState = { messages: number; waiting: number; alerts: number; providers: number }

/** How much sample data there is, and how much of it is still being read. */
export async function sampleState(db: Db): Promise<SampleState> {
  const { rows } = await sql<SampleState>`
    select (select count(*)::int from message where sample) as messages,
      (select count(*)::int from message where sample and state = 'received') as waiting,
      (select count(*)::int from alert where sample) as alerts,
      (select count(*)::int from provider where id like ${`${sampleProviderPrefix}%`}) as providers`.execute(db)
  return rows[0] ?? { messages: 0, waiting: 0, alerts: 0, providers: 0 }
}

type Reference = { child: string; child_column: string; parent_column: string }

/**
 * Takes all sample data away, in one transaction: messages, alerts and whatever points at them, by the foreign keys that there are, so that a
 * table of tomorrow is not forgotten. The ledger keeps its lines. Counts what was taken, by table.
 */
export async function removeSample(db: Db, by: string, clock: Clock): Promise<Record<string, number>> {
  await letWorkEnd(db)
  for (let tried = 1; ; tried += 1) {
    try {
      return await removeOnce(db, by, clock)
    } catch (error) {
      // A run that is under way holds rows that it writes about, in an order of its own; PostgreSQL then ends one of the two. Or it wrote a
      // step after its steps were taken and before it was itself. Nothing is gone yet.
      const code = (error as { code?: unknown } | null)?.code
      if ((code !== deadlock && code !== stillReferred) || tried === triesMax) throw error
    }
  }
}

async function removeOnce(db: Db, by: string, clock: Clock): Promise<Record<string, number>> {
  return transaction(db, async (tx) => {
    const removed: Record<string, number> = {}
    // Whoever writes about a sample alert takes its row first; after this line nobody is in the middle of one.
    await sql`select id from alert where sample order by id for update`.execute(tx)
    await removeJobs(tx)
    await removeNotices(tx, removed)
    await sql`update alert set merged_into = null where merged_into in (select id from alert where sample) and not sample`.execute(
      tx,
    )
    await sql`delete from backtest_row where subject_id in (select id::text from alert where sample union all select id from message where sample)`.execute(
      tx,
    )
    await removeFrom(tx, 'alert', sql`sample`, removed)
    await removeFrom(tx, 'message', sql`sample`, removed)
    await sql`delete from pseudonym where provider_id like ${`${sampleProviderPrefix}%`}`.execute(tx)
    await removeFrom(tx, 'provider', sql`id like ${`${sampleProviderPrefix}%`}`, removed)
    for (const noun of sampleNouns) {
      const store = storeOf(noun)
      removed[noun] = await store.clear(tx, sampleSource, clock.now())
      await store.settle(tx)
    }
    await sql`delete from import_batch where source = ${sampleSource}`.execute(tx)
    await append(tx, { kind: 'sample.removed', actor: by, subject: 'sample', body: removed }, clock)
    await sql`select pg_notify('counterfoil_live', 'queue')`.execute(tx)
    return removed
  })
}

/** What a job is about: its payload names something of the sample data. */
const ofSample = sql`exists (
  select 1 from jsonb_each_text(case when jsonb_typeof(j.payload::jsonb) = 'object' then j.payload::jsonb else '{}' end) said
  where said.value in (
    select id::text from alert where sample union all select id from message where sample
    union all select r.id::text from run r join alert a on a.id = r.alert_id where a.sample
    union all select p.id::text from reply p join alert a on a.id = p.alert_id where a.sample))`

/** Work that was queued for what goes now would find nothing. */
async function removeJobs(tx: Db): Promise<void> {
  await sql`delete from graphile_worker._private_jobs j where j.locked_at is null and ${ofSample}`.execute(tx)
}

/**
 * Takes away what is queued and waits for what is under way, which may queue more. Sixteen jobs at once hold rows that are removed, each in an
 * order of its own: a removal in the middle of them met deadlocks (7 s, up to all of its tries), after them it meets none.
 */
async function letWorkEnd(db: Db): Promise<void> {
  for (const end = performance.now() + workMsMax; performance.now() < end; await sleep(lookEveryMs)) {
    await removeJobs(db)
    const { rows } = await sql<{ busy: boolean }>`
      select exists (select 1 from graphile_worker._private_jobs j where j.locked_at is not null and ${ofSample}) as busy`.execute(
      db,
    )
    if (rows[0]?.busy !== true) return
  }
}

/** Mails about runs to people of ours; their ids follow from the step that wrote them (playbooks/steps). */
async function removeNotices(tx: Db, removed: Record<string, number>): Promise<void> {
  const { rows } = await sql<{ run_id: string; path: string; past: number[]; attempt: number; nudges: number }>`
    with taken as (
      select run_id, path, attempt, nudges from step union all select run_id, path, attempt, (line ->> 'nudges')::int from step_past)
    select t.run_id, t.path, t.attempt, t.nudges, array(select p.attempt from step_past p where p.run_id = t.run_id and p.path = t.path) as past
    from taken t join run r on r.id = t.run_id join alert a on a.id = r.alert_id where a.sample`.execute(tx)
  const ids = rows.flatMap(({ run_id, path, past, attempt, nudges }) => [
    ...['notify', 'question'].flatMap((what) => [
      stableId(what, run_id, path),
      ...past.map((n) => stableId(what, run_id, path, `after ${n}`)),
    ]),
    ...Array.from({ length: nudges }, (_, n) => stableId('nudge', run_id, path, String(attempt), String(n + 1))),
  ])
  const gone = await sql`delete from notice where id = any(${ids}::uuid[])`.execute(tx)
  removed['notice'] = Number(gone.numAffectedRows ?? 0)
}

/** Rows of a table, after all rows that point at them, in turn. Names come from the catalogue and are quoted; nothing here is a person's text. */
async function removeFrom(
  tx: Db,
  table: string,
  which: RawBuilder<unknown>,
  removed: Record<string, number>,
): Promise<void> {
  const { rows } = await sql<Reference>`
    select c.conrelid::regclass::text as child, a.attname as child_column, p.attname as parent_column
    from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    join pg_attribute p on p.attrelid = c.confrelid and p.attnum = c.confkey[1]
    where c.contype = 'f' and c.confrelid = ${table}::regclass and c.conrelid <> c.confrelid and cardinality(c.conkey) = 1
    order by 1, 2`.execute(tx)
  for (const { child, child_column, parent_column } of rows) {
    const theirs = sql`${sql.ref(child_column)} in (select ${sql.ref(parent_column)} from ${sql.table(table)} where ${which})`
    await removeFrom(tx, child, theirs, removed)
  }
  const gone = await sql`delete from ${sql.table(table)} where ${which}`.execute(tx)
  removed[table] = (removed[table] ?? 0) + Number(gone.numAffectedRows ?? 0)
}
