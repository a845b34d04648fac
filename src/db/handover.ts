import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { Handover, HandoverFacts, type HandoverSection, handoverRowsMax } from '../contract/handover.ts'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import { outcomeTitles } from '../model/triage.ts'
import { iso, isoOrNull, jsonb } from './jsonb.ts'
import { type Db, readOnly, transaction } from './open.ts'
import { openTickets } from './tickets.ts'

/** Handovers that the page lists: a month of three shifts a day. */
const listedMax = 90
/** Where there was none before, a shift is taken to have been so long. */
const firstShiftHours = 12
/** A clock that runs out in the shift that begins now is its business: half a day covers the longest. */
const soonHours = 12
/** Of a comment that is shown as one line. */
const commentChars = 120

type Row = { n: string; text: string; who: string | null; at: Date | null; href: string | null }

/** The beginning of what the next handover tells: the end of the last one. */
export async function lastHandoverAt(db: Db, now: Date): Promise<string> {
  const last = await db.selectFrom('handover').select('to_at').orderBy('signed_at', 'desc').limit(1).executeTakeFirst()
  return iso(last?.to_at ?? new Date(now.getTime() - firstShiftHours * 3_600_000))
}

/** What the record says of the time between; sample data is left out. All from one state of it, so that the numbers fit together. */
export async function handoverFacts(db: Db, from: string, to: Date): Promise<HandoverSection[]> {
  return readOnly(db, async (tx) => {
    const section = async (
      id: HandoverSection['id'],
      title: string,
      rows: Promise<{ rows: Row[] }>,
    ): Promise<HandoverSection> => {
      const found = (await rows).rows
      return {
        id,
        title,
        n: Number(found[0]?.n ?? 0),
        rows: found.map((row) => ({ text: row.text, who: row.who ?? '', at: isoOrNull(row.at), href: row.href })),
      }
    }
    const end = iso(to)
    const name = sql`'A-' || a.number || ' ' || a.title`
    const link = sql`'/alerts/' || a.id`
    const ticket = sql`'T-' || a.number || ' ' || a.title`
    const ticketLink = sql`'/alerts/' || a.id || '#ticket'`
    const outcomeWords = sql`case d.outcome ${sql.join(
      Object.entries(outcomeTitles).map(([outcome, words]) => sql`when ${outcome} then ${words}`),
      sql` `,
    )} else d.outcome end`
    const worked = sql`not a.sample and a.id in ${openTickets}`
    return [
      await section(
        'new',
        'New alerts',
        sql<Row>`
        select count(*) over () as n, ${name} as text, coalesce(p.config ->> 'name', a.provider_id) as who, a.received_at as at, ${link} as href from alert a left join provider p on p.id = a.provider_id
        where not a.sample and a.received_at >= ${from}::timestamptz and a.received_at < ${end}::timestamptz order by a.received_at desc limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'decided',
        'Decided',
        sql<Row>`
        select count(*) over () as n, ${name} || ': ' || ${outcomeWords} as text, coalesce(u.name, d.decided_by) as who, d.decided_at as at, ${link} as href
        from decision d join alert a on a.id = d.alert_id left join app_user u on 'user:' || u.id = d.decided_by
        where not a.sample and d.undone_at is null and d.decided_at >= ${from}::timestamptz and d.decided_at < ${end}::timestamptz
        order by d.decided_at desc limit ${handoverRowsMax}`.execute(tx),
      ),
      await section(
        'open',
        'To be decided',
        sql<Row>`
        select count(*) over () as n, ${name} as text, coalesce(u.name, 'nobody yet') as who, a.received_at as at, ${link} as href
        from alert a left join app_user u on u.id = a.assignee
        where not a.sample and a.tab = 'needs' order by a.priority desc, a.received_at limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'clocks',
        `Clocks that ran out, or will within ${soonHours} hours`,
        sql<Row>`
        select count(*) over () as n, ${ticket} || ': ' || clock.says || case when clock.due_at < ${end}::timestamptz then ', ran out' else ', runs out' end as text,
          case when clock.ours then coalesce(u.name, 'nobody yet') else coalesce(p.config ->> 'name', a.provider_id) end as who, clock.due_at as at, ${ticketLink} as href
        from ticket t join alert a on a.id = t.alert_id left join app_user u on u.id = a.assignee left join provider p on p.id = a.provider_id
          cross join lateral (values (true, 'we owe it', t.ours_due_at), (false, 'they owe it', t.theirs_due_at)) as clock (ours, says, due_at)
        where ${worked} and clock.due_at < ${end}::timestamptz + make_interval(hours => ${soonHours}) order by clock.due_at limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'waiting',
        'Waiting',
        sql<Row>`
        select count(*) over () as n, ${name} as text,
          case a.tab when 'asked' then coalesce('the answer of ' || q.email, 'an answer') when 'provider' then 'the provider ' || coalesce(p.config ->> 'name', a.provider_id)
            when 'approver' then 'an approver' when 'snoozed' then coalesce('until ' || to_char(a.snooze_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC', 'evidence') else 'playbook' end as who,
          a.received_at as at, ${link} as href
        from alert a left join lateral (select email from person_question q where q.alert_id = a.id and q.answered_at is null order by asked_at desc limit 1) q on true left join provider p on p.id = a.provider_id
        where not a.sample and a.tab in ('asked', 'provider', 'approver', 'snoozed', 'running') order by a.received_at limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'tasks',
        'Open tasks',
        sql<Row>`
        select count(*) over () as n, 'T-' || a.number || ' ' || k.title as text, coalesce(u.name, 'nobody yet') as who, k.due_at as at, ${ticketLink} as href
        from ticket_task k join alert a on a.id = k.alert_id left join app_user u on u.id = coalesce(k.owner, a.assignee)
        where ${worked} and k.done_at is null and k.removed_at is null order by k.due_at nulls last, k.added_at limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'mentions',
        'Mentions without an answer',
        sql<Row>`
        select count(*) over () as n, 'T-' || a.number || ' ' || left(regexp_replace(c.text, '\\s+', ' ', 'g'), ${commentChars}) as text, u.name as who,
          c.written_at as at, ${ticketLink} as href
        from ticket_comment c join alert a on a.id = c.alert_id join app_user u on u.id = any(c.mentions)
        where ${worked} and not exists (
          select from ticket_comment later where later.alert_id = c.alert_id and later.written_by = 'user:' || u.id and later.written_at > c.written_at)
        order by c.written_at limit ${handoverRowsMax}`.execute(tx),
      ),
      await section(
        'sent',
        'Answers sent',
        sql<Row>`
        select count(*) over () as n, 'A-' || a.number || ' ' || p.subject as text, coalesce(u.name, p.released_by) as who, p.sent_at as at, '/replies/' || p.id as href
        from reply p join alert a on a.id = p.alert_id left join app_user u on 'user:' || u.id = p.released_by
        where not a.sample and p.sent_at >= ${from}::timestamptz and p.sent_at < ${end}::timestamptz order by p.sent_at desc limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'unsure',
        'Answers that did not surely arrive',
        sql<Row>`
        select count(*) over () as n, 'A-' || a.number || ' ' || p.subject || case p.state when 'failed' then ': refused for good' else ': nobody can know whether it arrived' end as text, coalesce(v.config ->> 'name', p.provider_id) as who, p.released_at as at, '/replies/' || p.id as href
        from reply p join alert a on a.id = p.alert_id left join provider v on v.id = p.provider_id
        where not a.sample and p.state in ('unconfirmed', 'failed') order by p.released_at desc nulls last limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'sources',
        'Sources that fail',
        sql<Row>`
        select count(*) over () as n, connector || ': ' || last_why as text, '' as who, failing_since as at, '/settings/connectors' as href
        from connector_state where failing_since is not null order by failing_since limit ${handoverRowsMax}`.execute(
          tx,
        ),
      ),
      await section(
        'doors',
        'Doors that are not well',
        sql<Row>`
        select count(*) over () as n, door || ': ' || state || case when says = '' then '' else ', ' || says end as text, '' as who, changed_at as at, '/settings/house' as href
        from intake_position where state not in ('active', 'ok') order by door limit ${handoverRowsMax}`.execute(tx),
      ),
    ]
  })
}

/** Keeps a handover as it was signed, with its line. */
export async function signHandover(
  db: Db,
  signed: { readonly facts: HandoverFacts; readonly note: string; readonly by: string },
  clock: Clock,
): Promise<string> {
  const id = randomUUID()
  const { facts, note, by } = signed
  await transaction(db, async (tx) => {
    await tx
      .insertInto('handover')
      .values({
        id,
        from_at: facts.from,
        to_at: facts.to,
        note,
        facts: jsonb(facts),
        signed_by: by,
        signed_at: clock.now(),
      })
      .execute()
    const counts = Object.fromEntries(facts.sections.map((section) => [section.id, section.n]))
    await append(
      tx,
      {
        kind: 'handover.signed',
        actor: by,
        subject: `handover:${id}`,
        body: { from: facts.from, to: facts.to, note, counts },
      },
      clock,
    )
  })
  return id
}

/** The next shift has read it: once. False where it is not there, or was taken already. */
export async function takeHandover(db: Db, id: string, by: string, clock: Clock): Promise<boolean> {
  return transaction(db, async (tx) => {
    const taken = await tx
      .updateTable('handover')
      .set({ taken_by: by, taken_at: clock.now() })
      .where('id', '=', id)
      .where('taken_at', 'is', null)
      .returning('id')
      .executeTakeFirst()
    if (taken === undefined) return false
    await append(tx, { kind: 'handover.taken', actor: by, subject: `handover:${id}`, body: {} }, clock)
    return true
  })
}

export async function handovers(db: Db): Promise<Handover[]> {
  const { rows } = await sql<{
    id: string
    note: string
    facts: unknown
    signed_by: string
    signed_at: Date
    taken_by: string | null
    taken_at: Date | null
  }>`
    select h.id, h.note, h.facts, coalesce(s.name, h.signed_by) as signed_by, h.signed_at, coalesce(t.name, h.taken_by) as taken_by, h.taken_at
    from handover h left join app_user s on 'user:' || s.id = h.signed_by left join app_user t on 'user:' || t.id = h.taken_by
    order by h.signed_at desc limit ${listedMax}`.execute(db)
  return rows.map((row) =>
    Handover.parse({
      id: row.id,
      note: row.note,
      facts: HandoverFacts.parse(row.facts),
      signedBy: row.signed_by,
      signedAt: iso(row.signed_at),
      takenBy: row.taken_by,
      takenAt: isoOrNull(row.taken_at),
    }),
  )
}
