import { sql } from 'kysely'
import { Reading } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import { Letter } from '../model/letter.ts'
import type { MessageKind } from '../model/message.ts'
import type { Decision, Outcome, PastAlert } from '../model/triage.ts'
import { type AlertRecord, alertsByIds } from './alerts.ts'
import { decisionsOfAlerts } from './decisions.ts'
import { findingsOfAlerts } from './findings.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** Everything that was recorded about an alert: what a look back may use. */
export type RecordedAlert = {
  readonly record: AlertRecord
  /** All answers that were recorded, whoever asked. */
  readonly findings: readonly Finding[]
  /** Those that the playbook asked for which ran by itself: what it attained. */
  readonly ran: readonly Finding[]
  readonly decision: Decision | null
  /** Earlier alerts of the same rule about the same entity, as their decisions stood when this one was judged. */
  readonly history: readonly PastAlert[]
  /** The playbook that ran by itself; null where none did. */
  readonly playbookId: string | null
}

/** Where a walk through the past goes on, oldest first. `at` is the record's own text of the moment: a Date would lose its microseconds. */
export type After = { readonly at: string; readonly id: string }
export type Page<T> = { readonly rows: readonly T[]; readonly next: After | null }
export type Stretch = { readonly from: Date; readonly to: Date }

export async function countRecordedAlerts(db: Db, { from, to }: Stretch): Promise<number> {
  const row = await db
    .selectFrom('alert')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('received_at', '>=', from)
    .where('received_at', '<', to)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

/** The next alerts of a stretch with everything recorded about them. Five statements however many they are. */
export async function recordedAlerts(
  db: Db,
  { from, to }: Stretch,
  after: After | null,
  limit: number,
): Promise<Page<RecordedAlert>> {
  const { rows } = await sql<After>`
    select id, received_at::text as at from alert where received_at >= ${from.toISOString()}::timestamptz and received_at < ${to.toISOString()}::timestamptz
      and (${after === null}::boolean or (received_at, id) > (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by received_at, id limit ${limit}`.execute(db)
  const ids = rows.map((row) => row.id)
  return { rows: await recordedByIds(db, ids), next: rows.at(-1) ?? null }
}

/** The same for alerts by their ids, in the order given. */
export async function recordedByIds(db: Db, ids: readonly string[]): Promise<readonly RecordedAlert[]> {
  if (ids.length === 0) return []
  const records = await alertsByIds(db, ids)
  const findings = await findingsOfAlerts(db, ids)
  const decisions = await decisionsOfAlerts(db, ids)
  const histories = await historiesOf(db, ids)
  const runs = await firstRunsOf(db, ids)
  return ids.flatMap((id) => {
    const record = records.get(id)
    if (record === undefined) return []
    const all = findings.get(id) ?? []
    const run = runs.get(id)
    return {
      record,
      findings: all,
      ran: all.filter((finding) => run !== undefined && finding.runId === run.id),
      decision: decisions.get(id) ?? null,
      history: histories.get(id) ?? [],
      playbookId: run?.playbook_id ?? null,
    }
  })
}

/** As many as a judgement looks at (db/context.ts). */
const historyMax = 50

async function historiesOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, PastAlert[]>> {
  const { rows } = await sql<{
    about: string
    id: string
    number: number
    received_at: Date
    outcome: Outcome | null
    reason: string | null
    decided_by: string | null
    decided_at: Date | null
  }>`
    select a.id as about, p.id, p.number, p.received_at, d.outcome, d.reason, d.decided_by, d.decided_at
    from alert a
    cross join lateral (
      select id, number, received_at from alert p
      where lower(p.rule) = lower(a.rule) and lower(p.entity) = lower(a.entity) and p.received_at < a.received_at and p.id <> a.id
      order by p.received_at desc, p.number desc limit ${historyMax}
    ) p
    left join lateral (
      select outcome, reason, decided_by, decided_at from decision
      where decision.alert_id = p.id and decided_at <= coalesce(a.filled_at, a.received_at)
        and (undone_at is null or undone_at > coalesce(a.filled_at, a.received_at))
      order by decided_at desc limit 1
    ) d on true
    where a.id = any(${ids}::uuid[]) and a.rule is not null and a.entity is not null
    order by p.received_at desc, p.number desc`.execute(db)
  const of = new Map<string, PastAlert[]>()
  for (const row of rows) {
    const past = {
      alertId: row.id,
      number: row.number,
      receivedAt: iso(row.received_at),
      outcome: row.outcome,
      reason: row.reason ?? '',
      by: row.decided_by ?? '',
      decidedAt: row.decided_at === null ? null : iso(row.decided_at),
    }
    of.set(row.about, [...(of.get(row.about) ?? []), past])
  }
  return of
}

type FirstRun = { readonly alert_id: string; readonly id: string; readonly playbook_id: string }

/** The runs that began by themselves. */
async function firstRunsOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, FirstRun>> {
  const { rows } = await sql<FirstRun>`
    select distinct on (alert_id) alert_id, id, playbook_id from run
    where alert_id = any(${ids}::uuid[]) and not dry_run and trigger not like 'hand %'
    order by alert_id, started_at, id`.execute(db)
  return new Map(rows.map((row) => [row.alert_id, row]))
}

/** A message as it was read then, and what it was read from. */
export type RecordedMessage = {
  readonly id: string
  readonly receivedAt: string
  readonly providerId: string | null
  readonly letter: Letter | null
  /** What was posted, where it was no mail. */
  readonly json: string | null
  readonly kind: MessageKind
  readonly reading: Reading
  readonly alertId: string | null
  /** It is the message that opened its alert. */
  readonly opened: boolean
}

export async function countRecordedMessages(db: Db, { from, to }: Stretch): Promise<number> {
  const row = await db
    .selectFrom('message')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('received_at', '>=', from)
    .where('received_at', '<', to)
    .where('reading', 'is not', null)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

/** The next messages of a stretch that were read then, oldest first. */
export async function recordedMessages(
  db: Db,
  { from, to }: Stretch,
  after: After | null,
  limit: number,
): Promise<Page<RecordedMessage>> {
  const { rows } = await sql<{
    id: string
    at: string
    received_at: Date
    provider_id: string | null
    letter: unknown
    json: Buffer | null
    kind: MessageKind
    reading: unknown
    alert_id: string | null
    opened: boolean
  }>`
    select m.id, m.received_at::text as at, m.received_at, m.provider_id, m.letter, case when m.form = 'json' then m.bytes end as json, m.kind, m.reading, m.alert_id,
      m.alert_id is not null and m.id = (
        select o.id from message o where o.alert_id = m.alert_id order by o.received_at, o.id limit 1) as opened
    from message m
    where m.received_at >= ${from.toISOString()}::timestamptz and m.received_at < ${to.toISOString()}::timestamptz and m.reading is not null
      and (${after === null}::boolean or (m.received_at, m.id) > (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::text))
    order by m.received_at, m.id limit ${limit}`.execute(db)
  const read = rows.map((row) => ({
    id: row.id,
    receivedAt: iso(row.received_at),
    providerId: row.provider_id,
    letter: row.letter === null ? null : Letter.parse(row.letter),
    json: row.json === null ? null : new TextDecoder().decode(row.json),
    kind: row.kind,
    reading: Reading.parse(row.reading),
    alertId: row.alert_id,
    opened: row.opened,
  }))
  return { rows: read, next: rows.at(-1) ?? null }
}
