import { sql } from 'kysely'
import { Letter } from '../model/letter.ts'
import { ProposedChange, type TuningMeasured, type TuningRequest, TuningState, tuningDueDays } from '../model/tuning.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** Matching alerts that are counted; more are said as so many. */
const countedMax = 1000
const listedMax = 300

/** Writes down that a decision asks the provider for a change of a rule. */
export async function insertTuning(
  tx: Db,
  made: { readonly id: string; readonly decisionId: string; readonly alertId: string; readonly at: Date },
): Promise<void> {
  await sql`
    insert into tuning_request (id, decision_id, alert_id, provider_id, rule, entity, sample, created_at)
    select ${made.id}::uuid, ${made.decisionId}::uuid, a.id, a.provider_id, a.rule, a.entity, a.sample, ${made.at} from alert a
    where a.id = ${made.alertId}::uuid and a.rule is not null`.execute(tx)
}

/** A decision was taken back, and what it asked for with it. */
export async function withdrawTuning(tx: Db, decisionId: string, by: string, at: Date): Promise<void> {
  await tx
    .updateTable('tuning_request')
    .set({ state: 'withdrawn', state_by: by, state_at: at, note: 'The decision was taken back.' })
    .where('decision_id', '=', decisionId)
    .execute()
}

export async function changeTuning(
  tx: Db,
  id: string,
  change: {
    readonly state: TuningState
    readonly note: string
    readonly dueAt: Date | null
    readonly by: string
    readonly at: Date
  },
): Promise<boolean> {
  const set = {
    ...{ state: change.state, note: plainText(change.note), state_by: change.by, state_at: change.at },
    ...(change.dueAt === null ? {} : { due_at: change.dueAt }),
  }
  const done = await tx.updateTable('tuning_request').set(set).where('id', '=', id).executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Keeps the change that is proposed; the one before is on the ledger. */
export async function saveTuningChange(tx: Db, id: string, change: ProposedChange): Promise<void> {
  await tx
    .updateTable('tuning_request')
    .set({ change: jsonb(change) })
    .where('id', '=', id)
    .execute()
}

/** The lapse after this reply has its follow-up. */
export async function setFollowed(tx: Db, id: string, replyId: string): Promise<void> {
  await tx.updateTable('tuning_request').set({ followed: replyId }).where('id', '=', id).execute()
}

/** Takes the row of a request until the transaction ends: the reply that its last follow-up was written after. */
export async function lockTuning(tx: Db, id: string): Promise<string | null> {
  const row = await tx
    .selectFrom('tuning_request')
    .select('followed')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return row?.followed ?? null
}

const dueDays = sql.lit(tuningDueDays)
const matches = sql`
  b.provider_id = t.provider_id and lower(b.rule) = lower(t.rule) and (t.entity is null or lower(b.entity) = lower(t.entity))
  and b.sample = t.sample and b.id <> t.alert_id`

/** Which requests: of one id, those that fit an alert (not refused or withdrawn), or all. */
export type WhichTuning = { readonly id: string } | { readonly fitting: string } | 'all'

export type KnownTuning = TuningRequest & {
  /** The newest reply that asked, and its decision: a follow-up hangs there. */
  readonly lastReplyId: string | null
}

/** What is made of the record: by the stream, and of the provider's words (playbooks/memory/tuning-now.ts). */
export type TuningJudge = {
  readonly measured: (request: {
    readonly state: TuningState
    readonly askedAt: number | null
    readonly dueAt: number | null
    readonly afterDue: number
    readonly now: number
  }) => TuningMeasured
  readonly proposed: (text: string) => { readonly state: TuningState; readonly quote: string } | null
}

/** Requests with what is measured of them now, those that lapsed first. */
export async function tuningRequests(
  db: Db,
  which: WhichTuning,
  now: Date,
  judge: TuningJudge,
): Promise<readonly KnownTuning[]> {
  const narrow =
    which === 'all'
      ? sql`true`
      : 'id' in which
        ? sql`t.id = ${which.id}::uuid`
        : sql`t.state not in ('refused', 'withdrawn') and exists (
            select 1 from alert b where b.id = ${which.fitting}::uuid and b.provider_id = t.provider_id and lower(b.rule) = lower(t.rule)
              and (t.entity is null or lower(b.entity) = lower(t.entity)) and b.sample = t.sample)`
  const { rows } = await sql<Record<string, unknown>>`
    select t.*, d.reason, d.decided_by, a.number as alert_number, coalesce(p.config ->> 'name', t.provider_id) as provider_name,
      s.first_at, s.first_id, s.first_to, s.last_at as asked_last, s.last_id, due.at as due, m.since, m.after_due, m.last_at, f.id as follow_up,
      w.letter as said, w.received_at as said_at
    from tuning_request t
    join decision d on d.id = t.decision_id join alert a on a.id = t.alert_id left join provider p on p.id = t.provider_id
    left join lateral (
      select min(sent_at) as first_at, (array_agg(id order by sent_at))[1] as first_id, (array_agg(to_json(recipients) order by sent_at))[1] as first_to,
        max(sent_at) as last_at, (array_agg(id order by sent_at desc))[1] as last_id
      from reply where decision_id = t.decision_id and state = 'sent' and sent_at is not null) s on true
    cross join lateral (select case when t.due_at > s.last_at then t.due_at else s.last_at + make_interval(days => ${dueDays}) end as at) due
    cross join lateral (
      select count(*)::int as since, (count(*) filter (where b.received_at > due.at))::int as after_due, max(b.received_at) as last_at from (
        select b.received_at from alert b where ${matches} and b.received_at > s.first_at order by b.received_at desc limit ${sql.lit(countedMax)}) b) m
    left join lateral (
      select id from reply where decision_id = t.decision_id and state in ('draft', 'held') and s.first_at is not null order by created_at desc limit 1) f on true
    left join lateral (
      select letter, received_at from message where alert_id = t.alert_id and provider_id = t.provider_id and received_at > s.first_at and letter is not null
      order by received_at desc limit 1) w on true
    where ${narrow} order by m.after_due = 0, t.number desc limit ${listedMax}`.execute(db)
  const nameOf = await namesOfActors(db, rows.map((row) => String(row['decided_by']))) // biome-ignore format: one line
  return rows.map((row) => tuningOf(row, now, nameOf, judge))
}

function tuningOf(
  row: Record<string, unknown>,
  now: Date,
  nameOf: (actor: string | null) => string,
  judge: TuningJudge,
): KnownTuning {
  const date = (name: string): Date | null => (row[name] as Date | null) ?? null
  const text = (name: string): string | null => (row[name] as string | null) ?? null
  const state = TuningState.parse(row['state'])
  const first = date('first_at')
  const last = date('asked_last')
  const due = date('due')
  const afterDue = Number(row['after_due'] ?? 0)
  return {
    ...{ id: String(row['id']), number: Number(row['number']), providerId: String(row['provider_id']) },
    alert: { id: String(row['alert_id']), number: Number(row['alert_number']) },
    ...{ providerName: String(row['provider_name']), rule: String(row['rule']), entity: text('entity') },
    ...{ reason: String(row['reason']), byName: nameOf(String(row['decided_by'])) },
    ...{ state, stateAt: isoOrNull(date('state_at')), note: String(row['note']) },
    asked:
      first === null ? null : { at: iso(first), to: row['first_to'] as string[], replyId: String(row['first_id']) },
    askedAgainAt: last === null || last.getTime() === first?.getTime() ? null : iso(last),
    dueAt: isoOrNull(due),
    measured: judge.measured({
      ...{ state, afterDue, now: now.getTime() },
      ...{ askedAt: first?.getTime() ?? null, dueAt: due?.getTime() ?? null },
    }),
    ...{ since: Number(row['since'] ?? 0), afterDue, lastAt: isoOrNull(date('last_at')) },
    ...{ followUp: text('follow_up'), lastReplyId: text('last_id'), sample: row['sample'] === true },
    change: row['change'] == null ? null : ProposedChange.parse(row['change']),
    proposed: proposalIn(row, state, date('state_at'), judge),
  }
}

/** The provider's newest words since it was asked, unless a person wrote its state down after them. */
function proposalIn(
  row: Record<string, unknown>,
  state: TuningState,
  stateAt: Date | null,
  judge: TuningJudge,
): TuningRequest['proposed'] {
  const at = row['said_at'] as Date | null
  if (row['said'] == null || at === null || (stateAt !== null && stateAt >= at)) return null
  const parts = Letter.parse(row['said']).parts.filter(({ path }) => path !== 'subject')
  const found = judge.proposed(parts.map((part) => part.text).join('\n'))
  return found === null || found.state === state ? null : { ...found, at: iso(at) }
}
