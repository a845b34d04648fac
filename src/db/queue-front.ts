import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { countedMax, earlierMax, type Queue, type QueueQuery, QueueRow, Tab } from '../contract/desk.ts'
import { FindingKind } from '../model/finding.ts'
import { Rung } from '../model/question.ts'
import { Fidelity, Outcome } from '../model/triage.ts'
import { tuningDueDays } from '../model/tuning.ts'
import { feedOf, providerNames } from './desk-front.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import { inTab, isWhole, matching, midnight } from './queue-filter.ts'
import { inHistory, type Picked } from './queue-history.ts'
import { behind, cursorOf, orders, sortOf } from './queue-order.ts'
import { countAlerts, reconcile } from './tally.ts'

/** The day of the desk. */
export type Today = { readonly timeZone: string; readonly now: Date }

/**
 * Runs on one state of the record, and plans each statement for the very values it is asked with: a plan that is good for a
 * provider of half a million alerts is none for one of five.
 */
export async function onOneState<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setAccessMode('read only')
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      await sql`set local plan_cache_mode = force_custom_plan`.execute(tx)
      return work(tx)
    })
}

/** The queue as a page shows it: rows of one tab, counts of all tabs under the same filter. */
export async function queueOf(db: Db, query: QueueQuery, { timeZone, now }: Today): Promise<Queue> {
  const today = midnight(timeZone, now)
  return onOneState(db, async (tx) => {
    const found = await pick(tx, query, today)
    const picked = found.slice(0, query.limit)
    const counts = await queueCounts(tx, query, today, found.length)
    // From here on every statement asks by ids: the plan of the last time is as good.
    await sql`set local plan_cache_mode = auto`.execute(tx)
    const providers = await providerNames(tx)
    const names = new Map(providers.map((provider) => [provider.id, provider.name]))
    const rows = await rowsOf(tx, picked)
    const last = found.length > query.limit ? picked.at(-1) : undefined
    return {
      rows: rows.map((row) => queueRow(row, names)),
      next: last === undefined ? null : cursorOf(last.key, last.at, last.id),
      counts,
      moreInAll: countsHistory(query) && found.length > countedMax,
      providers,
      reconciliation: await reconcile(tx),
      feed: await feedOf(tx),
    }
  })
}

/**
 * Which alerts are on the page. What is being worked on is few: all of it is looked at (the `offset 0` keeps PostgreSQL from looking for a
 * frequent word in the history first), and then put in order.
 */
async function pick(db: Db, query: QueueQuery, today: RawBuilder<Date>): Promise<readonly Picked[]> {
  const sort = sortOf(query)
  // The first page of a history that is narrowed is also its count.
  const max = Math.max(query.limit, countsHistory(query) ? countedMax : 0) + 1
  if (query.tab === 'all') return inHistory(db, query, { sort, after: query.after, max })
  const { by, key } = orders[sort]
  const columns = sql`a.id, ${key} as key, a.received_at::text as at`
  const within = inTab(query.tab, today)
  // Unfiltered and by risk is how the queue opens: the index has that order.
  const from =
    sort === 'risk' && isWhole(query)
      ? sql`alert a where ${within} and`
      : sql`(select a.* from alert a where ${within} offset 0) a where ${matching(query)} and`
  const found =
    await sql<Picked>`select ${columns} from ${from} ${behind(sort, query.after)} order by ${by} limit ${max}`.execute(
      db,
    )
  return found.rows
}

/** As much of a judgement as a row shows. */
const Judged = z.object({
  fidelity: Fidelity,
  risk: z.object({ score: z.number(), level: z.string() }),
  ladder: z.array(z.object({ rung: Rung, state: FindingKind, delivered: z.boolean() })),
  proposal: z.object({ outcome: Outcome.nullable() }),
})

const Row = z.looseObject({ id: z.string(), judgement: Judged.nullable() })
type Row = z.infer<typeof Row>

