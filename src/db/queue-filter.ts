import { type RawBuilder, sql } from 'kysely'
import { noneValue, type QueueScope, type Tab } from '../contract/desk.ts'
import { containing } from './like.ts'

/** Midnight of the house, as an instant: "today" is the desk's day, not the server's. */
export function midnight(timeZone: string, now: Date): RawBuilder<Date> {
  return sql`(date_trunc('day', ${now.toISOString()}::timestamptz at time zone ${timeZone}) at time zone ${timeZone})`
}

/**
 * A tab, as a condition on `a`. Written out, not bound: only so can PostgreSQL tell that the small index of what is being worked on
 * (alert_working) holds all of it.
 */
export function inTab(tab: Tab, today: RawBuilder<Date>): RawBuilder<boolean> {
  switch (tab) {
    case 'all':
      return sql`true`
    case 'done':
      return sql`a.tab = 'done' and a.decided_at >= ${today}`
    case 'merged':
      return sql`a.tab = 'merged' and a.merged_into is not null`
    default:
      return sql`a.tab = ${sql.lit(tab)}`
  }
}

/** Fields that are counted by value; each is a column or expression of `a`. */
export const facetValues = {
  provider: sql<string>`a.provider_id`,
  severity: sql<string>`a.severity`,
  level: sql<string | null>`a.level`,
  proposed: sql<string | null>`a.proposed`,
  outcome: sql<string | null>`a.outcome`,
  rule: sql<string | null>`lower(a.rule)`,
  entity: sql<string | null>`lower(a.entity)`,
  assignee: sql<string | null>`a.assignee`,
  kind: sql<string>`a.kind`,
  sample: sql<string>`case when a.sample then 'yes' else 'no' end`,
} as const
export type FacetName = keyof typeof facetValues
export const facetNames = Object.keys(facetValues) as readonly FacetName[]

const anyOf = (value: RawBuilder<unknown>, wanted: readonly string[]): RawBuilder<boolean> => {
  const named = wanted.filter((one) => one !== noneValue)
  if (named.length === wanted.length) return sql`${value} = any(${named}::text[])`
  return named.length === 0 ? sql`${value} is null` : sql`(${value} is null or ${value} = any(${named}::text[]))`
}

const exactly = (value: RawBuilder<unknown>, wanted: string): RawBuilder<boolean> =>
  wanted === noneValue ? sql`${value} is null` : sql`${value} = lower(${wanted}::text)`

/** What a facet's own filter asks for; null when it asks for nothing. */
function facetCondition(name: FacetName, scope: QueueScope): RawBuilder<boolean> | null {
  const wanted = scope[name]
  if (wanted.length === 0) return null
  if (typeof wanted !== 'string') return anyOf(facetValues[name], wanted)
  switch (name) {
    case 'assignee':
      return wanted === noneValue ? sql`a.assignee is null` : sql`a.assignee = ${wanted}::uuid`
    case 'sample':
      return wanted === 'yes' ? sql`a.sample` : sql`not a.sample`
    case 'kind':
      return sql`a.kind = ${sql.lit(wanted)}`
    default:
      return exactly(facetValues[name], wanted)
  }
}

/** By what a person typed: "A-17", or words of title, rule, entity, ticket and addresses. */
function typed({ q }: QueueScope): RawBuilder<boolean> | null {
  const text = q.trim()
  if (text === '') return null
  const number = /^a-?(\d{1,9})$/i.exec(text)?.[1]
  if (number !== undefined) return sql`a.number = ${Number(number)}`
  return sql`a.words like lower(${containing(text)})`
}

/** Everything that narrows, as one condition on `a`. `besides`: without that facet's own filter, for counting its other values. */
export function matching(scope: QueueScope, besides: FacetName | null = null): RawBuilder<boolean> {
  const conditions = facetNames
    .filter((name) => name !== besides)
    .map((name) => facetCondition(name, scope))
    .concat([typed(scope), scope.lead === '' ? null : sql`a.merged_into = ${scope.lead}::uuid`])
    .filter((condition) => condition !== null)
  return conditions.length === 0 ? sql`true` : sql`(${sql.join(conditions, sql` and `)})`
}

/** Facets with a filter of their own. */
export const filtered = (scope: QueueScope): FacetName[] => facetNames.filter((name) => scope[name].length > 0)

/** True when nothing narrows the tab. */
export function isWhole(scope: QueueScope): boolean {
  return filtered(scope).length === 0 && scope.q.trim() === '' && scope.lead === ''
}
