import { sql } from 'kysely'
import type { SimilarAlert } from '../contract/similar.ts'
import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import { Outcome } from '../model/triage.ts'
import { decisionsOfAlerts } from './decisions.ts'
import { findingsByIds } from './findings.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** The newest decided alerts that share one thing; more of them say the same again. */
const eachMax = 50
/** Observables of a mail that are looked for; a longer list is a report. */
const valuesMax = 30
/** What more alerts than that name (our proxy, a public resolver) tells nothing about one of them. */
export const rareMax = 200
/** Of an answer that was sent, as much as tells what it said. */
const answeredCharactersMax = 600

type Case = {
  readonly id: string
  readonly number: number
  readonly rule: string | null
  readonly entity: string | null
  readonly question: string | null
  readonly account: string | null
  readonly outcome: Outcome
  readonly receivedAt: string
  readonly decidedAt: string
  readonly observables: readonly string[]
}

/**
 * Decided alerts that share the rule, the entity, the provider's question, the account or a rare observable with this one, each by a short
 * walk of its own index: the cost does not grow with the record. `common` are observables too common to tell anything.
 */
export async function casesLike(
  db: Db,
  alert: Alert,
): Promise<{ readonly question: string | null; readonly cases: readonly Case[]; readonly common: readonly string[] }> {
  const values = [...new Set(alert.reading.observables.map(({ value }) => value))].slice(0, valuesMax)
  const [own, counted] = await Promise.all([
    db.selectFrom('alert').select('question_key').where('id', '=', alert.id).executeTakeFirst(),
    sql<{ value: string; times: number }>`
      select value, (select count(*)::int from (select 1 from sighting s where s.value = v.value limit ${rareMax + 1}) bounded) as times
      from unnest(${values}::text[]) v (value)`.execute(db),
  ])
  const question = own?.question_key ?? null
  const rare = counted.rows.filter(({ times }) => times <= rareMax).map(({ value }) => value)
  const common = counted.rows.filter(({ times }) => times > rareMax).map(({ value }) => value)
  const newest = (trait: ReturnType<typeof sql>) =>
    sql`(select id from alert where ${trait} and decided_at is not null order by decided_at desc limit ${eachMax})`
  const { rows } = await sql<Record<string, unknown>>`
    with shared as materialized (
      select distinct alert_id, value from sighting where value = any(${rare}::text[])
    ), found as (
      ${newest(sql`lower(rule) = lower(${alert.rule}::text)`)}
      union ${newest(sql`lower(entity) = lower(${alert.entity}::text)`)}
      union ${newest(sql`lower(account) = lower(${alert.account}::text)`)}
      union ${newest(sql`question_key = ${question}::text`)}
      union (select id from alert where lower(rule) = lower(${alert.rule}::text) and lower(entity) = lower(${alert.entity}::text)
        and decided_at is not null order by received_at desc limit ${eachMax})
      union select alert_id from shared
    )
    select a.id, a.number, a.rule, a.entity, a.question_key, a.account, a.outcome, a.received_at, a.decided_at,
      coalesce((select array_agg(value order by value) from shared where alert_id = a.id), '{}') as observables
    from alert a where a.id in (select id from found) and a.id <> ${alert.id}::uuid and a.decided_at is not null
      and a.outcome is not null and a.sample = ${alert.sample}`.execute(db)
  return { question, common, cases: rows.map(caseOf) }
}

function caseOf(row: Record<string, unknown>): Case {
  const text = (value: unknown): string | null => (value === null ? null : String(value))
  return {
    id: String(row['id']),
    number: Number(row['number']),
    rule: text(row['rule']),
    entity: text(row['entity']),
    question: text(row['question_key']),
    account: text(row['account']),
    outcome: Outcome.parse(row['outcome']),
    receivedAt: iso(row['received_at'] as Date),
    decidedAt: iso(row['decided_at'] as Date),
    observables: row['observables'] as string[],
  }
}

type Told = Pick<SimilarAlert, 'reason' | 'by' | 'withoutEvidence' | 'cited' | 'answered' | 'said'>

/** How each of these was decided: why, by whom, on what evidence, and what was answered to the provider and by people of ours. */
export async function howDecided(
  db: Db,
  ids: readonly string[],
  summarise: (finding: Finding) => { readonly title: string; readonly summary: string },
): Promise<ReadonlyMap<string, Told>> {
  if (ids.length === 0) return new Map()
  const decisions = await decisionsOfAlerts(db, ids)
  const standing = [...decisions.values()]
  const [findings, nameOf, answered, said] = await Promise.all([
    findingsByIds(db, standing.flatMap(({ cites }) => cites)),
    namesOfActors(db, standing.map(({ by }) => by)),
    answersSent(db, ids),
    peopleSaid(db, ids),
  ]) // biome-ignore format: one line for each
  return new Map(
    standing.map((decision) => [
      decision.alertId,
      {
        reason: decision.reason,
        by: nameOf(decision.by),
        withoutEvidence: decision.withoutEvidence,
        cited: decision.cites.flatMap((id) => {
          const finding = findings.get(id)
          return finding === undefined
            ? []
            : [{ question: finding.question, kind: finding.kind, ...summarise(finding) }]
        }),
        answered: answered.get(decision.alertId) ?? null,
        said: said.get(decision.alertId) ?? [],
      },
    ]),
  )
}

/** The newest answer that left for each alert. */
async function answersSent(db: Db, ids: readonly string[]): Promise<Map<string, NonNullable<Told['answered']>>> {
  const rows = await db
    .selectFrom('reply')
    .distinctOn('alert_id')
    .select(['id', 'alert_id', 'sent_at', sql<string>`left(text, ${answeredCharactersMax}::int)`.as('text')])
    .where('alert_id', 'in', [...ids])
    .where('state', '=', 'sent')
    .where('sent_at', 'is not', null)
    .orderBy('alert_id')
    .orderBy('sent_at', 'desc')
    .execute()
  return new Map(
    rows.flatMap((row) =>
      row.sent_at === null ? [] : [[row.alert_id, { replyId: row.id, at: iso(row.sent_at), text: row.text }] as const],
    ),
  )
}

async function peopleSaid(db: Db, ids: readonly string[]): Promise<Map<string, Told['said']>> {
  const rows = await db
    .selectFrom('person_question')
    .select(['alert_id', 'name', 'email', 'answer'])
    .where('alert_id', 'in', [...ids])
    .where('answered_at', 'is not', null)
    .orderBy('answered_at')
    .execute()
  const said = new Map<string, Told['said']>()
  for (const { alert_id, name, email, answer } of rows) {
    const by = { by: name ?? email, answer: answer ?? '' }
    said.set(alert_id, [...(said.get(alert_id) ?? []), by])
  }
  return said
}