async function rowsOf(db: Db, picked: readonly Picked[]): Promise<readonly Row[]> {
  const found = await sql<Record<string, unknown>>`
    select a.id, a.number, a.version, a.provider_id, a.state, a.kind, a.ticket, a.rule, a.title, a.severity, a.entity, a.received_at, a.judgement,
      a.outcome, a.decided_at, a.sample, a.tab, a.assignee, a.merged_into, a.snooze_for, a.snooze_until, a.snoozed_by, a.snoozed_at,
      t.ours_state, t.ours_due_at, t.theirs_state, t.theirs_due_at,
      assignee.name as assignee_name, lead.number as lead_number, snoozer.name as snoozer_name,
      (select count(*)::int from alert m where m.merged_into = a.id) as merged, asset.owner as asset_owner, asset.criticality as asset_criticality,
      earlier.times as earlier_times, earlier.last_at as earlier_last_at, earlier.last_decided_at as earlier_decided_at, earlier.last_outcome as earlier_outcome,
      earlier.regressed or exists (select 1 from expectation_match m where m.alert_id = a.id and m.kind = 'holds') as regressed,
      tuned.number as tuning_number, tuned.sent_at as tuning_sent,
      earlier.last_day, past.expected,
      r.id as run_id, r.state as run_state, r.done as run_done, r.steps as run_steps, r.waiting_for, r.deadline,
      p.id as reply_id, p.state as reply_state
    from unnest(${picked.map(({ id }) => id)}::uuid[]) with ordinality as wanted (id, place)
    join alert a on a.id = wanted.id
    left join ticket t on t.alert_id = a.id
    left join app_user assignee on assignee.id = a.assignee
    left join app_user snoozer on 'user:' || snoozer.id = a.snoozed_by
    left join alert lead on lead.id = a.merged_into
    left join lateral (${assetOf}) asset on true
    left join lateral (${earlierOf}) earlier on true
    left join lateral (${pastOf}) past on earlier.last_day >= ${escalatingMin}
    left join lateral (${runOf}) r on true
    left join lateral (${tunedOf}) tuned on true
    left join lateral (${replyOf}) p on true
    order by wanted.place`.execute(db)
  return found.rows.map((row) => Row.parse(row))
}

/** What is known of the machine the alert is about comes before what is known of the other address in it. */
const assetOf = sql`
  select f.answer ->> 'owner' as owner, f.answer ->> 'criticality' as criticality from finding f
  where f.alert_id = a.id and f.kind = 'found' and f.answer ? 'criticality'
  order by array_position(array['business-role-of-asset', 'asset-of-host', 'asset-of-address'], f.question), f.asked_at desc limit 1`

/** The newest of the earlier alerts with the same rule and entity. Regressed: one of them was to be tuned away before this one came (or it is expected, and is back). */
const earlierOf = sql`
  select count(*)::int as times, max(b.received_at) as last_at, max(b.decided_at) filter (where b.outcome is not null) as last_decided_at,
    (array_agg(b.outcome order by b.decided_at desc) filter (where b.outcome is not null))[1] as last_outcome,
    coalesce(bool_or(b.outcome = 'tune' and b.decided_at < a.received_at), false) as regressed,
    (count(*) filter (where b.received_at > a.received_at - interval '1 day') + 1)::int as last_day
  from (
    select b.received_at, b.outcome, b.decided_at from alert b
    where lower(b.rule) = lower(a.rule) and lower(b.entity) = lower(a.entity) and b.received_at < a.received_at
    order by b.received_at desc limit ${sql.lit(earlierMax)}) b`

/** The newest tuning request that was to end this alert, was asked before it came, and whose time had run out. */
const tunedOf = sql`
  select t.number, s.first_at as sent_at from tuning_request t
  cross join lateral (select min(sent_at) as first_at, max(sent_at) as last_at from reply where decision_id = t.decision_id and state = 'sent') s
  where t.provider_id = a.provider_id and lower(t.rule) = lower(a.rule) and (t.entity is null or lower(t.entity) = lower(a.entity))
    and t.sample = a.sample and t.alert_id <> a.id and t.state not in ('refused', 'withdrawn')
    and a.received_at > case when t.due_at > s.last_at then t.due_at else s.first_at + make_interval(days => ${sql.lit(tuningDueDays)}) end
  order by t.number desc limit 1`

/** Fewer in a day are no wave, whatever the past was. */
const escalatingMin = 3
/** What the forecast looks back on: four weeks, so that each weekday counts alike. */
const pastDays = 28

/**
 * How many a day the four weeks before the last day let expect. A past longer than `earlierMax` alerts is told from the stretch that the
 * newest of them cover.
 */
const pastOf = sql`
  select count(*) / greatest(case when count(*) < ${sql.lit(earlierMax)} then ${sql.lit(pastDays)}
    else extract(epoch from a.received_at - interval '1 day' - min(b.received_at)) / 86400 end, 0.01) as expected
  from (
    select b.received_at from alert b
    where lower(b.rule) = lower(a.rule) and lower(b.entity) = lower(a.entity)
      and b.received_at <= a.received_at - interval '1 day' and b.received_at > a.received_at - make_interval(days => ${sql.lit(pastDays + 1)})
    order by b.received_at desc limit ${sql.lit(earlierMax)}) b`

