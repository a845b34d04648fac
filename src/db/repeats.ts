import { sql } from 'kysely'
import type { AnsweredBefore, RepeatRate, RepeatRow } from '../contract/memory.ts'
import { Outcome } from '../model/triage.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** A question that was answered longer ago is asked anew (metrics: repeated-question rate). */
export const repeatDays = 90
/** Rows of the list behind a rate. */
const repeatsShownMax = 200
/** Alerts of a provider that its rate is counted over; the newest of more. */
const inboundMax = 20_000

/** Earlier alerts with the same question that are looked at, the newest: as many as a judgement looks at. */
const lookedMax = 50

/** The same question: same rule about the same thing, and the provider asks the same, or asks nothing both times. */
const sameQuestion = sql`
  lower(b.rule) = lower(a.rule) and lower(b.entity) = lower(a.entity) and b.question_key is not distinct from a.question_key
  and b.sample = a.sample and b.id <> a.id`

/** The decision that stands on the newest alert with the same question within 90 days before this one; null where there is none. */
export async function answeredBefore(
  db: Db,
  alertId: string,
): Promise<(AnsweredBefore & { readonly cites: string[] }) | null> {
  const { rows } = await sql<Record<string, unknown>>`
    select b.id, b.number, d.outcome, d.reason, d.decided_by, d.decided_at, d.cites, r.id as reply_id, r.sent_at, left(r.text, 4000) as text
    from alert a
    cross join lateral (
      select b.id, b.number from alert b where ${sameQuestion} and b.received_at <= a.received_at order by b.received_at desc limit ${lookedMax}) b
    join decision d on d.alert_id = b.id and d.undone_at is null
    left join lateral (
      select id, sent_at, text from reply where alert_id = b.id and decision_id = d.id and state = 'sent' order by sent_at desc limit 1) r on true
    where a.id = ${alertId}::uuid and d.decided_at > a.received_at - make_interval(days => ${repeatDays})
    order by r.sent_at is null, d.decided_at desc limit 1`.execute(db)
  const [row] = rows
  if (row === undefined) return null
  const by = String(row['decided_by'])
  return {
    ...{ alertId: String(row['id']), number: Number(row['number']), outcome: Outcome.parse(row['outcome']) },
    ...{
      reason: String(row['reason']),
      byName: (await namesOfActors(db, [by]))(by),
      at: iso(row['decided_at'] as Date),
    },
    answered:
      row['reply_id'] == null
        ? null
        : { replyId: String(row['reply_id']), at: iso(row['sent_at'] as Date), text: String(row['text']) },
    cites: row['cites'] as string[],
  }
}

export type DraftedAnswer = {
  readonly alertId: string
  readonly expectationId: string | null
  readonly fromAlert: string | null
  readonly outcome: Outcome
  readonly reason: string
  readonly cites: readonly string[]
  readonly text: string
  readonly at: Date
}

/** Keeps the drafted answer of an alert in place of an earlier one; true for the first. */
export async function saveDraftedAnswer(tx: Db, drafted: DraftedAnswer): Promise<boolean> {
  const values = {
    ...{ expectation_id: drafted.expectationId, from_alert: drafted.fromAlert, outcome: drafted.outcome },
    ...{ reason: plainText(drafted.reason), cites: [...drafted.cites], text: plainText(drafted.text) },
  }
  const { rows } = await sql<{ fresh: boolean }>`
    insert into drafted_answer (alert_id, expectation_id, from_alert, outcome, reason, cites, text, drafted_at)
    values (${drafted.alertId}::uuid, ${values.expectation_id}::uuid, ${values.from_alert}::uuid, ${values.outcome}, ${values.reason}, ${values.cites}::uuid[],
      ${values.text}, ${drafted.at})
    on conflict (alert_id) do update set expectation_id = excluded.expectation_id, from_alert = excluded.from_alert, outcome = excluded.outcome,
      reason = excluded.reason, cites = excluded.cites, text = excluded.text
    returning xmax = 0 as fresh`.execute(tx)
  return rows[0]?.fresh === true
}

export async function draftedAnswerOf(db: Db, alertId: string) {
  const row = await db
    .selectFrom('drafted_answer as d')
    .leftJoin('expectation as e', 'e.id', 'd.expectation_id')
    .leftJoin('alert as f', 'f.id', 'd.from_alert')
    .select([
      'd.outcome',
      'd.reason',
      'd.cites',
      'd.text',
      'd.drafted_at',
      'e.number as expectation',
      'f.number as from_number',
    ])
    .where('d.alert_id', '=', alertId)
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    ...{ outcome: Outcome.parse(row.outcome), reason: row.reason, cites: row.cites, text: row.text },
    ...{ at: iso(row.drafted_at), expectation: row.expectation, fromNumber: row.from_number },
  }
}

/** Takes the drafted answer away that nothing remembers any more. */
export async function dropDraftedAnswer(tx: Db, alertId: string): Promise<void> {
  await tx.deleteFrom('drafted_answer').where('alert_id', '=', alertId).execute()
}

/** Inbound alerts, each with whether we had answered the same question: an answer that left within 90 days before, of a decision that stands. */
const inbound = (providerId: string | null, from: Date, to: Date) => sql`
  select a.id, a.number, a.rule, a.entity, a.received_at, a.provider_id, b.id as before_id, b.number as before_number, b.sent_at as before_at
  from (
    select * from (
      select *, row_number() over (partition by provider_id order by received_at desc) as place from alert
      where not sample and kind = 'alert' and received_at >= ${from} and received_at <= ${to}
        and (${providerId}::text is null or provider_id = ${providerId})) newest
    where place <= ${inboundMax}) a
  left join lateral (
    select b.id, b.number, r.sent_at from (
      select b.id, b.number from alert b where ${sameQuestion} and b.received_at <= a.received_at order by b.received_at desc limit ${lookedMax}) b
    join decision d on d.alert_id = b.id and d.undone_at is null
    join reply r on r.alert_id = b.id and r.decision_id = d.id and r.state = 'sent'
    where r.sent_at < a.received_at and r.sent_at > a.received_at - make_interval(days => ${repeatDays})
    order by r.sent_at desc limit 1) b on true`

/** How often each provider asked what we had answered. Sample data is left out. */
export async function repeatRates(
  db: Db,
  from: Date,
  to: Date,
): Promise<readonly Pick<RepeatRate, 'providerId' | 'n' | 'repeated'>[]> {
  const { rows } = await sql<{ provider_id: string; n: number; repeated: number }>`
    select provider_id, count(*)::int as n, count(before_id)::int as repeated from (${inbound(null, from, to)}) i group by provider_id order by provider_id`.execute(
    db,
  )
  return rows.map((row) => ({ providerId: row.provider_id, n: row.n, repeated: row.repeated }))
}

/** The list behind the rate of a provider, newest first. */
export async function repeatsOf(db: Db, providerId: string, from: Date, to: Date): Promise<readonly RepeatRow[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select * from (${inbound(providerId, from, to)}) i where before_id is not null order by received_at desc limit ${repeatsShownMax}`.execute(
    db,
  )
  return rows.map((row) => ({
    ...{ alertId: String(row['id']), number: Number(row['number']), receivedAt: iso(row['received_at'] as Date) },
    ...{ rule: String(row['rule']), entity: String(row['entity']) },
    before: {
      ...{ alertId: String(row['before_id']), number: Number(row['before_number']) },
      answeredAt: isoOrNull(row['before_at'] as Date) ?? '',
    },
  }))
}
