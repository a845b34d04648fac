import { sql } from 'kysely'
import {
  Hit,
  type IndicatorType,
  IntelligenceSource,
  type Known,
  type Relation,
  strictest,
  Threat,
  type Tlp,
  type WarningHit,
  WarningList,
} from '../model/intelligence.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'

/** Sources that know one thing: more are counted as so many. */
const hitsMax = 100
/** URLs on one host, and networks around one address. */
const aroundMax = 20

/** What is looked up for one observable (triage/reputation.ts makes it). */
export type IndicatorLookUps = {
  readonly asked: { readonly type: IndicatorType; readonly value: string }
  readonly wanted: readonly { readonly type: IndicatorType; readonly value: string; readonly relation: Relation }[]
  readonly address: string | null
  readonly host: string | null
  readonly names: readonly string[]
}

/** Where intelligence comes from, by name. */
export async function intelligenceSources(db: Db): Promise<IntelligenceSource[]> {
  const rows = await db.selectFrom('intelligence_source').selectAll().orderBy('id').execute()
  return rows.map((row) =>
    IntelligenceSource.parse({
      ...{ id: row.id, kind: row.kind, title: row.title, tlp: row.tlp, why: row.why },
      indicators: Number(row.indicators),
      lastTried: isoOrNull(row.last_tried_at),
      lastSuccess: isoOrNull(row.last_success_at),
      failingSince: isoOrNull(row.failing_since),
      staleAfterHours: row.stale_after_hours,
    }),
  )
}

/** Everything that is known of one observable, with how each part belongs to it. `isInText` tries the patterns of warning lists. */
export async function knownOf(
  db: Db,
  ask: IndicatorLookUps,
  now: Date,
  isInText: (pattern: string, text: string) => boolean,
): Promise<Known> {
  const [hits, warnings, sources] = await Promise.all([
    hitsOf(db, ask, now),
    warningsOf(db, ask, isInText),
    intelligenceSources(db),
  ])
  return { hits, warnings, sources }
}

type HitRow = {
  readonly type: string
  readonly value: string
  readonly source: string
  readonly stance: string
  readonly tlp: string | null
  readonly source_tlp: string | null
  readonly markings: readonly (string | null)[] | null
  readonly confidence: number | null
  readonly valid_from: Date | null
  readonly valid_until: Date | null
  readonly revoked: boolean
  readonly withdrawn_at: Date | null
  readonly says: string
  readonly tags: readonly string[]
  readonly threats: unknown
  readonly linked: unknown
  readonly first_heard_at: Date
  readonly last_heard_at: Date
}

async function hitsOf(db: Db, ask: IndicatorLookUps, now: Date): Promise<Hit[]> {
  const types = ask.wanted.map(({ type }) => type)
  const values = ask.wanted.map(({ value }) => value)
  const { rows } = await sql<HitRow>`
    with found as (
      select i.* from unnest(${types}::text[], ${values}::text[]) as w (type, value) join indicator i on i.type = w.type and i.value = w.value
      union all
      (select i.* from indicator i where ${ask.address}::inet is not null and i.network >>= ${ask.address}::inet
        and not (i.type = ${ask.asked.type} and i.value = ${ask.asked.value}) order by masklen(i.network) desc limit ${aroundMax})
      union all
      (select i.* from indicator i where ${ask.host}::text is not null and i.host = ${ask.host}::text limit ${aroundMax})
    )
    select f.*, s.tlp as source_tlp,
      ${markingsOf('f')} as markings,
      (select jsonb_agg(jsonb_build_object('kind', o.kind, 'name', o.name)) from (
        select o.kind, o.name from intelligence_link l join intelligence_object o on o.source = l.source and o.ref = l.target
        where l.source = f.source and l.ref = f.ref and f.ref <> '' and o.kind not in ('marking', 'other') limit 20) o) as linked
    from found f join intelligence_source s on s.id = f.source
    order by f.last_heard_at desc, f.source limit ${hitsMax}`.execute(db)
  return rows.map((row) => hitOf(row, ask, now))
}

function hitOf(row: HitRow, ask: IndicatorLookUps, now: Date): Hit {
  const wanted = ask.wanted.find(({ type, value }) => type === row.type && value === row.value)
  const relation = wanted?.relation ?? (row.type === 'url' ? 'url-on-host' : 'network')
  const begun = row.valid_from === null || row.valid_from <= now
  const over = row.withdrawn_at !== null || (row.valid_until !== null && row.valid_until <= now)
  const threats = [...Threat.array().parse(row.threats ?? []), ...Threat.array().parse(row.linked ?? [])]
  return Hit.parse({
    ...{
      source: row.source,
      type: row.type,
      value: row.value,
      relation,
      stance: row.stance,
      confidence: row.confidence,
    },
    state: row.revoked ? 'revoked' : over || !begun ? 'expired' : 'live',
    tlp: tlpOf(row),
    firstHeard: iso(row.first_heard_at),
    lastHeard: iso(row.last_heard_at),
    validUntil: isoOrNull(row.withdrawn_at ?? row.valid_until),
    ...{ says: row.says, tags: row.tags, threats },
  })
}

