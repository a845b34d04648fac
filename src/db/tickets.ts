import { sql } from 'kysely'
import type { TicketQuery } from '../contract/tickets.ts'
import { ticketRowsMax } from '../contract/tickets.ts'
import type { Severity } from '../model/alert.ts'
import { type Ticketing, TicketState, TicketType, ticketingDefault } from '../model/ticket.ts'
import { plainText } from './jsonb.ts'
import { containing } from './like.ts'
import type { Db } from './open.ts'
import { isRare, withoutOrder } from './queue-history.ts'
import { settingOf } from './settings.ts'

/** A ticket with what its clocks are counted from. Times in ms since 1970. */
export type TicketRecord = {
  readonly alertId: string
  readonly number: number
  readonly type: TicketType
  readonly state: TicketState
  readonly title: string
  readonly providerId: string
  readonly theirs: string | null
  readonly severity: Severity
  readonly owner: { readonly id: string; readonly name: string } | null
  readonly outcome: string | null
  readonly occurredAt: number | null
  readonly receivedAt: number
  readonly acknowledgedAt: number | null
  readonly acknowledgedBy: string | null
  readonly decidedAt: number | null
  /** Set while a decided ticket is work again. */
  readonly reopenedAt: number | null
  readonly closedAt: number | null
  readonly closedBy: string | null
  readonly closeNote: string | null
  readonly mergedInto: { readonly id: string; readonly number: number } | null
  readonly waits: readonly { readonly from: number; readonly to: number | null }[]
  readonly tasks: { readonly done: number; readonly all: number }
  readonly comments: number
  readonly sample: boolean
}

/** Where a ticket is, worked out of its alert: see TicketState. */
const stateOf = sql<TicketState>`
  case
    when a.tab = 'merged' then 'merged'
    when a.tab = 'done' and t.closed_at is not null then 'closed'
    when a.tab = 'done' and t.reopened_at is null then 'resolved'
    when a.tab = 'provider' then 'waiting-provider'
    when a.tab = 'approver' then 'waiting-approver'
    when a.tab = 'asked' then 'waiting-person'
    when a.tab = 'snoozed' then 'snoozed'
    when t.acknowledged_at is null then 'new'
    else 'in-progress' end`

/** Alerts whose tickets are open: what is worked on, and what was decided and opened again. Both are found by an index among what is done. */
export const openTickets = sql`(
  select id from alert where tab not in ('done', 'merged') union all select alert_id from ticket where reopened_at is not null)`
const isOpen = sql<boolean>`a.id in ${openTickets}`

const ms = (date: unknown): number | null => (date instanceof Date ? date.getTime() : null)

function recordOf(row: Record<string, unknown>): TicketRecord {
  const text = (name: string): string | null => (row[name] as string | null) ?? null
  return {
    alertId: String(row['id']),
    number: Number(row['number']),
    type: TicketType.catch('provider-alert').parse(row['type']),
    state: TicketState.parse(row['state']),
    title: String(row['rule'] ?? row['title']),
    providerId: String(row['provider_id']),
    theirs: text('ticket'),
    severity: row['severity'] as Severity,
    owner: row['assignee'] == null ? null : { id: String(row['assignee']), name: String(row['owner_name'] ?? '') },
    outcome: text('outcome'),
    occurredAt: ms(row['occurred_at']),
    receivedAt: ms(row['received_at']) ?? 0,
    acknowledgedAt: ms(row['acknowledged_at']),
    acknowledgedBy: text('acknowledged_by'),
    decidedAt: ms(row['decided_at']),
    reopenedAt: ms(row['reopened_at']),
    closedAt: ms(row['closed_at']),
    closedBy: text('closed_by'),
    closeNote: text('close_note'),
    mergedInto:
      row['merged_into'] == null ? null : { id: String(row['merged_into']), number: Number(row['lead_number']) },
    waits: (row['waits'] as { from: number; to: number | null }[] | null) ?? [],
    tasks: { done: Number(row['tasks_done'] ?? 0), all: Number(row['tasks_all'] ?? 0) },
    comments: Number(row['comments'] ?? 0),
    sample: row['sample'] === true,
  }
}

