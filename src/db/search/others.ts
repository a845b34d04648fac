import { sql } from 'kysely'
import type { SearchHit } from '../../contract/search.ts'
import type { SearchAsk } from '../../model/search.ts'
import { iso } from '../jsonb.ts'
import type { Db } from '../open.ts'
import { candidatesMax } from './alerts.ts'
import { pastPrefix, phrased, tsquery, within } from './condition.ts'
import { type Marker, marked, snippetOf } from './marked.ts'

/** Kinds without a time are not found by `before:` and `after:`, and those without fields not by `field:`. */
const isTimed = (ask: SearchAsk): boolean => ask.after !== null || ask.before !== null

/** A search that is one thing, as it stands in a column: no field, no second word. */
function single(ask: SearchAsk): string | null {
  const [word] = ask.words
  if (ask.words.length !== 1 || word === undefined || word.not || isTimed(ask)) return null
  return word.field === '' ? word.word : null
}

/** Alerts that are counted for an observable; there may be a hundred thousand. */
const countedMax = 100

/** Values of observables that begin so, each once: a walk along the index, one probe for each. */
export async function findObservables(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  const word = single(ask)
  if (word === null || word.length < 2) return []
  const past = pastPrefix(word)
  const next = (after: ReturnType<typeof sql>) => sql`
    (select s.value, s.type from sighting s where (s.value collate "C", s.type collate "C") > ${after} and s.value collate "C" < ${past}
      order by s.value collate "C", s.type collate "C" limit 1)`
  const { rows } = await sql<{ value: string; type: string; alerts: number }>`
    with recursive walk as (
      (select value, type, 1 as n from ${next(sql`(${word} collate "C", '' collate "C")`)} first)
      union all
      select found.value, found.type, walk.n + 1 from walk, lateral ${next(sql`(walk.value, walk.type)`)} found where walk.n < ${candidatesMax})
    select walk.value, walk.type, (select count(distinct few.alert_id)::int from (
      select s.alert_id from sighting s where s.value = walk.value and s.type = walk.type limit ${countedMax}) few) as alerts from walk`.execute(
    db,
  )
  return rows.map((row) => ({
    kind: 'observable' as const,
    id: `${row.type}:${row.value}`,
    title: marked(row.value, marker),
    snippet: [],
    facts: [
      row.type,
      row.alerts >= countedMax
        ? `in ${countedMax} alerts or more`
        : `in ${row.alerts} ${row.alerts === 1 ? 'alert' : 'alerts'}`,
    ],
    at: null,
    href: `/search?kind=alert&q=${encodeURIComponent(quoted(row.value))}`,
    sample: false,
  }))
}

const quoted = (value: string): string => (/\s/.test(value) ? `"${value.replaceAll('"', ' ')}"` : value)

/** Rules of providers that begin so. Words inside of a rule are found by its alerts. */
export async function findRules(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  const text = marker.words.join(' ')
  if (text.length < 2 || isTimed(ask) || ask.words.some((one) => one.not || (one.field !== '' && one.field !== 'rule')))
    return []
  const past = pastPrefix(text)
  const next = (after: ReturnType<typeof sql>) => sql`
    (select lower(a.rule) as rule from alert a where a.rule is not null and lower(a.rule) collate "C" > ${after} and lower(a.rule) collate "C" < ${past}
      order by lower(a.rule) collate "C" limit 1)`
  const { rows } = await sql<{ rule: string; spelled: string }>`
    with recursive walk as (
      (select rule, 1 as n from ${next(sql`${text.slice(0, -1)}`)} first where first.rule >= ${text})
      union all select found.rule, walk.n + 1 from walk, lateral ${next(sql`walk.rule`)} found where walk.n < ${candidatesMax})
    select walk.rule, (select a.rule from alert a where lower(a.rule) collate "C" = walk.rule limit 1) as spelled from walk`.execute(
    db,
  )
  return rows.map((row) => ({
    kind: 'rule' as const,
    id: row.rule,
    title: marked(row.spelled, marker),
    snippet: [],
    facts: [],
    at: null,
    href: `/search?kind=alert&q=${encodeURIComponent(`rule:"${row.spelled.replaceAll('"', ' ')}"`)}`,
    sample: false,
  }))
}

