import { sql } from 'kysely'
import type { HitOfExpectation } from '../contract/memory.ts'
import type { Alert } from '../model/alert.ts'
import type { Expectation } from '../model/expectation.ts'
import {
  ExpectationPreview,
  type ExpectationScope,
  ExpectedOutcome,
  MatchKind,
  reviewFrom,
  reviewWaitsDays,
} from '../model/expectation.ts'
import { Outcome } from '../model/triage.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'

/** Expectations that one alert is held against; more in one scope is a rule to change. */
const standingMax = 50
/** Rows of the list; the oldest of more are in the ledger. */
const listedMax = 500

const hitsShownMax = 200

/** What an alert is held against. */
export type StandingExpectation = Pick<
  Expectation,
  | 'id'
  | 'number'
  | 'scope'
  | 'condition'
  | 'outcome'
  | 'reason'
  | 'owner'
  | 'decides'
  | 'fromAt'
  | 'expiresAt'
  | 'against'
>

export type NewExpectation = {
  readonly id: string
  readonly scope: ExpectationScope
  readonly condition: string
  readonly outcome: ExpectedOutcome
  readonly reason: string
  readonly owner: string
  readonly sourceAlert: string | null
  readonly sample: boolean
  readonly preview: ExpectationPreview
  readonly by: string
  readonly at: Date
  readonly expiresAt: Date
}