/** The strictest of its own markings; the source's where it has none. One that nobody explained outweighs all but RED. */
function tlpOf({ tlp, source_tlp, markings }: Pick<HitRow, 'tlp' | 'source_tlp' | 'markings'>): Hit['tlp'] {
  const own = strictest([tlp as Tlp | null, ...((markings ?? []).filter((one) => one !== 'unread') as (Tlp | null)[])])
  if (own !== 'RED' && (markings ?? []).includes('unread')) return 'unread'
  return own ?? (source_tlp as Tlp | null)
}

/** Who knows which of these observables, and whom each may be told; by "type\nvalue". */
export async function tlpsOf(
  db: Db,
  observables: readonly { readonly type: IndicatorType; readonly value: string }[],
): Promise<ReadonlyMap<string, readonly Pick<Hit, 'source' | 'tlp'>[]>> {
  const { rows } = await sql<Pick<HitRow, 'type' | 'value' | 'source' | 'tlp' | 'source_tlp' | 'markings'>>`
    select i.type, i.value, i.source, i.tlp, s.tlp as source_tlp, ${markingsOf('i')} as markings
    from (select distinct type, value from unnest(${observables.map(({ type }) => type)}::text[], ${observables.map(({ value }) => value)}::text[]) as u (type, value)) w
    join indicator i on i.type = w.type and i.value = w.value join intelligence_source s on s.id = i.source`.execute(db)
  const found = new Map<string, Pick<Hit, 'source' | 'tlp'>[]>()
  for (const row of rows) {
    const key = `${row.type}\n${row.value}`
    found.set(key, [...(found.get(key) ?? []), { source: row.source, tlp: tlpOf(row) }])
  }
  return found
}

/** Of an indicator's own markings that are told elsewhere the light of each; "unread" where nobody explained it. */
function markingsOf(table: 'f' | 'i') {
  return sql`(select array_agg(case when o.ref is null then 'unread' else o.tlp end)
    from unnest(${sql.ref(`${table}.markings`)}) as m (ref)
    left join intelligence_object o on o.source = ${sql.ref(`${table}.source`)} and o.ref = m.ref)`
}

type WarningRow = {
  readonly list: string
  readonly value: string
  readonly match: string
  readonly means: string
  readonly description: string
}

async function warningsOf(
  db: Db,
  ask: IndicatorLookUps,
  isInText: (pattern: string, text: string) => boolean,
): Promise<WarningHit[]> {
  const { type, value } = ask.asked
  const text = value.toLowerCase()
  // A mail address is no host; of a URL the host is compared.
  const names = type === 'email' ? [] : ask.names
  const { rows } = await sql<WarningRow>`
    with l as (select * from warning_list where types = '{}' or ${type} = any(types))
    select l.id as list, e.value, e.match, l.means, l.description from warning_entry e join l on l.id = e.list
      where e.match in ('string', 'hostname') and ((e.match = 'string' and e.value = ${text})
        or (e.match = 'hostname' and e.value = any(${names}::text[]))) and e.value = any(${[text, ...names]}::text[])
    union all
    select l.id, e.value, e.match, l.means, l.description from warning_entry e join l on l.id = e.list
      where ${ask.address}::inet is not null and e.network >>= ${ask.address}::inet
    union all
    select l.id, e.value, e.match, l.means, l.description from warning_entry e join l on l.id = e.list
      where e.match = 'substring' and position(e.value in ${text}) > 0
    union all
    select l.id, e.value, e.match, l.means, l.description from warning_entry e join l on l.id = e.list where e.match = 'regex'`.execute(
    db,
  )
  return rows
    .filter((row) => row.match !== 'regex' || isInText(row.value, value))
    .slice(0, hitsMax)
    .map((row) => ({
      list: row.list,
      entry: row.value,
      means: WarningList.shape.means.parse(row.means),
      description: row.description,
    }))
}

export type ListedWarning = WarningList & { readonly entries: number; readonly importedAt: string }

/** Warning lists that were imported, by name. */
export async function warningLists(db: Db): Promise<ListedWarning[]> {
  const rows = await db.selectFrom('warning_list').selectAll().orderBy('id').execute()
  return rows.map((row) => ({
    ...WarningList.parse({ ...row, name: row.id, version: Number(row.version) }),
    entries: row.entries,
    importedAt: iso(row.imported_at),
  }))
}
