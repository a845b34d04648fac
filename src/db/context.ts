import { sql } from 'kysely'
import type { z } from 'zod'
import { Asset, type Listed, Network, Person } from '../model/context.ts'
import type { ListNoun } from '../model/list.ts'
import { type AnswerOf, questions } from '../model/question.ts'
import { Outcome, type PastAlert } from '../model/triage.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** More than so many assets or people for one name is no answer any more. */
const matchesMax = 20
/** Earlier alerts that a judgement looks at, newest first; the counts of `seenBefore` are over all of them. */
const historyMax = 50

/** Assets that have this address (as PostgreSQL's inet reads it; no mask), freshest first. */
export async function assetsByAddress(db: Db, address: string): Promise<Listed<Asset>[]> {
  const { rows } = await sql<Row>`
    select facts, source, as_of from asset where addresses @> array[${address}::inet]
    order by as_of desc, id limit ${matchesMax}`.execute(db)
  return rows.map((row) => listed(Asset, row))
}

/** Assets that have one of these lower-case names as name, alias, or first label of either, freshest first. */
export async function assetsByName(db: Db, names: readonly string[]): Promise<Listed<Asset>[]> {
  const { rows } = await sql<Row>`
    select facts, source, as_of from asset where names && ${names}::text[]
    order by as_of desc, id limit ${matchesMax}`.execute(db)
  return rows.map((row) => listed(Asset, row))
}

/** People who have one of these lower-case keys (mail address, account with and without its domain, name), freshest first. */
export async function peopleByKey(db: Db, keys: readonly string[]): Promise<Listed<Person>[]> {
  const { rows } = await sql<Row>`
    select facts, source, as_of from person where keys && ${keys}::text[]
    order by as_of desc, id limit ${matchesMax}`.execute(db)
  return rows.map((row) => listed(Person, row))
}

/** The smallest of our ranges that has this address in it. */
export async function networkContaining(db: Db, address: string): Promise<Listed<Network> | null> {
  const { rows } = await sql<Row>`
    select facts, source, as_of from network where cidr >>= ${address}::inet
    order by masklen(cidr) desc limit 1`.execute(db)
  return rows[0] === undefined ? null : listed(Network, rows[0])
}

/** When a list of this kind was last imported with at least one good row (ISO 8601); null: never. */
export async function importedAt(db: Db, noun: ListNoun): Promise<string | null> {
  const row = await db
    .selectFrom('import_batch')
    .select((eb) => eb.fn.max('done_at').as('at'))
    .where('noun', '=', noun)
    .where('rows_taken', '>', 0)
    .executeTakeFirst()
  return isoOrNull((row?.at as Date | null | undefined) ?? null)
}

/** Which earlier alerts are meant: the same rule about the same entity (without regard to case), received before `before`. */
type SameQuestion = {
  readonly rule: string
  readonly entity: string
  /** Only of this provider; null: of any. */
  readonly provider: string | null
  readonly before: string
  readonly notAlert: string | null
}

/** Earlier alerts of the same rule about the same entity with the decision that stands, newest first, at most `historyMax`. */
export async function pastAlerts(db: Db, ask: SameQuestion): Promise<PastAlert[]> {
  const { rows } = await sql<PastRow>`
    select alert.id, alert.number, alert.received_at, d.outcome, d.reason, d.decided_by, d.decided_at
    from alert
    left join lateral (
      select outcome, reason, decided_at,
        coalesce((select name from app_user where 'user:' || app_user.id = decided_by), decided_by) as decided_by
      from decision
      where decision.alert_id = alert.id and undone_at is null order by decided_at desc limit 1
    ) d on true
    where ${sameQuestion(ask)}
    order by alert.received_at desc, alert.number desc limit ${historyMax}`.execute(db)
  return rows.map((row) => ({
    alertId: row.id,
    number: row.number,
    receivedAt: iso(row.received_at),
    outcome: row.outcome === null ? null : Outcome.parse(row.outcome),
    reason: row.reason ?? '',
    by: row.decided_by ?? '',
    decidedAt: isoOrNull(row.decided_at),
  }))
}

/** How often this was asked before, when, and how it was decided; null: never. */
export async function seenBefore(db: Db, ask: SameQuestion): Promise<AnswerOf<'seen-before'> | null> {
  const { rows } = await sql<{ outcome: string | null; times: string; first: Date; last: Date }>`
    select alert.outcome, count(*) as times, min(alert.received_at) as first, max(alert.received_at) as last
    from alert where ${sameQuestion(ask)} group by alert.outcome`.execute(db)
  if (rows.length === 0) return null
  const last = (await pastAlerts(db, ask)).find((past) => past.outcome !== null)
  const decided = rows.flatMap((row) => (row.outcome === null ? [] : [[row.outcome, Number(row.times)] as const]))
  return {
    times: rows.reduce((sum, row) => sum + Number(row.times), 0),
    first: iso(new Date(Math.min(...rows.map((row) => row.first.getTime())))),
    last: iso(new Date(Math.max(...rows.map((row) => row.last.getTime())))),
    outcomes: Object.fromEntries(decided),
    lastDecision:
      last?.outcome == null
        ? null
        : {
            alertId: last.alertId,
            outcome: last.outcome,
            reason: last.reason,
            by: last.by,
            at: last.decidedAt ?? last.receivedAt,
          },
  }
}

/** What this person last answered about this alert; null: not asked, or no answer yet. */
export async function personAnswer(db: Db, alertId: string, email: string): Promise<AnswerOf<'was-this-you'> | null> {
  const row = await db
    .selectFrom('person_question')
    .select(['answer', 'comment', 'name', 'email', 'answered_at'])
    .where('alert_id', '=', alertId)
    .where((eb) => eb(eb.fn<string>('lower', ['email']), '=', email.toLowerCase()))
    .where('answered_at', 'is not', null)
    .orderBy('answered_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined || row.answered_at === null) return null
  const answer = { answer: row.answer, comment: row.comment ?? '', by: row.name ?? row.email, at: iso(row.answered_at) }
  return questions['was-this-you'].answer.parse(answer)
}

type Row = { readonly facts: unknown; readonly source: string; readonly as_of: Date }
type PastRow = {
  readonly id: string
  readonly number: number
  readonly received_at: Date
  readonly outcome: string | null
  readonly reason: string | null
  readonly decided_by: string | null
  readonly decided_at: Date | null
}

function listed<T extends z.ZodType>(schema: T, row: Row): Listed<z.infer<T>> {
  return { fact: schema.parse(row.facts), source: row.source, asOf: iso(row.as_of) }
}

/** Uses the index alert_fingerprint (lower(rule), lower(entity), received_at). */
function sameQuestion(ask: SameQuestion) {
  return sql`lower(alert.rule) = lower(${ask.rule}) and lower(alert.entity) = lower(${ask.entity})
    and alert.received_at < ${ask.before}::timestamptz
    and (${ask.notAlert}::uuid is null or alert.id <> ${ask.notAlert}::uuid)
    and (${ask.provider}::text is null or alert.provider_id = ${ask.provider})`
}