/** Keeps an expectation; its number. The database refuses one that lasts longer than 180 days. */
export async function insertExpectation(tx: Db, fresh: NewExpectation): Promise<number> {
  const { scope } = fresh
  const text = (value: string | null): string | null => (value === null ? null : plainText(value))
  const row = await tx
    .insertInto('expectation')
    .values({
      ...{ id: fresh.id, provider_id: scope.provider, rule: text(scope.rule), host: text(scope.host) },
      ...{ account: text(scope.account), range: scope.range, condition: plainText(fresh.condition) },
      ...{ outcome: fresh.outcome, reason: plainText(fresh.reason), owner: fresh.owner, sample: fresh.sample },
      ...{ source_alert: fresh.sourceAlert, preview: jsonb(fresh.preview), added_by: fresh.by },
      ...{ added_at: fresh.at, from_at: fresh.at, expires_at: fresh.expiresAt },
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  return row.number
}

/** Of the alerts it held for: those that people decided as harm all the same. */
const against = sql<number>`(
  select count(*)::int from expectation_match m join alert a on a.id = m.alert_id
  where m.expectation_id = e.id and m.kind = 'holds' and a.outcome in ('incident', 'minor-trouble'))`

function scopeOf(row: Record<string, unknown>): ExpectationScope {
  const text = (name: string): string | null => (row[name] as string | null) ?? null
  return {
    ...{ provider: text('provider_id'), rule: text('rule'), host: text('host') },
    ...{ account: text('account'), range: text('range') },
  }
}

function standingOf(row: Record<string, unknown>): StandingExpectation {
  return {
    id: String(row['id']),
    number: Number(row['number']),
    scope: scopeOf(row),
    condition: String(row['condition']),
    outcome: ExpectedOutcome.parse(row['outcome']),
    reason: String(row['reason']),
    owner: { id: String(row['owner']), name: String(row['owner_name']) },
    decides: row['decides'] === true,
    fromAt: iso(row['from_at'] as Date),
    expiresAt: iso(row['expires_at'] as Date),
    against: Number(row['against']),
  }
}

/** Those that count now and whose scope may fit (an address range is for the caller to look at). */
export async function standingFor(db: Db, alert: Alert, now: Date): Promise<readonly StandingExpectation[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select e.*, u.name as owner_name, ${against} as against
    from expectation e join app_user u on u.id = e.owner
    where e.retired_at is null and e.from_at <= ${now} and e.expires_at > ${now} and e.sample = ${alert.sample}
      and (e.provider_id is null or e.provider_id = ${alert.providerId})
      and (e.rule is null or lower(e.rule) = lower(${alert.rule}::text))
      and (e.host is null or lower(e.host) in (lower(${alert.host}::text), lower(${alert.entity}::text)))
      and (e.account is null or lower(e.account) = lower(${alert.account}::text))
    order by e.number limit ${standingMax}`.execute(db)
  return rows.map(standingOf)
}

function expectationOf(row: Record<string, unknown>): Expectation {
  const retiredAt = isoOrNull((row['retired_at'] as Date | null) ?? null)
  const source = row['source_alert']
  return {
    ...standingOf(row),
    sourceAlert: source == null ? null : { id: String(source), number: Number(row['source_number']) },
    sample: row['sample'] === true,
    addedAt: iso(row['added_at'] as Date),
    retired: retiredAt === null ? null : { at: retiredAt, reason: String(row['retire_reason'] ?? '') },
    hits: Number(row['hits'] ?? 0),
    decided: Number(row['decided'] ?? 0),
    lastHit: isoOrNull((row['last_hit'] as Date | null) ?? null),
    notHeld: Number(row['not_held'] ?? 0),
    preview: ExpectationPreview.parse(row['preview']),
  }
}

/** All that stand, the one that runs out first on top; then, where asked, those that are over. `id` narrows to one. */
export async function listExpectations(
  db: Db,
  now: Date,
  options: { readonly over: boolean; readonly id?: string } = { over: true },
): Promise<readonly Expectation[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select e.*, u.name as owner_name, s.number as source_number, ${against} as against,
      m.hits, m.decided, m.last_hit, m.not_held
    from expectation e join app_user u on u.id = e.owner left join alert s on s.id = e.source_alert
    cross join lateral (
      select count(*) filter (where m.kind = 'holds') as hits, count(*) filter (where m.decided) as decided,
        max(a.received_at) filter (where m.kind = 'holds') as last_hit, count(*) filter (where m.kind <> 'holds') as not_held
      from expectation_match m join alert a on a.id = m.alert_id where m.expectation_id = e.id) m
    where (${options.over}::boolean or (e.retired_at is null and e.expires_at > ${now}))
      and (${options.id ?? null}::uuid is null or e.id = ${options.id ?? null}::uuid)
    order by (e.retired_at is not null or e.expires_at <= ${now}), e.expires_at limit ${listedMax}`.execute(db)
  return rows.map(expectationOf)
}

/**
 * Those whose review is due for this person: their own, and (`ofNobody`) those of an account that is shut. Sample data asks nobody. The one
 * that runs out first on top.
 */
export async function expectationsDue(
  db: Db,
  whose: { readonly userId: string; readonly ofNobody: boolean },
  now: Date,
): Promise<readonly Expectation[]> {
  const { rows } = await sql<{ id: string }>`
    select e.id from expectation e join app_user u on u.id = e.owner
    where e.retired_at is null and not e.sample and e.expires_at > ${now}::timestamptz - make_interval(days => ${sql.lit(reviewWaitsDays)})
      and e.expires_at <= ${now}::timestamptz + interval '180 days'
      and (e.owner = ${whose.userId}::uuid or (${whose.ofNobody}::boolean and u.disabled))
    order by e.expires_at limit ${listedMax}`.execute(db)
  if (rows.length === 0) return []
  const mine = new Set(rows.map(({ id }) => id))
  const all = await listExpectations(db, now)
  return all
    .filter((one) => mine.has(one.id) && reviewFrom(one) <= now)
    .toSorted((a, b) => a.expiresAt.localeCompare(b.expiresAt))
}

export async function expectationById(db: Db, id: string, now: Date): Promise<Expectation | null> {
  return (await listExpectations(db, now, { over: true, id }))[0] ?? null
}

export type Match = {
  readonly expectationId: string
  readonly kind: MatchKind
  readonly why: string
}

/** Keeps what was found for an alert now; of what no longer fits only what decided stays. */
export async function saveMatches(tx: Db, alertId: string, matches: readonly Match[], at: Date): Promise<void> {
  const ids = matches.map(({ expectationId }) => expectationId)
  await sql`
    delete from expectation_match where alert_id = ${alertId}::uuid and not decided and expectation_id <> all(${ids}::uuid[])`.execute(
    tx,
  )
  if (matches.length === 0) return
  await tx
    .insertInto('expectation_match')
    .values(
      matches.map(({ expectationId, kind, why }) => ({
        expectation_id: expectationId,
        alert_id: alertId,
        kind,
        why,
        at,
      })),
    )
    .onConflict((on) =>
      on
        .columns(['expectation_id', 'alert_id'])
        .doUpdateSet((eb) => ({ kind: eb.ref('excluded.kind'), why: eb.ref('excluded.why') })),
    )
    .execute()
}

/** It decided this alert, or why it did not although its owner lets it. */
export async function setMatchEnd(
  tx: Db,
  match: { readonly expectationId: string; readonly alertId: string },
  end: { readonly decided: boolean; readonly held: string },
): Promise<void> {
  await tx
    .updateTable('expectation_match')
    .set(end)
    .where('expectation_id', '=', match.expectationId)
    .where('alert_id', '=', match.alertId)
    .execute()
}

export type MatchOfAlert = Match & {
  readonly number: number
  readonly outcome: ExpectedOutcome
  readonly reason: string
  readonly ownerName: string
  readonly decides: boolean
  readonly decided: boolean
  readonly held: string
  readonly expiresAt: string
  readonly hits: number
}

/** What one alert was held against. */
export async function matchesOf(db: Db, alertId: string): Promise<readonly MatchOfAlert[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select m.expectation_id, m.kind, m.why, m.held, m.decided, e.number, e.outcome, e.reason, e.decides, e.expires_at, u.name as owner_name,
      (select count(*)::int from expectation_match o where o.expectation_id = e.id and o.kind = 'holds') as hits
    from expectation_match m join expectation e on e.id = m.expectation_id join app_user u on u.id = e.owner
    where m.alert_id = ${alertId}::uuid order by e.number`.execute(db)
  return rows.map((row) => ({
    ...{ expectationId: String(row['expectation_id']), kind: row['kind'] as MatchKind, why: String(row['why']) },
    ...{ number: Number(row['number']), outcome: ExpectedOutcome.parse(row['outcome']), reason: String(row['reason']) },
    ...{ ownerName: String(row['owner_name']), decides: row['decides'] === true, decided: row['decided'] === true },
    ...{ held: String(row['held']), expiresAt: iso(row['expires_at'] as Date), hits: Number(row['hits']) },
  }))
}

/** Alerts that one expectation was held against, the newest first. */
export async function alertsOfExpectation(db: Db, id: string): Promise<readonly HitOfExpectation[]> {
  const rows = await db
    .selectFrom('expectation_match as m')
    .innerJoin('alert as a', 'a.id', 'm.alert_id')
    .select([
      'a.id',
      'a.number',
      'a.rule',
      'a.title',
      'a.received_at',
      'a.outcome',
      'm.kind',
      'm.why',
      'm.held',
      'm.decided',
    ])
    .where('m.expectation_id', '=', id)
    .orderBy('a.received_at', 'desc')
    .limit(hitsShownMax)
    .execute()
  return rows.map((row) => ({
    ...{ alertId: row.id, number: row.number, title: row.rule ?? row.title, receivedAt: iso(row.received_at) },
    ...{ outcome: row.outcome === null ? null : Outcome.parse(row.outcome), kind: MatchKind.parse(row.kind) },
    ...{ why: row.held === '' ? row.why : row.held, decided: row.decided },
  }))
}

/**
 * Ids of the alerts of a stretch whose rule, host, account and provider fit, newest first, with their ends for a range. One more than
 * `most` where there are more.
 */
export async function alertsFitting(
  db: Db,
  scope: ExpectationScope,
  stretch: { readonly from: Date; readonly to: Date; readonly sample: boolean },
  most: number,
): Promise<readonly { readonly id: string; readonly source: string | null; readonly destination: string | null }[]> {
  const { rows } = await sql<{ id: string; source: string | null; destination: string | null }>`
    select id, source, destination from alert
    where received_at >= ${stretch.from} and received_at <= ${stretch.to} and sample = ${stretch.sample}
      and (${scope.provider}::text is null or provider_id = ${scope.provider})
      and (${scope.rule}::text is null or lower(rule) = lower(${scope.rule}))
      and (${scope.host}::text is null or lower(host) = lower(${scope.host}) or lower(entity) = lower(${scope.host}))
      and (${scope.account}::text is null or lower(account) = lower(${scope.account}))
    order by received_at desc, id limit ${most + 1}`.execute(db)
  return rows
}

/** Alerts received since then on which an expectation that decided or proposed is still the newest: those it held for. */
export async function newestHit(db: Db, expectationId: string): Promise<string | null> {
  const row = await db
    .selectFrom('expectation_match as m')
    .innerJoin('alert as a', 'a.id', 'm.alert_id')
    .select('a.id')
    .where('m.expectation_id', '=', expectationId)
    .where('m.kind', '=', 'holds')
    .orderBy('a.received_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? null
}

/** Takes an expectation's row until the transaction ends. */
export async function lockExpectation(tx: Db, id: string): Promise<void> {
  await tx.selectFrom('expectation').select('id').where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function changeExpectation(
  tx: Db,
  id: string,
  change:
    | { readonly retired: { readonly by: string; readonly at: Date; readonly reason: string } }
    | { readonly decides: boolean }
    | { readonly renewed: { readonly at: Date; readonly expiresAt: Date; readonly preview: ExpectationPreview } },
): Promise<void> {
  const set =
    'retired' in change
      ? {
          ...{ retired_at: change.retired.at, retired_by: change.retired.by },
          retire_reason: plainText(change.retired.reason),
        }
      : 'decides' in change
        ? { decides: change.decides }
        : {
            ...{ from_at: change.renewed.at, expires_at: change.renewed.expiresAt },
            preview: jsonb(change.renewed.preview),
          }
  await tx.updateTable('expectation').set(set).where('id', '=', id).execute()
}

/** The user of this mail address who may own an expectation; null when there is none. */
export async function ownerByMail(db: Db, email: string): Promise<{ readonly id: string } | null> {
  const row = await db
    .selectFrom('app_user')
    .select('id')
    .where('email', '=', email.toLowerCase())
    .where('disabled', '=', false)
    .executeTakeFirst()
  return row ?? null
}
