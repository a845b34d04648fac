import { sql } from 'kysely'
import { z } from 'zod'
import { type Queue, type QueueQuery, QueueRow, queueRowsMax, type Reconciliation, Tab } from '../contract/desk.ts'
import { Provider } from '../model/provider.ts'
import { Judgement } from '../model/triage.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** Midnight of the house, as an instant: "today" is the desk's day, not the server's. */
const midnight = (timeZone: string, now: Date) =>
  sql`(date_trunc('day', ${now.toISOString()}::timestamptz at time zone ${timeZone}) at time zone ${timeZone})`

const order = {
  needs: sql`a.priority desc, a.received_at desc`,
  answer: sql`a.decided_at desc nulls last, a.received_at desc`,
  approver: sql`a.decided_at desc nulls last, a.received_at desc`,
  provider: sql`a.priority desc, a.received_at desc`,
  asked: sql`a.priority desc, a.received_at desc`,
  running: sql`a.received_at desc`,
  snoozed: sql`a.snooze_until nulls last, a.received_at desc`,
  merged: sql`a.received_at desc`,
  done: sql`a.decided_at desc nulls last`,
  all: sql`a.received_at desc`,
} as const

/** Narrows by what a person typed: "A-17", or words of title, rule, entity, ticket and addresses. */
function matching(query: QueueQuery) {
  const number = /^a-?(\d{1,9})$/i.exec(query.q.trim())?.[1]
  const like = `%${query.q.trim().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`
  const words =
    query.q.trim() === ''
      ? sql`true`
      : number !== undefined
        ? sql`a.number = ${Number(number)}`
        : sql`concat_ws(' ', a.title, a.rule, a.entity, a.ticket, a.host, a.account, a.source, a.destination) ilike ${like}`
  const provider = query.provider === '' ? sql`true` : sql`a.provider_id = ${query.provider}`
  const severity = query.severity === '' ? sql`true` : sql`a.severity = ${query.severity}`
  return sql`${words} and ${provider} and ${severity}`
}

const Row = z.looseObject({ id: z.string(), judgement: z.unknown() })

/** The queue as a page shows it: rows of one tab, counts of all tabs under the same filter. */
export async function queueOf(db: Db, query: QueueQuery, timeZone: string, now: Date): Promise<Queue> {
  const [rows, counts, providers, reconciliation, feed] = await Promise.all([
    queueRows(db, query, timeZone, now),
    queueCounts(db, query, timeZone, now),
    providerNames(db),
    reconcile(db),
    feedOf(db),
  ])
  const names = new Map(providers.map((provider) => [provider.id, provider.name]))
  return {
    rows: rows.slice(0, queueRowsMax).map((row) => queueRow(row, names)),
    more: rows.length > queueRowsMax,
    counts,
    providers,
    reconciliation,
    feed,
  }
}

async function queueRows(db: Db, query: QueueQuery, timeZone: string, now: Date) {
  const tab =
    query.tab === 'all'
      ? sql`true`
      : query.tab === 'done'
        ? sql`a.tab = 'done' and a.decided_at >= ${midnight(timeZone, now)}`
        : sql`a.tab = ${query.tab}`
  const found = await sql<Record<string, unknown>>`
    select a.*, assignee.name as assignee_name, lead.number as lead_number, snoozer.name as snoozer_name,
      (select count(*)::int from alert m where m.merged_into = a.id) as merged, asset.owner as asset_owner, asset.criticality as asset_criticality,
      earlier.times as earlier_times, earlier.last_at as earlier_last_at, earlier.last_outcome as earlier_outcome,
      r.id as run_id, r.state as run_state, r.done as run_done, r.steps as run_steps, r.waiting_for, r.deadline,
      p.id as reply_id, p.state as reply_state
    from (select a.* from alert a where ${matching(query)} and ${tab} order by ${order[query.tab]} limit ${queueRowsMax + 1}) a
    left join app_user assignee on assignee.id = a.assignee
    left join app_user snoozer on 'user:' || snoozer.id = a.snoozed_by
    left join alert lead on lead.id = a.merged_into
    left join lateral (
      select f.answer ->> 'owner' as owner, f.answer ->> 'criticality' as criticality from finding f
      where f.alert_id = a.id and f.kind = 'found' and f.answer ? 'criticality'
      -- What is known of the machine the alert is about comes before what is known of the other address in it.
      order by array_position(array['business-role-of-asset', 'asset-of-host', 'asset-of-address'], f.question), f.asked_at desc limit 1) asset on true
    left join lateral (
      select count(*)::int as times, max(b.received_at) as last_at,
        (array_agg(b.outcome order by b.decided_at desc) filter (where b.outcome is not null))[1] as last_outcome
      from alert b where lower(b.rule) = lower(a.rule) and lower(b.entity) = lower(a.entity) and b.received_at < a.received_at) earlier on true
    left join lateral (
      select run.id, run.state,
        (select count(*)::int from step s where s.run_id = run.id and s.state in ('done', 'skipped')) as done,
        (select count(*)::int from step s where s.run_id = run.id) as steps,
        (select s.waiting_for from step s where s.run_id = run.id and s.state = 'waiting' order by s.ordinal desc limit 1) as waiting_for,
        (select s.deadline from step s where s.run_id = run.id and s.state = 'waiting' order by s.ordinal desc limit 1) as deadline
      from run where run.alert_id = a.id order by run.started_at desc limit 1) r on true
    left join lateral (
      select reply.id, reply.state from reply left join decision on decision.id = reply.decision_id
      where reply.alert_id = a.id and (reply.state <> 'draft' or decision.undone_at is null) order by reply.created_at desc limit 1) p on true
    order by ${order[query.tab]}`.execute(db)
  return found.rows
}

