import { type RawBuilder, sql } from 'kysely'
import { noneValue, type QueueScope } from '../contract/desk.ts'
import { type Facets, type FacetValue, type Group, historyLookedAtMax, lookedAtMax } from '../contract/queue.ts'
import { providerNames } from './desk-front.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'
import { type FacetName, facetNames, facetValues, filtered, inTab, matching, midnight } from './queue-filter.ts'
import { onOneState, type Today } from './queue-front.ts'
import { inHistory } from './queue-history.ts'

/** Values shown of one field; the rest is found by typing. */
const valuesMax = 20
/** Groups shown; who needs more filters. */
const groupsMax = 500

/** The alerts that are looked at: all of a tab that is being worked on, the newest that match of the history. */
async function lookedAt(
  db: Db,
  scope: QueueScope,
  today: RawBuilder<Date>,
  besides: FacetName | null,
): Promise<RawBuilder<unknown>> {
  if (scope.tab !== 'all') {
    const within = sql`(select a.* from alert a where ${inTab(scope.tab, today)} offset 0) a`
    return sql`select a.* from ${within} where ${matching(scope, besides)} limit ${sql.lit(lookedAtMax + 1)}`
  }
  const found = await inHistory(db, scope, { sort: 'newest', after: '', max: historyLookedAtMax + 1 })
  return sql`select a.* from alert a where a.id = any(${found.map(({ id }) => id)}::uuid[])`
}

/**
 * Values with counts. A field that is filtered by itself is counted without its own filter, so that its other values can be added to it.
 */
export async function facetsOf(db: Db, scope: QueueScope, { timeZone, now }: Today): Promise<Facets> {
  const today = midnight(timeZone, now)
  return onOneState(db, async (tx) => {
    const own = scope.tab === 'all' ? [] : filtered(scope)
    const others = facetNames.filter((name) => !own.includes(name))
    const counted = await countValues(tx, await lookedAt(tx, scope, today, null), others)
    const facets: Record<string, FacetValue[]> = counted.facets
    for (const name of own) {
      const alone = await countValues(tx, await lookedAt(tx, scope, today, name), [name])
      facets[name] = alone.facets[name] ?? []
    }
    await nameThem(tx, facets)
    return { facets, ...extentOf(scope, counted.n) }
  })
}

const mostOf = ({ tab }: QueueScope): number => (tab === 'all' ? historyLookedAtMax : lookedAtMax)

function extentOf(scope: QueueScope, n: number): { lookedAt: number; whole: boolean } {
  return { lookedAt: Math.min(n, mostOf(scope)), whole: n <= mostOf(scope) }
}

type Counted = { readonly facets: Record<string, FacetValue[]>; readonly n: number }

async function countValues(db: Db, from: RawBuilder<unknown>, names: readonly FacetName[]): Promise<Counted> {
  const columns = sql.join(names.map((name) => sql`${facetValues[name]}::text as ${sql.ref(name)}`))
  const sets = sql.join([sql`()`, ...names.map((name) => sql`(${sql.ref(name)})`)])
  const which = names.map((name) => sql`when grouping(${sql.ref(name)}) = 0 then ${sql.lit(name)}`)
  const value = sql.join(names.map((name) => sql.ref(name)))
  const found = await sql<{ which: string | null; value: string | null; n: string }>`
    with looked as materialized (select ${columns} from (${from}) a),
    counted as (
      select case ${sql.join(which, sql` `)} end as which, coalesce(${value}) as value, count(*) as n from looked group by grouping sets (${sets}))
    select which, value, n from (
      select counted.*, row_number() over (partition by which order by n desc, value nulls last) as place from counted) ranked
    where place <= ${valuesMax} order by which, place`.execute(db)
  const facets: Record<string, FacetValue[]> = Object.fromEntries(names.map((name) => [name, []]))
  let n = 0
  for (const row of found.rows) {
    if (row.which === null) n = Number(row.n)
    else facets[row.which]?.push({ value: row.value ?? noneValue, label: row.value ?? noneValue, n: Number(row.n) })
  }
  return { facets, n }
}

/** People and providers by their names. */
async function nameThem(db: Db, facets: Record<string, FacetValue[]>): Promise<void> {
  const providers = new Map((await providerNames(db)).map(({ id, name }) => [id, name]))
  const ids = (facets['assignee'] ?? []).map(({ value }) => value).filter((value) => value !== noneValue)
  const people =
    ids.length === 0 ? [] : await db.selectFrom('app_user').select(['id', 'name']).where('id', 'in', ids).execute()
  const names = new Map(people.map(({ id, name }) => [id, name]))
  const relabel = (field: string, labels: ReadonlyMap<string, string>): void => {
    facets[field] = (facets[field] ?? []).map((one) => ({ ...one, label: labels.get(one.value) ?? one.label }))
  }
  relabel('provider', providers)
  relabel('assignee', names)
}

/** The alerts of a tab by rule and what they are about, the most pressing group first. */
export async function groupsOf(
  db: Db,
  scope: QueueScope,
  { timeZone, now }: Today,
): Promise<{ groups: Group[]; lookedAt: number; whole: boolean }> {
  const today = midnight(timeZone, now)
  const found = await onOneState(db, async (tx) =>
    sql<{
      rule: string | null
      entity: string | null
      n: string
      level: string | null
      priority: number
      newest: Date
      oldest: Date
      all: string
    }>`
      with looked as materialized (select a.rule, a.entity, a.level, a.priority, a.received_at from (${await lookedAt(tx, scope, today, null)}) a)
      select max(rule) as rule, max(entity) as entity, count(*) as n, max(priority) as priority,
        (array_agg(level order by priority desc))[1] as level, max(received_at) as newest, min(received_at) as oldest,
        (select count(*) from looked) as all
      from looked group by lower(rule), lower(entity) order by max(priority) desc, count(*) desc, max(received_at) desc limit ${groupsMax}`.execute(
      tx,
    ),
  )
  const all = Number(found.rows[0]?.all ?? 0)
  return {
    groups: found.rows.map(({ newest, oldest, n, rule, entity, level, priority }) => ({
      ...{ rule, entity, level, priority },
      n: Number(n),
      newestAt: iso(newest),
      oldestAt: iso(oldest),
    })),
    ...extentOf(scope, all),
  }
}