/** The columns of a record, of alerts `a` with their tickets `t` that `picked` names, in its order. */
function records(picked: ReturnType<typeof sql>, order: ReturnType<typeof sql>) {
  return sql<Record<string, unknown>>`
    select a.id, a.number, a.rule, a.title, a.provider_id, a.ticket, a.severity, a.assignee, owner.name as owner_name, a.outcome,
      a.occurred_at, a.received_at, a.decided_at, a.merged_into, lead.number as lead_number, a.sample, coalesce(t.type, 'provider-alert') as type,
      t.acknowledged_at, t.acknowledged_by, t.closed_at, t.closed_by, t.close_note, t.reopened_at, ${stateOf} as state,
      (select json_agg(json_build_object('from', extract(epoch from w.from_at) * 1000, 'to', extract(epoch from w.to_at) * 1000) order by w.from_at)
        from ticket_wait w where w.alert_id = a.id) as waits,
      (select count(*) from ticket_task k where k.alert_id = a.id and k.removed_at is null) as tasks_all,
      (select count(*) from ticket_task k where k.alert_id = a.id and k.removed_at is null and k.done_at is not null) as tasks_done,
      (select count(*) from ticket_comment c where c.alert_id = a.id) as comments
    from (${picked}) p
    join alert a on a.id = p.id left join ticket t on t.alert_id = a.id
    left join app_user owner on owner.id = a.assignee left join alert lead on lead.id = a.merged_into
    order by ${order}`
}

/**
 * A clock of it ran out: only what is open has clocks, and is few. Behind `offset 0`, because PostgreSQL guesses from old statistics that hardly
 * any ticket is overdue, and then looks through all of them for each that is (2.6 s among a million).
 */
const overdue = (state: ReturnType<typeof sql>) => sql<boolean>`a.id in (select o.id from (
    select a.id, t.ours_state, t.theirs_state from alert a join ticket t on t.alert_id = a.id where ${isOpen} offset 0) o where ${state} = 'overdue')`

/** Tickets as a list: what runs out first on top, of ended ones the newest. One row more than a page holds where there are more. */
export async function listTickets(db: Db, query: TicketQuery, me: string): Promise<TicketRecord[]> {
  const words = query.q.trim()
  const number = /^[at]-?(\d{1,9})$/i.exec(words)?.[1]
  // A clock that ran out is of an open ticket in any case; asked twice, PostgreSQL looks through what is open twice.
  const any = query.state === 'all' || (query.state === 'open' && query.clock !== '')
  const state = any ? sql`true` : query.state === 'open' ? isOpen : sql`${stateOf} = ${query.state}`
  // States of ended work are many: their tab is named as well, so that its index is used.
  const tab = { resolved: 'done', closed: 'done', merged: 'merged' }[query.state as string]
  const conditions = [
    state,
    tab === undefined ? sql`true` : sql`a.tab = ${tab}`,
    query.type === '' ? sql`true` : sql`coalesce(t.type, 'provider-alert') = ${query.type}`,
    query.owner === ''
      ? sql`true`
      : query.owner === 'nobody'
        ? sql`a.assignee is null`
        : sql`a.assignee = ${query.owner === 'me' ? me : query.owner}::uuid`,
    query.clock === '' ? sql`true` : overdue(query.clock === 'ours-overdue' ? sql`o.ours_state` : sql`o.theirs_state`),
    number === undefined ? sql`true` : sql`a.number = ${Number(number)}`,
  ]
  const worded = words === '' || number !== undefined ? null : sql<boolean>`a.words like lower(${containing(words)})`
  // What is open is few, whatever they say; of all tickets, a rare word is looked up.
  const from =
    worded !== null && query.state !== 'open' && (await isRare(db, worded)) ? withoutOrder(worded) : sql`alert a`
  if (worded !== null) conditions.push(worded)
  const order =
    query.state === 'open' ? sql`t.ours_due_at asc nulls last, a.priority desc, a.received_at` : sql`a.received_at desc`
  const picked = sql`
    select a.id from ${from} left join ticket t on t.alert_id = a.id where ${sql.join(conditions, sql` and `)}
    order by ${order} limit ${ticketRowsMax + 1}`
  return (await records(picked, order).execute(db)).rows.map(recordOf)
}