async function queueCounts(db: Db, query: QueueQuery, timeZone: string, now: Date): Promise<Queue['counts']> {
  const found = await sql<{ tab: string; n: string }>`
    select a.tab, count(*) as n from alert a where a.tab <> 'done' and ${matching(query)} group by a.tab
    union all select 'done', count(*) from alert a where a.tab = 'done' and a.decided_at >= ${midnight(timeZone, now)} and ${matching(query)}
    union all select 'all', count(*) from alert a where ${matching(query)}`.execute(db)
  const counts = Object.fromEntries(Tab.options.map((tab) => [tab, 0])) as Queue['counts']
  for (const row of found.rows) counts[Tab.parse(row.tab)] = Number(row.n)
  return counts
}

function queueRow(raw: Record<string, unknown>, names: ReadonlyMap<string, string>): QueueRow {
  const row = Row.parse(raw)
  const judgement = row.judgement === null ? null : Judgement.parse(row.judgement)
  const providerId = String(row['provider_id'])
  return QueueRow.parse({
    ...row,
    providerId,
    providerName: names.get(providerId) ?? providerId,
    owner: row['asset_owner'] ?? null,
    criticality: row['asset_criticality'] ?? null,
    receivedAt: iso(row['received_at'] as Date),
    risk: judgement === null ? null : { score: judgement.risk.score, level: judgement.risk.level },
    fidelity: judgement?.fidelity ?? null,
    rungs: judgement?.ladder.map(({ rung, state, delivered }) => ({ rung, state, delivered })) ?? [],
    before: {
      times: row['earlier_times'] ?? 0,
      lastAt: isoOrNull((row['earlier_last_at'] as Date | null) ?? null),
      lastOutcome: row['earlier_outcome'] ?? null,
    },
    run:
      row['run_id'] == null
        ? null
        : {
            id: row['run_id'],
            state: row['run_state'],
            done: row['run_done'],
            steps: row['run_steps'],
            waitingFor: row['waiting_for'],
            deadline: isoOrNull((row['deadline'] as Date | null) ?? null),
          },
    proposed: judgement?.proposal.outcome ?? null,
    decidedAt: isoOrNull(row['decided_at'] as Date | null),
    reply: row['reply_id'] == null ? null : { id: row['reply_id'], state: row['reply_state'] },
    assignee: row['assignee'] == null ? null : { id: row['assignee'], name: row['assignee_name'] },
    snooze:
      row['snooze_for'] == null
        ? null
        : {
            for: row['snooze_for'],
            until: isoOrNull(row['snooze_until'] as Date | null),
            by: row['snoozer_name'] ?? row['snoozed_by'],
            at: iso(row['snoozed_at'] as Date),
          },
    mergedInto: row['merged_into'] == null ? null : { id: row['merged_into'], number: row['lead_number'] },
  })
}

export async function providerNames(db: Db): Promise<{ id: string; name: string }[]> {
  const rows = await db.selectFrom('provider').select(['id', 'config']).orderBy('id').limit(1000).execute()
  return rows.map((row) => ({ id: row.id, name: Provider.parse(row.config).name }))
}

/** Where every message of the house went: nothing lost, nothing doubled. */
export async function reconcile(db: Db): Promise<Reconciliation> {
  const found = await sql<{ place: string; kind: string | null; n: string }>`
    select case when alert_id is not null then 'alert' when state = 'received' then 'waiting'
      when state in ('quarantined', 'refused') then 'quarantined' else 'known' end as place,
      case when alert_id is null and state = 'read' then kind end as kind, count(*) as n
    from message group by 1, 2`.execute(db)
  const again = await sql<{ n: string }>`select count(*) as n from message_again`.execute(db)
  const sum = (place: string): number =>
    found.rows.filter((row) => row.place === place).reduce((total, row) => total + Number(row.n), 0)
  return {
    received: found.rows.reduce((total, row) => total + Number(row.n), 0),
    inAlerts: sum('alert'),
    known: found.rows
      .filter((row) => row.place === 'known')
      .map((row) => ({ kind: row.kind ?? 'other', n: Number(row.n) })),
    quarantined: sum('quarantined'),
    waiting: sum('waiting'),
    again: Number(again.rows[0]?.n ?? 0),
    alerts: await countAlerts(db),
  }
}

/** Proof that the feed is alive: the last message, and each door's own word. */
async function feedOf(db: Db): Promise<Queue['feed']> {
  const last = await db
    .selectFrom('message')
    .select(['received_at', 'from_address', 'provider_id'])
    .orderBy('received_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  const doors = await db
    .selectFrom('intake_position')
    .select(['door', 'state', 'says', 'last_success_at'])
    .orderBy('door')
    .limit(50)
    .execute()
  return {
    lastMessage:
      last === undefined
        ? null
        : { at: iso(last.received_at), from: last.provider_id ?? last.from_address ?? 'an unknown sender' },
    doors: doors.map((door) => ({
      door: door.door,
      state: door.state,
      says: door.says,
      lastSuccessAt: isoOrNull(door.last_success_at),
    })),
  }
}

export async function countAlerts(db: Db): Promise<number> {
  const row = await db.selectFrom('alert').select(sql<string>`count(*)`.as('n')).executeTakeFirstOrThrow()
  return Number(row.n)
}

/** True when there is sample data on the desk, which every page then says. */
export async function anySample(db: Db): Promise<boolean> {
  const row = await db.selectFrom('alert').select('id').where('sample', '=', true).limit(1).executeTakeFirst()
  return row !== undefined
}
