import { isIP } from 'node:net'
import { sql } from 'kysely'
import type { z } from 'zod'
import { plainAddress } from '../kit/ip-ranges.ts'
import { type Asset, Lease, type Listed, Network, type Person } from '../model/context.ts'
import type { ListNoun } from '../model/list.ts'
import type { Merged } from '../model/merged-facts.ts'
import { type AnswerOf, questions } from '../model/question.ts'
import { Outcome, type PastAlert } from '../model/triage.ts'
import { type Described, mergedOf } from './entities.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** More than so many assets or people for one name is no answer any more. */
const matchesMax = 20
/** Leases of one address that are read for one moment: one a source, and the newest of each counts. */
const leasesMax = 20
/** Earlier alerts that a judgement looks at, newest first; the counts of `seenBefore` are over all of them. */
const historyMax = 50

/*
 * The look-ups below fetch their hits first: asked for 20 distinct entities at once, PostgreSQL walks the index of entities in its order and
 * tests each row, which among a million assets is the whole list.
 */

/** Assets that have this address now (as PostgreSQL's inet reads it; no mask), all sources together, freshest first. */
export async function assetsByAddress(db: Db, address: string): Promise<Merged<Asset>[]> {
  const { rows } = await sql<{ entity: string }>`
    with hits as materialized (select entity from asset where addresses @> array[${address}::inet])
    select distinct entity from hits limit ${matchesMax}`.execute(db)
  const found = await described(db, 'assets', rows)
  // A person may have taken the address away by hand, though a source still has it.
  return found.filter(({ fact }) => fact.addresses.includes(address))
}

/** Assets that have one of these lower-case names as name, alias, or first label of either; all sources together, freshest first. */
export async function assetsByName(db: Db, names: readonly string[]): Promise<Merged<Asset>[]> {
  const { rows } = await sql<{ entity: string }>`
    with hits as materialized (select entity from asset where names && ${names}::text[])
    select distinct entity from hits limit ${matchesMax}`.execute(db)
  return described(db, 'assets', rows)
}

/** People who have one of these lower-case keys (mail address, account with and without its domain, name), freshest first. */
export async function peopleByKey(db: Db, keys: readonly string[]): Promise<Merged<Person>[]> {
  const { rows } = await sql<{ entity: string }>`
    with hits as materialized (select entity from person where keys && ${keys}::text[])
    select distinct entity from hits limit ${matchesMax}`.execute(db)
  return described(db, 'people', rows)
}

/** Assets that have this address, or this name in any spelling ("CORP\\HOST$", with or without its domain). */
export async function assetsCalled(db: Db, asset: string): Promise<Merged<Asset>[]> {
  if (isIP(asset) !== 0) return assetsByAddress(db, plainAddress(asset))
  const name = asset
    .trim()
    .toLowerCase()
    .replace(/^[^\\]*\\/, '')
    .replace(/[.$]+$/, '')
  return name === '' ? [] : assetsByName(db, [name])
}

async function described<N extends Described>(db: Db, noun: N, rows: readonly { entity: string }[]) {
  const found = await mergedOf(
    db,
    noun,
    rows.map(({ entity }) => entity),
  )
  return found.toSorted((a, b) => b.asOf.localeCompare(a.asOf) || a.entity.localeCompare(b.entity))
}

/**
 * Who had this address at that moment, as leases say, the latest beginning first. Of one source only its newest lease before that moment
 * counts: whoever got the address later had it from then on, though the one before was never seen to end.
 */
export async function leasesAt(db: Db, address: string, at: string): Promise<Listed<Lease>[]> {
  const { rows } = await sql<LeaseStored>`
    select * from (
      select distinct on (source) address::text, from_at, to_at, source, kind, host, account, mac
      from address_lease where address = ${address}::inet and from_at <= ${at}::timestamptz
      order by source, from_at desc
    ) newest
    where to_at is null or to_at > ${at}::timestamptz
    order by from_at desc limit ${leasesMax}`.execute(db)
  return rows.map(leaseOf)
}

/** The smallest of our ranges that has this address in it. */
export async function networkContaining(db: Db, address: string): Promise<Listed<Network> | null> {
  const { rows } = await sql<Row>`
    select facts, source, as_of from network where cidr >>= ${address}::inet
    order by masklen(cidr) desc limit 1`.execute(db)
  return rows[0] === undefined ? null : listed(Network, rows[0])
}

/** When a list of this kind was last imported with at least one good row, or else a first fact was entered (ISO 8601); null: never. */
export async function importedAt(db: Db, noun: ListNoun): Promise<string | null> {
  const row = await db
    .selectFrom('import_batch')
    .select((eb) => eb.fn.max('done_at').as('at'))
    .where('noun', '=', noun)
    .where('rows_taken', '>', 0)
    .executeTakeFirst()
  const at = (row?.at as Date | null | undefined) ?? null
  return at === null ? enteredAt(db, noun) : isoOrNull(at)
}

const entered = {
  assets: sql<{ at: Date }>`select as_of as at from asset limit 1`,
  people: sql<{ at: Date }>`select as_of as at from person limit 1`,
  networks: sql<{ at: Date }>`select as_of as at from network limit 1`,
  leases: sql<{ at: Date }>`select from_at as at from address_lease limit 1`,
  calendar: sql<{ at: Date }>`select from_at as at from calendar_entry limit 1`,
} as const

/** Facts come one by one as well, by a person or over the interface. Only looked at where no list was ever imported. */
async function enteredAt(db: Db, noun: ListNoun): Promise<string | null> {
  const { rows } = await entered[noun].execute(db)
  return isoOrNull(rows[0]?.at ?? null)
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

/** A lease as its table holds it. */
export type LeaseStored = {
  readonly address: string
  readonly from_at: Date
  readonly to_at: Date | null
  readonly source: string
  readonly kind: string
  readonly host: string | null
  readonly account: string | null
  readonly mac: string | null
}

export function leaseOf(row: LeaseStored): Listed<Lease> {
  const { host, account, mac, kind } = row
  const lease = { address: withoutMask(row.address), from: iso(row.from_at), to: isoOrNull(row.to_at) }
  return { fact: Lease.parse({ ...lease, host, account, mac, kind }), source: row.source, asOf: iso(row.from_at) }
}

/** PostgreSQL writes an inet cast to text with its mask. */
function withoutMask(address: string): string {
  return address.replace(/\/\d+$/, '')
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
