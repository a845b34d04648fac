import { sql } from 'kysely'
import { z } from 'zod'
import { Asset, Person } from '../model/context.ts'
import { type Merged, merge, type SourceRow, shapes } from '../model/merged-facts.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'
import { settingOf } from './settings.ts'

/** What several sources may describe. */
export type Described = 'assets' | 'people'
export type DescribedFact = { readonly assets: Asset; readonly people: Person }

const tables = { assets: 'asset', people: 'person' } as const
const schemas: { readonly [N in Described]: z.ZodType<DescribedFact[N]> } = { assets: Asset, people: Person }

/** Rows of one asset that are read; nobody has so many sources. */
const rowsOfOneMax = 50

/** Of a manual row: which facts a person set, and when. */
const SetAt = z.record(z.string(), z.iso.datetime()).nullable()

type Row = {
  readonly entity: string
  readonly facts: unknown
  readonly source: string
  readonly as_of: Date
  readonly fields: unknown
}

/** The sources that count first, in their order; empty where nobody set one: then the freshest counts. */
export async function precedenceOf(db: Db): Promise<readonly string[]> {
  return (await settingOf(db, 'source-precedence')) ?? []
}

/** The merged view of these entities, in the order they are named. What does not exist is left out. */
export async function mergedOf<N extends Described>(
  db: Db,
  noun: N,
  entities: readonly string[],
): Promise<Merged<DescribedFact[N]>[]> {
  if (entities.length === 0) return []
  const [{ rows }, precedence] = await Promise.all([
    sql<Row>`
      select entity, facts, source, as_of, fields from ${sql.table(tables[noun])}
      where entity = any(${[...entities]}::text[]) limit ${entities.length * rowsOfOneMax}`.execute(db),
    precedenceOf(db),
  ])
  const of = Map.groupBy(rows, (row) => row.entity)
  return entities.flatMap((entity) => {
    const own = of.get(entity)
    return own === undefined
      ? []
      : [
          merge(
            shapes[noun],
            entity,
            own.map((row) => sourceRow(noun, row)),
            precedence,
          ),
        ]
  })
}

function sourceRow<N extends Described>(noun: N, row: Row): SourceRow<DescribedFact[N]> {
  return {
    fact: schemas[noun].parse(row.facts),
    source: row.source,
    asOf: iso(row.as_of),
    fields: SetAt.parse(row.fields),
  }
}

/**
 * Says which rows describe one asset: those of the same name; a name without a domain goes to the one asset with that name and a
 * domain, where there is one. A source knows its own: a name that stands twice in it is two assets, each by its id.
 * Depends on nothing but the rows that are there, so it does not matter which source came first. With `labels` (lower-case names up to
 * the first dot) only those are looked at.
 */
export async function settleAssets(tx: Db, labels: readonly string[] | null = null): Promise<void> {
  const only = labels === null ? sql`true` : sql`split_part(lower(name), '.', 1) = any(${[...labels]}::text[])`
  await sql`
    with named as materialized (
      select id, source, entity, rtrim(lower(name), '.') as whole, split_part(lower(name), '.', 1) as label,
        count(*) over (partition by source, rtrim(lower(name), '.')) as same
      from asset where ${only}
    ), domains as (
      select label, min(whole) as whole from named where whole like '%.%' group by label having count(distinct whole) = 1
    ), wanted as (
      select n.id, n.entity, case
        when n.source <> 'manual' and n.same > 1 then lower(n.id)
        when n.whole not like '%.%' then coalesce(d.whole, n.whole)
        else n.whole end as now
      from named n left join domains d using (label)
    )
    update asset set entity = wanted.now from wanted where asset.id = wanted.id and wanted.entity is distinct from wanted.now`.execute(
    tx,
  )
}

/** Rows with one mail address are one person; without, or where a source has the address twice, a row is a person by its id. */
export async function settlePeople(tx: Db): Promise<void> {
  await sql`
    with named as (
      select id, source, entity, name, lower(facts->>'email') as mail,
        count(*) over (partition by source, lower(facts->>'email')) as same from person
    ), wanted as (
      select id, entity, case when source = 'manual' then name when mail is null or same > 1 then lower(id) else mail end as now
      from named
    )
    update person set entity = wanted.now from wanted where person.id = wanted.id and wanted.entity is distinct from wanted.now`.execute(
    tx,
  )
}