/** Replies that hold every word, the newest first. */
export async function findReplies(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  const text = sql`concat_ws(' ¶ ', r.subject, r.text)`
  const { rows } = await sql<{
    id: string
    subject: string
    text: string
    state: string
    number: number
    created_at: Date
    sample: boolean
  }>`
    select r.id, r.subject, left(r.text, 20000) as text, r.state, a.number, r.created_at, a.sample
    from reply r join alert a on a.id = r.alert_id
    where r.search @@ ${tsquery(ask.words, { short: false })} and ${within(sql`r.created_at`, ask)} and ${phrased(text, ask)}
    order by r.created_at desc limit ${candidatesMax}`.execute(db)
  return rows.map((row) => ({
    kind: 'reply' as const,
    id: row.id,
    title: marked(row.subject, marker),
    snippet: snippetOf(row.text, marker),
    facts: [`A-${row.number}`, row.state],
    at: iso(row.created_at),
    href: `/replies/${row.id}`,
    sample: row.sample,
  }))
}

type Fact = { entity: string; name: string; text: string }

/** Machines or people of ours: by the beginning of the name first, then by what any source says of them. */
async function findFacts(db: Db, table: 'asset' | 'person', ask: SearchAsk): Promise<Fact[]> {
  if (isTimed(ask)) return []
  const word = single(ask)
  const text = sql`(select string_agg(value #>> '{}', ' ¶ ') from jsonb_path_query(f.facts, 'strict $.** ? (@.type() == "string")') as value)`
  const columns = sql`f.entity, f.name, left(${text}, 4000) as text`
  const named =
    word === null
      ? []
      : (
          await sql<Fact>`
          select distinct on (f.entity) ${columns} from ${sql.table(table)} f
          where f.entity >= ${word} and f.entity < ${pastPrefix(word)} order by f.entity limit ${candidatesMax}`.execute(
            db,
          )
        ).rows
  if (named.length >= candidatesMax) return named
  // Materialised for the same reason as with alerts: a limit would make PostgreSQL try one row after the other.
  const { rows } = await sql<Fact>`
    with found as materialized (
      select f.id from ${sql.table(table)} f where facts_search(f.facts) @@ ${tsquery(ask.words, { short: false })} and ${phrased(text, ask)})
    select ${columns} from ${sql.table(table)} f where f.id in (select id from found order by id limit ${candidatesMax})`.execute(
    db,
  )
  return [...new Map([...named, ...rows].map((row) => [row.entity, row])).values()].slice(0, candidatesMax)
}

export async function findAssets(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  const found = await findFacts(db, 'asset', ask)
  return found.map((row) => factHit('asset', `/context/assets/${encodeURIComponent(row.entity)}`, row, marker))
}

export async function findPeople(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  const found = await findFacts(db, 'person', ask)
  return found.map((row) => factHit('person', `/context/people/${encodeURIComponent(row.entity)}`, row, marker))
}

function factHit(kind: 'asset' | 'person', href: string, { entity, name, text }: Fact, marker: Marker): SearchHit {
  return {
    kind,
    id: entity,
    title: marked(name, marker),
    // Sources say the same twice; once is enough to read.
    snippet: snippetOf([...new Set(text.split(' ¶ '))].join(' · '), marker),
    facts: [],
    at: null,
    href,
    sample: false,
  }
}

/** Providers and connectors: few, so all are looked at. */
export async function findProviders(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  if (isTimed(ask)) return []
  const { rows } = await sql<{ id: string; name: string; addresses: string }>`
    select p.id, p.config ->> 'name' as name, concat_ws(' ', p.config ->> 'addresses', p.config ->> 'domains') as addresses from provider p
    where (search_words('x', concat_ws(' ', p.id, p.config ->> 'name', p.config ->> 'addresses', p.config ->> 'domains')) || search_words('p', p.id)) @@ ${tsquery(ask.words, { short: true })} order by p.id limit ${candidatesMax}`.execute(
    db,
  )
  return rows.map((row) => ({
    kind: 'provider' as const,
    id: row.id,
    title: marked(row.name, marker),
    snippet: snippetOf(row.addresses, marker),
    facts: [row.id],
    at: null,
    href: '/settings/providers',
    sample: false,
  }))
}

export async function findConnectors(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  if (isTimed(ask)) return []
  const { rows } = await sql<{ id: string; title: string; kind: string }>`
    select c.id, c.title, c.kind from (
      select id, title, kind from connector
      union all select connector, connector, '' from connector_state where connector not in (select id from connector)) c
    where search_words('x', concat_ws(' ', c.id, c.title, c.kind)) @@ ${tsquery(ask.words, { short: true })}
    order by c.id limit ${candidatesMax}`.execute(db)
  return rows.map((row) => ({
    kind: 'connector' as const,
    id: row.id,
    title: marked(row.title, marker),
    snippet: [],
    facts: [row.kind].filter((fact) => fact !== ''),
    at: null,
    href: '/settings/connectors',
    sample: false,
  }))
}