const runOf = sql`
  select run.id, run.state,
    (select count(*)::int from step s where s.run_id = run.id and s.state in ('done', 'skipped')) as done,
    (select count(*)::int from step s where s.run_id = run.id) as steps,
    (select s.waiting_for from step s where s.run_id = run.id and s.state = 'waiting' order by s.ordinal desc limit 1) as waiting_for,
    (select s.deadline from step s where s.run_id = run.id and s.state = 'waiting' order by s.ordinal desc limit 1) as deadline
  from run where run.alert_id = a.id order by run.started_at desc limit 1`

const replyOf = sql`
  select reply.id, reply.state from reply left join decision on decision.id = reply.decision_id
  where reply.alert_id = a.id and (reply.state <> 'draft' or decision.undone_at is null) order by reply.created_at desc limit 1`

/** How many each tab has under this filter. Only `all` is ever much: unfiltered it is known, filtered it is counted up to a bound. */
async function queueCounts(
  db: Db,
  query: QueueQuery,
  today: RawBuilder<Date>,
  inPage: number,
): Promise<Queue['counts']> {
  const match = matching(query)
  const whole = isWhole(query)
  const among = (tab: RawBuilder<boolean>) =>
    whole ? sql`alert a where ${tab}` : sql`(select a.* from alert a where ${tab} offset 0) a where ${match}`
  const found = await sql<{ tab: string; n: string }>`
    select a.tab, count(*) as n from ${among(sql`a.tab not in ('done', 'merged')`)} group by a.tab
    union all select 'merged', count(*) from ${among(inTab('merged', today))}
    union all select 'done', count(*) from ${among(inTab('done', today))}`.execute(db)
  const counts = Object.fromEntries(Tab.options.map((tab) => [tab, 0])) as Record<Tab, number>
  for (const row of found.rows) counts[Tab.parse(row.tab)] = Number(row.n)
  if (whole) return { ...counts, all: await countAlerts(db) }
  return { ...counts, all: countsHistory(query) ? Math.min(inPage, countedMax) : null }
}

const countsHistory = (query: QueueQuery): boolean => query.tab === 'all' && query.after === '' && !isWhole(query)

/** Twice the spread that chance gives such a number, and one: about one false word in a hundred. */
function escalatingOf(lastDay: number, expected: number | null): QueueRow['escalating'] {
  if (expected === null || lastDay < escalatingMin || lastDay <= expected + 2 * Math.sqrt(expected) + 1) return null
  return { lastDay, expected: Math.round(expected * 10) / 10 }
}

function queueRow(row: Row, names: ReadonlyMap<string, string>): QueueRow {
  const { judgement } = row
  const providerId = String(row['provider_id'])
  const date = (name: string): string | null => isoOrNull((row[name] as Date | null) ?? null)
  const expected = row['expected'] == null ? null : Number(row['expected'])
  return QueueRow.parse({
    ...row,
    providerId,
    providerName: names.get(providerId) ?? providerId,
    owner: row['asset_owner'] ?? null,
    criticality: row['asset_criticality'] ?? null,
    receivedAt: iso(row['received_at'] as Date),
    risk: judgement?.risk ?? null,
    fidelity: judgement?.fidelity ?? null,
    rungs: judgement?.ladder ?? [],
    before: {
      times: row['earlier_times'] ?? 0,
      lastAt: date('earlier_last_at'),
      decidedAt: date('earlier_decided_at'),
      lastOutcome: row['earlier_outcome'] ?? null,
    },
    escalating: escalatingOf(Number(row['last_day'] ?? 0), expected),
    tuning: row['tuning_number'] == null ? null : { number: row['tuning_number'], sentAt: date('tuning_sent') },
    run: runOfRow(row),
    proposed: judgement?.proposal.outcome ?? null,
    decidedAt: date('decided_at'),
    reply: row['reply_id'] == null ? null : { id: row['reply_id'], state: row['reply_state'] },
    clocks: {
      ours: row['ours_state'] == null ? null : { state: row['ours_state'], dueAt: date('ours_due_at') },
      theirs: row['theirs_state'] == null ? null : { state: row['theirs_state'], dueAt: date('theirs_due_at') },
    },
    assignee: row['assignee'] == null ? null : { id: row['assignee'], name: row['assignee_name'] },
    snooze:
      row['snooze_for'] == null
        ? null
        : {
            for: row['snooze_for'],
            until: date('snooze_until'),
            by: row['snoozer_name'] ?? row['snoozed_by'],
            at: date('snoozed_at'),
          },
    mergedInto: row['merged_into'] == null ? null : { id: row['merged_into'], number: row['lead_number'] },
  })
}

function runOfRow(row: Row) {
  if (row['run_id'] == null) return null
  return {
    id: row['run_id'],
    state: row['run_state'],
    done: row['run_done'],
    steps: row['run_steps'],
    waitingFor: row['waiting_for'],
    deadline: isoOrNull((row['deadline'] as Date | null) ?? null),
  }
}