export async function countOpenTickets(db: Db): Promise<number> {
  const found = await sql<{ n: number }>`
    select count(*)::int as n from ${openTickets} o`.execute(db)
  return found.rows[0]?.n ?? 0
}

/** The ticket of an alert; null when there is no such alert. */
export async function ticketOf(db: Db, alertId: string): Promise<TicketRecord | null> {
  const { rows } = await records(sql`select ${alertId}::uuid as id`, sql`a.id`).execute(db)
  return rows[0] === undefined ? null : recordOf(rows[0])
}

/** Open tickets in the order of their ids, after this one: for the watch, which goes through all of them in pieces. */
export async function openTicketsAfter(db: Db, after: string | null, most: number): Promise<TicketRecord[]> {
  const from = after === null ? sql`true` : sql`a.id > ${after}::uuid`
  const picked = sql`
    select a.id from alert a left join ticket t on t.alert_id = a.id
    where ${isOpen} and ${from} order by a.id limit ${most}`
  return (await records(picked, sql`a.id`).execute(db)).rows.map(recordOf)
}

export type DueMark = { readonly dueAt: number | null; readonly state: string | null }
/** When the most urgent clock of each side runs out. */
export type Due = { readonly alertId: string; readonly ours: DueMark; readonly theirs: DueMark }

/** Keeps when the clocks of tickets run out, for lists that sort by it: one statement, that writes only what changed. Ended tickets have none. */
export async function saveDue(db: Db, dues: readonly Due[]): Promise<void> {
  const column = <T>(of: (due: Due) => T): T[] => dues.map(of)
  const dates = (side: 'ours' | 'theirs') =>
    column((due) => (due[side].dueAt === null ? null : new Date(due[side].dueAt)))
  await sql`
    update ticket t set ours_due_at = d.ours_due_at, ours_state = d.ours_state, theirs_due_at = d.theirs_due_at, theirs_state = d.theirs_state
    from unnest(${column(({ alertId }) => alertId)}::uuid[], ${dates('ours')}::timestamptz[], ${column(({ ours }) => ours.state)}::text[],
      ${dates('theirs')}::timestamptz[], ${column(({ theirs }) => theirs.state)}::text[])
      as d (alert_id, ours_due_at, ours_state, theirs_due_at, theirs_state)
    where t.alert_id = d.alert_id and (t.ours_due_at, t.ours_state, t.theirs_due_at, t.theirs_state)
      is distinct from (d.ours_due_at, d.ours_state, d.theirs_due_at, d.theirs_state)`.execute(db)
}

/** Tickets that ended since the watch last looked have no clock that runs. */
export async function clearEndedDue(db: Db): Promise<void> {
  await sql`
    update ticket t set ours_due_at = null, ours_state = null, theirs_due_at = null, theirs_state = null
    from alert a where a.id = t.alert_id and a.tab in ('done', 'merged') and t.reopened_at is null and (t.ours_state is not null or t.theirs_state is not null)`.execute(
    db,
  )
}

export async function setType(tx: Db, alertId: string, type: TicketType): Promise<void> {
  await tx
    .insertInto('ticket')
    .values({ alert_id: alertId, type })
    .onConflict((on) => on.column('alert_id').doUpdateSet({ type }))
    .execute()
}

export async function setClosed(
  tx: Db,
  alertId: string,
  closed: { by: string; at: Date; note: string },
): Promise<void> {
  const set = { closed_at: closed.at, closed_by: closed.by, close_note: plainText(closed.note), reopened_at: null }
  await tx.updateTable('ticket').set(set).where('alert_id', '=', alertId).execute()
}

export async function setReopened(tx: Db, alertId: string, at: Date): Promise<void> {
  await tx
    .updateTable('ticket')
    .set({ closed_at: null, closed_by: null, close_note: null, reopened_at: at })
    .where('alert_id', '=', alertId)
    .execute()
}

/** The house's rules for tickets: as a person wrote them, else as they come. */
export async function ticketingOf(db: Db): Promise<{ readonly rules: Ticketing; readonly version: number }> {
  return (await settingOf(db, 'ticketing')) ?? { rules: ticketingDefault, version: 0 }
}
